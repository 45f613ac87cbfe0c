#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod csv_cell;
mod decode;
mod metadata;
mod page;
mod parts;
mod table;
mod thrift;
mod unpack;
mod value;

pub use csv_cell::write_cell;
pub use parts::{END, Parts, footer};
pub use table::{Cell, Table};

use page::Cursor;
use parts::FileBytes;
use std::fmt;

/// Why a Parquet file cannot be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParquetError {
    /// It does not begin as Parquet does.
    NotParquet,
    /// It begins as Parquet does and does not end so.
    Truncated,
    /// Its footer, at least, is encrypted.
    Encrypted,
    /// A part does not hold what it should.
    Damaged {
        /// Which, and what is wrong with it.
        what: &'static str,
    },
    /// Pages that are packed in a way that is not read.
    Codec {
        /// The column's name.
        column: String,
        /// The codec's name.
        codec: &'static str,
    },
    /// Values that are encoded in a way that is not read.
    Encoding {
        /// The column's name.
        column: String,
        /// The encoding's number in the format.
        encoding: i32,
    },
    /// No column with one value a row.
    NoColumns,
    /// Rows and columns beyond reason for the file's size.
    TooLarge,
}

impl fmt::Display for ParquetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParquetError::NotParquet => write!(f, "This is not a Parquet file."),
            ParquetError::Truncated => write!(f, "The Parquet file ends too early."),
            ParquetError::Encrypted => write!(f, "The Parquet file is encrypted."),
            ParquetError::Damaged { what } => {
                write!(f, "The Parquet file is damaged: {what}.")
            }
            ParquetError::Codec { column, codec } => write!(
                f,
                "Column {column} of the Parquet file is packed with {codec}, which is not supported; Snappy, Zstandard, gzip, LZ4, Brotli and uncompressed pages are."
            ),
            ParquetError::Encoding { column, encoding } => write!(
                f,
                "Column {column} of the Parquet file has the encoding {encoding}, which is not supported; plain and dictionary encoding are."
            ),
            ParquetError::NoColumns => write!(
                f,
                "The Parquet file has no column with one value a row: lists are not read."
            ),
            ParquetError::TooLarge => write!(
                f,
                "The Parquet file unpacks to more than {EXPANSION} times its size and more than {} MiB.",
                FREE >> 20
            ),
        }
    }
}

impl std::error::Error for ParquetError {}

/// What a file was found to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParquetContents {
    /// Rows of all groups.
    pub rows: u64,
    /// Columns that are not read: lists, and values without a plain form.
    pub skipped: Vec<String>,
}

/// What pages and rows may come to, as a multiple of the file's size, and in
/// any case.
const EXPANSION: u64 = 200;
const FREE: u64 = 64 << 20;

/// Bytes that are handed on at once.
const PIECE: usize = 1 << 16;

/// Writes a file's columns as CSV, those of a group by their path, piece by piece; `write` says whether it wants more. What
/// was written before an error stands.
///
/// Numbers are written so that reading them gives them back; what is null becomes empty.
pub fn to_csv(
    file: &[u8],
    write: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<ParquetContents, ParquetError> {
    let file = FileBytes::Whole(file);
    let metadata = metadata::read(file)?;
    let groups = &metadata.groups;
    let (lists, columns): (Vec<_>, Vec<_>) =
        metadata.columns.iter().partition(|c| c.entries.is_some());
    let lists = lists.into_iter().map(|list| list.name.clone());
    let table = ParquetContents {
        rows: groups.iter().map(|g| g.rows).sum(),
        skipped: metadata.skipped.iter().cloned().chain(lists).collect(),
    };
    if columns.is_empty() {
        return Err(ParquetError::NoColumns);
    }
    let budget = budget(file.size());
    // A row takes a byte a column at least.
    let least = table.rows.saturating_mul(columns.len() as u64);
    if least > budget {
        return Err(ParquetError::TooLarge);
    }
    let mut out = Vec::with_capacity(PIECE + 1024);
    for (i, column) in columns.iter().enumerate() {
        separate(&mut out, i);
        write_cell(&mut out, column.name.as_bytes());
    }
    out.push(b'\n');
    let (mut pages, mut written) = (budget, 0_u64);
    for group in groups {
        let mut cursors = Vec::with_capacity(columns.len());
        for column in &columns {
            cursors.push(Cursor::new(file, column, group)?);
        }
        for _ in 0..group.rows {
            for (i, cursor) in cursors.iter_mut().enumerate() {
                separate(&mut out, i);
                if let Err(error) = cursor.write_next(&mut out, &mut pages) {
                    // The rows before are whole.
                    let whole = out
                        .iter()
                        .rposition(|b| *b == b'\n')
                        .map_or(0, |end| end + 1);
                    write(&out[..whole]);
                    return Err(error);
                }
            }
            out.push(b'\n');
            if out.len() >= PIECE {
                written += out.len() as u64;
                if written > budget {
                    return Err(ParquetError::TooLarge);
                }
                if !write(&out) {
                    return Ok(table);
                }
                out.clear();
            }
        }
    }
    write(&out);
    Ok(table)
}

/// Bytes that pages and rows may come to.
fn budget(size: u64) -> u64 {
    size.saturating_mul(EXPANSION).max(FREE)
}

fn separate(out: &mut Vec<u8>, column: usize) {
    if column > 0 {
        out.push(b',');
    }
}
