//! How much a row's run took: compute, samples, parameters.

use super::cells::{not_a_number, text};
use super::row_names::RowNames;
use super::{Collector, RejectReason, RowError, SkipReason};
use crate::runs::checkpoint;
use crate::runs::layout::{self, Checkpoints, ComputeFrom, Layout};
use crate::runs::mapping;
use crate::runs::number::{self, Cell, Cells, ParsedNumber, is_missing};
use crate::study::Study;
use crate::study::architecture::ArchitectureCost;

pub struct RunCost {
    pub samples: String,
    pub samples_seen: Option<f64>,
    pub compute: f64,
    pub parameters: Option<f64>,
}

impl Collector {
    /// Compute, samples and parameters of a row; `share` of a run's has been seen.
    pub(super) fn run_cost(
        &self,
        layout: &Layout,
        study: Study,
        names: &RowNames,
        share: f64,
        cells: &dyn Cells,
    ) -> Result<RunCost, RowError> {
        let positive = |from: layout::ScaledColumn| -> Result<Option<f64>, RowError> {
            let cell = cells.get(from.column);
            let no = |why| RowError::Rejected(self.names.get(from.column).cloned(), why);
            match number::number(cell, self.comma) {
                ParsedNumber::Missing => Ok(None),
                ParsedNumber::Of { value, .. } if value > 0.0 && from.times(value).is_normal() => {
                    Ok(Some(from.times(value)))
                }
                ParsedNumber::Of { value, .. } => Err(no(RejectReason::NotAboveZero(value))),
                ParsedNumber::None => Err(no(not_a_number(cell))),
            }
        };
        let parameters = layout.parameters.map(positive).transpose()?.flatten();
        let (mut samples, mut samples_seen) = (names.samples.clone().into_owned(), None);
        if let Some(column) = layout.samples_seen {
            // A label such as "12.8B" is as good as a number.
            let labelled = match cells.get(column.column) {
                Cell::Text(text) if column.factor == 1.0 => mapping::samples(study, text.trim()),
                _ => None,
            };
            samples_seen = match labelled {
                Some((_, count)) => Some(count),
                None => positive(column)?,
            };
        }
        if let (None, Some((label, count))) = (samples_seen, &names.checkpoint_samples) {
            samples_seen = Some(*count);
            samples.clone_from(label);
        }
        samples_seen = samples_seen.map(|s| s * share);
        if let (true, Some(count)) = (samples.is_empty(), samples_seen) {
            samples = checkpoint::label(study, count);
        }
        let by_table = || {
            let known = self
                .architectures
                .get(&study)
                .map_or(&[][..], Vec::as_slice);
            let found = known
                .iter()
                .find(|a| a.family == names.family && a.name == names.architecture)
                // The family of a table's own is not the study's, its architecture may be.
                .or_else(|| {
                    let of_clip =
                        |a: &&ArchitectureCost| a.family == "clip" && a.name == names.architecture;
                    let own = !known.iter().any(|a| a.family == names.family);
                    known.iter().find(of_clip).filter(|_| own)
                });
            let architecture = found.ok_or_else(|| {
                let why = RejectReason::UnknownArchitecture {
                    family: names.family.clone().into_owned(),
                    architecture: names.architecture.clone().into_owned(),
                    study,
                };
                RowError::Rejected(None, why)
            })?;
            let seen = samples_seen.ok_or_else(|| {
                RowError::Rejected(
                    None,
                    RejectReason::UnknownSamples(names.run.clone().into_owned()),
                )
            })?;
            Ok(architecture.compute_per_sample * seen)
        };
        let compute = match layout.compute {
            ComputeFrom::Column(column) => match positive(column)? {
                Some(compute) => compute * share,
                None => by_table()?,
            },
            ComputeFrom::Each(column) => match (positive(column)?, samples_seen) {
                (Some(each), Some(d)) => each * d,
                (None, _) => {
                    return Err(RowError::Rejected(
                        self.names.get(column.column).cloned(),
                        RejectReason::Empty,
                    ));
                }
                (_, None) => {
                    return Err(RowError::Rejected(
                        Some("samples".to_owned()),
                        RejectReason::Empty,
                    ));
                }
            },
            ComputeFrom::Product(factor) => match (parameters, samples_seen) {
                (Some(n), Some(d)) => n * d * factor,
                (None, _) => {
                    return Err(RowError::Rejected(
                        Some("parameters".to_owned()),
                        RejectReason::Empty,
                    ));
                }
                (_, None) => {
                    return Err(RowError::Rejected(
                        Some("samples".to_owned()),
                        RejectReason::Empty,
                    ));
                }
            },
            ComputeFrom::Table => by_table()?,
        };
        if !compute.is_normal() || compute <= 0.0 {
            return Err(RowError::Rejected(
                Some("compute".to_owned()),
                RejectReason::NotAboveZero(compute),
            ));
        }
        Ok(RunCost {
            samples,
            samples_seen,
            compute,
            parameters,
        })
    }
}

/// The part of a run that a checkpoint has seen, where it counts: the scripts of the comparison
/// study keep the last epoch of cosine schedules and, of constant rates, what comes after
/// warm-up, with the compute until then.
pub fn checkpoint_share(
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
