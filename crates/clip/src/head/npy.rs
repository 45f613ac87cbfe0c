//! NumPy's `.npy`: a matrix of numbers
//! ([format](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), versions 1 to 3).

use super::HeadError;
use crate::backend::half::f16_to_f32;

/// A matrix, or a vector as a matrix of one row.
#[derive(Debug, PartialEq)]
pub(super) struct Matrix {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Row by row.
    pub(super) values: Vec<f32>,
}

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

pub(super) fn read(bytes: &[u8]) -> Result<Matrix, HeadError> {
    let problem = |reason: &str| HeadError::Npy {
        reason: reason.to_owned(),
    };
    let short = || problem("it ends before its numbers do");
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| problem("it does not begin as one"))?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        _ => return Err(problem("its version is not known")),
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(short)?;
    let header = String::from_utf8_lossy(header);
    let value = |key: &str| {
        let at = header.find(&format!("'{key}'"))?;
        Some(header[at..].split_once(':')?.1.trim_start())
    };
    let no_header = || problem("its header cannot be read");
    let kind = value("descr").and_then(|v| v.strip_prefix('\'')?.split_once('\''));
    let kind = kind.ok_or_else(no_header)?.0;
    let by_column = value("fortran_order")
        .ok_or_else(no_header)?
        .starts_with("True");
    let shape = value("shape").and_then(|v| v.strip_prefix('(')?.split_once(')'));
    let shape = shape.ok_or_else(no_header)?.0.split(',').map(str::trim);
    let shape: Result<Vec<usize>, _> = shape.filter(|n| !n.is_empty()).map(str::parse).collect();
    let (rows, columns) = match shape.map_err(|_| no_header())?[..] {
        [columns] => (1, columns),
        [rows, columns] => (rows, columns),
        _ => return Err(problem("it is no vector and no matrix")),
    };
    let count = rows.checked_mul(columns).filter(|count| *count > 0);
    let count = count.ok_or_else(|| problem("it holds no numbers"))?;
    let values = numbers(kind, data, count)
        .ok_or_else(|| problem(&format!("its numbers are {kind}, not float16, 32 or 64")))?;
    if values.len() < count {
        return Err(short());
    }
    let values = match by_column {
        true => (0..count)
            .map(|i| values[i % columns * rows + i / columns])
            .collect(),
        false => values,
    };
    Ok(Matrix {
        rows,
        columns,
        values,
    })
}

/// As many of the first `count` numbers as there are; `None` where they are of another kind.
fn numbers(kind: &str, data: &[u8], count: usize) -> Option<Vec<f32>> {
    Some(match kind {
        "<f2" => {
            let all = data.as_chunks().0.iter().take(count);
            all.map(|b| f16_to_f32(u16::from_le_bytes(*b))).collect()
        }
        "<f4" => {
            let all = data.as_chunks().0.iter().take(count);
            all.map(|b| f32::from_le_bytes(*b)).collect()
        }
        "<f8" => {
            let all = data.as_chunks().0.iter().take(count);
            all.map(|b| f64::from_le_bytes(*b) as f32).collect()
        }
        _ => return None,
    })
}
