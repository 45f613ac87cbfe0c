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
    /// The bytes are those of [`super::parquet::to_csv`]: places are rows of the Parquet file.
    pub parquet: bool,
}
