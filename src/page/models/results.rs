//! The results: the selected image large, all in a table, and exports.

use super::accuracy::{self, Accuracy};
use super::protocol::EncodedImage;
use super::ranking::RankedClass;
use super::session::{ImageState, Session, SourceImage, lines};
use crate::page::{list, save};
use crate::text::{cell, milliseconds, percent};
use leptos::prelude::*;
use refit_clip::browser::now;
use refit_clip::confusion::{ConfusionMatrix, is_same};
use std::time::Duration;

/// Images that the table shows; the exports have all.
const ROWS: usize = 200;
/// The table is redrawn at most once in so many milliseconds.
const REDRAW_INTERVAL: f64 = 300.0;

#[component]
pub fn Results(session: Session) -> impl IntoView {
    let images = session.images;
    let selected = move || {
        let id = images.selected.get()?;
        images
            .all
            .with(|all| all.iter().find(|image| image.id == id).cloned())
    };
    let one = move || match selected() {
        None => view! { <p class="aside">"Select an image to see its result."</p> }.into_any(),
        Some(image) => one_image(image),
    };
    let redrawn = throttled_redraws(session);
    view! {
        <section aria-labelledby="result">
            <h2 id="result">"Result"</h2>
            <div class="answer" aria-live="polite">
                {one}
            </div>
            {move || {
                redrawn.track();
                all_images(session)
            }}
        </section>
    }
}

/// Notifies after rankings, but not after every batch of many images, and never before the
/// selected image's result is drawn.
fn throttled_redraws(session: Session) -> RwSignal<u32> {
    let redrawn = RwSignal::new(0u32);
    // The time of the last redraw, and whether the next is scheduled.
    let schedule = StoredValue::new((0.0, false));
    Effect::new(move || {
        session.images.rankings_done.track();
        let (last, is_scheduled) = schedule.get_value();
        let redraw = move || {
            // The view may have been closed.
            let _ = schedule.try_set_value((now(), false));
            let _ = redrawn.try_update(|count| *count += 1);
        };
        if !is_scheduled {
            schedule.set_value((last, true));
            let pause = (last + REDRAW_INTERVAL - now()).max(0.0);
            set_timeout(redraw, Duration::from_millis(pause as u64));
        }
    });
    redrawn
}

fn one_image(image: SourceImage) -> AnyView {
    let address = image.address();
    let SourceImage {
        name,
        state,
        ranking,
        ..
    } = image;
    let result = move || {
        state.with(|state| match state {
            ImageState::Waiting => view! { <p class="aside">"Not processed yet."</p> }.into_any(),
            ImageState::Failed(sentence) => {
                view! { <p class="error">{sentence.clone()}</p> }.into_any()
            }
            ImageState::Encoded(encoding) => {
                let details = &encoding.details;
                let milliseconds = details.decode + details.resize + details.encode;
                let bars = match ranking.get() {
                    Some(ranking) => bars(&ranking),
                    None => {
                        view! { <p class="aside">"The classes are not ready yet."</p> }.into_any()
                    }
                };
                view! {
                    {bars}
                    <p class="aside" data-milliseconds=milliseconds.to_string()>{timing(details)}</p>
                }
                .into_any()
            }
        })
    };
    view! {
        <img
            class="large"
            src=address
            alt=""
            hidden=move || state.with(|state| matches!(state, ImageState::Failed(_)))
        />
        <div>
            <h3>{name}</h3>
            {result}
        </div>
    }
    .into_any()
}

/// How long each step took.
fn timing(details: &EncodedImage) -> String {
    if details.is_cached {
        return "The embedding came from the cache; nothing was computed.".to_owned();
    }
    let run = if details.is_cold { "cold" } else { "warm" };
    let batch = match details.batch {
        1 => String::new(),
        n => format!(" for a batch of {n}"),
    };
    let on_device = details.on_device.map_or(String::new(), |on_device| {
        let transfer = (details.encode - on_device).max(0.0);
        format!(
            ", of which {} computing and {} transferring data",
            milliseconds(on_device),
            milliseconds(transfer)
        )
    });
    format!(
        "{} × {} pixels. Decoding {}, resizing {}, image tower {} ({run}){batch}{on_device}.",
        details.width,
        details.height,
        milliseconds(details.decode),
        milliseconds(details.resize),
        milliseconds(details.encode)
    )
}

/// A number with three decimals and a proper minus sign.
pub fn signed(value: f64) -> String {
    format!("{value:.3}").replace('-', "−")
}

