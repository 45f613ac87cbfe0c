//! safetensors: a length, a header in JSON, the tensors' bytes.

use super::source::Source;
use super::{Dtype, Entry, Place, TensorProblem, WeightsError, int8};
use crate::error::Cause;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;

#[derive(Deserialize)]
struct TensorHeader {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// Whether a file starts as safetensors do: with a length that a header may have, and a brace. The
/// length alone may look like anything, such as a space and a brace.
pub(super) fn starts(start: &[u8]) -> bool {
    let Some((length, rest)) = start.split_first_chunk::<8>() else {
        return false;
    };
    rest.first() == Some(&b'{') && u64::from_le_bytes(*length) <= LONGEST_HEADER
}

pub(super) async fn entries<S: Source>(
    source: &mut S,
    start: &[u8],
) -> Result<Vec<Entry>, WeightsError> {
    let size = source.size();
    let Some((length, rest)) = start.split_first_chunk::<8>() else {
        return Err(WeightsError::UnknownFormat);
    };
    // The header is an object; files of other formats hardly have a brace here.
    if rest.first() != Some(&b'{') {
        return Err(WeightsError::UnknownFormat);
    }
    let length = u64::from_le_bytes(*length);
    if length > LONGEST_HEADER || length > size - 8 {
        return Err(WeightsError::HeaderTooLong { length, size });
    }
    // What was read is not read again: a stream does not go back.
    let mut header = vec![0; length as usize];
    let (known, unknown) = header.split_at_mut(rest.len().min(length as usize));
    known.copy_from_slice(&rest[..known.len()]);
    source.read(start.len() as u64, unknown).await?;
    read_header(&header, 8 + length, size)
}

fn read_header(header: &[u8], data: u64, size: u64) -> Result<Vec<Entry>, WeightsError> {
    let damaged = |error: serde_json::Error| WeightsError::Header {
        cause: Cause::new(error),
    };
    let fields: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(damaged)?;
    let mut entries = Vec::new();
    let mut ranges = Vec::new();
    for (name, value) in fields {
        if name == "__metadata__" {
            continue;
        }
        let tensor: TensorHeader =
            serde_json::from_value(value).map_err(|error| WeightsError::Header {
                cause: Cause::new(format!("{name}: {error}")),
            })?;
        let problem = |problem| Err(WeightsError::tensor(&name, problem));
        let [from, to] = tensor.data_offsets;
        if from > to || data.checked_add(to).is_none_or(|end| end > size) {
            return problem(TensorProblem::OutOfRange);
        }
        let dtype = match tensor.dtype.as_str() {
            "F16" => Dtype::F16,
            "BF16" => Dtype::BF16,
            "F32" => Dtype::F32,
            "F64" => Dtype::F64,
            "I64" => Dtype::Other("int64", 8),
            "I32" => Dtype::Other("int32", 4),
            "I8" => Dtype::Other(int8::INTEGERS, 1),
            "U8" | "BOOL" => Dtype::Other("unsigned 8-bit integers", 1),
            "F8_E4M3" | "F8_E5M2" => Dtype::Other("float8", 1),
            _ => Dtype::Other("an unknown type", 0),
        };
        let found = to - from;
        let count = tensor.shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d));
        let expected = count.and_then(|n| n.checked_mul(dtype.bytes()));
        let shape: Result<Vec<usize>, _> =
            tensor.shape.iter().map(|d| usize::try_from(*d)).collect();
        // What cannot be read has a length that may not be known, and yet one that can be counted.
        let may_differ = !dtype.is_number() && tensor.dtype != "I8";
        let fits = expected.is_some_and(|expected| found == expected || may_differ);
        let (true, Ok(shape)) = (fits, shape) else {
            let expected = expected.unwrap_or(u64::MAX);
            return problem(TensorProblem::Size { found, expected });
        };
        ranges.push((from, to, name.clone()));
        entries.push(Entry {
            name,
            shape,
            dtype,
            place: Place::At(data + from),
            stride: None,
            scale: None,
        });
    }
    ranges.sort();
    for pair in ranges.windows(2) {
        if let [(_, end, other), (start, _, name)] = pair
            && start < end
        {
            let other = other.clone();
            return Err(WeightsError::tensor(
                name,
                TensorProblem::Overlaps { other },
            ));
        }
    }
    Ok(int8::pair(entries))
}
