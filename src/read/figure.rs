//! A live figure: an analysis drawn for each value of the one choice that the reader has.
//!
//! All values are computed when the document is, so that the figure answers without a program.

use super::address;
use super::compute::Source;
use super::hand::Hand;
use super::number::{between, with_unit};
use super::series::unit_after;
use super::style::themed;
use crate::analysis::drawing::Drawing;
use crate::analysis::query_string::parts;
use crate::analysis::{self, Analysis, KEYS, Outcome, interval_title, link, why_not_fitted};
use crate::chart::{AxisScale, Dash, Line, Theme, to_svg};
use crate::figure::picture;
use crate::study::names;
use crate::text::significant;
use refit_fit::Points;
use refit_fit::law::Form;

/// Width and height in CSS pixels: beside text, and on a phone.
const WIDE: (u32, u32) = (760, 430);
const NARROW: (u32, u32) = (360, 330);

/// Most values of a control.
const MOST_VALUES: usize = 6;

/// A figure for each value of its control; one without a control.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    pub control: Option<Control>,
    pub variants: Vec<Variant>,
    /// Where the reader may move the law.
    pub hand: Option<ByHand>,
}

/// What a program needs to have a law moved by hand (`src/page/by_hand`).
#[derive(Clone, Debug, PartialEq)]
pub struct ByHand {
    /// Ids of the law and of the loss, as in a query.
    pub law: &'static str,
    pub loss: String,
    /// x and error of the points that the law is fitted to.
    pub points: Vec<(f64, f64)>,
    /// "Compute, GFLOPs", and what the errors are of.
    pub axis: String,
    pub what: String,
    /// After a loss: "nats"; empty for errors from 0 to 1.
    pub unit: &'static str,
}

/// The control by which a figure's law is moved by hand.
const BY_HAND: &str = "by hand";

/// What the reader can choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// "Frontier".
    pub title: String,
}

/// The figure for one value of its control.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The value, as readers know it.
    pub label: String,
    /// The query, without `?`, that opens it in Explore.
    pub query: String,
    /// SVG, to be looked at beside text and on a phone; both in light and dark.
    pub wide: String,
    pub narrow: String,
    /// What it shows, for those who do not see it.
    pub description: String,
    /// What its dotted lines are, where it has any.
    pub dotted: Option<&'static str>,
    /// Whether a law is continued beyond its points.
    pub is_continued: bool,
    pub laws: Vec<LawRow>,
}

/// The law of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct LawRow {
    pub series: String,
    /// [`crate::analysis::Series::place`]: its colour and shape.
    pub place: usize,
    /// Points that the law is fitted to.
    pub points: usize,
    /// Symbol and value; or why there is no law.
    pub parameters: Result<Vec<(&'static str, String)>, String>,
    /// Where and what, with the interval.
    pub predictions: Vec<(String, String)>,
}

/// The figure of a query and the control that its title names: "threshold: 1e12 | 2.5e11".
pub(super) fn draw(query: &str, control: &str, source: &Source) -> Result<Drawn, String> {
    if control.trim().is_empty() || control == BY_HAND {
        let variant = variant(query, None, source)?;
        let hand = match control {
            BY_HAND => Some(by_hand(query, source)?),
            _ => None,
        };
        return Ok(Drawn {
            control: None,
            variants: vec![variant],
            hand,
        });
    }
    let (key, values) = control.split_once(':').ok_or_else(|| {
        format!("the control “{control}” is not as in “threshold: 1e12 | 2.5e11”")
    })?;
    let key = key.trim();
    let known = KEYS.iter().any(|k| k.name == key) || Drawing::KEYS.contains(&key);
    if !known || key == "table" {
        return Err(format!("the control “{key}” is no key of a query"));
    }
    let values: Vec<&str> = values.split('|').map(str::trim).collect();
    if !(2..=MOST_VALUES).contains(&values.len()) {
        return Err(format!(
            "the control “{key}” has not 2 to {MOST_VALUES} values, separated by |"
        ));
    }
    let rest = address::without(query, key);
    let variants = values.iter().map(|value| {
        let value = value
            .replace('%', "%25")
            .replace('&', "%26")
            .replace('+', "%2B");
        variant(&format!("{rest}&{key}={value}"), Some(key), source)
    });
    Ok(Drawn {
        control: Some(Control {
            title: title(key).to_owned(),
        }),
        variants: variants.collect::<Result<_, _>>()?,
        hand: None,
    })
}

