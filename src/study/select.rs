//! Which measurements belong to one series, by the studies' own rules.

use super::{Measurement, Table};
use crate::order;

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
}

/// One measurement as a point of a scaling law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Index of the measurement in its table.
    pub row: usize,
    /// In the study's unit.
    pub compute: f64,
    /// 1 − metric.
    pub error: f64,
}

/// The selected points, in order of compute, then error.
pub fn select(rows: &[Measurement], what: &Selection) -> Vec<Point> {
    let mut points: Vec<Point> = rows
        .iter()
        .enumerate()
        .filter(|(_, m)| {
            m.dataset == what.dataset
                && m.metric == what.metric
                && m.family == what.family
                && m.schedule == what.schedule
                && in_pretrain(&m.pretrain, what.pretrain)
                && released_filter(what.table, m)
        })
        .map(|(row, m)| Point {
            row,
            compute: m.compute,
            error: m.error(),
        })
        .collect();
    order::sort_by(&mut points, |a, b| {
        (a.compute.total_cmp(&b.compute)).then(a.error.total_cmp(&b.error))
    });
    points
}

fn in_pretrain(set: &str, wanted: &str) -> bool {
    set == wanted || (wanted == LAION && LAION_SETS.contains(&set))
}

/// What the comparison study's released scripts leave out of every view: outlying compute and
/// samples, `alt` architectures, failed large runs on ImageNet-1k and COCO, and the part of
/// constant-rate runs beyond 2e11 GFLOPs.
fn released_filter(table: Table, m: &Measurement) -> bool {
    match table {
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
