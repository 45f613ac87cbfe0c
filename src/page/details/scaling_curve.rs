//! The scaling curve on which the model lies that is run, with its point ringed, and that of a
//! model beside it.

use super::static_chart::Chart;
use crate::analysis::drawing::Drawing;
use crate::analysis::{self, Analysis};
use crate::chart::{Emphasis, Mark, Marks, Scene, Shape};
use crate::figure::picture;
use crate::page::{data, location};
use crate::study::names;
use crate::study::{DataError, Study, Table};
use leptos::ev;
use leptos::prelude::*;

/// CSS pixels of the ring around the point.
const RING: f64 = 9.0;

#[component]
pub fn Curve() -> impl IntoView {
    let asked = RwSignal::new(location::asked());
    // The curve, where the studies have one, and what is to be said of it.
    let found = RwSignal::new((None::<Scene>, String::new()));
    // Who runs models says so when it takes another.
    let read = move || asked.set(location::asked());
    let changed = window_event_listener_untyped(location::RUNS, move |_| read());
    let back = window_event_listener(ev::popstate, move |_| read());
    on_cleanup(move || {
        changed.remove();
        back.remove();
    });
    Effect::new(move || {
        let (Some(id), beside) = asked.get() else {
            return;
        };
        leptos::task::spawn_local(async move {
            let curve = curve(&id, beside.as_deref()).await;
            let curve = curve.unwrap_or_else(|error| (None, error.to_string()));
            // A later model may have been asked for.
            if asked.try_get_untracked() == Some((Some(id), beside)) {
                found.set(curve);
            }
        });
    });
    let scene = Memo::new(move |_| found.with(|f| f.0.clone()));
    let is_there = Memo::new(move |_| scene.with(Option::is_some));
    view! {
        <figure class="figure">
            {move || {
                is_there
                    .get()
                    .then(|| {
                        view! {
                            <Chart
                                scene
                                label="The study’s curve, with the points of the models ringed; their numbers are below."
                            />
                        }
                    })
            }}
            <figcaption role="status">{move || found.with(|f| f.1.clone())}</figcaption>
        </figure>
    }
}

/// The study's curve with the points of the models ringed, and where these lie.
async fn curve(id: &str, beside: Option<&str>) -> Result<(Option<Scene>, String), DataError> {
    let checkpoints = data::checkpoints().await?;
    let find = |id: &str| checkpoints.iter().find(|checkpoint| checkpoint.id == id);
    let Some((checkpoint, study)) = find(id).and_then(|c| Some((c, c.study?))) else {
        let sentence = "The studies’ tables have no point of this model.";
        return Ok((None, sentence.to_owned()));
    };
    let beside = beside.and_then(find);
    let table = match study {
        Study::Openclip => Table::Zeroshot,
        Study::Comparison => Table::Sweep,
    };
    let (rows, architectures) = data::bundled(table).await?;
    let analysis = Analysis::of(table);
    let outcome = analysis::run(&analysis, &rows, &architectures);
    let drawn = picture(&analysis, &outcome, &rows, &Drawing::default());
    let mut scene = drawn.scene;
    let mut sentences = Vec::new();
    for checkpoint in std::iter::once(checkpoint).chain(beside) {
        let dot = drawn.dots.iter().find(|dot| {
            let row = rows.get(dot.row);
            row.is_some_and(|row| checkpoint.is_of(study, row))
        });
        let Some(dot) = dot else {
            sentences.push(format!(
                "{} is not among the points of this curve.",
                checkpoint.name()
            ));
            continue;
        };
        scene.marks.push(Marks {
            shape: Shape::Circle,
            color: dot.series,
            size: RING,
            emphasis: Emphasis::HeldOut,
            points: vec![Mark {
                x: dot.x,
                y: dot.error,
                key: drawn.dots.len() + sentences.len(),
            }],
        });
        sentences.push(format!(
            "{}, ringed: an error of {} on {}, after {} {}.",
            checkpoint.name(),
            crate::text::percent(dot.error),
            names::dataset(&analysis.dataset),
            crate::text::number(dot.x),
            study.compute_unit(),
        ));
    }
    Ok((Some(scene), sentences.join(" ")))
}
