//! What the law leaves: each point's distance from it, over the same axis.

use super::Shown;
use crate::chart::{Axis, Dash, Emphasis, Format, Line, Scale, Scene, canvas};
use crate::figure::{Role, picture};
use crate::page::appearance::Appearance;
use crate::page::location::Location;
use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;

#[component]
pub fn Residuals(shown: Memo<Option<Shown>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let appearance = expect_context::<Appearance>();
    let place = NodeRef::<Canvas>::new();
    let failed = RwSignal::new(None::<String>);
    let size = RwSignal::new(0_u32);
    let resize = window_event_listener(ev::resize, move |_| size.update(|s| *s += 1));
    on_cleanup(move || resize.remove());
    Effect::new(move || {
        size.track();
        let drawing = location.drawing.get();
        let scene = shown.with(|s| {
            let s = s.as_ref()?;
            let picture = picture(&s.analysis, &s.outcome, &s.data.rows, &drawing);
            Some(scene(s, picture.scene, &picture.dots))
        });
        let (Some(scene), Some(canvas)) = (scene, place.get()) else {
            return;
        };
        let (width, height) = (canvas.client_width(), canvas.client_height());
        let theme = appearance.theme();
        let drawn = canvas::draw_on(&canvas, &scene, &theme, f64::from(width), f64::from(height));
        failed.set(drawn.err().map(|e| e.to_string()));
    });
    view! {
        <p>
            "Observed less predicted error of the points that the laws are fitted to (filled) and of those held out (hollow), in percentage points. A law that fits leaves no shape behind."
        </p>
        <div class="canvas residuals">
            <canvas
                node_ref=place
                role="img"
                aria-label="Residuals along the axis; the numbers are in the table of points."
            ></canvas>
        </div>
        <p class="error" role="alert" hidden=move || failed.with(Option::is_none)>
            {move || failed.get()}
        </p>
    }
}

/// The same x axis and marks; y is what is left, in percentage points.
fn scene(shown: &Shown, whole: Scene, dots: &[crate::figure::Dot]) -> Scene {
    let left = |key: usize| {
        let dot = dots.get(key)?;
        let fit = shown.outcome.series.get(dot.series)?.fit.as_ref().ok()?;
        let known = matches!(dot.role, Role::Frontier | Role::HeldOut);
        known.then(|| 100.0 * (dot.error - fit.law.value(&fit.parameters, dot.x)))
    };
    let mut scene = Scene::new(
        whole.x,
        Axis {
            label: "Residual, pp".to_owned(),
            scale: Scale::Linear,
            range: None,
            format: Format::Number,
        },
    );
    if let Some((from, to)) = scene.x.range {
        scene.lines.push(Line {
            points: vec![(from, 0.0), (to, 0.0)],
            color: 5,
            dash: Dash::Solid,
            width: 1.0,
        });
    }
    for mut layer in whole.marks {
        layer.points.retain_mut(|mark| {
            let residual = left(mark.key);
            mark.y = residual.unwrap_or(0.0);
            residual.is_some()
        });
        if layer.emphasis != Emphasis::Faint {
            scene.marks.push(layer);
        }
    }
    scene
}
