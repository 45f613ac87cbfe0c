//! Options and limits of reading a file.

use super::mapping::Mapping;
use crate::study::Study;
use crate::study::architecture::ArchitectureCost;
use std::collections::BTreeMap;

/// Limits of memory and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for what is kept.
    pub memory: usize,
    /// How many times its size a file may unpack to, and what it may in any case. Tables of
    /// numbers come to ten or twenty times.
    pub expansion: u64,
    pub expansion_free: u64,
    /// Bytes of one row.
    pub row: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 1 << 30,
            expansion: 200,
            expansion_free: 64 << 20,
            row: 1 << 20,
        }
    }
}

/// How a file is read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The studies' architectures, for compute that a file lacks.
    pub architectures: BTreeMap<Study, Vec<ArchitectureCost>>,
    /// `None` reads files that are recognised, and proposes a mapping for others.
    pub mapping: Option<Mapping>,
    /// What of a recognised file is read otherwise, as [`Mapping::set`] takes it: amounts and names.
    pub changes: Vec<String>,
    /// Whose views output of CLIP_benchmark joins; openclip's where `None`.
    pub study: Option<Study>,
    /// The family of runs that do not tell theirs, such as the file's name; "yours" where `None`.
    pub family: Option<String>,
    pub limits: Limits,
    /// Where the bytes are a file's that was converted to CSV.
    pub converted: Option<Converted>,
}

/// What was converted to CSV, so that places and the format's name are the file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Converted {
    /// By [`super::parquet::to_csv`]: a row a line, under a header that the file does not have.
    Parquet,
    /// By [`super::workbook::to_csv`]: a line is the sheet's row.
    Workbook,
}
