//! Excel's workbooks (.xlsx, .xlsm): one sheet's table as CSV.
//!
//! Its own program of the page, loaded when somebody opens such a file. Lines of the CSV are the
//! sheet's rows, so that what is told of a line is told of a row.

mod archive;
mod cell;
mod sheet;
mod table;

use calamine::{Reader, SheetType, SheetVisible, Xlsx};
use sheet::Sheet;
use std::fmt;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use table::Table;

/// Why a workbook cannot be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkbookError {
    /// A zip of something else.
    NotAWorkbook,
    /// A spreadsheet of another program or kind.
    OtherKind {
        what: &'static str,
    },
    /// In the words of the crate that reads it.
    Damaged {
        what: String,
    },
    TooLarge,
    TooManyCells,
    NoSheet {
        name: String,
        known: Vec<String>,
    },
    /// None of the sheets, or not the named one.
    NoTable {
        sheets: Vec<String>,
    },
}

impl fmt::Display for WorkbookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkbookError::NotAWorkbook => {
                write!(f, "The file is a zip archive, not a workbook. Unpack it.")
            }
            WorkbookError::OtherKind { what } => write!(
                f,
                "The file is {what}, which is not read. Save it as .xlsx, or the sheet as CSV."
            ),
            WorkbookError::Damaged { what } => write!(f, "The workbook is damaged: {what}."),
            WorkbookError::TooLarge => write!(
                f,
                "The workbook unpacks to more than {} MiB. Save the sheet as CSV.",
                MOST_BYTES >> 20
            ),
            WorkbookError::TooManyCells => write!(
                f,
                "The sheet has more than {} million cells. Save it as CSV.",
                sheet::MOST_CELLS / 1_000_000
            ),
            WorkbookError::NoSheet { name, known } => write!(
                f,
                "The workbook has no sheet “{name}”; it has {}.",
                listed(known)
            ),
            WorkbookError::NoTable { sheets } if sheets.is_empty() => {
                write!(f, "The workbook has no sheet of cells.")
            }
            WorkbookError::NoTable { sheets } => write!(
                f,
                "There is no table in {}: no row of names above a row with a number.",
                listed(sheets)
            ),
        }
    }
}

impl std::error::Error for WorkbookError {}

/// What was read, and what of the workbook was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkbookContents {
    pub sheet: String,
    /// The other sheets.
    pub others: Vec<String>,
    /// In sentences: sheets, rows and cells that are not read as they stand.
    pub notices: Vec<String>,
}

/// What a workbook may unpack to, and its CSV come to.
const MOST_BYTES: u64 = 256 << 20;

/// Bytes that are handed on at once.
const PIECE: usize = 1 << 16;

/// Writes a sheet's table as CSV, piece by piece: the named one, or the first that is visible and
/// holds one. `write` says whether it wants more.
pub fn to_csv(
    file: &[u8],
    sheet: Option<&str>,
    write: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<WorkbookContents, WorkbookError> {
    archive::check(file)?;
    // calamine panics on some damaged files (arithmetic in debug builds, paths without a folder).
    let read = AssertUnwindSafe(|| read(file, sheet, write));
    catch_unwind(read).unwrap_or_else(|_| {
        Err(WorkbookError::Damaged {
            what: "a part does not hold what it should".to_owned(),
        })
    })
}

fn read(
    file: &[u8],
    sheet: Option<&str>,
    write: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<WorkbookContents, WorkbookError> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(file)).map_err(damaged)?;
    let sheets = workbook.sheets_metadata().to_vec();
    let of_cells: Vec<&calamine::Sheet> = sheets
        .iter()
        .filter(|s| s.typ == SheetType::WorkSheet)
        .collect();
    let names = || of_cells.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
    let tried: Vec<String> = match sheet {
        Some(name) if of_cells.iter().any(|s| s.name == name) => vec![name.to_owned()],
        Some(name) => {
            return Err(WorkbookError::NoSheet {
                name: name.to_owned(),
                known: names(),
            });
        }
        None => {
            let visible = of_cells
                .iter()
                .filter(|s| s.visible == SheetVisible::Visible);
            visible.map(|s| s.name.clone()).collect()
        }
    };
    for name in &tried {
        let sheet = Sheet::read(&mut workbook, name)?;
        let Some(table) = Table::find(&sheet) else {
            continue;
        };
        let others: Vec<String> = names().into_iter().filter(|n| n != name).collect();
        let mut notices = Vec::new();
        if !others.is_empty() {
            let are = if others.len() == 1 { "is" } else { "are" };
            notices.push(format!(
                "Sheet “{name}” is read; {} {are} not.",
                listed(&others)
            ));
        }
        notices.extend(table.notices());
        table.write(write)?;
        return Ok(WorkbookContents {
            sheet: name.clone(),
            others,
            notices,
        });
    }
    Err(WorkbookError::NoTable { sheets: tried })
}

fn damaged(error: calamine::XlsxError) -> WorkbookError {
    let what = error.to_string();
    WorkbookError::Damaged {
        what: what.trim_end_matches('.').to_owned(),
    }
}

/// Names that a sentence lists.
const LISTED: usize = 5;

/// "“a”, “b” and 3 more".
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(LISTED)
        .map(|n| format!("“{n}”"))
        .collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
