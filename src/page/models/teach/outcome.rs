//! What came of teaching: the curve, its numbers, and the head to keep.

use crate::page::models::session::{Session, TeachOutcome};
use crate::page::static_chart::{Legend, StaticChart};
use crate::page::{list, save, table};
use crate::teach::study::Published;
use crate::teach::{Taught, TaughtPoint, figure, mixed_sentence, study, written};
use leptos::prelude::*;
use refit_clip::Head;
use refit_fit::logistic::Summary;
use std::sync::Arc;

#[component]
pub(super) fn Outcome(session: Session, outcome: Arc<TeachOutcome>) -> impl IntoView {
    let taught = &outcome.taught;
    let published: &[Published] = outcome.published.as_deref().unwrap_or_default();
    let mut scene = figure::scene(taught, published);
    let legend = std::mem::take(&mut scene.legend);
    let scene = Memo::new(move |_| Some(scene.clone()));
    let has_chart = !taught.points.is_empty();
    let crosses = format!(
        "Crosses: {}, at each number of shots the best of the released settings.",
        study::TITLE
    );
    let about_published = match &outcome.published {
        Ok(published) => (!published.is_empty()).then_some(crosses),
        Err(sentence) => Some(sentence.clone()),
    };
    let published = about_published.map(|s| view! { <p class="aside published">{s}</p> });
    let skipped = taught.skipped.iter();
    let skipped: Vec<String> = skipped.map(|s| s.reason.clone()).collect();
    let has_skipped = !skipped.is_empty();
    let json = serde_json::to_string(&shown(&outcome)).unwrap_or_default();
    let csv = csv(taught);
    let of = outcome.of.clone();
    let is_stale = Memo::new(move |_| session.teachable() != of);
    let stale = format!(
        "These results are for {} images, by {}. Teach again for those that are there now.",
        taught.pictures, outcome.of.model
    );
    view! {
        <div class="taught">
            <h3>"Accuracy over shots"</h3>
            <div role="status">
                {move || {
                    let stale = is_stale.get().then(|| stale.clone());
                    stale.map(|sentence| view! { <p class="warning stale">{sentence}</p> })
                }}
            </div>
            {has_chart
                .then(|| {
                    view! {
                        <Legend entries=legend />
                        <StaticChart
                            scene
                            label="Accuracy over shots per class; the table below has the numbers"
                        />
                        {published}
                        {numbers(taught)}
                    }
                })}
            <ul class="aside skipped" hidden=!has_skipped>
                {list(skipped.into_iter().map(|sentence| view! { <li>{sentence}</li> }))}
            </ul>
            <p class="aside">{sentence(taught)}</p>
            <p class="toolbar">
                {keep(session, "Use the taught head", &taught.head, "")}
                {taught.mixed.as_ref().map(|mixed| keep(session, "Use the mixed head", mixed, ", mixed"))}
                <button
                    type="button"
                    on:click=move |_| save::text("shots.csv", "text/csv", &csv)
                >
                    "Export the curve (CSV)"
                </button>
                <button
                    type="button"
                    on:click=move |_| save::text("shots.json", "application/json", &json)
                >
                    "Export the curve (JSON)"
                </button>
            </p>
        </div>
    }
}

/// A button that keeps a head and uses it.
fn keep(session: Session, label: &'static str, head: &Head, suffix: &str) -> AnyView {
    let head = Head {
        name: format!("{}{suffix}", head.name),
        ..head.clone()
    };
    let class = if suffix.is_empty() {
        "use-taught"
    } else {
        "use-mixed"
    };
    view! {
        <button
            type="button"
            class=class
            on:click=move |_| session.classes.head.set(Some(session.keep_head(head.clone())))
        >
            {label}
        </button>
    }
    .into_any()
}

/// Short, so that the table fits beside the images.
fn interval(summary: Summary) -> String {
    let [mean, low, high] = [summary.mean, summary.low, summary.high].map(|share| 100.0 * share);
    format!("{mean:.1} % ({low:.1} to {high:.1})")
}

fn numbers(taught: &Taught) -> AnyView {
    let row = |point: &TaughtPoint| {
        vec![
            written(point.shots),
            point.examples.to_string(),
            point.tested.to_string(),
            interval(point.taught),
            table::or_dash(point.zero_shot, interval),
            table::or_dash(point.mixed, interval),
        ]
    };
    let head = [
        "Shots",
        "Taught",
        "Tested",
        "Taught head",
        "Zero-shot",
        "Mixed",
    ];
    let rows = taught.points.iter().map(row).collect();
    let caption = format!(
        "Accuracy with 95 % intervals over {} draws (seed {})",
        taught.repeats, taught.seed
    );
    table::table(Some(caption), &head, rows)
}

/// How it was taught.
fn sentence(taught: &Taught) -> String {
    let classes = taught.classes.len();
    let penalty = match taught.folds {
        0 => "C = 1, since a class with one image leaves none for cross-validation".to_owned(),
        folds => format!(
            "C = {} by {folds}-fold cross-validation, {}",
            1.0 / taught.penalty,
            mixed_sentence(taught.share)
        ),
    };
    format!(
        "Each draw is tested on the images that it leaves; “all” leaves a random fifth. The head to use is taught on all {} images of {classes} classes: {penalty}.",
        taught.pictures
    )
}

/// The outcome without its heads, which have files of their own.
fn shown(outcome: &TeachOutcome) -> serde_json::Value {
    let taught = &outcome.taught;
    serde_json::json!({
        "classes": taught.classes,
        "pictures": taught.pictures,
        "repeats": taught.repeats,
        "seed": taught.seed,
        "zero_shot": taught.zero_shot,
        "points": taught.points,
        "skipped": taught.skipped,
        "penalty": taught.penalty,
        "share": taught.share,
        "folds": taught.folds,
        "published": outcome.published.as_deref().unwrap_or_default(),
    })
}

/// A row for each draw.
fn csv(taught: &Taught) -> String {
    let mut text = "shots,draw,taught,tested,accuracy,zero_shot,mixed,penalty,share\n".to_owned();
    let cell = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    for point in &taught.points {
        for (i, draw) in point.draws.iter().enumerate() {
            text.push_str(&format!(
                "{},{},{},{},{},{},{},{},{}\n",
                written(point.shots),
                i + 1,
                point.examples,
                point.tested,
                draw.taught,
                cell(draw.zero_shot),
                cell(draw.mixed),
                draw.penalty,
                draw.share
            ));
        }
    }
    text
}
