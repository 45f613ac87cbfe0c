//! IsoFLOP profiles: loss over parameters at equal compute.

use super::shape;
use crate::analysis::LossUnit;
use crate::chart::{AxisScale, ChartAxis, Dash, Emphasis, Format, Label, Line, Mark, Marks, Scene};
use crate::text::number;
use refit_fit::isoflop::{Budget, IsoFlop, Optimum, Run};

/// The runs of each budget, its parabola over the sizes of its runs with the budget's compute at the
/// right end, and its minimum hollow. Budgets without a minimum are drawn without a curve.
pub fn isoflop_scene(runs: &[Run], budgets: &[Budget], found: &IsoFlop, loss: LossUnit) -> Scene {
    let mut scene = Scene::new(
        ChartAxis {
            label: "Parameters (log scale)".to_owned(),
            scale: AxisScale::Log,
            range: None,
            format: Format::Number,
        },
        ChartAxis {
            label: loss.title().to_owned(),
            scale: AxisScale::Log,
            range: None,
            format: match loss.is_fraction() {
                true => Format::Percent,
                false => Format::Number,
            },
        },
    );
    for (place, budget) in budgets.iter().enumerate() {
        let points = budget.runs.iter().filter_map(|i| runs.get(*i));
        let points: Vec<(f64, f64)> = points.map(|r| (r.parameters, r.loss)).collect();
        let mark = |&(x, y): &(f64, f64)| Mark { x, y, key: 0 };
        scene.marks.push(Marks {
            shape: shape(place),
            color: place,
            size: 3.0,
            emphasis: Emphasis::Ordinary,
            points: points.iter().map(mark).collect(),
        });
        let optimum = found.optima.iter().find(|o| o.compute == budget.compute);
        if let Some(optimum) = optimum {
            draw(&mut scene, place, &points, optimum);
        }
    }
    scene
}

fn draw(scene: &mut Scene, place: usize, points: &[(f64, f64)], optimum: &Optimum) {
    let best = optimum.parameters.value;
    let sizes = points.iter().map(|p| p.0);
    let (low, high) = sizes.fold((best, best), |(low, high), n| (low.min(n), high.max(n)));
    let curve = (0..=40).map(|i| {
        let n = low * (high / low).powf(f64::from(i) / 40.0);
        (
            n,
            optimum.loss + optimum.curvature * (n / best).ln().powi(2),
        )
    });
    let curve: Vec<(f64, f64)> = curve.collect();
    // Beside the end: at the minimum it would lie on runs and curves.
    scene.labels.extend(curve.last().map(|&(x, y)| Label {
        x,
        y,
        text: number(optimum.compute),
        color: place,
    }));
    scene.lines.push(Line {
        points: curve,
        color: place,
        dash: match optimum.extrapolated {
            true => Dash::Dashed,
            false => Dash::Solid,
        },
        width: 1.5,
    });
    scene.marks.push(Marks {
        shape: shape(place),
        color: place,
        size: 6.0,
        emphasis: Emphasis::HeldOut,
        points: vec![Mark {
            x: best,
            y: optimum.loss,
            key: 0,
        }],
    });
}
