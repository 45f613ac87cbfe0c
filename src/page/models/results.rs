//! The results of all images: accuracy, a table, and exports.

use super::accuracy::{self, Accuracy};
use super::answer::signed;
use super::ranking::{Measure, RankedClass};
use super::session::{Session, SourceImage, lines};
use crate::page::save;
use crate::text::{cell, percent};
use leptos::prelude::*;
use refit_clip::browser::now;
use refit_clip::confusion::{ConfusionMatrix, Truth};
use std::time::Duration;

/// Images that the table shows; the exports have all.
const ROWS: usize = 200;
/// The table is redrawn at most once in so many milliseconds.
const REDRAW_INTERVAL: f64 = 300.0;

#[component]
pub fn Results(session: Session) -> impl IntoView {
    let redrawn = throttled_redraws(session);
    // Stays as the reader left it when the results are drawn again.
    let is_matrix_open = RwSignal::new(false);
    move || {
        redrawn.track();
        all_images(session, is_matrix_open)
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

/// An image's name, what it shows, and its best classes.
struct RankedImage {
    name: String,
    truth: Option<Truth>,
    classes: Vec<RankedClass>,
}

fn ranked_images(session: Session) -> Vec<RankedImage> {
    let ranked = |image: &SourceImage| {
        let classes = image.ranking.get_untracked()?;
        Some(RankedImage {
            name: image.name.clone(),
            truth: image.truth.clone(),
            classes: classes.to_vec(),
        })
    };
    session
        .images
        .all
        .with_untracked(|all| all.iter().filter_map(ranked).collect())
}

fn all_images(session: Session, is_matrix_open: RwSignal<bool>) -> AnyView {
    let images = ranked_images(session);
    if images.len() < 2 {
        return ().into_any();
    }
    let row = |image: &RankedImage| {
        let class = |class: &RankedClass| {
            let value = match class.measure {
                Measure::Score(score) => signed(f64::from(score)),
                _ => percent(f64::from(class.probability)),
            };
            format!("{} {value}", class.label)
        };
        let mut cells = vec![
            image.name.clone(),
            image.truth.as_ref().map_or("–", Truth::text).to_owned(),
        ];
        cells.extend(image.classes.iter().take(3).map(class));
        cells.resize(5, "–".to_owned());
        cells
    };
    let rows = images.iter().take(ROWS).map(row).collect();
    let head = ["Image", "True class", "First", "Second", "Third"];
    let hidden = images.len().saturating_sub(ROWS);
    let more = (hidden > 0).then(|| format!("{hidden} more images are in the exports."));
    let confusion = confusion(session, &images);
    let matrix = confusion.as_ref().map(accuracy::csv);
    view! {
        <h2>"All images"</h2>
        {confusion.map(|confusion| view! { <Accuracy session confusion is_matrix_open /> })}
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
            {matrix
                .map(|matrix| {
                    view! {
                        <button
                            type="button"
                            on:click=move |_| save::text("confusion.csv", "text/csv", &matrix)
                        >
                            "Export confusion matrix (CSV)"
                        </button>
                    }
                })}
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
    let classes = session.classes.encoded.get_untracked();
    let classes = classes.filter(|classes| !classes.is_score())?;
    let known = images.iter().filter_map(|image| {
        let first = image.classes.first()?.label.as_str();
        Some((image.truth.as_ref()?.among(&classes.labels, first), first))
    });
    let known: Vec<(&str, &str)> = known.collect();
    let confusion = ConfusionMatrix::new(&classes.labels, &known);
    (confusion.total() > 0).then_some(confusion)
}

/// The columns of [`csv_rows`].
pub const CSV: &str = "picture,shows,rank,class,right,probability,cosine,logit";

/// A row for each of an image's best classes. `truth` is what it shows.
pub fn csv_rows(name: &str, truth: Option<&Truth>, ranking: &[RankedClass]) -> Vec<String> {
    let row = |(rank, class): (usize, &RankedClass)| {
        let is_right = truth.map(|truth| truth.is(&class.label).to_string());
        let (cosine, logit) = match class.measure {
            Measure::Cosine(cosine) => (cosine.to_string(), String::new()),
            Measure::Logit(logit) | Measure::Score(logit) => (String::new(), logit.to_string()),
        };
        let cells = [
            cell(name),
            cell(truth.map_or("", Truth::text)),
            (rank + 1).to_string(),
            cell(&class.label),
            is_right.unwrap_or_default(),
            class.probability.to_string(),
            cosine,
            logit,
        ];
        cells.join(",")
    };
    ranking.iter().enumerate().map(row).collect()
}

fn csv(session: Session) -> String {
    let mut text = format!("{CSV}\n");
    for image in ranked_images(session) {
        for row in csv_rows(&image.name, image.truth.as_ref(), &image.classes) {
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
                .map(|c| {
                    let (name, value) = c.measure.named();
                    serde_json::json!({"class": c.label, "probability": c.probability, name: value})
                })
                .collect();
            serde_json::json!({"picture": image.name, "shows": image.truth.as_ref().map(Truth::text), "classes": classes})
        })
        .collect();
    serde_json::json!({
        "model": session.model.name(),
        "scale": session.model.loaded().map(|loaded| loaded.logit_scale),
        "head": session.classes.head.with_untracked(|head| head.as_ref().map(|head| head.name.clone())),
        "templates": lines(&session.classes.templates.get_untracked()),
        "accuracy": confusion.as_ref().map(accuracy::json),
        "pictures": pictures,
    })
    .to_string()
}
