//! How much a row's run took: compute, samples, parameters.

use super::cells::{not_a_number, text};
use super::row_names::RowNames;
use super::{Collector, RejectReason, RowError, SkipReason};
use crate::runs::checkpoint;
use crate::runs::layout::{Checkpoints, ComputeFrom, Layout, ScaledColumn};
use crate::runs::mapping;
use crate::runs::number::{self, Cell, Cells, ParsedNumber, is_missing};
use crate::study::Study;

pub(super) struct RunCost {
    pub samples: String,
    pub samples_seen: Option<f64>,
    pub compute: f64,
    pub parameters: Option<f64>,
}

/// A row, and what is known of it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub layout: &'a Layout,
    pub study: Study,
    pub names: &'a RowNames<'a>,
    /// Share of the run that the checkpoint has seen.
    pub share: f64,
    pub cells: &'a dyn Cells,
}

fn rejected(column: Option<String>, why: RejectReason) -> RowError {
    RowError::Rejected(column, why)
}

fn empty(column: &str) -> RowError {
    rejected(Some(column.to_owned()), RejectReason::Empty)
}

impl Collector {
    /// Compute, samples and parameters of a row.
    pub(super) fn run_cost(&self, row: Row) -> Result<RunCost, RowError> {
        let positive = |column| self.positive(column, row.cells);
        let parameters = row.layout.parameters.map(positive).transpose()?.flatten();
        let (samples, samples_seen) = self.samples(row)?;
        let compute = self.compute(row, parameters, samples_seen)?;
        if !compute.is_normal() || compute <= 0.0 {
            let why = RejectReason::NotAboveZero(compute);
            return Err(rejected(Some("compute".to_owned()), why));
        }
        Ok(RunCost {
            samples,
            samples_seen,
            compute,
            parameters,
        })
    }

    /// A number above zero; `None` of an empty cell.
    fn positive(&self, from: ScaledColumn, cells: &dyn Cells) -> Result<Option<f64>, RowError> {
        let cell = cells.get(from.column);
        let no = |why| rejected(self.names.get(from.column).cloned(), why);
        match number::number(cell, self.comma) {
            ParsedNumber::Missing => Ok(None),
            ParsedNumber::Of { value, .. } if value > 0.0 && from.times(value).is_normal() => {
                Ok(Some(from.times(value)))
            }
            ParsedNumber::Of { value, .. } => Err(no(RejectReason::NotAboveZero(value))),
            ParsedNumber::None => Err(no(not_a_number(cell))),
        }
    }

    /// Samples seen as a label and a number.
    fn samples(&self, row: Row) -> Result<(String, Option<f64>), RowError> {
        let Row { study, names, .. } = row;
        let (mut label, mut seen) = (names.samples.clone().into_owned(), None);
        if let Some(column) = row.layout.samples_seen {
            // A label such as "12.8B" is as good as a number.
            let labelled = match row.cells.get(column.column) {
                Cell::Text(text) if column.factor == 1.0 => mapping::samples(study, text.trim()),
                _ => None,
            };
            seen = match labelled {
                Some((_, count)) => Some(count),
                None => self.positive(column, row.cells)?,
            };
        }
        if let (None, Some((of_checkpoint, count))) = (seen, &names.checkpoint_samples) {
            seen = Some(*count);
            label.clone_from(of_checkpoint);
        }
        seen = seen.map(|s| s * row.share);
        if let (true, Some(count)) = (label.is_empty(), seen) {
            label = checkpoint::label(study, count);
        }
        Ok((label, seen))
    }

    fn compute(
        &self,
        row: Row,
        parameters: Option<f64>,
        samples_seen: Option<f64>,
    ) -> Result<f64, RowError> {
        match row.layout.compute {
            ComputeFrom::Column(column) => match self.positive(column, row.cells)? {
                Some(compute) => Ok(compute * row.share),
                None => self.compute_of_architecture(row, samples_seen),
            },
            ComputeFrom::Each(column) => match (self.positive(column, row.cells)?, samples_seen) {
                (Some(each), Some(samples)) => Ok(each * samples),
                (None, _) => {
                    let column = self.names.get(column.column).cloned();
                    Err(rejected(column, RejectReason::Empty))
                }
                (_, None) => Err(empty("samples")),
            },
            ComputeFrom::Product(factor) => match (parameters, samples_seen) {
                (Some(n), Some(d)) => Ok(n * d * factor),
                (None, _) => Err(empty("parameters")),
                (_, None) => Err(empty("samples")),
            },
            ComputeFrom::Table => self.compute_of_architecture(row, samples_seen),
        }
    }

    /// By the study's table of architectures.
    fn compute_of_architecture(
        &self,
        row: Row,
        samples_seen: Option<f64>,
    ) -> Result<f64, RowError> {
        let Row { study, names, .. } = row;
        let known = self.architectures.get(&study);
        let known = known.map_or(&[][..], Vec::as_slice);
        let find = |family: &str| {
            let mut known = known.iter();
            known.find(|a| a.family == family && a.name == names.architecture)
        };
        let found = find(&names.family).or_else(|| {
            // The family of a table's own is not the study's, its architecture may be.
            let own = !known.iter().any(|a| a.family == names.family);
            find("clip").filter(|_| own)
        });
        let architecture = found.ok_or_else(|| {
            let why = RejectReason::UnknownArchitecture {
                family: names.family.clone().into_owned(),
                architecture: names.architecture.clone().into_owned(),
                study,
            };
            rejected(None, why)
        })?;
        let seen = samples_seen.ok_or_else(|| {
            let run = names.run.clone().into_owned();
            rejected(None, RejectReason::UnknownSamples(run))
        })?;
        Ok(architecture.compute_per_sample * seen)
    }
}

/// The part of a run that a checkpoint has seen, where it counts: the scripts of the comparison
/// study keep the last epoch of cosine schedules and, of constant rates, what comes after
/// warm-up, with the compute until then.
pub(super) fn checkpoint_share(
    rule: Checkpoints,
    schedule: &str,
    layout: &Layout,
    cells: &dyn Cells,
    comma: bool,
) -> Result<f64, RowError> {
    let read = |column: usize| match number::number(cells.get(column), comma) {
        ParsedNumber::Of { value, .. } => value,
        // Compares as false, as in the scripts.
        _ => f64::NAN,
    };
    if let Some(column) = rule.evaluation {
        let kind = text(cells.get(column)).unwrap_or_default();
        if !is_missing(&kind) && kind != "similarity" {
            return Err(RowError::Skipped(SkipReason::OtherEvaluation));
        }
    }
    let (epoch, epochs) = (read(rule.epoch), read(rule.epochs));
    if matches!(schedule, "cosine" | "const-cooldown") {
        return match epoch == epochs {
            true => Ok(1.0),
            false => Err(RowError::Skipped(SkipReason::NotLastEpoch)),
        };
    }
    let share = epoch / epochs;
    let warm = match (rule.warmup, rule.batch, layout.samples_seen) {
        (Some(warmup), Some(batch), Some(samples)) => {
            let steps = read(samples.column) / read(batch);
            read(warmup) / steps <= share
        }
        _ => share > 0.0,
    };
    match warm {
        true => Ok(share),
        false => Err(RowError::Skipped(SkipReason::WarmingUp)),
    }
}
