//! How often the model is right where the reader has said what pictures show, and what it takes
//! for what.

use crate::page::{list, save};
use crate::text::{cell, percent};
use leptos::prelude::*;
use refit_clip::confusion::ConfusionMatrix;

/// Classes up to which all that is taken for what is shown as a matrix.
const MATRIX: usize = 24;
/// Pairs of classes that are shown where there are more.
const PAIRS: usize = 12;

#[component]
pub fn Accuracy(confusion: ConfusionMatrix) -> impl IntoView {
    let (right, pictures) = (confusion.correct(), confusion.total());
    let (low, high) = confusion.interval();
    let share = right as f64 / pictures as f64;
    let sentence = format!(
        "Right in {right} of {pictures} pictures: {}; 95 % interval {} to {} (Wilson).",
        percent(share),
        percent(low),
        percent(high)
    );
    let strangers = match confusion.unlisted() {
        0 => String::new(),
        count => format!(
            " {} of what is none of the classes, which no answer can get right.",
            match count {
                1 => "1 picture is".to_owned(),
                count => format!("{count} pictures are"),
            }
        ),
    };
    let most = confusion.actual.len().max(confusion.predicted.len());
    let inside = match (most <= MATRIX, right < pictures) {
        (true, _) => matrix(&confusion),
        (false, true) => pairs(&confusion),
        (false, false) => ().into_any(),
    };
    let as_csv = csv(&confusion);
    view! {
        <p class="accuracy">{sentence} {strangers}</p>
        {inside}
        <p class="toolbar">
            <button
                type="button"
                on:click=move |_| save::text("confusion.csv", "text/csv", &as_csv)
            >
                "Save what is taken for what (CSV)"
            </button>
        </p>
    }
}

fn matrix(confusion: &ConfusionMatrix) -> AnyView {
    let columns = confusion.predicted.iter();
    let head = columns.map(|name| view! { <th scope="col">{name.clone()}</th> });
    let row = |(actual, counts): (&String, &Vec<usize>)| {
        let cells = confusion.predicted.iter().zip(counts);
        let cells = cells.map(|(predicted, count)| match (predicted == actual, count) {
            // Not by its frame alone: a screen reader says it too.
            (true, count) => view! {
                <td class="right">
                    <strong>{*count}</strong>
                    <span class="sr-only">" right"</span>
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
        <h4>"What is taken for what"</h4>
        <p class="aside" id="confusion">
            "Numbers of pictures: a row for what they show, a column for what the model says. What is right is framed."
        </p>
        <div class="scroll list" tabindex="0" role="region" aria-label="What is taken for what">
            <table class="numbers confusion" aria-describedby="confusion">
                <thead>
                    <tr>
                        <td></td>
                        {list(head)}
                    </tr>
                </thead>
                <tbody>{list(rows)}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn pairs(confusion: &ConfusionMatrix) -> AnyView {
    let wrong = confusion.errors();
    let pair = |(actual, predicted, count): &(&str, &str, usize)| {
        let pictures = match count {
            1 => "1 picture".to_owned(),
            count => format!("{count} pictures"),
        };
        view! { <li>{format!("{actual}, taken for {predicted}: {pictures}")}</li> }
    };
    view! {
        <h4>"Most often confused"</h4>
        <ol class="pairs">{list(wrong.iter().take(PAIRS).map(pair))}</ol>
    }
    .into_any()
}

/// The matrix as a table, however large it is.
fn csv(confusion: &ConfusionMatrix) -> String {
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

/// The same for a program.
pub fn json(confusion: &ConfusionMatrix) -> serde_json::Value {
    let (low, high) = confusion.interval();
    let (right, pictures) = (confusion.correct(), confusion.total());
    serde_json::json!({
        "right": right,
        "pictures": pictures,
        "share": right as f64 / pictures as f64,
        "wilson_95": [low, high],
        "shows": confusion.actual,
        "taken_for": confusion.predicted,
        "counts": confusion.counts,
    })
}
