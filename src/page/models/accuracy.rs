//! Accuracy and the confusion matrix, for images whose true class is known.

use super::session::Session;
use crate::page::{list, table};
use crate::text::{cell, percent};
use leptos::prelude::*;
use refit_clip::confusion::ConfusionMatrix;

/// The most classes for which the matrix is shown.
const MATRIX: usize = 24;
/// With more classes, the most frequent confusions are shown: so many.
const PAIRS: usize = 12;

#[component]
pub fn Accuracy(
    session: Session,
    confusion: ConfusionMatrix,
    is_matrix_open: RwSignal<bool>,
) -> impl IntoView {
    let (right, total) = (confusion.correct(), confusion.total());
    let (low, high) = confusion.interval();
    let sentence = format!(
        "Accuracy: {}, {right} of {total} images; 95 % confidence interval {} to {} (Wilson).",
        percent(right as f64 / total as f64),
        percent(low),
        percent(high)
    );
    let unlisted = match confusion.unlisted() {
        0 => String::new(),
        count => format!(
            " The true class of {} is not in the list, so no prediction is right.",
            images(count)
        ),
    };
    // crates/clip/training/export.py chose them.
    let samples = move || match session.images.are_samples() {
        true => " The samples were not trained on, and were chosen before a model saw them.",
        false => "",
    };
    let head = session.classes.head.with(Option::is_some).then_some(
        " If the head was taught with these images, this is not its accuracy on others, which Teach measures.",
    );
    let classes = confusion.actual.len().max(confusion.predicted.len());
    let details = match (classes <= MATRIX, right < total) {
        (true, _) => matrix(&confusion, is_matrix_open),
        (false, true) => pairs(&confusion),
        (false, false) => ().into_any(),
    };
    view! {
        <p class="accuracy">{sentence} {unlisted} {samples} {head}</p>
        {(confusion.unlisted() > 0).then(|| true_classes(session))}
        {details}
    }
}

/// Buttons that make classes of what the images are known to show.
fn true_classes(session: Session) -> AnyView {
    let classes = session.classes;
    view! {
        <p class="toolbar">
            <button
                type="button"
                class="use-true"
                on:click=move |_| classes.labels.set(session.images.true_classes().join("\n"))
            >
                "Use the images’ true classes"
            </button>
            <button
                type="button"
                class="add-true"
                on:click=move |_| {
                    classes.add(session.images.true_classes());
                }
            >
                "Add them to the list"
            </button>
        </p>
    }
    .into_any()
}

fn matrix(confusion: &ConfusionMatrix, is_open: RwSignal<bool>) -> AnyView {
    let names = std::iter::once("").chain(confusion.predicted.iter().map(String::as_str));
    let head = table::header_row(&names.collect::<Vec<_>>());
    let row = |(actual, counts): (&String, &Vec<usize>)| {
        let cells = confusion.predicted.iter().zip(counts);
        let cells = cells.map(|(predicted, count)| match (predicted == actual, count) {
            // A frame alone would not reach screen readers.
            (true, count) => view! {
                <td class="right">
                    <strong>{*count}</strong>
                    <span class="sr-only">" correct"</span>
                </td>
            }
            .into_any(),
            (false, 0) => view! { <td class="none">"0"</td> }.into_any(),
            (false, count) => view! { <td>{*count}</td> }.into_any(),
        });
        view! {
            <tr>
                <th scope="row">{actual.clone()}</th>
                {list(cells)}
            </tr>
        }
    };
    let rows = confusion.actual.iter().zip(&confusion.counts).map(row);
    view! {
        <details
            class="fold"
            prop:open=move || is_open.get_untracked()
            on:toggle=move |event| {
                let details: web_sys::Element = event_target(&event);
                is_open.set(details.has_attribute("open"));
            }
        >
            <summary>"Confusion matrix"</summary>
            <p class="aside" id="confusion">
                "Numbers of images: true classes in rows, predictions in columns. Correct predictions are framed."
            </p>
            <div class="list" role="group" aria-describedby="confusion">
                {table::scrolling("Confusion matrix", "numbers confusion", head, list(rows))}
            </div>
        </details>
    }
    .into_any()
}

fn pairs(confusion: &ConfusionMatrix) -> AnyView {
    let wrong = confusion.errors();
    let pair = |(actual, predicted, count): &(&str, &str, usize)| {
        view! { <li>{format!("{actual} classified as {predicted}: {}", images(*count))}</li> }
    };
    view! {
        <h3>"Most frequent confusions"</h3>
        <ol class="pairs">{list(wrong.iter().take(PAIRS).map(pair))}</ol>
    }
    .into_any()
}

fn images(count: usize) -> String {
    match count {
        1 => "1 image".to_owned(),
        count => format!("{count} images"),
    }
}

/// The whole matrix, however large.
pub fn csv(confusion: &ConfusionMatrix) -> String {
    let mut text = "shows".to_owned();
    for name in &confusion.predicted {
        text.push(',');
        text.push_str(&cell(name));
    }
    for (actual, counts) in confusion.actual.iter().zip(&confusion.counts) {
        text.push('\n');
        text.push_str(&cell(actual));
        for count in counts {
            text.push_str(&format!(",{count}"));
        }
    }
    text.push('\n');
    text
}

/// Accuracy and matrix for the JSON export.
pub fn json(confusion: &ConfusionMatrix) -> serde_json::Value {
    let (low, high) = confusion.interval();
    let (right, total) = (confusion.correct(), confusion.total());
    serde_json::json!({
        "right": right,
        "pictures": total,
        "share": right as f64 / total as f64,
        "wilson_95": [low, high],
        "shows": confusion.actual,
        "taken_for": confusion.predicted,
        "counts": confusion.counts,
    })
}
