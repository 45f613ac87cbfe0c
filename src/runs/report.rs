//! What was read, what was rejected or skipped, and why.

use super::store::RunSource;
use crate::study::Study;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The outcome of reading a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// `None` where the columns are not known and no mapping was given.
    pub source: Option<RunSource>,
    pub study: Study,
    /// "CSV, separated by tabs, gzip".
    pub format: String,
    /// Bytes of the file, and of what it unpacks to.
    pub bytes: u64,
    pub expanded: u64,
    /// Rows of the table, its header not counted.
    pub rows: u64,
    /// Rows of which at least one number is kept.
    pub kept_rows: u64,
    /// Numbers that are kept.
    pub kept: u64,
    /// Runs that are kept though their compute is not known: laws over compute lack them.
    pub without_compute: u64,
    /// Lines of comments before and between the rows.
    pub comments: u64,
    /// What is assumed, in sentences.
    pub assumptions: Vec<String>,
    /// Rows, or single numbers of a row, that cannot be used.
    pub rejected: u64,
    /// The first of them.
    pub rejections: Vec<Rejection>,
    /// Rows that the released analyses leave out, or that measured nothing, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
    pub notices: Vec<ReadNotice>,
    /// Why reading ended before the file did.
    pub error: Option<ReadError>,
}

/// A rejected row or number, and its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    pub place: Position,
    pub column: Option<String>,
    pub why: RejectReason,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// Where in a file, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// A line of text; the header is one.
    Line(u64),
    /// A row of a Parquet file, which has no lines, or of a sheet.
    Row(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Line(line) => write!(f, "line {line}"),
            Position::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Why a row, or a number, is rejected.
#[derive(Clone, Debug, PartialEq)]
pub enum RejectReason {
    Columns {
        found: usize,
        expected: usize,
        /// The line on which the row ends, where it spans several.
        last_line: Option<u64>,
    },
    HeaderAgain,
    TooLong {
        limit: usize,
    },
    NotUtf8,
    Empty,
    NotANumber(String),
    NotAboveZero(f64),
    NotAFraction(f64),
    NotPercent(f64),
    NotALoss(f64),
    NotAPerplexity(f64),
    NotALogarithm(f64),
    /// A cell is empty from which compute is worked out.
    NoCompute,
    /// A name that only Refit's own tables hold.
    Unknown(String),
    Json(String),
    NotAnObject,
    UnclosedJson,
    /// No compute, and none can be worked out.
    UnknownArchitecture {
        family: String,
        architecture: String,
        study: Study,
    },
    UnknownSamples(String),
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RejectReason::Columns {
                found,
                expected,
                last_line,
            } => {
                let columns = if *found == 1 { "column" } else { "columns" };
                write!(f, "has {found} {columns} where the header has {expected}")?;
                match last_line {
                    Some(last) => write!(
                        f,
                        "; it goes on to line {last}, so that a quote is perhaps not closed"
                    ),
                    None => Ok(()),
                }
            }
            RejectReason::HeaderAgain => write!(f, "is the header once more"),
            RejectReason::TooLong { limit } => write!(
                f,
                "is longer than {} KiB; a quote is perhaps not closed",
                limit / 1024
            ),
            RejectReason::NotUtf8 => write!(f, "is not UTF-8 text"),
            RejectReason::Empty => write!(f, "is empty"),
            RejectReason::NotANumber(text) => write!(f, "“{text}” is not a number"),
            RejectReason::NotAboveZero(x) => write!(f, "{x} is not above zero"),
            RejectReason::NotAFraction(x) => write!(f, "{x} is not a fraction from 0 to 1"),
            RejectReason::NotPercent(x) => write!(f, "{x} is not a percentage from 0 to 100"),
            RejectReason::NotALoss(x) => write!(f, "{x} is not a loss: it is not above zero"),
            RejectReason::NotAPerplexity(x) => {
                write!(f, "{x} is not a perplexity: it is not above one")
            }
            RejectReason::NotALogarithm(x) => write!(f, "{x} is not a logarithm of an amount"),
            RejectReason::NoCompute => write!(f, "lacks a number from which compute is worked out"),
            RejectReason::Unknown(text) => {
                write!(f, "“{text}” is not what the rest of the file is")
            }
            RejectReason::Json(reason) => write!(f, "is not JSON: {reason}"),
            RejectReason::NotAnObject => write!(f, "is not a JSON object"),
            RejectReason::UnclosedJson => write!(f, "begins a JSON object that does not end"),
            RejectReason::UnknownArchitecture {
                family,
                architecture,
                study,
            } => write!(
                f,
                "has no compute, and “{architecture}” of {family} is not among the architectures whose {} are known",
                study.compute_unit
            ),
            RejectReason::UnknownSamples(text) if text.is_empty() => {
                write!(f, "has neither compute nor samples seen")
            }
            RejectReason::UnknownSamples(text) => write!(
                f,
                "has no compute, and “{text}” does not say how many samples were seen"
            ),
        }
    }
}

