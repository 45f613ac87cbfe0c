//! How much a row's run took: compute, samples, parameters.

use super::cells::{not_a_number, text};
use super::described::Described;
use super::{Collector, LeftOut, Not, Why};
use crate::runs::checkpoint;
use crate::runs::layout::{self, Checkpoints, ComputeFrom, Layout};
use crate::runs::mapping;
use crate::runs::number::{self, Cells, Number, Value, is_missing};
use crate::study::Study;
use crate::study::architecture::ArchitectureCost;

pub struct Amounts {
    pub samples: String,
    pub samples_seen: Option<f64>,
    pub compute: f64,
    pub parameters: Option<f64>,
}

impl Collector {
    /// Compute, samples and parameters of a row; `share` of a run's has been seen.
    pub(super) fn amounts(
        &self,
        layout: &Layout,
        study: Study,
        described: &Described,
        share: f64,
        cells: &dyn Cells,
    ) -> Result<Amounts, Not> {
        let positive = |from: layout::Number| -> Result<Option<f64>, Not> {
            let cell = cells.get(from.column);
            let no = |why| Not::Refused(self.names.get(from.column).cloned(), why);
            match number::number(cell, self.comma) {
                Number::Missing => Ok(None),
                Number::Of { value, .. } if value > 0.0 && from.times(value).is_normal() => {
                    Ok(Some(from.times(value)))
                }
                Number::Of { value, .. } => Err(no(Why::NotAboveZero(value))),
                Number::None => Err(no(not_a_number(cell))),
            }
        };
        let parameters = layout.parameters.map(positive).transpose()?.flatten();
        let (mut samples, mut samples_seen) = (described.samples.clone().into_owned(), None);
        if let Some(column) = layout.samples_seen {
            // A label such as "12.8B" is as good as a number.
            let labelled = match cells.get(column.column) {
                Value::Text(text) if column.factor == 1.0 => mapping::samples(study, text.trim()),
                _ => None,
            };
            samples_seen = match labelled {
                Some((_, count)) => Some(count),
                None => positive(column)?,
            };
        }
        if let (None, Some((label, count))) = (samples_seen, &described.checkpoint_samples) {
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
                .find(|a| a.family == described.family && a.name == described.architecture)
                // The family of a table's own is not the study's, its architecture may be.
                .or_else(|| {
                    let of_clip = |a: &&ArchitectureCost| {
                        a.family == "clip" && a.name == described.architecture
                    };
                    let own = !known.iter().any(|a| a.family == described.family);
                    known.iter().find(of_clip).filter(|_| own)
                });
            let architecture = found.ok_or_else(|| {
                let why = Why::UnknownArchitecture {
                    family: described.family.clone().into_owned(),
                    architecture: described.architecture.clone().into_owned(),
                    study,
                };
                Not::Refused(None, why)
            })?;
            let seen = samples_seen.ok_or_else(|| {
                Not::Refused(
                    None,
                    Why::UnknownSamples(described.run.clone().into_owned()),
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
                    return Err(Not::Refused(
                        self.names.get(column.column).cloned(),
                        Why::Empty,
                    ));
                }
                (_, None) => return Err(Not::Refused(Some("samples".to_owned()), Why::Empty)),
            },
            ComputeFrom::Product(factor) => match (parameters, samples_seen) {
                (Some(n), Some(d)) => n * d * factor,
                (None, _) => return Err(Not::Refused(Some("parameters".to_owned()), Why::Empty)),
                (_, None) => return Err(Not::Refused(Some("samples".to_owned()), Why::Empty)),
            },
            ComputeFrom::Table => by_table()?,
        };
        if !compute.is_normal() || compute <= 0.0 {
            return Err(Not::Refused(
                Some("compute".to_owned()),
                Why::NotAboveZero(compute),
            ));
        }
        Ok(Amounts {
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
) -> Result<f64, Not> {
    let read = |column: usize| match number::number(cells.get(column), comma) {
        Number::Of { value, .. } => value,
        // Compares as false, as in the scripts.
        _ => f64::NAN,
    };
    if let Some(column) = rule.evaluation {
        let kind = text(cells.get(column)).unwrap_or_default();
        if !is_missing(&kind) && kind != "similarity" {
            return Err(Not::LeftOut(LeftOut::OtherEvaluation));
        }
    }
    let (epoch, epochs) = (read(rule.epoch), read(rule.epochs));
    if matches!(schedule, "cosine" | "const-cooldown") {
        return match epoch == epochs {
            true => Ok(1.0),
            false => Err(Not::LeftOut(LeftOut::NotLastEpoch)),
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
        false => Err(Not::LeftOut(LeftOut::WarmingUp)),
    }
}
