//! Which measurements belong to one series, by the studies' own rules.

use super::architecture::ArchitectureCost;
use super::{Measurement, Table};
use refit_fit::order;
use serde::{Deserialize, Serialize};

/// `LAION` stands for these three sets together, as in the openclip study's laws.
pub const LAION: &str = "LAION";
const LAION_SETS: [&str; 3] = ["LAION-80M", "LAION-400M", "LAION-2B"];
pub const OPENAI_WIT: &str = "CLIP-WIT";

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

    /// What it counts; compute in the study's unit.
    pub fn title(self) -> &'static str {
        match self {
            Axis::Compute => "Compute",
            Axis::Samples => "Samples seen",
            Axis::Parameters => "Parameters",
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
    /// 1 − metric.
    pub error: f64,
}

/// The selected points, in order of x, then error. Rows that do not tell their x are left out.
pub fn select(
    rows: &[Measurement],
    architectures: &[ArchitectureCost],
    what: &Selection,
) -> Vec<Point> {
    let x = |m: &Measurement| match what.axis {
        Axis::Compute => Some(m.compute),
        Axis::Samples => m.samples_seen,
        Axis::Parameters => architectures
            .iter()
            .find(|a| a.family == m.family && a.name == m.architecture)
            .map(|a| a.mparams[0] * 1e6),
    };
    let mut points: Vec<Point> = rows
        .iter()
        .enumerate()
        .filter(|(_, m)| {
            m.dataset == what.dataset
                && m.metric == what.metric
                && m.family == what.family
                && m.schedule == what.schedule
                && in_pretrain(&m.pretrain, what.pretrain)
                && in_authors_views(what.table, m)
        })
        .filter_map(|(row, m)| {
            Some(Point {
                row,
                x: x(m)?,
                error: m.error(),
            })
        })
        .collect();
    order::sort_by(&mut points, |a, b| {
        (a.x.total_cmp(&b.x)).then(a.error.total_cmp(&b.error))
    });
    points
}

fn in_pretrain(set: &str, wanted: &str) -> bool {
    set == wanted || (wanted == LAION && LAION_SETS.contains(&set))
}

/// False for what the comparison study's released scripts leave out of every view: outlying compute
/// and samples, `alt` architectures, failed large runs on ImageNet-1k and COCO, and the part of
/// constant-rate runs beyond 2e11 GFLOPs. Nothing of a reader's own.
pub fn in_authors_views(table: Table, m: &Measurement) -> bool {
    match table {
        _ if m.own => true,
        Table::Sweep | Table::Segmentation => {
            let failed = matches!(m.dataset.as_str(), "imagenet1k" | "mscoco_captions")
                && m.compute > 1e11
                && m.error() >= 0.7;
            m.compute >= 1e6
                && m.samples_seen.is_none_or(|s| s <= 1e10)
                && !m.architecture.ends_with("-alt")
                && !failed
                && (m.schedule != "const" || m.compute <= 2e11)
        }
        _ => true,
    }
}
