//! What readers can do about errors: sentences that page and terminal share.

use crate::runs::{Foreign, HeaderError, MappingError, ReadError};

/// Why a file was not read to its end, and what helps.
pub fn read_error(error: &ReadError) -> String {
    let advice = match error {
        ReadError::Zip => " Unpack it.",
        ReadError::Foreign(foreign) => foreign_advice(*foreign),
        ReadError::Utf16 => " Save it as UTF-8 (in Excel: CSV UTF-8).",
        ReadError::Parquet { inside_gzip: true } => " Unpack it, and open the Parquet file.",
        ReadError::TruncatedGzip { .. } | ReadError::DamagedGzip { .. } => {
            " Download the file again for the rest."
        }
        ReadError::Header(HeaderError::NotUtf8) => " Save the table as CSV in UTF-8.",
        ReadError::Mapping(problem) => return mapping_error(problem),
        _ => "",
    };
    format!("{error}{advice}")
}

fn foreign_advice(foreign: Foreign) -> &'static str {
    match foreign {
        Foreign::Bzip2 | Foreign::Xz | Foreign::Zstandard | Foreign::SevenZip => {
            " Unpack it first."
        }
        Foreign::GzipTwice => " Unpack it once.",
        Foreign::OldWorkbook => " Save it as .xlsx without a password, or the sheet as CSV.",
        Foreign::NumPy | Foreign::Arrow => " Save the table as CSV or Parquet.",
        Foreign::LfsPointer => " Download the table itself.",
        Foreign::WebPage => " On GitHub, download the raw file.",
        Foreign::Pdf | Foreign::Picture | Foreign::Media => "",
    }
}

/// What a mapping lacks, and how to complete it.
pub fn mapping_error(error: &MappingError) -> String {
    let advice = match error {
        MappingError::NoCompute => {
            " Choose one, or parameters and samples, or an architecture and samples."
        }
        MappingError::NoScore => " Choose one.",
        _ => "",
    };
    format!("{error}{advice}")
}