/// The one series of a query, whose law can be moved.
fn by_hand(query: &str, source: &Source) -> Result<ByHand, String> {
    let (mut analysis, _) = address::analysis(source.study, query)?;
    let rows = source.rows(&mut analysis)?;
    let outcome = analysis::run(&analysis, rows, source.library.architectures(source.study));
    let [series] = &outcome.series[..] else {
        let count = outcome.series.len();
        return Err(format!(
            "a law is moved by hand where there is one series, and the query has {count}"
        ));
    };
    let Points { x, y, .. } = series.fitted();
    let points = x.iter().copied().zip(y.iter().copied()).collect();
    if series.is_weighted() || Hand::new(analysis.law, analysis.loss, x, y).is_none() {
        return Err("this law, with its loss, cannot be moved by hand: take a power law, squares or log-squares, and points without standard errors".to_owned());
    }
    let unit = analysis.loss_unit();
    Ok(ByHand {
        law: analysis.law.id(),
        loss: analysis.loss.id(),
        points,
        axis: format!("{}, {}", analysis.axis.title(source.study), analysis.unit()),
        what: format!(
            "{}, {}",
            names::measured(source.study, &analysis.dataset, &analysis.metric),
            series.name()
        ),
        unit: if unit.is_fraction() {
            ""
        } else {
            unit.of_differences()
        },
    })
}

fn variant(query: &str, key: Option<&str>, source: &Source) -> Result<Variant, String> {
    let (mut analysis, drawing) = address::analysis(source.study, query)?;
    let rows = source.rows(&mut analysis)?;
    let outcome = analysis::run(&analysis, rows, source.library.architectures(source.study));
    if outcome.series.is_empty() {
        return Err("selects no point".to_owned());
    }
    let mut chart = picture(&analysis, &outcome, rows, &drawing);
    for series in &outcome.series {
        if let Some(printed) = source.differing_law(&analysis, series) {
            chart.print(series, analysis.law, &printed);
        }
    }
    let dotted = chart.dotted();
    let mut scene = chart.scene;
    let is_longer = |line: &&Line| {
        let ends = (line.points.first(), line.points.last());
        matches!(ends, (Some(first), Some(last)) if last.0 > 1.01 * first.0)
    };
    let dashed = scene.lines.iter().filter(|line| line.dash == Dash::Dashed);
    let is_continued = dashed.clone().any(|line| is_longer(&line));
    // The list of laws below is the legend.
    scene.legend.clear();
    let draw = |(width, height)| {
        let svg = to_svg(&scene, &Theme::light(), width, height);
        svg.map(|svg| themed(&svg)).map_err(|e| e.to_string())
    };
    Ok(Variant {
        label: key.map_or(String::new(), |key| label(key, &analysis, &drawing, query)),
        query: link(&analysis, &drawing),
        wide: draw(WIDE)?,
        narrow: draw(NARROW)?,
        description: description(&analysis, &outcome),
        dotted,
        is_continued,
        laws: laws(&analysis, &outcome),
    })
}

/// The figure of a query without names in it, and its series by place, which are named elsewhere.
pub(super) fn unnamed(
    query: &str,
    source: &Source,
    (width, height): (u32, u32),
) -> Result<(String, Vec<(usize, String)>), String> {
    let (mut analysis, drawing) = address::analysis(source.study, query)?;
    let rows = source.rows(&mut analysis)?;
    let outcome = analysis::run(&analysis, rows, source.library.architectures(source.study));
    let mut scene = picture(&analysis, &outcome, rows, &drawing).scene;
    scene.legend.clear();
    scene.labels.clear();
    let svg = to_svg(&scene, &Theme::light(), width, height).map_err(|e| e.to_string())?;
    let series = outcome.series.iter().map(|s| (s.place, s.name()));
    Ok((svg, series.collect()))
}

/// A key, as readers know it.
fn title(key: &str) -> &str {
    match key {
        "dataset" => "Benchmark",
        "metric" => "Metric",
        "family" => "Families",
        "pretrain" => "Pre-training set",
        "schedule" => "Schedule",
        "frontier" => "Points",
        "edges" => "Range of the bins",
        "axis" => "Horizontal axis",
        "law" => "Law",
        "loss" => "Loss",
        "threshold" => "Fitted to runs up to",
        "interval" => "Band",
        "lines" => "Connect",
        "y" => "Vertical axis",
        "x" => "Scale of the horizontal axis",
        other => other,
    }
}

