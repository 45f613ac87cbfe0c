//! A table's columns and first rows, for choosing a mapping.

use super::amount::{Amount, Term};
use super::mapping::{Compute, Mapping};
use super::propose::{amount_of, compute_of};
use super::reading::{Reading, Role};
use crate::study::Study;
use serde::Serialize;

/// The columns of a table and its first rows, as text, and the mapping that they suggest.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Preview {
    pub columns: Vec<String>,
    /// What each column is taken for, and why; empty where a mapping was given.
    pub readings: Vec<Reading>,
    /// What the proposed mapping takes for granted, in sentences.
    pub assumptions: Vec<String>,
    /// Up to [`Preview::ROWS`], a cell for each column.
    pub rows: Vec<Vec<String>>,
    /// May lack compute or scores ([`Mapping::problem`]).
    pub mapping: Mapping,
    /// Decimal commas are read.
    #[serde(skip)]
    pub(super) comma: bool,
}

impl Preview {
    pub const ROWS: usize = 20;

    /// What compute a column of the reader's choice tells, and in whose unit.
    pub fn compute_of(&self, column: &str) -> Option<(Compute, Study)> {
        match &self.reading(column)?.is {
            Role::Compute(unit) => Some((
                compute_of(column, unit),
                Study::of_unit(&format!("G{}", unit.unit)),
            )),
            _ => None,
        }
    }

    /// Parameters or samples in a column of the reader's choice.
    pub fn amount_of(&self, column: &str) -> Amount {
        match self.reading(column).map(|r| &r.is) {
            Some(Role::Parameters(unit) | Role::Samples(unit) | Role::SamplesAnEpoch(unit)) => {
                amount_of(column, unit)
            }
            _ => Amount::product(1.0, [Term::Column(column.to_owned())]),
        }
    }

    fn reading(&self, column: &str) -> Option<&Reading> {
        self.readings.iter().find(|r| r.column == column)
    }
}
