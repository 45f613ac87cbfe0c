//! Compute-optimal samples over compute.

use super::shape;
use crate::analysis::SamplesLaw;
use crate::chart::{
    AxisScale, Band, ChartAxis, Dash, Emphasis, Format, Label, Line, Mark, Marks, Scene,
};
use crate::study::select::Axis;
use crate::study::{Study, names};
use refit_fit::Interval;
use refit_fit::law::Form;

/// What is drawn of one series.
pub struct Samples<'a> {
    /// The series' place in the figure: its colour and shape.
    pub place: usize,
    pub family: &'a str,
    /// The line through the Pareto set.
    pub line: Option<&'a SamplesLaw>,
    /// Compute and samples of the best splits by a law over parameters and samples.
    pub best: Vec<(f64, f64)>,
}

/// Points and lines of the Pareto sets, with a band of 95 %, and the best splits dashed; both axes
/// logarithmic.
pub fn samples_scene(study: Study, all: &[Samples]) -> Scene {
    let axis = |label: String| ChartAxis {
        label,
        scale: AxisScale::Log,
        range: None,
        format: Format::Number,
    };
    let mut scene = Scene::new(
        axis(format!("Compute, {} (log scale)", study.compute_unit)),
        axis(format!("{} (log scale)", Axis::Samples.title(study))),
    );
    for Samples {
        place,
        family,
        line,
        best,
    } in all
    {
        scene.lines.push(Line {
            points: best.clone(),
            color: *place,
            dash: Dash::Dashed,
            width: 1.5,
        });
        let Some(SamplesLaw { points, fit }) = line else {
            continue;
        };
        let marks = points.iter().map(|&(x, y)| Mark { x, y, key: 0 });
        scene.marks.push(Marks {
            shape: shape(*place),
            color: *place,
            size: 4.0,
            emphasis: Emphasis::Frontier,
            points: marks.collect(),
        });
        let low = points.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
        let high = points.iter().chain(best).map(|p| p.0).fold(0.0, f64::max);
        // A line on these axes; its band bends.
        let grid: Vec<f64> = (0..=40)
            .map(|i| low * (high / low).powf(f64::from(i) / 40.0))
            .collect();
        let band = grid.iter().filter_map(|&x| {
            let p = fit.predict(x, Interval::StudentT);
            Some((x, p.low?, p.high?))
        });
        scene.bands.push(Band {
            points: band.collect(),
            color: *place,
            opacity: 0.16,
        });
        let value = |x: f64| (x, fit.law.evaluate(&fit.parameters, x));
        scene.lines.push(Line {
            points: grid.iter().copied().map(value).collect(),
            color: *place,
            dash: Dash::Solid,
            width: 2.0,
        });
        let (x, y) = value(high);
        scene.labels.push(Label {
            x,
            y,
            text: names::family(study, family).to_owned(),
            color: *place,
        });
    }
    scene
}
