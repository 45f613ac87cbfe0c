//! How much a row's run took: compute, samples, parameters.

use super::cells::{not_a_number, text};
use super::row_names::RowNames;
use super::{Collector, RejectReason, RowError, SkipReason};
use crate::runs::checkpoint;
use crate::runs::layout::{
    AmountFrom, Checkpoints, ComputeFrom, Layout, SourceRules, TermFrom, TextFrom,
};
use crate::runs::mapping;
use crate::runs::number::{self, Cell, Cells, ParsedNumber, is_missing};
use crate::study::Study;

pub(super) struct RunCost {
    pub samples: String,
    pub samples_seen: Option<f64>,
    pub compute: Option<f64>,
    pub parameters: Option<f64>,
    /// Why the row's parameters are not known though their cell is not empty.
    pub refused: Option<(Option<String>, RejectReason)>,
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

impl Collector {
    /// Compute, samples and parameters of a row.
    pub(super) fn run_cost(&self, row: Row) -> Result<RunCost, RowError> {
        let layout = row.layout;
        let amount = |from: &Option<AmountFrom>| match from {
            Some(from) => self.amount(from, row, 0),
            None => Ok(None),
        };
        let (parameters, refused) = match amount(&layout.parameters) {
            // Where compute needs them, it is refused itself.
            Err(RowError::Rejected(column, why)) if layout.is_mapped() => {
                (None, Some((column, why)))
            }
            parameters => (parameters?, None),
        };
        let (samples, samples_seen) = self.samples(row)?;
        let compute = self.compute(row, samples_seen);
        let compute = match compute {
            // What is measured at a known size counts without compute, too.
            Err(RowError::Rejected(_, why)) if layout.is_mapped() && kept_without(&why, row) => {
                None
            }
            compute => compute?,
        };
        if let Some(compute) = compute.filter(|c| !c.is_normal() || *c <= 0.0) {
            let why = RejectReason::NotAboveZero(compute);
            return Err(rejected(Some("compute".to_owned()), why));
        }
        Ok(RunCost {
            samples,
            samples_seen,
            compute,
            parameters,
            refused,
        })
    }

    /// A product of the row's numbers; `None` where a cell is empty.
    fn amount(&self, from: &AmountFrom, row: Row, depth: usize) -> Result<Option<f64>, RowError> {
        let mut value = from.factor;
        let mut columns = 0;
        for (terms, divides) in [(&from.times, false), (&from.per, true)] {
            for term in terms {
                let Some(x) = self.term(*term, row, depth)? else {
                    return Ok(None);
                };
                columns += 1;
                value = match (divides, columns) {
                    (true, _) => value / x,
                    (false, 1) => number::times(x, value),
                    (false, _) => value * x,
                };
            }
        }
        match value.is_normal() {
            true => Ok(Some(value)),
            false => Err(rejected(None, RejectReason::NotAboveZero(value))),
        }
    }

    fn term(&self, term: TermFrom, row: Row, depth: usize) -> Result<Option<f64>, RowError> {
        // A mapping whose amounts need each other does not get here.
        let of = |from: Option<&AmountFrom>| match from {
            Some(from) if depth < 3 => self.amount(from, row, depth + 1),
            _ => Ok(None),
        };
        match term {
            TermFrom::Column(column) => self.positive(column, row.cells),
            TermFrom::Power10(column) => self.power(column, row.cells),
            TermFrom::Parameters => of(row.layout.parameters.as_ref()),
            TermFrom::Samples if depth == 0 => Ok(self.samples(row)?.1),
            TermFrom::Samples => of(row.layout.samples_seen.as_ref()),
            TermFrom::Compute => match &row.layout.compute {
                ComputeFrom::Amount(from) => of(Some(from)),
                _ => Ok(None),
            },
        }
    }

    /// A number above zero; `None` of an empty cell.
    fn positive(&self, column: usize, cells: &dyn Cells) -> Result<Option<f64>, RowError> {
        let cell = cells.get(column);
        let no = |why| rejected(self.names.get(column).cloned(), why);
        match number::number(cell, self.comma) {
            ParsedNumber::Missing => Ok(None),
            ParsedNumber::Of { value, .. } if value > 0.0 && value.is_normal() => Ok(Some(value)),
            ParsedNumber::Of { value, .. } => Err(no(RejectReason::NotAboveZero(value))),
            ParsedNumber::None => match cell {
                Cell::Text(text) => number::suffixed(text)
                    .filter(|x| *x > 0.0 && x.is_normal())
                    .map(Some)
                    .ok_or_else(|| no(not_a_number(cell))),
                cell => Err(no(not_a_number(cell))),
            },
        }
    }

