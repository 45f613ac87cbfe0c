//! The table in a sheet: its header, which may have two rows, and its rows.

use super::cell::Value;
use super::sheet::{Row, Sheet, letters};
use super::{LISTED, MOST_BYTES, PIECE, WorkbookError};
use calamine::{CellErrorType, Dimensions};
use refit_parquet::write_cell;
use std::collections::{BTreeMap, BTreeSet};

/// Rows among which the header is looked for.
const HEAD: usize = 100;

pub(super) struct Table<'a> {
    sheet: &'a Sheet<'a>,
    /// Index of the row with the columns' names.
    header: usize,
    /// Columns that hold anything from the header on, and their names.
    columns: BTreeMap<u32, String>,
    /// Rows above the header that are none of it.
    above: &'a [Row<'a>],
}

impl<'a> Table<'a> {
    /// `None` where no row of names stands above a row with a number.
    pub(super) fn find(sheet: &'a Sheet<'a>) -> Option<Table<'a>> {
        let head = &sheet.rows[..sheet.rows.len().min(HEAD)];
        let widest = head.iter().map(|row| row.cells.len()).max()?;
        // Not a title, nor a line or two of remarks.
        let wide = |row: &Row| row.cells.len() >= 2 && 3 * row.cells.len() >= 2 * widest;
        let mostly_text = |row: &Row| {
            let texts = row.cells.iter().filter(|(_, v)| v.is_text()).count();
            2 * texts > row.cells.len()
        };
        let mut header = head.iter().position(|row| wide(row) && mostly_text(row))?;
        let groups = |row: &Row| !sheet.groups(row.number).is_empty();
        // Merged names above the columns' own.
        if groups(&head[header])
            && head.get(header + 1).is_some_and(|next| {
                next.cells.len() >= 2 && next.cells.iter().all(|(_, v)| v.is_text())
            })
        {
            header += 1;
        }
        let body = &sheet.rows[header + 1..];
        if !body
            .iter()
            .any(|row| row.cells.iter().any(|(_, v)| v.is_number()))
        {
            return None;
        }
        let used: BTreeSet<u32> = sheet.rows[header..]
            .iter()
            .flat_map(|row| row.cells.iter().map(|(column, _)| *column))
            .collect();
        let group = header.checked_sub(1).filter(|above| {
            // One name over all of the columns is a title.
            let all = |d: &&Dimensions| {
                let inside = used.range(d.start.1..=d.end.1).count();
                inside < used.len()
            };
            sheet.groups(head[*above].number).iter().any(all)
        });
        let above = &sheet.rows[..group.unwrap_or(header)];
        let names = |column: u32| {
            let name = |index: usize| sheet.name(&sheet.rows[index], column);
            let own = name(header).unwrap_or_default();
            match group.and_then(name) {
                Some(group) if own.is_empty() => group,
                Some(group) if group != own => format!("{group} {own}"),
                _ if own.is_empty() => format!("column {}", letters(column)),
                _ => own,
            }
        };
        let columns = used.iter().map(|c| (*c, names(*c))).collect();
        Some(Table {
            sheet,
            header,
            columns,
            above,
        })
    }

    fn body(&self) -> &'a [Row<'a>] {
        &self.sheet.rows[self.header + 1..]
    }

    /// Regions whose cell counts in each of their rows: by their first row.
    fn spans(&self) -> BTreeMap<(u32, u32), u32> {
        let from = self.sheet.rows[self.header].number;
        let below = |d: &&Dimensions| d.start.0 > from && d.end.0 > d.start.0;
        let spans = self.sheet.merged.iter().filter(below);
        spans.map(|d| (d.start, d.end.0)).collect()
    }

    /// What is not read as it stands, in sentences.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if let Some(first) = self.above.first() {
            let text = first.cells.first().map(|(_, v)| v.text().into_owned());
            let text: String = text.unwrap_or_default().chars().take(60).collect();
            notices.push(match self.above.len() {
                1 => format!("The row above the header is not read: “{text}”."),
                rows => format!("{rows} rows above the header are not read, the first: “{text}”."),
            });
        }
        let first = |columns: &BTreeMap<u32, String>, at: &(u32, u32)| columns.contains_key(&at.1);
        let spans = self.spans();
        let spans = spans.keys().filter(|at| first(&self.columns, at)).count();
        if spans > 0 {
            notices.push(format!(
                "Merged cells count in every row that they span: {spans}."
            ));
        }
        let errors = self.body().iter().flat_map(|row| {
            row.cells.iter().filter_map(|(column, value)| match value {
                // Excel's own word for a missing value.
                Value::Error(CellErrorType::NA) => None,
                Value::Error(error) => {
                    Some(format!("{}{} {error}", letters(*column), row.number + 1))
                }
                _ => None,
            })
        });
        let errors: Vec<String> = errors.collect();
        if !errors.is_empty() {
            notices.push(format!(
                "Errors of formulas count as missing: {}.",
                some_of(&errors)
            ));
        }
        notices.extend(self.uncalculated());
        notices
    }

    /// Formulas that a program wrote which does not calculate.
    fn uncalculated(&self) -> Vec<String> {
        let from = self.sheet.rows[self.header].number;
        let place = |(row, column): &(u32, u32)| format!("{}{}", letters(*column), row + 1);
        let formulas = &self.sheet.formulas;
        let empty: Vec<String> = formulas.empty.range((from, 0)..).map(place).collect();
        let mut notices = Vec::new();
        if !empty.is_empty() {
            notices.push(format!(
                "Formulas without a stored value count as missing: {}. Open the workbook in a spreadsheet program and save it.",
                some_of(&empty)
            ));
        }
        if let Some((first, count)) = &formulas.zeros {
            notices.push(format!(
                "The stored value of every formula is 0 ({count}, the first in {}): a program that does not calculate may have written them. Open the workbook in a spreadsheet program and save it.",
                place(first)
            ));
        }
        notices
    }

    /// Writes the header and the rows, each on the line of its number.
    pub(super) fn write(&self, write: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), WorkbookError> {
        let mut out = Vec::with_capacity(PIECE + 1024);
        let header = self.sheet.rows[self.header].number;
        let mut line = 0;
        let mut begin = |out: &mut Vec<u8>, number: u32| {
            out.resize(out.len() + (number - line) as usize, b'\n');
            line = number + 1;
        };
        begin(&mut out, header);
        for (i, name) in self.columns.values().enumerate() {
            separate(&mut out, i);
            write_cell(&mut out, name.as_bytes());
        }
        out.push(b'\n');
        let spans = self.spans();
        // By column: the last row that a merged cell spans, and its value.
        let mut spanning: BTreeMap<u32, (u32, &Value)> = BTreeMap::new();
        let mut written = 0;
        for row in self.body() {
            begin(&mut out, row.number);
            let mut cells = row.cells.iter().peekable();
            for (i, column) in self.columns.keys().enumerate() {
                separate(&mut out, i);
                let own = cells.next_if(|(c, _)| c == column).map(|(_, value)| value);
                // The same cell once more, in a damaged file.
                while cells.next_if(|(c, _)| c == column).is_some() {}
                if let (Some(value), Some(end)) = (own, spans.get(&(row.number, *column))) {
                    spanning.insert(*column, (*end, value));
                }
                let span = spanning.get(column).filter(|(end, _)| row.number <= *end);
                if let Some(value) = own.or(span.map(|(_, value)| *value)) {
                    write_cell(&mut out, value.text().as_bytes());
                }
                if out.len() >= PIECE {
                    written += out.len() as u64;
                    if written > MOST_BYTES {
                        return Err(WorkbookError::TooLarge);
                    }
                    if !write(&out) {
                        return Ok(());
                    }
                    out.clear();
                }
            }
            out.push(b'\n');
        }
        write(&out);
        Ok(())
    }
}

impl Sheet<'_> {
    /// Merged cells of a row that name several columns.
    fn groups(&self, row: u32) -> Vec<&Dimensions> {
        let from = self.merged.partition_point(|d| d.start.0 < row);
        let of_row = self.merged[from..].iter().take_while(|d| d.start.0 == row);
        of_row.filter(|d| d.start.1 < d.end.1).collect()
    }

    /// A column's name in a row of the header: its own cell's, or that merged over it.
    fn name(&self, row: &Row, column: u32) -> Option<String> {
        let own = |column: u32| {
            let cell = row.cells.iter().find(|(c, _)| *c == column);
            cell.map(|(_, value)| value.text().into_owned())
        };
        own(column).or_else(|| {
            let groups = self.groups(row.number);
            let group = groups
                .iter()
                .find(|d| (d.start.1..=d.end.1).contains(&column))?;
            own(group.start.1)
        })
    }
}

fn separate(out: &mut Vec<u8>, column: usize) {
    if column > 0 {
        out.push(b',');
    }
}

fn some_of(all: &[String]) -> String {
    let shown = all[..all.len().min(LISTED)].join(", ");
    match all.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
