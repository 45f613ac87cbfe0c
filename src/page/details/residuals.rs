//! What the law leaves: each point's distance from it, over the same axis.

use super::Shown;
use super::static_chart::Chart;
use crate::chart::{AxisScale, ChartAxis, Dash, Emphasis, Format, Line, Scene};
use crate::figure::{SeriesRole, picture};
use crate::page::location::Location;
use leptos::prelude::*;

#[component]
pub fn Residuals(shown: Memo<Option<Shown>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let scene = Memo::new(move |_| {
        let drawing = location.drawing.get();
        shown.with(|s| {
            let s = s.as_ref()?;
            let picture = picture(&s.analysis, &s.outcome, &s.data.rows, &drawing);
            Some(scene(s, picture.scene, &picture.dots))
        })
    });
    view! {
        <p>
            "Observed less predicted error of the points that the laws are fitted to (filled) and of those held out (hollow), in percentage points. A law that fits leaves no shape behind."
        </p>
        <Chart scene label="Residuals along the axis; the numbers are in the table of points." />
    }
}

/// The same x axis and marks; y is what is left, in percentage points.
fn scene(shown: &Shown, whole: Scene, dots: &[crate::figure::Dot]) -> Scene {
    let left = |key: usize| {
        let dot = dots.get(key)?;
        let fit = shown.outcome.series.get(dot.series)?.fit.as_ref().ok()?;
        let known = matches!(dot.role, SeriesRole::Frontier | SeriesRole::HeldOut);
        known.then(|| 100.0 * (dot.error - fit.law.value(&fit.parameters, dot.x)))
    };
    let mut scene = Scene::new(
        whole.x,
        ChartAxis {
            label: "Residual, pp".to_owned(),
            scale: AxisScale::Linear,
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
