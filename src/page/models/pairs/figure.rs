//! A histogram of the cosines, with thresholds.

use crate::chart::{
    AxisScale, Band, ChartAxis, Dash, Format, Label, LegendEntry, Line, Scene, Shape,
};
use crate::page::models::session::PairSet;
use crate::pairs::{Histogram, KINDS, RELEASED};

const BINS: usize = 40;
/// The colour of thresholds; kinds of texts have those before.
const THRESHOLD: usize = 3;
const OWN: usize = 4;

/// The ends of the axis: the cosines, and the released thresholds.
pub(super) fn ends(set: &PairSet) -> (f64, f64) {
    let scores = (0..set.len()).map(|i| f64::from(set.score(i)));
    let (low, high) = scores.fold((0.2, 0.35), |(low, high): (f64, f64), score| {
        (low.min(score), high.max(score))
    });
    ((low * 50.0).floor() / 50.0, (high * 50.0).ceil() / 50.0)
}

/// Counts of all pairs, and lines of those whose texts are known to be true or not.
pub(super) fn scene(set: &PairSet, top: Option<f32>, own: f32) -> Scene {
    let (low, high) = ends(set);
    let of = |kind: Option<usize>| {
        let chosen = (0..set.len()).filter(|i| kind.is_none() || set.truths[*i] == kind);
        Histogram::new(chosen.map(|i| set.score(i)), (low, high), BINS)
    };
    let all = of(None);
    let most = all.counts.iter().copied().max().unwrap_or(1) as f64;
    let axis = |label: &str, range| ChartAxis {
        label: label.to_owned(),
        scale: AxisScale::Linear,
        range: Some(range),
        format: Format::Number,
    };
    let mut scene = Scene::new(
        axis("cosine of image and text", (low, high)),
        axis("pairs", (0.0, 1.3 * most)),
    );
    let area = steps(&all).into_iter().map(|(x, y)| (x, 0.0, y)).collect();
    scene.bands.push(Band {
        points: area,
        color: 5,
        opacity: 0.35,
    });
    for (color, kind) in KINDS.iter().enumerate() {
        if !set.truths.contains(&Some(color)) {
            continue;
        }
        scene.lines.push(Line {
            points: steps(&of(Some(color))),
            color,
            dash: Dash::Solid,
            width: 1.5,
        });
        scene.legend.push(LegendEntry {
            shape: Shape::Square,
            color,
            text: (*kind).to_owned(),
        });
    }
    let mut mark = |at: f32, height: f64, text: String, color, dash| {
        let (x, y) = (f64::from(at), height * most);
        scene.lines.push(Line {
            points: vec![(x, 0.0), (x, y)],
            color,
            dash,
            width: 1.5,
        });
        scene.labels.push(Label { x, y, text, color });
    };
    // At different heights, since they lie near each other.
    for ((at, _), height) in RELEASED.iter().zip([1.03, 1.1, 1.17]) {
        mark(*at, height, at.to_string(), THRESHOLD, Dash::Dashed);
    }
    if let Some(top) = top {
        mark(top, 1.03, "top 30 %".to_owned(), THRESHOLD, Dash::Dotted);
    }
    mark(own, 1.25, "yours".to_owned(), OWN, Dash::Solid);
    scene
}

/// The outline of a histogram.
fn steps(histogram: &Histogram) -> Vec<(f64, f64)> {
    let bin = |(i, count): (usize, &usize)| {
        let x = histogram.low + histogram.width * i as f64;
        [(x, *count as f64), (x + histogram.width, *count as f64)]
    };
    histogram.counts.iter().enumerate().flat_map(bin).collect()
}
