//! Which measurements belong to one series, by the studies' own rules.

use super::architecture::ArchitectureCost;
use super::description::{LeftOut, Quantity};
use super::{Measurement, Study, Table};
use refit_fit::order;
use serde::{Deserialize, Serialize};

/// What one law is fitted to: one family on one pre-training set, one downstream number.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    pub table: Table,
    pub dataset: &'a str,
    pub metric: &'a str,
    pub family: &'a str,
    pub pretrain: &'a str,
    pub schedule: &'a str,
    pub axis: Axis,
}

/// What a law is a function of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    Compute,
    Samples,
    Parameters,
}

impl Axis {
    pub const ALL: [Axis; 3] = [Axis::Compute, Axis::Samples, Axis::Parameters];

    pub fn id(self) -> &'static str {
        match self {
            Axis::Compute => "compute",
            Axis::Samples => "samples",
            Axis::Parameters => "parameters",
        }
    }

    /// What it counts in a study; compute in its unit.
    pub fn title(self, study: Study) -> &'static str {
        match (self, study.head().samples_noun.as_str()) {
            (Axis::Compute, _) => "Compute",
            (Axis::Samples, "samples") => "Samples seen",
            (Axis::Samples, "tokens") => "Tokens",
            (Axis::Samples, noun) => noun,
            (Axis::Parameters, _) => "Parameters",
        }
    }
}

/// One measurement as a point of a scaling law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Index of the measurement in its table.
    pub row: usize,
    /// On the selection's axis: compute in the study's unit, samples, or parameters.
    pub x: f64,
    /// The L of a law: the error, 1 − metric, or the loss.
    pub error: f64,
    /// Of `error`, where the row tells it.
    pub standard_error: Option<f64>,
}

/// The selected points, in order of x, then error. Rows that do not tell their x are left out.
pub fn select(
    rows: &[Measurement],
    architectures: &[ArchitectureCost],
    what: &Selection,
) -> Vec<Point> {
    let study = what.table.study();
    let quantity = study.quantity(what.metric);
    let x = |m: &Measurement| match what.axis {
        Axis::Compute => m.compute,
        Axis::Samples => m.samples_seen,
        Axis::Parameters => parameters(m, architectures),
    };
    let mut points: Vec<Point> = rows
        .iter()
        .enumerate()
        .filter(|(_, m)| {
            m.dataset == what.dataset
                && m.metric == what.metric
                && m.family == what.family
                && m.schedule == what.schedule
                && in_pretrain(study, &m.pretrain, what.pretrain)
                && in_authors_views(what.table, m)
        })
        .filter_map(|(row, m)| {
            let error = quantity.loss(m.value)?;
            // A perplexity's logarithm to first order; of the others error and value differ in sign.
            let scale = if quantity == Quantity::Perplexity {
                m.value
            } else {
                1.0
            };
            Some(Point {
                row,
                x: x(m)?,
                error,
                standard_error: m.standard_error.map(|s| s / scale),
            })
        })
        .collect();
    order::sort_by(&mut points, |a, b| {
        (a.x.total_cmp(&b.x)).then(a.error.total_cmp(&b.error))
    });
    points
}

/// Parameters of a measured model: as its row says, else as its architecture has.
pub fn parameters(m: &Measurement, architectures: &[ArchitectureCost]) -> Option<f64> {
    m.parameters.or_else(|| {
        architectures
            .iter()
            .find(|a| a.family == m.family && a.name == m.architecture)
            .map(|a| a.mparams[0] * 1e6)
    })
}

/// Whether a pre-training set is the wanted one, or of the wanted group.
pub fn in_pretrain(study: Study, set: &str, wanted: &str) -> bool {
    let group = || {
        study
            .head()
            .pretrain_groups
            .iter()
            .find(|(name, _)| name == wanted)
    };
    set == wanted || group().is_some_and(|(_, sets)| sets.iter().any(|of| of == set))
}

/// False for what the authors' released scripts leave out of every view, as the study describes.
/// Nothing of a reader's own is left out.
pub fn in_authors_views(table: Table, m: &Measurement) -> bool {
    let study = table.study();
    m.own || !study.left_out.iter().any(|rule| leaves_out(rule, table, m))
}

fn leaves_out(rule: &LeftOut, table: Table, m: &Measurement) -> bool {
    let among = |list: &[String], name: &str| list.is_empty() || list.iter().any(|x| x == name);
    let above =
        |x: Option<f64>, limit: Option<f64>| limit.is_none_or(|limit| x.is_some_and(|x| x > limit));
    let loss = || table.study().quantity(&m.metric).loss(m.value);
    among(&rule.tables, &table.id)
        && among(&rule.datasets, &m.dataset)
        && among(&rule.schedules, &m.schedule)
        && m.architecture.ends_with(&rule.architecture_ends)
        && rule
            .compute_below
            .is_none_or(|limit| m.compute.is_some_and(|c| c < limit))
        && above(m.compute, rule.compute_above)
        && above(m.samples_seen, rule.samples_above)
        && rule
            .error_from
            .is_none_or(|from| loss().is_some_and(|error| error >= from))
}