/// Why a valid row is not among the runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Schedules that end at a low learning rate count at their last epoch alone.
    NotLastEpoch,
    /// A constant rate counts once it is reached.
    WarmingUp,
    /// Another way to classify than by similarity.
    OtherEvaluation,
    /// None of the metrics.
    NothingMeasured,
    /// Checkpoints that the mapping's choice of points leaves out.
    OtherPoints,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SkipReason::NotLastEpoch => "checkpoints before the last epoch",
            SkipReason::WarmingUp => "checkpoints during warm-up",
            SkipReason::OtherEvaluation => "evaluations other than by similarity",
            SkipReason::OtherPoints => "numbers of checkpoints other than those chosen",
            SkipReason::NothingMeasured => "rows without a number of a known metric",
        })
    }
}

/// What was read differently than written.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadNotice {
    /// A column's numbers were divided by 100; with `signs`, those with a percent sign.
    Percent {
        column: String,
        place: Position,
        example: f64,
        signs: bool,
    },
    /// The first of them is used.
    ColumnTwice { column: String },
    /// Files that are one table; those beside them that are no JSON by their names, or by what is
    /// in them.
    Files {
        read: usize,
        others: Vec<String>,
        broken: Vec<String>,
    },
    /// Of a Markdown document's tables, by the lines of their headers, one is read.
    Tables { read: u64, others: Vec<u64> },
    /// Numbers of a run, set and metric that another row has, too.
    Repeated { numbers: u64 },
    /// Nested columns of a Parquet file.
    Nested { columns: Vec<String> },
    /// A table of architectures.
    Architectures { count: usize },
    /// In the words of [`super::workbook::WorkbookContents`].
    Workbook(String),
    /// It has most columns of a released file, but not these.
    Almost {
        source: RunSource,
        missing: Vec<&'static str>,
    },
}

/// Names of files, not more than a sentence holds.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    match names.len() {
        0..=MOST => names.join(", "),
        all => format!("{} and {} more", names[..MOST].join(", "), all - MOST),
    }
}

impl fmt::Display for ReadNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadNotice::Percent {
                column,
                place,
                example,
                signs: false,
            } => write!(
                f,
                "Column {column} is in percent ({place}: {example}); its numbers are divided by 100."
            ),
            ReadNotice::Percent {
                column,
                place,
                example,
                signs: true,
            } => write!(
                f,
                "In column {column} numbers with a percent sign are divided by 100 ({place}: {example}%), the others are not."
            ),
            ReadNotice::ColumnTwice { column } => write!(
                f,
                "Line 1: the header has the column {column} twice; the first is read."
            ),
            ReadNotice::Files {
                read,
                others,
                broken,
            } => {
                let files = if *read == 1 { "file is" } else { "files are" };
                write!(f, "{read} JSON {files} read as one table.")?;
                if !broken.is_empty() {
                    write!(f, " Not JSON inside: {}.", listed(broken))?;
                }
                if !others.is_empty() {
                    write!(
                        f,
                        " Not read, as they are no JSON files: {}.",
                        listed(others)
                    )?;
                }
                Ok(())
            }
            ReadNotice::Tables { read, others } => {
                let lines: Vec<String> = others.iter().map(u64::to_string).collect();
                write!(
                    f,
                    "The document has several tables: that of line {read}, and those with its header, are read; those of lines {} are not.",
                    lines.join(", ")
                )
            }
            ReadNotice::Repeated { numbers } => write!(
                f,
                "{numbers} numbers are of a run, set and metric that another row has, too: all are kept, and no column that is read tells their rows apart."
            ),
            ReadNotice::Nested { columns } => write!(
                f,
                "Columns of lists or unusual values are not read: {}.",
                columns.join(", ")
            ),
            ReadNotice::Architectures { count } => write!(
                f,
                "The table has {count} architectures and no measurement; compute of other tables that name them and their samples is worked out from it."
            ),
            ReadNotice::Workbook(sentence) => f.write_str(sentence),
            ReadNotice::Almost { source, missing } => write!(
                f,
                "The columns are almost those of {}; missing: {}.",
                source.title(),
                missing.join(", ")
            ),
        }
    }
}

