//! The scaling curve on which the model lies that is run, with its point ringed.

use crate::analysis::drawing::Drawing;
use crate::analysis::{self, Analysis};
use crate::chart::{Emphasis, Mark, Marks, Shape, Theme, canvas};
use crate::figure::picture;
use crate::page::appearance::Appearance;
use crate::page::{data, location};
use crate::study::names;
use crate::study::{DataError, Study, Table};
use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// CSS pixels of the ring around the point.
const RING: f64 = 9.0;

#[component]
pub fn Curve() -> impl IntoView {
    let place = NodeRef::<Canvas>::new();
    let asked = RwSignal::new(location::asked());
    let said = RwSignal::new(String::new());
    // Who runs models says so when it takes another.
    let read = move || asked.set(location::asked());
    let changed = window_event_listener_untyped(location::RUNS, move |_| read());
    let back = window_event_listener(ev::popstate, move |_| read());
    on_cleanup(move || {
        changed.remove();
        back.remove();
    });
    let appearance = expect_context::<Appearance>();
    Effect::new(move || {
        let (theme, asked) = (appearance.theme(), asked.get());
        let (Some(canvas), Some(id)) = (place.get(), asked) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let sentence = draw(&canvas, &theme, &id).await;
            let _ = said.try_set(sentence.unwrap_or_else(|error| error.to_string()));
        });
    });
    view! {
        <figure class="figure">
            <canvas node_ref=place class="curve"></canvas>
            <figcaption role="status">{move || said.get()}</figcaption>
        </figure>
    }
}

/// Draws the study's curve, and says where the model lies.
async fn draw(
    canvas: &web_sys::HtmlCanvasElement,
    theme: &Theme,
    id: &str,
) -> Result<String, DataError> {
    let checkpoints = data::checkpoints().await?;
    let found = checkpoints.iter().find(|checkpoint| checkpoint.id == id);
    let Some((checkpoint, study)) = found.and_then(|c| Some((c, c.study?))) else {
        canvas.set_hidden(true);
        return Ok("The studies’ tables have no point of this model.".to_owned());
    };
    canvas.set_hidden(false);
    let table = match study {
        Study::Openclip => Table::Zeroshot,
        Study::Comparison => Table::Sweep,
    };
    let (rows, architectures) = data::bundled(table).await?;
    let analysis = Analysis::of(table);
    let outcome = analysis::run(&analysis, &rows, &architectures);
    let drawn = picture(&analysis, &outcome, &rows, &Drawing::default());
    let mut scene = drawn.scene;
    let dot = drawn.dots.iter().find(|dot| {
        let row = rows.get(dot.row);
        row.is_some_and(|row| checkpoint.is_of(study, row))
    });
    let sentence = match dot {
        None => "The model is not among the points of this curve.".to_owned(),
        Some(dot) => {
            scene.marks.push(Marks {
                shape: Shape::Circle,
                color: dot.series,
                size: RING,
                emphasis: Emphasis::HeldOut,
                points: vec![Mark {
                    x: dot.x,
                    y: dot.error,
                    key: drawn.dots.len(),
                }],
            });
            format!(
                "{}, ringed: an error of {} on {}, after {} {}.",
                checkpoint.name(),
                crate::text::percent(dot.error),
                names::dataset(&analysis.dataset),
                crate::text::number(dot.x),
                study.compute_unit(),
            )
        }
    };
    let element: &web_sys::HtmlElement = canvas.unchecked_ref();
    let (width, height) = (element.client_width(), element.client_height());
    let drawn = canvas::draw_on(canvas, &scene, theme, f64::from(width), f64::from(height));
    Ok(drawn.map_or_else(|error| error.to_string(), |_| sentence))
}
