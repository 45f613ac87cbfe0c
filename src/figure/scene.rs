//! An analysis as a chart.

use crate::analysis::drawing::{Drawing, Lines};
use crate::analysis::{Analysis, Outcome, Series};
use crate::chart::{
    AxisScale, Band, ChartAxis, Dash, Emphasis, Format, Label, LegendEntry, Line, Mark, Marks,
    Scene, Shape,
};
use crate::study::description::Quantity;
use crate::study::select::{self, Point};
use crate::study::{Measurement, names};
use refit_fit::order;

/// What one mark stands for; a mark's key is its index in the list of these.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    pub series: usize,
    pub row: usize,
    pub x: f64,
    pub error: f64,
    pub role: SeriesRole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesRole {
    AboveFrontier,
    HeldOut,
    Frontier,
    Excluded,
}

impl SeriesRole {
    pub fn title(self) -> &'static str {
        match self {
            SeriesRole::AboveFrontier => "above the frontier",
            SeriesRole::HeldOut => "held out",
            SeriesRole::Frontier => "on the frontier",
            SeriesRole::Excluded => "excluded",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AnalysisChart {
    pub scene: Scene,
    pub dots: Vec<Dot>,
}

/// Widths of lines: of a law, of a prediction's interval.
pub(super) const LAW: f64 = 2.0;
const PREDICTED: f64 = 4.0;

const SHAPES: [Shape; 4] = [
    Shape::Circle,
    Shape::Square,
    Shape::Triangle,
    Shape::Diamond,
];

/// The shape of a series' marks, by its place.
pub fn shape(place: usize) -> Shape {
    SHAPES[place % SHAPES.len()]
}

/// Points of a law's curve.
const CURVE: i32 = 160;

/// Series by series: all runs, the frontier, the law and its band.
pub fn picture(
    analysis: &Analysis,
    outcome: &Outcome,
    rows: &[Measurement],
    drawing: &Drawing,
) -> AnalysisChart {
    let drawn = || {
        let series = outcome.series.iter().enumerate();
        series.filter(|(i, _)| !drawing.hidden.contains(i))
    };
    let mut errors = Span::EMPTY;
    let mut places = Span::EMPTY;
    for (_, series) in drawn() {
        for point in series.measured().chain(&series.excluded) {
            places.take(point.x);
            errors.take(point.error);
        }
        for prediction in series.predictions.iter().flatten() {
            places.take(prediction.x);
            errors.take(prediction.low.unwrap_or(prediction.error));
        }
    }
    // Room for the law beyond the data.
    let range = places.range().map(|(low, high)| match drawing.x {
        AxisScale::Log => (low / 1.5, high * 3.0),
        AxisScale::Linear => (0.0, high * 1.25),
    });
    let heights = errors.range().map(|(low, high)| match drawing.y {
        AxisScale::Log => (low * 0.75, (high * 1.08).min(1.05)),
        AxisScale::Linear => ((low - 0.1).max(0.0), (high * 1.04).min(1.02)),
    });
    let mut scene = Scene::new(
        ChartAxis {
            label: labelled(&place_label(analysis), drawing.x),
            scale: drawing.x,
            range: drawing.window.map(|w| w.x).or(range),
            format: Format::Number,
        },
        ChartAxis {
            label: labelled(&error_label(analysis), drawing.y),
            scale: drawing.y,
            range: drawing.window.map(|w| w.y).or(heights),
            format: match analysis.study().quantity(&analysis.metric).is_fraction() {
                true => Format::Percent,
                false => Format::Number,
            },
        },
    );
    let mut dots = Vec::new();
    for (i, series) in drawn() {
        joined(series, rows, drawing.lines, &mut scene);
        bars(series, &mut scene);
        marks(series, i, &mut scene, &mut dots);
        if let Some((low, high)) = range {
            // A linear axis begins at zero, where no law is.
            let span = (low.max(places.low / 1.5), high);
            law(analysis, series, span, errors.low, &mut scene);
            if drawing.lines == Lines::None {
                let seen = heights.unwrap_or((0.0, 1.0));
                scene.labels.extend(named(series, outcome, span, seen));
            }
        }
        scene.legend.push(LegendEntry {
            shape: shape(series.place),
            color: series.place,
            text: series.name(),
        });
    }
    AnalysisChart { scene, dots }
}

fn place_label(analysis: &Analysis) -> String {
    match analysis.axis {
        select::Axis::Compute => format!("Compute, {}", analysis.unit()),
        axis => sentence(axis.title(analysis.study())),
    }
}

fn error_label(analysis: &Analysis) -> String {
    let study = analysis.study();
    let metric = names::metric(study, &analysis.metric);
    match study.quantity(&analysis.metric) {
        Quantity::Accuracy => format!("Error, 1 − {metric}"),
        Quantity::Perplexity => format!("ln of {metric}, nats"),
        _ => match study.loss_unit(&analysis.metric) {
            "" => sentence(metric),
            unit => format!("{}, {unit}", sentence(metric)),
        },
    }
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut text = text.to_owned();
    // Of ASCII alone: Unicode's tables would make the page 10 KB larger.
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn labelled(label: &str, scale: AxisScale) -> String {
    match scale {
        AxisScale::Log => format!("{label} (log scale)"),
        AxisScale::Linear => label.to_owned(),
    }
}

/// The least and the most of numbers above zero.
struct Span {
    low: f64,
    high: f64,
}

impl Span {
    const EMPTY: Span = Span {
        low: f64::INFINITY,
        high: 0.0,
    };

    fn take(&mut self, x: f64) {
        if x > 0.0 {
            self.low = self.low.min(x);
            self.high = self.high.max(x);
        }
    }

    fn range(&self) -> Option<(f64, f64)> {
        (self.low < self.high).then_some((self.low, self.high))
    }
}

/// A standard error to either side of each point that tells it.
fn bars(series: &Series, scene: &mut Scene) {
    for p in series.measured() {
        if let Some(s) = p.standard_error {
            // A logarithmic axis has no zero.
            let low = (p.error - s).max(0.01 * p.error);
            scene.lines.push(Line {
                points: vec![(p.x, low), (p.x, p.error + s)],
                color: series.place,
                dash: Dash::Solid,
                width: 1.0,
            });
        }
    }
}

fn marks(series: &Series, i: usize, scene: &mut Scene, dots: &mut Vec<Dot>) {
    let on_frontier = |row: usize| series.frontier.iter().any(|f| f.row == row);
    let mut layer =
        |shape, emphasis, size, role, points: &mut dyn Iterator<Item = (usize, f64, f64)>| {
            let points = points.map(|(row, x, error)| {
                dots.push(Dot {
                    series: i,
                    row,
                    x,
                    error,
                    role,
                });
                Mark {
                    x,
                    y: error,
                    key: dots.len() - 1,
                }
            });
            let points = points.collect();
            scene.marks.push(Marks {
                shape,
                color: series.place,
                size,
                emphasis,
                points,
            });
        };
    let plain = |p: &Point| (p.row, p.x, p.error);
    let own = shape(series.place);
    let ordinary = series.points.iter().filter(|p| !on_frontier(p.row));
    layer(
        own,
        Emphasis::Faint,
        3.0,
        SeriesRole::AboveFrontier,
        &mut ordinary.map(plain),
    );
    layer(
        own,
        Emphasis::HeldOut,
        4.5,
        SeriesRole::HeldOut,
        &mut series.held_out.iter().map(plain),
    );
    layer(
        Shape::Cross,
        Emphasis::Ordinary,
        4.0,
        SeriesRole::Excluded,
        &mut series.excluded.iter().map(plain),
    );
    layer(
        own,
        Emphasis::Frontier,
        4.0,
        SeriesRole::Frontier,
        &mut series.frontier.iter().map(|p| (p.row, p.x, p.error)),
    );
}

/// A name at the end of what is seen of a law: what tells its series from the others; none where
/// it is alone.
fn named(series: &Series, outcome: &Outcome, span: (f64, f64), seen: (f64, f64)) -> Option<Label> {
    let fit = series.fit.as_ref().ok()?;
    let curve = places(span).map(|x| (x, fit.law.value(&fit.parameters, x)));
    let (x, y) = curve.filter(|p| p.1 >= seen.0 && p.1 <= seen.1).last()?;
    let text = told_apart(series, outcome)?;
    Some(Label {
        x,
        y,
        text,
        color: series.place,
    })
}

/// The parts of a series' name that tell it from the others.
fn told_apart(series: &Series, outcome: &Outcome) -> Option<String> {
    let mut same: Vec<&Series> = outcome.series.iter().collect();
    let mut parts = Vec::new();
    let mut part = |id: fn(&Series) -> &String, name: &str| {
        let count = same.len();
        same.retain(|s| id(s) == id(series));
        if same.len() < count {
            parts.push(name.to_owned());
        }
    };
    let (study, pretrain) = (series.study, &series.pretrain);
    part(|s| &s.family, names::family(study, &series.family));
    // Of a group its short name; the legend has the rest.
    let mut groups = study.head().pretrain_groups.iter();
    let is_group = groups.any(|(name, _)| name == pretrain);
    let sets = names::pretrain(study, pretrain);
    part(|s| &s.pretrain, if is_group { pretrain } else { sets });
    part(|s| &s.schedule, names::schedule(study, &series.schedule));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Where a law is drawn.
fn places((from, to): (f64, f64)) -> impl Iterator<Item = f64> {
    (0..=CURVE).map(move |k| from * (to / from).powf(f64::from(k) / f64::from(CURVE)))
}

/// Thin lines through the points that have something in common, the lowest error at each place.
fn joined(series: &Series, rows: &[Measurement], lines: Lines, scene: &mut Scene) {
    let group = |p: &Point| {
        let m = rows.get(p.row)?;
        let group = match lines {
            Lines::None => return None,
            Lines::Architecture => &m.architecture,
            Lines::Samples => &m.samples,
            Lines::Run => &m.run,
        };
        (!group.is_empty()).then_some(group.as_str())
    };
    let mut groups: Vec<(&str, Vec<(f64, f64)>)> = Vec::new();
    let mut points: Vec<&Point> = series.measured().collect();
    order::sort_by(&mut points, |a, b| {
        (a.x.total_cmp(&b.x)).then(a.error.total_cmp(&b.error))
    });
    for point in points {
        let Some(name) = group(point) else { continue };
        let at = (point.x, point.error);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, line)) if line.last().is_some_and(|last| last.0 == at.0) => {}
            Some((_, line)) => line.push(at),
            None => groups.push((name, vec![at])),
        }
    }
    for (name, line) in groups {
        // The name of a run says more than a label holds; its card has it.
        if let (Some((x, y)), true) = (line.last(), lines != Lines::Run) {
            scene.labels.push(Label {
                x: *x,
                y: *y,
                text: name.to_owned(),
                color: series.place,
            });
        }
        scene.lines.push(Line {
            points: line,
            color: series.place,
            dash: Dash::Solid,
            width: 1.0,
        });
    }
}

/// The law and its band over a span of the axis; `least` is the lowest error in sight.
fn law(
    analysis: &Analysis,
    series: &Series,
    (from, to): (f64, f64),
    least: f64,
    scene: &mut Scene,
) {
    let Ok(fit) = &series.fit else { return };
    let grid: Vec<f64> = places((from, to)).collect();
    let band = grid.iter().filter_map(|&c| {
        let p = fit.predict(c, analysis.interval);
        // On a logarithmic axis a band that reaches zero error ends at its edge.
        Some((c, p.low?.max(least * 1e-3), p.high?))
    });
    scene.bands.push(Band {
        points: band.collect(),
        color: series.place,
        opacity: 0.16,
    });
    let last = series.frontier.last().map_or(to, |p| p.x);
    let mut curve = |dash, keep: &dyn Fn(f64) -> bool| {
        let places = grid.iter().copied().chain([last]).filter(|&c| keep(c));
        let points = places.map(|c| (c, fit.law.value(&fit.parameters, c)));
        let mut points: Vec<(f64, f64)> = points.collect();
        order::sort_by(&mut points, |a, b| a.0.total_cmp(&b.0));
        scene.lines.push(Line {
            points,
            color: series.place,
            dash,
            width: LAW,
        });
    };
    curve(Dash::Solid, &|c| c <= last);
    curve(Dash::Dashed, &|c| c >= last);
    for p in series.predictions.iter().flatten() {
        if let (Some(low), Some(high)) = (p.low, p.high) {
            scene.lines.push(Line {
                points: vec![(p.x, low.max(least * 1e-3)), (p.x, high)],
                color: series.place,
                dash: Dash::Solid,
                width: PREDICTED,
            });
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::analysis::{from_query, run};
    use crate::study::{Table, bundled};

    #[test]
    fn a_family_of_the_readers_reads_at_its_curve_as_in_the_legend() {
        let mut analysis = Analysis::of(Table::find("plotted_frontier").unwrap());
        let (mut rows, _) = bundled::read(analysis.table);
        for row in rows.iter_mut().filter(|row| row.family == "mammut") {
            row.family = "clip (yours)".to_owned();
        }
        analysis.families[1] = "clip (yours)".to_owned();
        let outcome = run(&analysis, &rows, &[]);
        let scene = picture(&analysis, &outcome, &rows, &Drawing::default()).scene;
        let labels: Vec<&str> = scene.labels.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(labels, ["CLIP", "clip (yours)"]);
        assert_eq!(scene.legend[1].text, "clip (yours), DataComp-1.4B");
    }

    pub(in crate::figure) fn chart(query: &str) -> (AnalysisChart, Outcome) {
        let (analysis, notices) = from_query(query, &[]);
        assert_eq!(notices, []);
        drawn(&analysis)
    }

    pub(in crate::figure) fn drawn(analysis: &Analysis) -> (AnalysisChart, Outcome) {
        let (rows, architectures) = bundled::read(analysis.table);
        let outcome = run(analysis, &rows, &architectures);
        let chart = picture(analysis, &outcome, &rows, &Drawing::default());
        (chart, outcome)
    }

    #[test]
    fn a_series_keeps_its_colour_and_its_mark() {
        let places = |query: &str| {
            let (chart, _) = chart(query);
            let entries = chart.scene.legend.iter();
            let places = entries.map(|e| (e.text.clone(), e.color, e.shape));
            places.collect::<Vec<_>>()
        };
        let all = places("v=2&pretrain=datacomp_1b,relaion2b-en");
        assert_eq!(all.len(), 4);
        for (i, one) in all.iter().enumerate() {
            assert!(
                all[..i]
                    .iter()
                    .all(|other| (other.1, other.2) != (one.1, one.2))
            );
        }
        for alone in [
            "v=2&family=mammut",
            "v=2&family=clip&pretrain=relaion2b-en",
            "v=2&family=mammut,clip",
        ] {
            for one in places(alone) {
                assert!(all.contains(&one), "{alone}: {one:?} not in {all:?}");
            }
        }
    }

    #[test]
    fn labels_tell_series_apart() {
        let labels = |query: &str| {
            let (chart, _) = chart(query);
            let labels = chart.scene.labels.into_iter().map(|l| l.text);
            labels.collect::<Vec<_>>()
        };
        assert_eq!(labels("v=2"), ["CLIP", "MaMMUT"]);
        assert_eq!(labels("v=2&family=clip"), [] as [&str; 0]);
        let all = labels("v=2&pretrain=datacomp_1b,relaion2b-en");
        assert_eq!(all[..2], ["CLIP, DataComp-1.4B", "CLIP, Re-LAION-2B"]);
    }

    #[test]
    fn a_prediction_has_its_interval_in_the_chart() {
        let (chart, outcome) = chart("v=2&at=1e12");
        let wide = chart
            .scene
            .lines
            .iter()
            .filter(|line| line.width == PREDICTED);
        let ends: Vec<f64> = wide.map(|line| line.points[1].1).collect();
        let high = outcome
            .series
            .iter()
            .map(|s| s.predictions[0].as_ref().unwrap().high);
        assert_eq!(ends, high.map(Option::unwrap).collect::<Vec<_>>());
    }
}
