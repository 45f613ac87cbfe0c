//! Some columns, and some rows, of a file.

use super::metadata::{self, Metadata};
use super::page::Cursor;
use super::{ParquetError, budget, value};

/// A cell as text; `None` where it is null.
pub type Cell<'a> = Option<&'a [u8]>;

/// A file's flat columns, read row by row.
pub struct Table<'a> {
    file: &'a [u8],
    metadata: Metadata,
}

impl<'a> Table<'a> {
    /// Reads a file's footer; of its pages only those that [`Table::read`] asks for are touched.
    pub fn open(file: &'a [u8]) -> Result<Table<'a>, ParquetError> {
        let metadata = metadata::read(file)?;
        let table = Table { file, metadata };
        // A row takes a bit at least.
        match table.rows() > budget(file).saturating_mul(8) {
            true => Err(ParquetError::TooLarge),
            false => Ok(table),
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        let rows = self.metadata.groups.iter().map(|group| group.rows);
        rows.fold(0, u64::saturating_add)
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<&str> {
        let columns = self.metadata.columns.iter();
        columns.map(|column| column.name.as_str()).collect()
    }

    /// Columns that are not read: lists, groups, and values without a plain form.
    pub fn skipped(&self) -> &[String] {
        &self.metadata.skipped
    }

    /// Calls `each` with the number and the cells of each row that `wanted` holds, or of all, in order; of the columns
    /// at these places. Stops where `each` returns false. `wanted` is sorted.
    ///
    /// # Errors
    ///
    /// Where a page is damaged. The rows before were given.
    pub fn read(
        &self,
        columns: &[usize],
        wanted: Option<&[u64]>,
        each: &mut dyn FnMut(u64, &[Cell<'_>]) -> bool,
    ) -> Result<(), ParquetError> {
        let mut pages = budget(self.file);
        let mut first = 0;
        let mut wanted = wanted.map(|rows| rows.iter().copied().peekable());
        let mut text = Vec::new();
        for group in &self.metadata.groups {
            let end = first + group.rows;
            let is_wanted = match &mut wanted {
                Some(wanted) => wanted.peek().is_some_and(|row| *row < end),
                None => true,
            };
            if !is_wanted {
                first = end;
                continue;
            }
            let mut cursors = Vec::with_capacity(columns.len());
            for column in columns {
                let schema = self.metadata.columns.get(*column);
                let schema = schema.ok_or(ParquetError::NoColumns)?;
                cursors.push(Cursor::new(self.file, schema, group)?);
            }
            for row in first..end {
                let take = match &mut wanted {
                    Some(wanted) => match wanted.peek() {
                        Some(next) if *next < end => *next == row,
                        _ => break,
                    },
                    None => true,
                };
                text.clear();
                let mut cells = Vec::with_capacity(columns.len());
                for cursor in &mut cursors {
                    let start = text.len();
                    let is_there = cursor.next(&mut pages, |form, value| match take {
                        true => value::write_plain(&mut text, form, value),
                        false => Ok(()),
                    })?;
                    cells.push(is_there.then_some(start..text.len()));
                }
                if !take {
                    continue;
                }
                if let Some(wanted) = &mut wanted {
                    // A row that is wanted twice is given once.
                    while wanted.next_if_eq(&row).is_some() {}
                }
                let cells: Vec<Cell> = cells
                    .into_iter()
                    .map(|cell| cell.map(|range| &text[range]))
                    .collect();
                if !each(row, &cells) {
                    return Ok(());
                }
            }
            first = end;
        }
        Ok(())
    }
}
