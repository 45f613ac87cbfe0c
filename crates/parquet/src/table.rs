//! Some columns, and some rows, of a file.

use super::metadata::{self, Metadata};
use super::page::Cursor;
use super::parts::{FileBytes, Parts};
use super::{ParquetError, budget, value};
use std::ops::Range;

/// A cell as text, a list as a line of CSV; `None` where it is null.
pub type Cell<'a> = Option<&'a [u8]>;

/// A file's columns that have one value or a list of texts a row, those of a group by their path (`image.bytes`), read row
/// by row.
pub struct Table<'a> {
    file: FileBytes<'a>,
    metadata: Metadata,
}

impl<'a> Table<'a> {
    /// Reads a file's footer; of its pages only those that [`Table::read`] asks for are touched.
    pub fn open(file: &'a [u8]) -> Result<Table<'a>, ParquetError> {
        Table::of(FileBytes::Whole(file))
    }

    /// As [`Table::open`] with a file of which the first four bytes and the [`footer`](crate::footer) are at hand; before
    /// [`Table::read`], also what [`Table::ranges`] names.
    pub fn open_parts(parts: &'a Parts) -> Result<Table<'a>, ParquetError> {
        Table::of(FileBytes::Parts(parts))
    }

    fn of(file: FileBytes<'a>) -> Result<Table<'a>, ParquetError> {
        let metadata = metadata::read(file)?;
        let table = Table { file, metadata };
        // A row takes a bit at least.
        match table.rows() > budget(file.size()).saturating_mul(8) {
            true => Err(ParquetError::TooLarge),
            false => Ok(table),
        }
    }

    /// Which bytes of the file these columns of these rows are read from: for each group of rows that has one of them, a
    /// range for each column. `wanted` is sorted.
    pub fn ranges(&self, columns: &[usize], wanted: &[u64]) -> Vec<Range<u64>> {
        let (mut ranges, mut first, mut wanted) = (Vec::new(), 0_u64, wanted);
        for group in &self.metadata.groups {
            let end = first.saturating_add(group.rows);
            let count = wanted.partition_point(|row| *row < end);
            if count > 0 {
                let columns = columns
                    .iter()
                    .filter_map(|at| self.metadata.columns.get(*at));
                ranges.extend(columns.map(|column| {
                    let chunk = &group.chunks[column.leaf];
                    chunk.start..chunk.start.saturating_add(chunk.length)
                }));
            }
            (first, wanted) = (end, &wanted[count..]);
        }
        ranges
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        let rows = self.metadata.groups.iter().map(|group| group.rows);
        rows.fold(0, u64::saturating_add)
    }

    /// The rows of each group, which lie together.
    pub fn groups(&self) -> Vec<Range<u64>> {
        let mut first = 0_u64;
        let rows = self.metadata.groups.iter().map(|group| {
            let start = first;
            first = first.saturating_add(group.rows);
            start..first
        });
        rows.collect()
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<&str> {
        let columns = self.metadata.columns.iter();
        columns.map(|column| column.name.as_str()).collect()
    }

    /// Whether each column has lists.
    pub fn lists(&self) -> Vec<bool> {
        let columns = self.metadata.columns.iter();
        columns.map(|column| column.entries.is_some()).collect()
    }

    /// Columns that are not read: other lists than of texts, and values without a plain form.
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
        let mut pages = budget(self.file.size());
        let mut first = 0;
        let mut wanted = wanted.map(|rows| rows.iter().copied().peekable());
        let mut text = Vec::new();
        for group in &self.metadata.groups {
            let end = first + group.rows;
            let mut next_row = |row: u64| match &mut wanted {
                // A row that is wanted twice is given once.
                Some(wanted) => {
                    while wanted.next_if(|next| *next < row).is_some() {}
                    wanted.peek().copied().filter(|next| *next < end)
                }
                None => (row < end).then_some(row),
            };
            let Some(mut next) = next_row(first) else {
                first = end;
                continue;
            };
            let mut cursors = Vec::with_capacity(columns.len());
            for column in columns {
                let schema = self.metadata.columns.get(*column);
                let schema = schema.ok_or(ParquetError::NoColumns)?;
                cursors.push(Cursor::new(self.file, schema, group)?);
            }
            let mut row = first;
            loop {
                text.clear();
                let mut cells = Vec::with_capacity(columns.len());
                for cursor in &mut cursors {
                    let start = text.len();
                    cursor.skip(next - row, &mut pages)?;
                    let is_list = cursor.is_list();
                    let is_there = cursor.next(&mut pages, |form, value| match is_list {
                        false => value::write_plain(&mut text, form, value),
                        true => {
                            if text.len() > start {
                                text.push(b',');
                            }
                            value::write(&mut text, form, value)
                        }
                    })?;
                    cells.push(is_there.then_some(start..text.len()));
                }
                let cells: Vec<Cell> = cells
                    .into_iter()
                    .map(|cell| cell.map(|range| &text[range]))
                    .collect();
                if !each(next, &cells) {
                    return Ok(());
                }
                row = next + 1;
                next = match next_row(row) {
                    Some(next) => next,
                    None => break,
                };
            }
            first = end;
        }
        Ok(())
    }
}