/// Classes with their probabilities as bars.
pub fn bars(ranking: &[RankedClass]) -> AnyView {
    let rows = ranking.iter().map(|class| {
        let width = format!("{:.2}%", 100.0 * class.probability);
        view! {
            <li data-label=class.label.clone() data-probability=class.probability.to_string()>
                <span class="bar" style:width=width></span>
                <span class="label">{class.label.clone()}</span>
                <span>{percent(f64::from(class.probability))}</span>
                <span class="aside">
                    {format!("cosine {}", signed(f64::from(class.cosine)))}
                    {class.alone.map(|alone| format!(", alone {}", percent(f64::from(alone))))}
                </span>
            </li>
        }
    });
    view! { <ol class="bars">{list(rows)}</ol> }.into_any()
}

/// An image's name, true class and best classes.
struct RankedImage {
    name: String,
    label: Option<String>,
    classes: Vec<RankedClass>,
}

fn ranked_images(session: Session) -> Vec<RankedImage> {
    let ranked = |image: &SourceImage| {
        let classes = image.ranking.get_untracked()?;
        Some(RankedImage {
            name: image.name.clone(),
            label: image.label.clone(),
            classes: classes.to_vec(),
        })
    };
    session
        .images
        .all
        .with_untracked(|all| all.iter().filter_map(ranked).collect())
}

fn all_images(session: Session) -> AnyView {
    let images = ranked_images(session);
    if images.len() < 2 {
        return ().into_any();
    }
    let row = |image: &RankedImage| {
        let class = |class: &RankedClass| {
            format!("{} {}", class.label, percent(f64::from(class.probability)))
        };
        let mut cells = vec![
            image.name.clone(),
            image.label.clone().unwrap_or("–".to_owned()),
        ];
        cells.extend(image.classes.iter().take(3).map(class));
        cells.resize(5, "–".to_owned());
        cells
    };
    let rows = images.iter().take(ROWS).map(row).collect();
    let head = ["Image", "True class", "First", "Second", "Third"];
    let hidden = images.len().saturating_sub(ROWS);
    let more = (hidden > 0).then(|| format!("{hidden} more images are in the exports."));
    view! {
        <h3>"All images"</h3>
        {confusion(session, &images).map(|confusion| view! { <Accuracy confusion /> })}
        <p class="toolbar">
            <button type="button" on:click=move |_| save::text("answers.csv", "text/csv", &csv(session))>
                "Export CSV"
            </button>
            <button
                type="button"
                on:click=move |_| save::text("answers.json", "application/json", &json(session))
            >
                "Export JSON"
            </button>
        </p>
        <div class="answers">
            {crate::page::table::table(Some("Most likely classes".to_owned()), &head, rows)}
        </div>
        <p class="aside">{more}</p>
    }
    .into_any()
}

/// The confusion matrix of the images with a known class, if there are any.
fn confusion(session: Session, images: &[RankedImage]) -> Option<ConfusionMatrix> {
    let classes = session.classes.encoded.get_untracked()?;
    let labelled = images.iter().filter_map(|image| {
        let first = image.classes.first()?;
        Some((image.label.as_deref()?, first.label.as_str()))
    });
    let labelled: Vec<(&str, &str)> = labelled.collect();
    let confusion = ConfusionMatrix::new(&classes.labels, &labelled);
    (confusion.total() > 0).then_some(confusion)
}

/// The columns of [`csv_rows`].
pub const CSV: &str = "picture,shows,rank,class,right,probability,cosine";

/// A row for each of an image's best classes. `label` is its true class.
pub fn csv_rows(name: &str, label: Option<&str>, ranking: &[RankedClass]) -> Vec<String> {
    let row = |(rank, class): (usize, &RankedClass)| {
        let is_right = label.map(|label| is_same(label, &class.label).to_string());
        let cells = [
            cell(name),
            cell(label.unwrap_or_default()),
            (rank + 1).to_string(),
            cell(&class.label),
            is_right.unwrap_or_default(),
            class.probability.to_string(),
            class.cosine.to_string(),
        ];
        cells.join(",")
    };
    ranking.iter().enumerate().map(row).collect()
}

fn csv(session: Session) -> String {
    let mut text = format!("{CSV}\n");
    for image in ranked_images(session) {
        for row in csv_rows(&image.name, image.label.as_deref(), &image.classes) {
            text.push_str(&row);
            text.push('\n');
        }
    }
    text
}

fn json(session: Session) -> String {
    let images = ranked_images(session);
    let confusion = confusion(session, &images);
    let pictures: Vec<serde_json::Value> = images
        .into_iter()
        .map(|image| {
            let classes: Vec<serde_json::Value> = image
                .classes
                .iter()
                .map(|c| serde_json::json!({"class": c.label, "probability": c.probability, "cosine": c.cosine}))
                .collect();
            serde_json::json!({"picture": image.name, "shows": image.label, "classes": classes})
        })
        .collect();
    serde_json::json!({
        "model": session.model.name(),
        "scale": session.model.loaded().map(|loaded| loaded.logit_scale),
        "templates": lines(&session.classes.templates.get_untracked()),
        "accuracy": confusion.as_ref().map(accuracy::json),
        "pictures": pictures,
    })
    .to_string()
}
