//! Accuracy over a coefficient as a chart.

use crate::chart::{
    AxisScale, Band, ChartAxis, Dash, Emphasis, Format, LegendEntry, Line, Mark, Marks, Scene,
};
use crate::figure::shape;
use crate::page::models::session::{MixOutcome, Tried};

/// Each set's accuracy over the coefficient, which is the same for all models; `None` unless several were tried.
pub fn scene(outcome: &MixOutcome) -> Option<Scene> {
    if outcome.tried.len() < 2 {
        return None;
    }
    let x = |tried: &Tried| tried.coefficients[0];
    let ends = outcome.tried.iter().map(x);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    let room = 0.03 * (high - low);
    let mut scene = Scene::new(
        ChartAxis {
            label: "coefficient λ".to_owned(),
            scale: AxisScale::Linear,
            range: Some((low - room, high + room)),
            format: Format::Number,
        },
        ChartAxis {
            label: "accuracy".to_owned(),
            scale: AxisScale::Linear,
            range: Some((0.0, 1.02)),
            format: Format::Percent,
        },
    );
    for (color, name) in outcome.sets.iter().enumerate() {
        let points = outcome.tried.iter().map(|tried| {
            let score = tried.scores[color].all;
            (x(tried), score.share(), score.interval())
        });
        let points: Vec<(f64, f64, (f64, f64))> = points.collect();
        scene.bands.push(Band {
            points: points.iter().map(|(x, _, (a, b))| (*x, *a, *b)).collect(),
            color,
            opacity: 0.15,
        });
        scene.lines.push(Line {
            points: points.iter().map(|(x, y, _)| (*x, *y)).collect(),
            color,
            dash: Dash::Solid,
            width: 1.5,
        });
        let marks = points.iter().map(|&(x, y, _)| Mark { x, y, key: 0 });
        scene.marks.push(Marks {
            shape: shape(color),
            color,
            size: 4.0,
            emphasis: Emphasis::Frontier,
            points: marks.collect(),
        });
        scene.legend.push(LegendEntry {
            shape: shape(color),
            color,
            text: name.clone(),
        });
    }
    Some(scene)
}
