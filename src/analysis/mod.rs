//! A figure's choices ([`Analysis`]) and rows to an [`Outcome`]: the one function, [`run`], that
//! page, terminal, claims and tests call.

mod choices;
mod query;

pub use choices::{Choices, Unknown};
pub use query::{Notice, VERSION, from_query, threshold, to_query};

use crate::decimal;
use crate::fit::{self, Fit, FitError, Interval, Prediction};
use crate::law::Law;
use crate::study::architecture::{Architecture, samples_seen};
use crate::study::frontier::{self, FrontierPoint, Rule};
use crate::study::select::{LAION, OPENAI_WIT, Point, Selection, select};
use crate::study::{Measurement, Study, Table};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Every choice behind a figure. What can be derived is not stored: the study is the table's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    pub table: Table,
    pub dataset: String,
    pub metric: String,
    /// One series for each family and pre-training set that has points.
    pub families: Vec<String>,
    pub pretrains: Vec<String>,
    pub schedule: String,
    pub frontier: Rule,
    /// Which runs set the compute range of the bins.
    pub edges: Edges,
    pub law: Law,
    /// Runs above it, in the study's unit, are left out of frontier and fit.
    pub threshold: Option<f64>,
    pub interval: Interval,
    /// Where the reader asks for a prediction: "1e12" or "ViT-L-14 at 12.8B".
    pub at: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edges {
    /// The runs up to the threshold.
    Kept,
    /// All runs, those held out included (finding 4).
    All,
}

impl Edges {
    pub const ALL: [Edges; 2] = [Edges::Kept, Edges::All];

    pub fn id(self) -> &'static str {
        match self {
            Edges::Kept => "kept",
            Edges::All => "all",
        }
    }
}

impl Analysis {
    /// What opens first for a table: the study's main figure, as released.
    pub fn of(table: Table) -> Analysis {
        let (dataset, metric) = match table {
            Table::Segmentation => ("ade20k", "miou"),
            Table::Probes => ("imagenet1k-unverified", "linear_probe_full"),
            _ => ("imagenet1k", "acc1"),
        };
        let (families, pretrains, law): (&[_], &[_], _) = match table.study() {
            Study::Comparison => (&["clip", "mammut"], &["datacomp_1b"], Law::Saturation),
            Study::Openclip => (&["clip"], &[LAION, OPENAI_WIT], Law::Line),
        };
        Analysis {
            table,
            dataset: dataset.to_owned(),
            metric: metric.to_owned(),
            families: families.iter().map(|s| (*s).to_owned()).collect(),
            pretrains: pretrains.iter().map(|s| (*s).to_owned()).collect(),
            schedule: "cosine".to_owned(),
            frontier: match table {
                // Its points are a frontier already.
                Table::PlottedFrontier => Rule::All,
                _ => Rule::Released,
            },
            edges: Edges::Kept,
            law,
            threshold: table.study().released_threshold(),
            interval: Interval::Honest,
            at: Vec::new(),
        }
    }

    pub fn study(&self) -> Study {
        self.table.study()
    }
}

impl Default for Analysis {
    fn default() -> Self {
        Analysis::of(Table::Sweep)
    }
}

/// What comes of an analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub series: Vec<Series>,
}

/// One family on one pre-training set.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub family: String,
    pub pretrain: String,
    /// In order of compute; those above the threshold are in `held_out`.
    pub points: Vec<Point>,
    pub held_out: Vec<Point>,
    pub frontier: Vec<FrontierPoint>,
    pub fit: Result<Fit, FitError>,
    /// One for each target of [`Analysis::at`], in order.
    pub predictions: Vec<Result<Prediction, TargetError>>,
}

/// Selects, takes the frontier, fits and predicts. Series without a point are left out.
pub fn run(analysis: &Analysis, rows: &[Measurement], architectures: &[Architecture]) -> Outcome {
    let mut series = Vec::new();
    for family in &analysis.families {
        for pretrain in &analysis.pretrains {
            let points = select(rows, &analysis.selection(family, pretrain));
            if points.is_empty() {
                continue;
            }
            let limit = analysis.threshold.unwrap_or(f64::INFINITY);
            let (kept, held_out): (Vec<Point>, Vec<Point>) =
                points.iter().copied().partition(|p| p.compute <= limit);
            let frontier = match analysis.edges {
                Edges::Kept => analysis.frontier_of(pretrain, &kept, &kept),
                Edges::All => analysis.frontier_of(pretrain, &kept, &points),
            };
            let (x, y): (Vec<f64>, Vec<f64>) =
                frontier.iter().map(|p| (p.compute, p.error)).unzip();
            let fit = fit::fit(analysis.law, &x, &y);
            let predictions = analysis
                .at
                .iter()
                .filter_map(|at| {
                    let fit = fit.as_ref().ok()?;
                    let compute = target(at, analysis.study(), family, architectures);
                    Some(compute.map(|c| fit.predict(c, analysis.interval)))
                })
                .collect();
            series.push(Series {
                family: family.clone(),
                pretrain: pretrain.clone(),
                points: kept,
                held_out,
                frontier,
                fit,
                predictions,
            });
        }
    }
    Outcome { series }
}

