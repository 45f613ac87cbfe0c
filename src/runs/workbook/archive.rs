//! A workbook is a zip: whether it is one, and what it unpacks to.

use super::{MOST_BYTES, WorkbookError};
use std::io::{self, Cursor, Read};
use zip::ZipArchive;

/// Other spreadsheets in a zip, by a file that they have.
const OTHERS: [(&str, &str); 3] = [
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("content.xml", "an OpenDocument file"),
    ("Index/Document.iwa", "a document of Apple's programs"),
];

/// Unpacks all of it and keeps nothing: what a zip says of itself may be a lie, and a sheet may
/// lie in a file of any name.
pub(super) fn check(file: &[u8]) -> Result<(), WorkbookError> {
    let damaged = |error: &dyn std::fmt::Display| WorkbookError::Damaged {
        what: error.to_string().trim_end_matches('.').to_owned(),
    };
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|e| damaged(&e))?;
    let has = |name: &str| {
        let mut names = archive.file_names();
        names.any(|n| n.is_ok_and(|n| n.eq_ignore_ascii_case(name)))
    };
    if !has("xl/workbook.xml") {
        let other = OTHERS.iter().find(|(name, _)| has(name));
        return Err(match other {
            Some((_, what)) => WorkbookError::OtherKind { what },
            None => WorkbookError::NotAWorkbook,
        });
    }
    let mut left = MOST_BYTES;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(|e| damaged(&e))?;
        let bytes = io::copy(&mut part.take(left + 1), &mut io::sink());
        let bytes = bytes.map_err(|e| damaged(&e))?;
        left = left.checked_sub(bytes).ok_or(WorkbookError::TooLarge)?;
    }
    Ok(())
}
