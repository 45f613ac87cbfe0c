//! Accuracy over shots as a chart, as Explore draws the transfer study: shots on a logarithmic axis.

use super::study::Published;
use super::{Taught, TaughtPoint};
use crate::chart::{
    AxisScale, Band, ChartAxis, Dash, Emphasis, Format, LegendEntry, Line, Mark, Marks, Scene,
    Shape,
};
use refit_fit::logistic::{Shots, Summary};

/// The colours of both heads and of the zero-shot classifier.
const TAUGHT: usize = 0;
const MIXED: usize = 1;
const ZERO_SHOT: usize = 2;
/// Of the study's series, from here on.
const PUBLISHED: usize = 3;

/// Accuracy over shots: the taught head with its interval over draws, the mixture, the zero-shot classifier as a level,
/// and the study's points.
pub fn scene(taught: &Taught, published: &[Published]) -> Scene {
    let mut scene = Scene::new(
        ChartAxis {
            label: "shots per class (log)".to_owned(),
            scale: AxisScale::Log,
            range: range(taught, published),
            format: Format::Number,
        },
        ChartAxis {
            label: "accuracy".to_owned(),
            scale: AxisScale::Linear,
            range: Some((0.0, 1.02)),
            format: Format::Percent,
        },
    );
    let x = |point: &TaughtPoint| place(point, taught.classes.len());
    let taught_points = taught.points.iter().map(|p| (x(p), p.taught));
    series(
        &mut scene,
        "taught head",
        TAUGHT,
        Shape::Circle,
        taught_points.collect(),
    );
    let mixed = taught.points.iter().filter_map(|p| Some((x(p), p.mixed?)));
    series(
        &mut scene,
        "mixed with zero-shot",
        MIXED,
        Shape::Square,
        mixed.collect(),
    );
    if let (Some(level), Some((low, high))) = (taught.zero_shot, scene.x.range) {
        scene.lines.push(Line {
            points: vec![(low, level.mean), (high, level.mean)],
            color: ZERO_SHOT,
            dash: Dash::Dashed,
            width: 1.5,
        });
        scene.legend.push(LegendEntry {
            shape: Shape::Plus,
            color: ZERO_SHOT,
            text: "zero-shot".to_owned(),
        });
    }
    for (i, series) in published.iter().enumerate() {
        let color = PUBLISHED + i;
        scene.lines.push(Line {
            points: series.points.clone(),
            color,
            dash: Dash::Dotted,
            width: 1.0,
        });
        let marks = series.points.iter().map(|(x, y)| mark(*x, *y));
        scene.marks.push(Marks {
            shape: Shape::Cross,
            color,
            size: 3.0,
            emphasis: Emphasis::Ordinary,
            points: marks.collect(),
        });
        scene.legend.push(LegendEntry {
            shape: Shape::Cross,
            color,
            text: format!("{} {}", series.architecture, series.pretrain),
        });
    }
    scene
}

fn series(scene: &mut Scene, name: &str, color: usize, shape: Shape, points: Vec<(f64, Summary)>) {
    if points.is_empty() {
        return;
    }
    scene.bands.push(Band {
        points: points.iter().map(|(x, s)| (*x, s.low, s.high)).collect(),
        color,
        opacity: 0.15,
    });
    scene.lines.push(Line {
        points: points.iter().map(|(x, s)| (*x, s.mean)).collect(),
        color,
        dash: Dash::Solid,
        width: 1.5,
    });
    scene.marks.push(Marks {
        shape,
        color,
        size: 4.5,
        emphasis: Emphasis::Frontier,
        points: points.iter().map(|(x, s)| mark(*x, s.mean)).collect(),
    });
    scene.legend.push(LegendEntry {
        shape,
        color,
        text: name.to_owned(),
    });
}

fn mark(x: f64, y: f64) -> Mark {
    Mark { x, y, key: 0 }
}

/// Shots; where all pictures were taught, their mean number in a class.
fn place(point: &TaughtPoint, classes: usize) -> f64 {
    match point.shots {
        Shots::Of(count) => count as f64,
        Shots::All => point.examples as f64 / classes as f64,
    }
}

fn range(taught: &Taught, published: &[Published]) -> Option<(f64, f64)> {
    let ours = taught.points.iter().map(|p| place(p, taught.classes.len()));
    let theirs = published
        .iter()
        .flat_map(|p| p.points.iter().map(|(x, _)| *x));
    let (low, high) = ours
        .chain(theirs)
        .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| {
            (low.min(x), high.max(x))
        });
    (high > 0.0).then_some((low / 1.3, high * 1.3))
}