/// What a key's value is, as readers know it.
fn label(key: &str, analysis: &Analysis, drawing: &Drawing, query: &str) -> String {
    let study = analysis.study();
    let joined = |ids: &[String], name: &dyn Fn(&str) -> String| {
        let names: Vec<String> = ids.iter().map(|id| name(id)).collect();
        names.join(" and ")
    };
    let scale = |scale| match scale {
        AxisScale::Log => "logarithmic".to_owned(),
        AxisScale::Linear => "linear".to_owned(),
    };
    match key {
        "dataset" => names::dataset(study, &analysis.dataset).to_owned(),
        "metric" => names::metric(study, &analysis.metric).to_owned(),
        "family" => joined(&analysis.families, &|id| {
            names::family(study, id).to_owned()
        }),
        "pretrain" => joined(&analysis.pretrains, &|id| {
            names::pretrain(study, id).to_owned()
        }),
        "schedule" => joined(&analysis.schedules, &|id| {
            names::schedule(study, id).to_owned()
        }),
        "frontier" => analysis.frontier.title().to_owned(),
        "edges" => analysis.bin_range.title().to_owned(),
        "axis" => analysis.axis.title(study).to_owned(),
        "law" => analysis.law.title().to_owned(),
        "loss" => analysis.loss.title().to_owned(),
        "threshold" => match analysis.threshold {
            Some(limit) => with_unit(limit, 2, &study.compute_unit),
            None => "all".to_owned(),
        },
        "interval" => interval_title(analysis.interval).to_owned(),
        "lines" => drawing.lines.title().to_owned(),
        "x" => scale(drawing.x),
        "y" => scale(drawing.y),
        // As it was written.
        key => {
            let pairs = parts(query);
            let value = pairs.into_iter().rev().find(|(k, _)| k == key);
            value.map_or(String::new(), |(_, value)| value)
        }
    }
}

fn description(analysis: &Analysis, outcome: &Outcome) -> String {
    let study = analysis.study();
    let mut text = format!(
        "{}, over {}.",
        names::measured(study, &analysis.dataset, &analysis.metric),
        analysis.axis.title(study)
    );
    for series in &outcome.series {
        let points = series.measured().count();
        let noun = if points == 1 {
            "measurement"
        } else {
            "measurements"
        };
        text.push_str(&format!(" {}: {points} {noun}", series.name()));
        if let Ok(fit) = &series.fit {
            let ends = [series.frontier.first(), series.frontier.last()];
            if let [Some(first), Some(last)] = ends {
                let at = |x: f64| analysis.loss_unit().text(fit.law.value(&fit.parameters, x));
                text.push_str(&format!(
                    ", and a law of their frontier from {} at {} to {} at {}",
                    at(first.x),
                    significant(first.x, 3),
                    at(last.x),
                    with_unit(last.x, 3, analysis.unit())
                ));
            }
        }
        text.push('.');
    }
    text
}

fn laws(analysis: &Analysis, outcome: &Outcome) -> Vec<LawRow> {
    let unit = analysis.loss_unit();
    let after = unit_after(unit);
    let rows = outcome.series.iter().map(|series| {
        let predictions = analysis.at.iter().zip(&series.predictions);
        let predictions = predictions.filter_map(|(at, prediction)| {
            let p = prediction.as_ref().ok()?;
            let mut text = with_unit(unit.printed(p.error), 3, after);
            if let (Some(low), Some(high)) = (p.low, p.high) {
                let (a, b) = (unit.printed(low), unit.printed(high));
                text.push_str(&format!(" ({})", between((a.min(b), a.max(b)), 3, after)));
            }
            let place = match crate::decimal::parse(at) {
                Some(x) => with_unit(x, 3, analysis.unit()),
                None => at.clone(),
            };
            Some((place, text))
        });
        LawRow {
            series: series.name(),
            place: series.place,
            points: series.frontier.len(),
            parameters: match &series.fit {
                Ok(fit) => {
                    let values = fit.law.parameters().iter().zip(&fit.parameters);
                    Ok(values
                        .map(|(p, v)| match p.symbol.strip_prefix("ln ") {
                            // "ln B = −∞" is a law without B.
                            Some(symbol) if *v == f64::NEG_INFINITY => (symbol, "0".to_owned()),
                            _ => (p.symbol, significant(*v, 3)),
                        })
                        .collect())
                }
                Err(error) => Err(why_not_fitted(error)),
            },
            predictions: predictions.collect(),
        }
    });
    rows.collect()
}
