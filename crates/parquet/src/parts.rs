//! A file's bytes, of which not all need to be at hand.

use super::ParquetError;
use std::collections::BTreeMap;

/// Parts of a file that is not read as a whole.
#[derive(Clone, Debug)]
pub struct Parts {
    size: u64,
    parts: BTreeMap<u64, Vec<u8>>,
}

impl Parts {
    /// Of a file of this size in bytes, none.
    pub fn new(size: u64) -> Parts {
        Parts {
            size,
            parts: BTreeMap::new(),
        }
    }

    /// Adds the bytes from a position on.
    pub fn add(&mut self, start: u64, bytes: Vec<u8>) {
        self.parts.insert(start, bytes);
    }

    fn get(&self, start: u64, length: usize) -> Option<&[u8]> {
        let (first, bytes) = self.parts.range(..=start).next_back()?;
        let at = usize::try_from(start - first).ok()?;
        bytes.get(at..at.checked_add(length)?)
    }
}

/// Bytes of a file's end that tell how long its footer is.
pub const END: usize = 8;

/// How many bytes of a file's end its footer takes, by its last [`END`] bytes.
///
/// # Errors
///
/// Where they are not the end of a Parquet file.
pub fn footer(end: [u8; END]) -> Result<u64, ParquetError> {
    match end {
        [a, b, c, d, b'P', b'A', b'R', b'1'] => {
            Ok(u64::from(u32::from_le_bytes([a, b, c, d])) + END as u64)
        }
        [.., b'P', b'A', b'R', b'E'] => Err(ParquetError::Encrypted),
        _ => Err(ParquetError::Truncated),
    }
}

/// The bytes of a file.
#[derive(Clone, Copy)]
pub(super) enum FileBytes<'a> {
    Whole(&'a [u8]),
    Parts(&'a Parts),
}

impl<'a> FileBytes<'a> {
    pub(super) fn size(self) -> u64 {
        match self {
            FileBytes::Whole(file) => file.len() as u64,
            FileBytes::Parts(parts) => parts.size,
        }
    }

    pub(super) fn get(self, start: u64, length: u64) -> Option<&'a [u8]> {
        let length = usize::try_from(length).ok()?;
        match self {
            FileBytes::Whole(file) => {
                let start = usize::try_from(start).ok()?;
                file.get(start..start.checked_add(length)?)
            }
            FileBytes::Parts(parts) => parts.get(start, length),
        }
    }
}
