//! A reader's own runs: tables of any of the usual formats to measurements that join the
//! released ones.
//!
//! [`Reader`] takes a file's bytes in pieces of any size (CSV, TSV, JSON, gzip of each). Files
//! that the studies released are recognised by their columns; any other needs a [`Mapping`],
//! which is proposed. Out come [`Runs`], a few bytes a number, and a [`Report`] of what was read
//! and what was not, and why. [`join`] puts runs beside the bundled rows of a table, where every
//! analysis finds them.
//!
//! [`parquet`] and [`workbook`] turn a Parquet file and an Excel workbook into CSV. They stand
//! apart because few readers need them: the page loads them when somebody opens such a file.
//!
//! Nothing here knows the page's first view, nor the other way round.

mod amount;
mod as_study;
mod checkpoint;
mod collect;
mod delimited;
mod folder;
mod join;
mod json;
mod layout;
mod mapping;
mod markdown;
mod metrics;
mod number;
mod options;
mod preview;
mod profile;
mod propose;
mod reader;
mod reading;
mod report;
mod row_sink;
mod store;
pub mod workbook;

pub use amount::{Amount, Term};
pub use as_study::{counts_tokens, study_files};
pub use folder::{Gathered, gather, is_json, result_shape};
pub use join::{Joined, family, join, joins};
pub use mapping::{
    Choice, Compute, Field, Mapping, MappingError, Points, Quantity, Question, ROLES, Score,
    UnitScale, flops,
};
pub use metrics::metric;
pub use options::{Converted, Limits, ReadOptions};
pub use preview::Preview;
pub use profile::add_architectures;
pub use reader::{ReadOutcome, ReadProgress, Reader};
pub use reading::{Measured, Reading, Role, Unit, Values};
pub use refit_parquet as parquet;
pub use report::{
    Foreign, HeaderError, Position, ReadError, ReadNotice, RejectReason, Rejection, Report,
    SkipReason,
};
pub use store::{Damaged, Restore, Run, RunSource, Runs};

/// A file's name without the ends that tell its kind: "sweep.csv.gz" as "sweep".
pub fn stem(name: &str) -> &str {
    const ENDS: [&str; 11] = [
        ".gz", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".md", ".xlsx",
        ".xlsm",
    ];
    let shorter = |name| ENDS.iter().find_map(|end| str::strip_suffix(name, end));
    let mut stem = name;
    while let Some(shorter) = shorter(stem).filter(|s| !s.is_empty()) {
        stem = shorter;
    }
    stem
}

/// Reads a Parquet file: [`parquet::to_csv`] and [`Reader`] in one program. The page has them in
/// two.
pub fn read_parquet(file: &[u8], options: ReadOptions) -> ReadOutcome {
    let mut reader = Reader::new(ReadOptions {
        converted: Some(Converted::Parquet),
        ..options
    });
    let table = parquet::to_csv(file, &mut |piece| reader.push(piece).is_ok());
    match table {
        Ok(table) if !table.skipped.is_empty() => reader.note(ReadNotice::Nested {
            columns: table.skipped,
        }),
        Ok(_) => {}
        Err(error) => reader.stop(ReadError::Unreadable(error.to_string())),
    }
    let mut outcome = reader.finish();
    outcome.report.bytes = file.len() as u64;
    outcome
}

/// Reads a sheet of an Excel workbook: the named one, or the first with a table.
/// [`workbook::to_csv`] and [`Reader`] in one program, as [`read_parquet`].
pub fn read_workbook(file: &[u8], sheet: Option<&str>, options: ReadOptions) -> ReadOutcome {
    let mut reader = Reader::new(ReadOptions {
        converted: Some(Converted::Workbook),
        ..options
    });
    match workbook::to_csv(file, sheet, &mut |piece| reader.push(piece).is_ok()) {
        Ok(contents) => {
            let notices = contents.notices.into_iter();
            notices.for_each(|sentence| reader.note(ReadNotice::Workbook(sentence)));
        }
        Err(error) => reader.stop(ReadError::Unreadable(error.to_string())),
    }
    let mut outcome = reader.finish();
    outcome.report.bytes = file.len() as u64;
    outcome
}