/// Why reading ended before the file did. What was read until then is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadError {
    Empty,
    Zip,
    /// Another kind of file, by its first bytes.
    Foreign(Foreign),
    Utf16,
    Binary {
        place: Position,
    },
    /// Parquet where text was expected.
    Parquet {
        inside_gzip: bool,
    },
    /// Its end is missing, or does not fit what stands before.
    TruncatedGzip {
        line: u64,
    },
    DamagedGzip {
        line: u64,
    },
    /// It unpacks to too much.
    Expansion {
        times: u64,
        line: u64,
    },
    /// More than memory is meant to hold.
    Memory {
        bytes: usize,
        line: u64,
    },
    Header(HeaderError),
    Mapping(super::MappingError),
    /// In the words of [`super::parquet::ParquetError`] or [`super::workbook::WorkbookError`],
    /// which may come from another program.
    Unreadable(String),
    Cancelled,
}

/// Files that are not tables of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    Bzip2,
    Xz,
    Zstandard,
    SevenZip,
    /// Excel's of before 2007, or one with a password.
    OldWorkbook,
    GzipTwice,
    Pdf,
    Picture,
    Media,
    NumPy,
    Arrow,
    LfsPointer,
    WebPage,
}

impl Foreign {
    fn what(self) -> &'static str {
        match self {
            Foreign::Bzip2 => "a bzip2 archive",
            Foreign::Xz => "an xz archive",
            Foreign::Zstandard => "packed with Zstandard",
            Foreign::SevenZip => "a 7-Zip archive",
            Foreign::OldWorkbook => {
                "an Excel workbook of the old kind (.xls), or one with a password"
            }
            Foreign::GzipTwice => "packed with gzip twice",
            Foreign::Pdf => "a PDF, not a table",
            Foreign::Picture => "a picture, not a table",
            Foreign::Media => "a picture, a sound or a film, not a table",
            Foreign::NumPy => "a NumPy array",
            Foreign::Arrow => "an Arrow file",
            Foreign::LfsPointer => "a Git LFS pointer, not the table itself",
            Foreign::WebPage => "a web page, not a table",
        }
    }
}

/// Why a table has no usable header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    TooLong { limit: usize },
    NotUtf8,
    OneColumn { name: String },
    NoRows,
    NoObjects,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderError::TooLong { limit } => write!(
                f,
                "Line 1 does not end within {} KiB: this is not a table of text.",
                limit / 1024
            ),
            HeaderError::NotUtf8 => write!(f, "Line 1, the header, is not UTF-8 text."),
            HeaderError::OneColumn { name } => write!(
                f,
                "Line 1: the header has one column only, “{name}”; columns are separated by commas, semicolons, tabs or vertical bars."
            ),
            HeaderError::NoRows => write!(f, "The table has a header, but no row."),
            HeaderError::NoObjects => {
                write!(f, "There is no JSON object in it, so there are no rows.")
            }
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Empty => write!(f, "The file is empty."),
            ReadError::Zip => write!(
                f,
                "The file is a zip archive or an Excel workbook, which has to be read as a whole."
            ),
            ReadError::Foreign(foreign) => write!(f, "The file is {}.", foreign.what()),
            ReadError::Utf16 => write!(f, "The text is UTF-16."),
            ReadError::Binary {
                place: Position::Line(1),
            } => write!(
                f,
                "The file is neither text nor a table format that Refit reads."
            ),
            ReadError::Binary { place } => write!(
                f,
                "At {place} there is a zero byte, which no text has; the rows before are kept."
            ),
            ReadError::Parquet { inside_gzip: true } => {
                write!(f, "There is a Parquet file inside the gzip.")
            }
            ReadError::Parquet { inside_gzip: false } => {
                write!(f, "The file is Parquet, which has to be read as a whole.")
            }
            ReadError::TruncatedGzip { line } => write!(
                f,
                "The gzip is cut off or damaged after line {line}; the rows before are kept."
            ),
            ReadError::DamagedGzip { line } => write!(
                f,
                "The gzip is damaged after line {line}; the rows before are kept."
            ),
            ReadError::Expansion { times, line } => write!(
                f,
                "The file unpacks to more than {times} times its size; reading ended at line {line}, the rows before are kept."
            ),
            ReadError::Memory { bytes, line } => write!(
                f,
                "The rows fill {} MiB; reading ended at line {line}, the rows before are kept.",
                bytes >> 20
            ),
            ReadError::Header(error) => error.fmt(f),
            ReadError::Mapping(error) => error.fmt(f),
            ReadError::Unreadable(sentence) => f.write_str(sentence),
            ReadError::Cancelled => {
                write!(f, "Reading was cancelled; the rows read so far are kept.")
            }
        }
    }
}

impl std::error::Error for ReadError {}
