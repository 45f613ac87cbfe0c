//! Accuracy against accuracy.

use super::shape;
use crate::analysis::transfer::{Benchmark, Choice, Model, Transfer};
use crate::chart::{
    AxisScale, Band, ChartAxis, Dash, Emphasis, Format, Label, LegendEntry, Line, Mark, Marks,
    Scene,
};
use crate::study::{Study, UNSPECIFIED, names};
use refit_fit::robustness::Axis;

/// Accuracies that are ruled on a logit or probit axis.
const RULES: [f64; 13] = [
    0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999,
];
/// Colour of what is no series.
const NEUTRAL: usize = 5;

/// Reference models hollow, the others filled, each group in its own colour; the line with its 95 %
/// band; y = x dotted.
pub fn transfer_scene(study: Study, choice: &Choice, found: &Transfer) -> Scene {
    let axis = choice.axis;
    let format = match axis {
        Axis::Linear => Format::Percent,
        Axis::Logit | Axis::Probit => Format::Number,
    };
    let chart_axis = |b: &Benchmark| ChartAxis {
        label: label(study, b, axis),
        scale: AxisScale::Linear,
        range: None,
        format,
    };
    let mut scene = Scene::new(chart_axis(&choice.x), chart_axis(&choice.y));
    let place = |fraction: f64| axis.forward(fraction).ok();
    let mut groups: Vec<(bool, String)> = Vec::new();
    for model in &found.models {
        let (Some(x), Some(y)) = (place(model.x), place(model.y)) else {
            continue;
        };
        let group = (model.reference, group(model));
        let at = groups.iter().position(|g| *g == group).unwrap_or_else(|| {
            groups.push(group);
            scene.marks.push(marks(groups.len() - 1, model.reference));
            groups.len() - 1
        });
        scene.marks[at].points.push(Mark { x, y, key: 0 });
    }
    // The key tells as many as it has colours for.
    for (at, (reference, name)) in groups.iter().take(6).enumerate() {
        let role = if *reference { ", reference" } else { "" };
        scene.legend.push(LegendEntry {
            shape: shape(at),
            color: at,
            text: format!("{name}{role}"),
        });
    }
    ruled(axis, &mut scene);
    line(found, axis, &mut scene);
    scene
}

fn label(study: Study, b: &Benchmark, axis: Axis) -> String {
    let (dataset, metric) = (
        names::dataset(study, &b.dataset),
        names::metric(study, &b.metric),
    );
    match axis {
        Axis::Linear => format!("{dataset}, {metric}"),
        Axis::Logit | Axis::Probit => format!("{dataset}, {} of {metric}", axis.id()),
    }
}

/// What a model is drawn with: its family, and its pre-training set where it tells one.
fn group(model: &Model) -> String {
    let family = names::family(model.study, &model.family);
    match model.pretrain.as_str() {
        UNSPECIFIED => family.to_owned(),
        pretrain => format!("{family}, {}", names::pretrain(model.study, pretrain)),
    }
}

fn marks(at: usize, reference: bool) -> Marks {
    Marks {
        shape: shape(at),
        color: at,
        size: if reference { 3.0 } else { 4.0 },
        emphasis: match reference {
            true => Emphasis::HeldOut,
            false => Emphasis::Frontier,
        },
        points: Vec::new(),
    }
}

/// Accuracies as rules, where the axis itself counts logits or probits, and y = x.
fn ruled(axis: Axis, scene: &mut Scene) {
    let mut span = [(f64::INFINITY, f64::NEG_INFINITY); 2];
    for mark in scene.marks.iter().flat_map(|m| &m.points) {
        for (span, v) in span.iter_mut().zip([mark.x, mark.y]) {
            *span = (span.0.min(v), span.1.max(v));
        }
    }
    let [(left, right), (low, high)] = span;
    if left > right {
        return;
    }
    let mut rule = |points: [(f64, f64); 2], dash, text: Option<f64>| {
        scene.lines.push(Line {
            points: points.to_vec(),
            color: NEUTRAL,
            dash,
            width: 0.5,
        });
        scene.labels.extend(text.map(|fraction| Label {
            x: points[1].0,
            y: points[1].1,
            text: format!("{} %", 100.0 * fraction),
            color: NEUTRAL,
        }));
    };
    let (from, to) = (left.max(low), right.min(high));
    if from < to {
        rule([(from, from), (to, to)], Dash::Dotted, None);
    }
    if axis == Axis::Linear {
        return;
    }
    for fraction in RULES {
        let Ok(v) = axis.forward(fraction) else {
            continue;
        };
        if left < v && v < right {
            rule([(v, low), (v, high)], Dash::Solid, Some(fraction));
        }
        if low < v && v < high {
            rule([(left, v), (right, v)], Dash::Solid, Some(fraction));
        }
    }
}

fn line(found: &Transfer, axis: Axis, scene: &mut Scene) {
    let curve = found.curve(60);
    let place = |fraction: f64| axis.forward(fraction).ok();
    let band = curve.iter().filter_map(|(x, expected)| {
        let (low, high) = expected.mean?;
        Some((place(*x)?, place(low)?, place(high)?))
    });
    scene.bands.push(Band {
        points: band.collect(),
        color: 0,
        opacity: 0.16,
    });
    let points = curve
        .iter()
        .filter_map(|(x, expected)| Some((place(*x)?, place(expected.value)?)));
    scene.lines.push(Line {
        points: points.collect(),
        color: 0,
        dash: Dash::Solid,
        width: 2.0,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::transfer::{Source, transfer};
    use crate::study::{Table, bundled};

    #[test]
    fn a_logit_chart_is_ruled_in_accuracies_and_holds_every_model() {
        let table = Table::find("imagenet_testbed").unwrap();
        let (rows, _) = bundled::read(table);
        let of = |dataset: &str| Benchmark {
            dataset: dataset.to_owned(),
            metric: "acc1".to_owned(),
        };
        let mut choice = Choice {
            x: of("imagenet1k"),
            y: of("imagenetv2"),
            axis: Axis::Logit,
            reference: vec!["testbed".to_owned()],
        };
        let study = table.study();
        let sources = [Source { study, rows: &rows }];
        let scene = transfer_scene(study, &choice, &transfer(&choice, &sources));
        let points: usize = scene.marks.iter().map(|m| m.points.len()).sum();
        assert_eq!((points, scene.marks.len()), (330, 2));
        let half = scene.labels.iter().filter(|l| l.text == "50 %");
        assert_eq!(
            half.map(|l| (l.x, l.y))
                .filter(|p| p.0 == 0.0 || p.1 == 0.0)
                .count(),
            2
        );
        assert!(scene.legend.iter().any(|l| l.text == "testbed, reference"));
        assert!(
            scene.bands[0]
                .points
                .iter()
                .all(|(_, low, high)| low < high)
        );
        choice.axis = Axis::Linear;
        let scene = transfer_scene(study, &choice, &transfer(&choice, &sources));
        assert!(scene.labels.is_empty() && scene.x.format == Format::Percent);
    }
}
