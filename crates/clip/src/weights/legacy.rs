//! What `torch.save` wrote before PyTorch 1.6: five pickles one after the other, and then the
//! storages, each with its length (`_legacy_load` in PyTorch's `serialization.py`).

use super::source::Source;
use super::{Entry, Place, TensorProblem, WeightsError, pickle};
use std::collections::HashMap;

/// The pickled number with which such a file starts.
pub(super) const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
/// The pickles are read together, in a first attempt so many bytes.
const FIRST: u64 = 1 << 18;
const LONGEST_PICKLE: u64 = 64 << 20;

pub(super) async fn entries<S: Source>(source: &mut S) -> Result<Vec<Entry>, WeightsError> {
    let size = source.size();
    let mut length = FIRST.min(size);
    let pickles = loop {
        let mut bytes = vec![0; length as usize];
        source.read(0, &mut bytes).await?;
        match pickle::legacy(&bytes) {
            // The pickles may be longer than what was read of them.
            Err(WeightsError::Pickle { .. }) if length < size.min(LONGEST_PICKLE) => {
                length = (length * 8).min(size).min(LONGEST_PICKLE);
            }
            other => break other?,
        }
    };
    let mut at = pickles.end as u64;
    let mut storages = HashMap::new();
    for key in &pickles.keys {
        let outside = || WeightsError::Archive {
            reason: format!("storage {key} lies outside the file"),
        };
        let mut count = [0; 8];
        source.read(at, &mut count).await?;
        let count = u64::from_le_bytes(count);
        let dtype = pickles.dtypes.get(key).ok_or_else(outside)?;
        let length = count.checked_mul(dtype.bytes()).ok_or_else(outside)?;
        let end = length.checked_add(at + 8).filter(|end| *end <= size);
        storages.insert(key.as_str(), (at + 8, length));
        at = end.ok_or_else(outside)?;
    }
    let entry = |tensor: pickle::PickledTensor| {
        let outside = || WeightsError::tensor(&tensor.name, TensorProblem::OutOfRange);
        let (start, length) = *storages.get(tensor.key.as_str()).ok_or_else(outside)?;
        let skip = tensor.skip(length, size)?;
        Ok(Entry {
            place: Place::At(start + skip),
            stride: tensor.view(),
            scale: None,
            name: tensor.name,
            shape: tensor.shape,
            dtype: tensor.dtype,
        })
    };
    pickles.tensors.into_iter().map(entry).collect()
}