impl Analysis {
    fn selection<'a>(&'a self, family: &'a str, pretrain: &'a str) -> Selection<'a> {
        Selection {
            table: self.table,
            dataset: &self.dataset,
            metric: &self.metric,
            family,
            pretrain,
            schedule: &self.schedule,
        }
    }

    /// The frontier of `kept`, its bins over the compute range of `range`.
    fn frontier_of(&self, pretrain: &str, kept: &[Point], range: &[Point]) -> Vec<FrontierPoint> {
        let edges = match (range.first(), range.last()) {
            (Some(first), Some(last)) => (first.compute, last.compute),
            _ => return Vec::new(),
        };
        match (self.frontier, self.study()) {
            (Rule::Released, Study::Comparison) => frontier::bins_as_released(kept, edges),
            (Rule::Released, Study::Openclip) if pretrain == OPENAI_WIT => frontier::all(kept),
            (Rule::Released, Study::Openclip) | (Rule::Minima, _) => frontier::minima(kept),
            (Rule::Bins, _) => frontier::bins(kept, edges),
            (Rule::Pareto, _) => frontier::pareto(kept),
            (Rule::All, _) => frontier::all(kept),
        }
    }
}

/// Samples seen along the compute-optimal frontier, as the comparison study evaluates it: a
/// straight line of log samples on log compute through the Pareto set up to the threshold.
///
/// `None` where fewer than two frontier points tell their samples.
pub fn optimal_samples(
    series: &Series,
    rows: &[Measurement],
    compute: f64,
) -> Option<Result<f64, FitError>> {
    let (x, y): (Vec<f64>, Vec<f64>) = frontier::pareto(&series.points)
        .iter()
        .filter_map(|p| Some((p.compute, rows.get(p.row)?.samples_seen?)))
        .unzip();
    if x.len() < 2 {
        return None;
    }
    Some(fit::fit(Law::Line, &x, &y).map(|fit| fit.predict(compute, Interval::Honest).error))
}

/// Why a prediction's target cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetError {
    NotACompute(String),
    UnknownArchitecture {
        name: String,
        family: String,
        known: Vec<String>,
    },
    UnknownSamples(String),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetError::NotACompute(text) => write!(
                f,
                "“{text}” is neither a compute such as 1e12 nor a model and its samples such as “ViT-L-14 at 12.8B”."
            ),
            TargetError::UnknownArchitecture {
                name,
                family,
                known,
            } => write!(
                f,
                "“{name}” is not an architecture of {family} in this study; known: {}.",
                known.join(", ")
            ),
            TargetError::UnknownSamples(text) => write!(
                f,
                "“{text}” is not a number of samples such as 12.8B or 300M."
            ),
        }
    }
}

impl std::error::Error for TargetError {}

/// The compute that a reader's words name, in the study's unit: "2.14e12", or an architecture
/// "at" a number of samples.
pub fn target(
    text: &str,
    study: Study,
    family: &str,
    architectures: &[Architecture],
) -> Result<f64, TargetError> {
    let text = text.trim();
    if let Some(compute) = decimal::parse(text) {
        return if compute.is_finite() && compute > 0.0 {
            Ok(compute)
        } else {
            Err(TargetError::NotACompute(text.to_owned()))
        };
    }
    let (model, samples) = text
        .split_once(" at ")
        .or_else(|| text.split_once('@'))
        .ok_or_else(|| TargetError::NotACompute(text.to_owned()))?;
    let (model, samples) = (model.trim(), samples.trim());
    let of_family = || architectures.iter().filter(|a| a.family == family);
    // ViT-g-14 and ViT-G-14 differ in case alone, so an exact name goes first.
    let architecture = of_family()
        .find(|a| a.name == model)
        .or_else(|| of_family().find(|a| a.name.eq_ignore_ascii_case(model)))
        .ok_or_else(|| TargetError::UnknownArchitecture {
            name: model.to_owned(),
            family: crate::study::names::family(family).to_owned(),
            known: of_family().map(|a| a.name.clone()).collect(),
        })?;
    let samples = samples_seen(study, samples)
        .ok_or_else(|| TargetError::UnknownSamples(samples.to_owned()))?;
    Ok(architecture.compute_per_sample * samples)
}
