//! A figure's choices ([`Analysis`]) and rows to an [`Outcome`]: the one function, [`run`], that
//! page, terminal, claims and tests call.

pub mod authors_optimiser;
pub mod budget;
mod choices;
pub mod comparison;
pub mod compute_optimal;
pub mod drawing;
mod fit_text;
pub mod gpu_time;
mod keys;
pub mod loss;
mod loss_unit;
mod query;
pub mod query_string;
mod resampling;
mod samples;
pub mod surface;
mod target;
pub mod transfer;
pub mod validation;

pub use choices::{Choices, FAMILY, UnknownName};
pub use fit_text::{NO_DELTA_METHOD, WEIGHTED, interval_title, why_not_fitted};
pub use keys::{KEYS, Key, MOST_EXCLUDED, Values, threshold};
pub use loss_unit::LossUnit;
pub use query::{MOST_TARGETS, Notice, VERSION, from_query, from_study, link, to_query};
pub use resampling::{Resampling, ResamplingUnit, resamples};
pub use samples::{SamplesLaw, optimal_samples};
pub use target::{TargetError, target};

use crate::study::architecture::ArchitectureCost;
use crate::study::description::Rule;
use crate::study::frontier::{FrontierPoint, FrontierRule, by_rule};
use crate::study::select::{Axis, Point, Selection, select};
use crate::study::{Measurement, Study, Table, names};
use refit_fit::law::Law;
use refit_fit::{self, Fit, FitError, Interval, Loss, Points, Prediction};
use serde::Serialize;

/// Every choice behind a figure. What can be derived is not stored: the study is the table's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    pub table: Table,
    pub dataset: String,
    pub metric: String,
    /// One series for each family, pre-training set and schedule that has points.
    pub families: Vec<String>,
    pub pretrains: Vec<String>,
    pub schedules: Vec<String>,
    pub frontier: FrontierRule,
    /// Which runs set the compute range of the bins.
    #[serde(rename = "edges")]
    pub bin_range: BinRange,
    pub axis: Axis,
    pub law: Law,
    pub loss: Loss,
    /// Runs of more compute, in the study's unit, are left out of frontier and fit.
    pub threshold: Option<f64>,
    /// Rows of the table that the reader takes out, in order: as if they had not been measured.
    pub excluded: Vec<usize>,
    pub interval: Interval,
    pub resampling: Resampling,
    /// Where the reader asks for a prediction: "1e12" or "ViT-L-14 at 12.8B".
    pub at: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum BinRange {
    /// The runs up to the threshold.
    #[serde(rename = "kept")]
    WithinThreshold,
    /// All runs, those held out included (finding `bins`).
    #[serde(rename = "all")]
    AllRuns,
}

impl BinRange {
    pub const ALL: [BinRange; 2] = [BinRange::WithinThreshold, BinRange::AllRuns];

    pub fn id(self) -> &'static str {
        match self {
            BinRange::WithinThreshold => "kept",
            BinRange::AllRuns => "all",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            BinRange::WithinThreshold => "runs up to the threshold",
            BinRange::AllRuns => "all runs",
        }
    }
}

impl Analysis {
    /// What opens first for a table, as its study describes.
    pub fn of(table: Table) -> Analysis {
        let mut analysis = Analysis {
            table,
            dataset: String::new(),
            metric: String::new(),
            families: Vec::new(),
            pretrains: Vec::new(),
            schedules: Vec::new(),
            frontier: match table.study().authors_frontier.is_empty() {
                true => FrontierRule::Pareto,
                false => FrontierRule::Authors,
            },
            bin_range: BinRange::WithinThreshold,
            axis: Axis::Compute,
            law: Law::Saturation,
            loss: Loss::Squares,
            threshold: None,
            excluded: Vec::new(),
            interval: Interval::StudentT,
            resampling: Resampling::default(),
            at: Vec::new(),
        };
        query::apply(&table.opens, &mut analysis);
        analysis
    }

    pub fn study(&self) -> Study {
        self.table.study()
    }
}

