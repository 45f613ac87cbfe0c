//! DataComp's subset files: sorted uids, `numpy.dtype("u8,u8")`
//! ([README](https://github.com/mlfoundations/datacomp#selecting-samples-in-the-filtering-track)).

use crate::{Dtype, Header, NpyError};
use std::fmt;
use std::str::FromStr;

/// A sample's identity in DataComp, 128 bits; written as 32 hexadecimal digits. They are sorted as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub u128);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no hexadecimal number of at most 32 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUid;

impl fmt::Display for NotUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a uid has up to 32 hexadecimal digits")
    }
}

impl std::error::Error for NotUid {}

impl FromStr for Uid {
    type Err = NotUid;

    fn from_str(text: &str) -> Result<Uid, NotUid> {
        // The standard library would take a sign.
        let is_hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        let uid = u128::from_str_radix(text, 16).ok().filter(|_| is_hex);
        uid.map(Uid).ok_or(NotUid)
    }
}

/// Reads a subset file; the uids as they stand there.
pub fn read_uids(file: &[u8]) -> Result<Vec<Uid>, NpyError> {
    let header = Header::read(file)?;
    if header.dtype != Dtype::Uid {
        return Err(NpyError::Dtype {
            descr: format!("{:?}", header.dtype),
            wanted: "pairs of unsigned 64-bit numbers (u8,u8)",
        });
    }
    if header.shape.len() != 1 {
        return Err(NpyError::Dtype {
            descr: "a matrix of uids".to_owned(),
            wanted: "a list of them",
        });
    }
    let length = usize::try_from(header.file_length()).map_err(|_| NpyError::Short)?;
    let data = file.get(header.offset as usize..length);
    let uids = data
        .ok_or(NpyError::Short)?
        .as_chunks::<8>()
        .0
        .as_chunks::<2>();
    let uid = |[high, low]: &[[u8; 8]; 2]| {
        let [high, low] = [high, low].map(|half| u128::from(u64::from_le_bytes(*half)));
        Uid(high << 64 | low)
    };
    Ok(uids.0.iter().map(uid).collect())
}

/// A subset file with these uids, sorted as DataComp's resharder, which searches by bisection, needs them. One that
/// is given twice is written twice: the resharder then copies its sample twice.
pub fn write_uids(uids: &[Uid]) -> Vec<u8> {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    let mut file = Header::write(Dtype::Uid, &[uids.len() as u64]);
    for Uid(uid) in sorted {
        file.extend(((uid >> 64) as u64).to_le_bytes());
        file.extend((uid as u64).to_le_bytes());
    }
    file
}
