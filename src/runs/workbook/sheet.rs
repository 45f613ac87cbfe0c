//! A sheet's cells, row by row.

use super::cell::{Value, is_percent};
use super::{WorkbookError, damaged};
use calamine::{DataRef, Dimensions, Xlsx};
use std::collections::BTreeSet;
use std::io::Cursor;

/// Cells of a sheet that are kept; each takes about fifty bytes.
pub(super) const MOST_CELLS: usize = 10_000_000;

/// A sheet's size.
const ROWS: u32 = 1 << 20;
const COLUMNS: u32 = 1 << 14;

/// Formulas without a value that are kept.
const MOST_FORMULAS: usize = 1000;

/// A sheet: rows that hold anything.
pub(super) struct Sheet<'a> {
    pub rows: Vec<Row<'a>>,
    /// Regions of more than a cell, by their first row, then column.
    pub merged: Vec<Dimensions>,
    pub formulas: Formulas,
}

/// What is told of formulas: programs that do not calculate store no values, or zeros.
#[derive(Default)]
pub(super) struct Formulas {
    /// Those without a value.
    pub empty: BTreeSet<(u32, u32)>,
    /// The first, where all others have the value 0, and how many there are.
    pub zeros: Option<((u32, u32), usize)>,
}

pub(super) struct Row<'a> {
    /// From 0, as columns.
    pub number: u32,
    /// By column.
    pub cells: Vec<(u32, Value<'a>)>,
}

impl<'a> Sheet<'a> {
    pub(super) fn read(
        workbook: &'a mut Xlsx<Cursor<&[u8]>>,
        name: &str,
    ) -> Result<Sheet<'a>, WorkbookError> {
        let mut merged = workbook.merge_cells_by_sheet_name(name).map_err(damaged)?;
        merged.retain(|d| d.start != d.end && d.start.0 <= d.end.0 && d.start.1 <= d.end.1);
        merged.sort_by_key(|d| d.start);
        merged.dedup_by_key(|d| d.start);
        let formulas = Formulas::read(workbook, name)?;
        let mut reader = workbook.worksheet_cells_reader(name).map_err(damaged)?;
        let percent: Vec<bool> = reader
            .styles()
            .iter()
            .map(|s| s.number_format.as_ref())
            .map(|f| f.is_some_and(|f| is_percent(&f.format_code)))
            .collect();
        let mut cells = Vec::new();
        while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(damaged)? {
            let at = cell.get_position();
            let percent = percent.get(style).copied().unwrap_or(false);
            let Some(value) = Value::of(cell.get_value().clone(), percent) else {
                continue;
            };
            if cells.len() >= MOST_CELLS {
                return Err(WorkbookError::TooManyCells);
            }
            if at.0 >= ROWS || at.1 >= COLUMNS {
                return Err(WorkbookError::Damaged {
                    what: "a cell lies outside of the sheet".to_owned(),
                });
            }
            cells.push((at, value));
        }
        if !cells.is_sorted_by_key(|(at, _)| *at) {
            cells.sort_by_key(|(at, _)| *at);
        }
        let mut rows: Vec<Row<'a>> = Vec::new();
        for ((number, column), value) in cells {
            match rows.last_mut() {
                Some(row) if row.number == number => row.cells.push((column, value)),
                _ => rows.push(Row {
                    number,
                    cells: vec![(column, value)],
                }),
            }
        }
        Ok(Sheet {
            rows,
            merged,
            formulas,
        })
    }
}

impl Formulas {
    fn read(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Formulas, WorkbookError> {
        let mut reader = workbook.worksheet_cells_reader(name).map_err(damaged)?;
        let mut formulas = Formulas::default();
        let mut others = false;
        while let Some(record) = reader.next_cell_with_formula_metadata().map_err(damaged)? {
            match (record.formula, record.value) {
                (None, _) => {}
                (_, DataRef::Empty) => {
                    if formulas.empty.len() < MOST_FORMULAS {
                        formulas.empty.insert(record.pos);
                    }
                }
                (_, DataRef::Float(0.0)) => {
                    formulas.zeros.get_or_insert((record.pos, 0)).1 += 1;
                }
                _ => others = true,
            }
        }
        if others {
            formulas.zeros = None;
        }
        Ok(formulas)
    }
}

/// A column's letters: 0 is A, 26 is AA.
pub(super) fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    letters.iter().rev().map(|b| char::from(*b)).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_lettered() {
        for (column, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (16383, "XFD")] {
            assert_eq!(super::letters(column), letters);
        }
    }
}