impl Default for Analysis {
    fn default() -> Self {
        Analysis::of(Table::first())
    }
}

/// What comes of an analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub series: Vec<Series>,
}

/// One family on one pre-training set, trained with one schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub study: Study,
    pub family: String,
    pub pretrain: String,
    pub schedule: String,
    /// Its colour and mark, which no choice of other series changes.
    pub place: usize,
    /// In order of x; those above the threshold are in `held_out`.
    pub points: Vec<Point>,
    pub held_out: Vec<Point>,
    /// Those that the reader took out.
    pub excluded: Vec<Point>,
    pub frontier: Vec<FrontierPoint>,
    pub fit: Result<Fit, FitError>,
    /// One for each target of [`Analysis::at`], in order.
    pub predictions: Vec<Result<Prediction, TargetError>>,
}

/// Selects, takes the frontier, fits and predicts. Series without a point are left out.
pub fn run(
    analysis: &Analysis,
    rows: &[Measurement],
    architectures: &[ArchitectureCost],
) -> Outcome {
    let mut series: Vec<Series> = Vec::new();
    let places = Places::of(analysis, rows);
    for family in &analysis.families {
        for pretrain in &analysis.pretrains {
            for schedule in &analysis.schedules {
                let selection = analysis.selection(family, pretrain, schedule);
                let points = select(rows, architectures, &selection);
                if !points.is_empty() {
                    let mut place = places.place(family, pretrain, schedule);
                    while series.iter().any(|other| other.place == place) {
                        place += 1;
                    }
                    let selection = (&selection, place);
                    series.push(one_series(analysis, rows, architectures, selection, points));
                }
            }
        }
    }
    Outcome { series }
}

/// Names in an order that no choice changes: those that the study's tables open with, then those of the rows.
struct Places {
    families: Vec<String>,
    pretrains: Vec<String>,
    schedules: Vec<String>,
    /// Families, and pre-training sets, that the tables open with.
    opens: (usize, usize),
}

impl Places {
    fn of(analysis: &Analysis, rows: &[Measurement]) -> Places {
        let (mut families, mut pretrains, mut schedules) = (vec![], vec![], vec![]);
        for table in analysis.study().tables() {
            let opens = Analysis::of(table);
            add_new(&mut families, &opens.families);
            add_new(&mut pretrains, &opens.pretrains);
            add_new(&mut schedules, &opens.schedules);
        }
        let opens = (families.len(), pretrains.len());
        add_until(&mut families, &analysis.families, rows, |m| &m.family);
        add_until(&mut pretrains, &analysis.pretrains, rows, |m| &m.pretrain);
        add_until(&mut schedules, &analysis.schedules, rows, |m| &m.schedule);
        Places {
            families,
            pretrains,
            schedules,
            opens,
        }
    }

    fn place(&self, family: &str, pretrain: &str, schedule: &str) -> usize {
        let at = |names: &[String], name: &str| names.iter().position(|n| n == name).unwrap_or(0);
        let sets = at(&self.pretrains, pretrain) + self.opens.1 * at(&self.schedules, schedule);
        at(&self.families, family) + self.opens.0 * sets
    }
}

fn add_new(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}

/// Adds names of the rows until all that are chosen are among them.
fn add_until(
    names: &mut Vec<String>,
    chosen: &[String],
    rows: &[Measurement],
    name: fn(&Measurement) -> &String,
) {
    let mut rows = rows.iter();
    while !chosen.iter().all(|name| names.contains(name)) {
        let Some(m) = rows.next() else { return };
        add_new(names, std::slice::from_ref(name(m)));
    }
}

