//! Residuals: each point's distance from the law.

use super::CurrentAnalysis;
use crate::chart::{AxisScale, ChartAxis, Dash, Emphasis, Format, Line, Scene};
use crate::figure::{SeriesRole, picture};
use crate::page::location::Location;
use crate::page::static_chart::StaticChart;
use leptos::prelude::*;

#[component]
pub fn Residuals(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let scene = Memo::new(move |_| {
        let drawing = location.drawing.get();
        current.with(|s| {
            let s = s.as_ref()?;
            let picture = picture(&s.analysis, &s.outcome, &s.data.rows, &drawing);
            Some(scene(s, picture.scene, &picture.dots))
        })
    });
    view! {
        <p>
            "Observed − predicted error (percentage points) or loss, of fitted points (filled) and held-out points (hollow). A good fit leaves no pattern."
        </p>
        <StaticChart scene label="Residuals; the numbers are in the table of points." />
    }
}

/// The same x axis and marks with the residuals as y.
fn scene(current: &CurrentAnalysis, whole: Scene, dots: &[crate::figure::Dot]) -> Scene {
    let unit = current.analysis.loss_unit();
    let residual = |key: usize| {
        let dot = dots.get(key)?;
        let fit = current.outcome.series.get(dot.series)?.fit.as_ref().ok()?;
        let fitted = matches!(dot.role, SeriesRole::Frontier | SeriesRole::HeldOut);
        fitted.then(|| unit.scaled(dot.error - fit.law.value(&fit.parameters, dot.x)))
    };
    let mut scene = Scene::new(
        whole.x,
        ChartAxis {
            label: format!("Residual, {}", unit.of_differences()),
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
            let residual = residual(mark.key);
            mark.y = residual.unwrap_or(0.0);
            residual.is_some()
        });
        if layer.emphasis != Emphasis::Faint {
            scene.marks.push(layer);
        }
    }
    scene
}
