//! A chart without gestures, redrawn when its scene, its size or the theme changes, and a legend as text.

use crate::chart::{LegendEntry, Scene, canvas};
use crate::page::appearance::Appearance;
use crate::page::list;
use crate::page::messages::error_if_any;
use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;

/// `label` describes the chart for screen readers and says where its numbers are.
#[component]
pub fn StaticChart(scene: Memo<Option<Scene>>, label: &'static str) -> impl IntoView {
    let appearance = expect_context::<Appearance>();
    let place = NodeRef::<Canvas>::new();
    let failed = RwSignal::new(None::<String>);
    let size = RwSignal::new(0_u32);
    let resize = window_event_listener(ev::resize, move |_| size.update(|s| *s += 1));
    on_cleanup(move || resize.remove());
    Effect::new(move || {
        size.track();
        let (Some(scene), Some(canvas)) = (scene.get(), place.get()) else {
            return;
        };
        let (width, height) = (canvas.client_width(), canvas.client_height());
        let theme = appearance.theme();
        let drawn = canvas::draw_on(&canvas, &scene, &theme, f64::from(width), f64::from(height));
        failed.set(drawn.err().map(|e| e.to_string()));
    });
    view! {
        <div class="canvas low">
            <canvas node_ref=place role="img" aria-label=label></canvas>
        </div>
        {error_if_any(failed)}
    }
}

/// The series of a chart, each with its mark.
#[component]
pub fn Legend(#[prop(into)] entries: Signal<Vec<LegendEntry>>) -> impl IntoView {
    let appearance = expect_context::<Appearance>();
    let items = move || {
        let theme = appearance.theme();
        list(entries.get().into_iter().map(|entry| {
            let (r, g, b) = theme.color(entry.color);
            view! {
                <li>
                    <span aria-hidden="true" style:color=format!("rgb({r},{g},{b})")>
                        {entry.shape.glyph()}
                    </span>
                    {entry.text}
                </li>
            }
        }))
    };
    view! { <ul class="legend">{items}</ul> }
}
