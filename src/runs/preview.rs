//! A table's columns and first rows, for choosing a mapping.

use super::mapping::{Compute, Mapping, Scaled};
use super::propose::FirstRows;
use crate::study::Study;
use serde::Serialize;

/// The columns of a table and its first rows, as text, and the mapping that they suggest.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Preview {
    pub columns: Vec<String>,
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
        self.table().compute_of(self.place(column)?)
    }

    /// Parameters in a column of the reader's choice.
    pub fn parameters_of(&self, column: &str) -> Option<Scaled> {
        self.table().parameters_of(self.place(column)?)
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == column)
    }

    fn table(&self) -> FirstRows<'_> {
        FirstRows {
            columns: &self.columns,
            rows: &self.rows,
            comma: self.comma,
        }
    }
}