fn one_series(
    analysis: &Analysis,
    rows: &[Measurement],
    architectures: &[ArchitectureCost],
    (selection, place): (&Selection, usize),
    points: Vec<Point>,
) -> Series {
    let (excluded, points): (Vec<Point>, Vec<Point>) = points
        .into_iter()
        .partition(|p| analysis.excluded.binary_search(&p.row).is_ok());
    let limit = analysis.threshold.unwrap_or(f64::INFINITY);
    let (kept, held_out): (Vec<Point>, Vec<Point>) = points
        .iter()
        .copied()
        .partition(|p| rows[p.row].compute.is_none_or(|compute| compute <= limit));
    let frontier = match analysis.bin_range {
        BinRange::WithinThreshold => analysis.frontier_of(selection.pretrain, &kept, &kept),
        BinRange::AllRuns => analysis.frontier_of(selection.pretrain, &kept, &points),
    };
    let fit = refit_fit::fit_points(
        analysis.law,
        analysis.loss,
        &measured_points(&frontier, analysis.loss),
    );
    let predictions = analysis
        .at
        .iter()
        .filter_map(|at| {
            let fit = fit.as_ref().ok()?;
            let (axis, study) = (analysis.axis, analysis.study());
            let x = target(at, axis, study, selection.family, architectures);
            Some(x.map(|x| fit.predict(x, analysis.interval)))
        })
        .collect();
    Series {
        study: analysis.study(),
        family: selection.family.to_owned(),
        pretrain: selection.pretrain.to_owned(),
        schedule: selection.schedule.to_owned(),
        place,
        points: kept,
        held_out,
        excluded,
        frontier,
        fit,
        predictions,
    }
}

impl Outcome {
    /// From the smallest to the largest x of all points, those held out included.
    pub fn range(&self) -> Option<(f64, f64)> {
        let points = self.series.iter().flat_map(Series::measured);
        points.fold(None, |range, p| match range {
            None => Some((p.x, p.x)),
            Some((low, high)) => Some((p.x.min(low), p.x.max(high))),
        })
    }
}

impl Series {
    /// In legends and tables.
    pub fn name(&self) -> String {
        names::series(self.study, &self.family, &self.pretrain, &self.schedule)
    }

    /// The points that the reader left in, those held out included.
    pub fn measured(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().chain(&self.held_out)
    }

    /// The points that the law is fitted to.
    pub fn fitted(&self) -> Points {
        let loss = self.fit.as_ref().map_or(Loss::Squares, |fit| fit.loss);
        measured_points(&self.frontier, loss)
    }

    /// Whether the law is fitted with the inverse variances of the points as weights.
    pub fn is_weighted(&self) -> bool {
        let points = self.fitted();
        points.weights.iter().any(|w| *w != 1.0)
    }
}

/// Points as a law is fitted to them, weighted where all tell their standard errors.
fn measured_points(frontier: &[FrontierPoint], loss: Loss) -> Points {
    let (x, y) = frontier.iter().map(|p| (p.x, p.error)).unzip();
    let standard_errors: Vec<Option<f64>> = frontier.iter().map(|p| p.standard_error).collect();
    Points::measured(x, y, &standard_errors, loss)
}

impl Analysis {
    fn selection<'a>(
        &'a self,
        family: &'a str,
        pretrain: &'a str,
        schedule: &'a str,
    ) -> Selection<'a> {
        Selection {
            table: self.table,
            dataset: &self.dataset,
            metric: &self.metric,
            family,
            pretrain,
            schedule,
            axis: self.axis,
        }
    }

    /// Unit of the axis.
    pub fn unit(&self) -> &'static str {
        let study = self.study().head();
        match self.axis {
            Axis::Compute => &study.compute_unit,
            Axis::Samples => &study.samples_noun,
            Axis::Parameters => "parameters",
        }
    }

    /// The frontier of `kept`, its bins over the compute range of `range`.
    fn frontier_of(&self, pretrain: &str, kept: &[Point], range: &[Point]) -> Vec<FrontierPoint> {
        by_rule(self.rule_of(pretrain), kept, range)
    }

    /// The rule of a series.
    fn rule_of(&self, pretrain: &str) -> Rule {
        let authors = match self.frontier {
            FrontierRule::Authors => self.study().authors_rule(pretrain),
            _ => None,
        };
        authors.unwrap_or(self.frontier.into())
    }
}