    /// Ten to the power of a cell.
    fn power(&self, column: usize, cells: &dyn Cells) -> Result<Option<f64>, RowError> {
        let cell = cells.get(column);
        let no = |why| rejected(self.names.get(column).cloned(), why);
        match number::number(cell, self.comma) {
            ParsedNumber::Missing => Ok(None),
            ParsedNumber::Of { value, .. } if (-300.0..300.0).contains(&value) => {
                Ok(Some(10f64.powf(value)))
            }
            ParsedNumber::Of { value, .. } => Err(no(RejectReason::NotALogarithm(value))),
            ParsedNumber::None => Err(no(not_a_number(cell))),
        }
    }

    /// Samples seen as a label and a number.
    fn samples(&self, row: Row) -> Result<(String, Option<f64>), RowError> {
        let Row { study, names, .. } = row;
        let (mut label, mut seen) = (names.samples.clone().into_owned(), None);
        if let Some(from) = &row.layout.samples_seen {
            // A label such as "12.8B" is as good as a number; tokens have no labels of a study.
            let column = from.plain().filter(|column| {
                let name = self.names.get(*column).map_or("", String::as_str);
                !crate::runs::reading::words(name).concat().contains("token")
            });
            let labelled = match column.map(|column| row.cells.get(column)) {
                Some(Cell::Text(text)) => mapping::samples(study, text.trim()),
                _ => None,
            };
            seen = match labelled {
                Some((_, count)) => Some(count),
                None => self.amount(from, row, 1)?,
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
        if let Some(column) = row.layout.progress
            && let Ok(at) = text(row.cells.get(column))
            && !at.is_empty()
        {
            // Checkpoints of one run are told apart.
            let name = self.names.get(column).map_or("", String::as_str);
            let place = format!("{name} {at}");
            label = if label.is_empty() {
                place
            } else {
                format!("{label}, {place}")
            };
        }
        Ok((label, seen))
    }

    fn compute(&self, row: Row, samples_seen: Option<f64>) -> Result<Option<f64>, RowError> {
        match &row.layout.compute {
            ComputeFrom::Amount(from) => match self.amount(from, row, 0)? {
                Some(compute) => Ok(Some(compute * row.share)),
                None if row.layout.rule == SourceRules::Written => Ok(None),
                None if from.plain().is_none() => Err(rejected(None, RejectReason::NoCompute)),
                None => self.compute_of_architecture(row, samples_seen).map(Some),
            },
            ComputeFrom::Table => self.compute_of_architecture(row, samples_seen).map(Some),
            ComputeFrom::Unknown => Ok(None),
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
            // The family of a table's own is not the study's, its architecture may be, or its
            // model's whole name, such as "coca_ViT-B-32".
            let own = !known.iter().any(|a| a.family == names.family);
            let name = checkpoint::architecture(&names.architecture);
            let family = checkpoint::family(&names.architecture);
            let whole = || known.iter().find(|a| a.family == family && a.name == name);
            own.then(|| find("clip").or_else(whole)).flatten()
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

/// Whether a row of a table of the reader's own counts without compute.
fn kept_without(why: &RejectReason, row: Row) -> bool {
    let layout = row.layout;
    let sized = layout.samples_seen.is_some() || layout.parameters.is_some();
    match why {
        RejectReason::UnknownArchitecture { .. } | RejectReason::UnknownSamples(_) => {
            sized || layout.tags != TextFrom::None
        }
        RejectReason::NoCompute => true,
        _ => false,
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
    let samples = layout.samples_seen.as_ref().and_then(AmountFrom::plain);
    let warm = match (rule.warmup, rule.batch, samples) {
        (Some(warmup), Some(batch), Some(samples)) => {
            let steps = read(samples) / read(batch);
            read(warmup) / steps <= share
        }
        _ => share > 0.0,
    };
    match warm {
        true => Ok(share),
        false => Err(RowError::Skipped(SkipReason::WarmingUp)),
    }
}
