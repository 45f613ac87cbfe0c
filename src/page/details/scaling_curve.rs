//! The scaling curve of the model being run, with its point and that of a second model ringed.

use crate::analysis::drawing::Drawing;
use crate::analysis::{self, Analysis};
use crate::chart::{Emphasis, Mark, Marks, Scene, Shape};
use crate::figure::picture;
use crate::page::latest::Latest;
use crate::page::static_chart::StaticChart;
use crate::page::{data, location};
use crate::study::DataError;
use crate::study::names;
use leptos::ev;
use leptos::prelude::*;

/// CSS pixels of the ring around the point.
const RING: f64 = 9.0;

#[component]
pub fn ScalingCurve() -> impl IntoView {
    let requested = RwSignal::new(location::requested_models());
    // The curve, where the studies have one, and a caption.
    let curve = RwSignal::new((None::<Scene>, String::new()));
    let latest = Latest::new();
    let read = move || requested.set(location::requested_models());
    let changed = window_event_listener_untyped(location::MODELS_REQUESTED, move |_| read());
    let back = window_event_listener(ev::popstate, move |_| read());
    on_cleanup(move || {
        changed.remove();
        back.remove();
    });
    Effect::new(move || {
        let (Some(id), second) = requested.get() else {
            return;
        };
        let request = latest.start();
        leptos::task::spawn_local(async move {
            let drawn = draw(&id, second.as_deref()).await;
            let drawn = drawn.unwrap_or_else(|error| (None, error.to_string()));
            if request.is_latest() {
                curve.set(drawn);
            }
        });
    });
    let scene = Memo::new(move |_| curve.with(|c| c.0.clone()));
    let is_there = Memo::new(move |_| scene.with(Option::is_some));
    view! {
        <figure class="figure">
            {move || {
                is_there
                    .get()
                    .then(|| {
                        view! {
                            <StaticChart
                                scene
                                label="The study’s scaling curve with the models’ points ringed; their numbers are below."
                            />
                        }
                    })
            }}
            <figcaption role="status">{move || curve.with(|c| c.1.clone())}</figcaption>
        </figure>
    }
}

/// The study's curve with the points of the models ringed, and a caption that says where they are.
async fn draw(id: &str, second: Option<&str>) -> Result<(Option<Scene>, String), DataError> {
    let checkpoints = data::checkpoints().await?;
    let find = |id: &str| checkpoints.iter().find(|checkpoint| checkpoint.id == id);
    let Some((checkpoint, study)) = find(id).and_then(|c| Some((c, c.study?))) else {
        let sentence = "The studies’ tables do not list this model.";
        return Ok((None, sentence.to_owned()));
    };
    let second = second.and_then(find);
    let Some(table) = study.tables().next() else {
        return Ok((None, String::new()));
    };
    let (rows, architectures) = data::bundled(table).await?;
    let analysis = Analysis::of(table);
    let outcome = analysis::run(&analysis, &rows, &architectures);
    let drawn = picture(&analysis, &outcome, &rows, &Drawing::default());
    let mut scene = drawn.scene;
    let mut sentences = Vec::new();
    for checkpoint in std::iter::once(checkpoint).chain(second) {
        let dot = drawn.dots.iter().find(|dot| {
            let row = rows.get(dot.row);
            row.is_some_and(|row| checkpoint.is_of(study, row))
        });
        let Some(dot) = dot else {
            sentences.push(format!(
                "{} is not a point of this curve.",
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
            "{} (ringed): error {} on {} at {} {}.",
            checkpoint.name(),
            crate::text::percent(dot.error),
            names::dataset(study, &analysis.dataset),
            crate::text::number(dot.x),
            study.compute_unit,
        ));
    }
    Ok((Some(scene), sentences.join(" ")))
}
