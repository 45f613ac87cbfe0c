//! A pickle's tensors, and nothing else of it (Python's `pickletools.py` documents the format).
//!
//! Python's pickle is a program for a small stack machine that may call anything. This machine calls
//! nothing: it knows the instructions, and the few functions that put a tensor together; an object of
//! any class is no more than its attributes. Values live in one list and refer to each other by
//! index, so a pickle can neither nest too deep nor tie a knot.

mod calls;
mod flatten;
mod machine;

use super::{Dtype, TensorProblem, WeightsError};
use machine::{Machine, Value};
use std::collections::HashMap;

/// A tensor as the pickle describes it.
#[derive(Clone, Debug)]
pub(super) struct PickledTensor {
    /// The keys that lead to it, joined by full stops.
    pub name: String,
    /// The archive's member that holds its numbers.
    pub key: String,
    pub dtype: Dtype,
    /// In numbers, from the member's start.
    pub offset: u64,
    pub shape: Vec<usize>,
    pub stride: Vec<usize>,
}

impl PickledTensor {
    /// The byte of a storage of this length at which it starts, once it is clear that it also ends
    /// there, in a file of `file` bytes.
    pub(super) fn skip(&self, length: u64, file: u64) -> Result<u64, WeightsError> {
        let outside = || WeightsError::tensor(&self.name, TensorProblem::OutOfRange);
        let width = self.dtype.bytes();
        // A view may repeat what is stored (a stride of 0), but not fill the memory with it.
        let count = self.shape.iter().map(|d| *d as u64);
        let needed = count.fold(width.max(1), u64::saturating_mul);
        if needed > length.max(file) {
            let problem = TensorProblem::Size {
                found: length,
                expected: needed,
            };
            return Err(WeightsError::tensor(&self.name, problem));
        }
        let skip = self.offset.checked_mul(width).ok_or_else(outside)?;
        let span = super::span(&self.shape, &self.stride);
        let end = span.and_then(|span| span.checked_mul(width)?.checked_add(skip));
        match end.is_some_and(|end| end <= length) && self.shape.len() == self.stride.len() {
            true => Ok(skip),
            false => Err(outside()),
        }
    }

    /// Its strides, if its numbers do not follow each other, the last dimension quickest.
    pub(super) fn view(&self) -> Option<Vec<usize>> {
        let mut expected = 1usize;
        let is_contiguous = self
            .shape
            .iter()
            .zip(&self.stride)
            .rev()
            .all(|(d, stride)| {
                let fits = *d < 2 || *stride == expected;
                expected = expected.saturating_mul(*d);
                fits
            });
        (!is_contiguous).then(|| self.stride.clone())
    }
}

/// All tensors of a pickle.
pub(super) fn tensors(bytes: &[u8]) -> Result<Vec<PickledTensor>, WeightsError> {
    let mut machine = Machine::new(bytes, 0);
    let root = machine.run()?;
    flatten::tensors(&machine.values, root)
}

/// What the pickles of a file before PyTorch 1.6 say.
pub(super) struct LegacyPickles {
    pub tensors: Vec<PickledTensor>,
    /// The type of each storage's numbers.
    pub dtypes: HashMap<String, Dtype>,
    /// The keys of the storages as they follow each other.
    pub keys: Vec<String>,
    /// Where the storages begin.
    pub end: usize,
}

/// Runs a magic number, a version, a description of the system, the tensors, the keys.
pub(super) fn legacy(bytes: &[u8]) -> Result<LegacyPickles, WeightsError> {
    let mut end = 0;
    for _ in 0..3 {
        let mut machine = Machine::new(bytes, end);
        machine.run()?;
        end = machine.position();
    }
    let mut machine = Machine::new(bytes, end);
    let root = machine.run()?;
    let tensors = flatten::tensors(&machine.values, root)?;
    let storages = machine.values.iter().filter_map(|value| match value {
        Value::Storage { key, dtype } => Some((key.clone(), *dtype)),
        _ => None,
    });
    let dtypes = storages.collect();
    let mut machine = Machine::new(bytes, machine.position());
    let keys = machine.run()?;
    Ok(LegacyPickles {
        tensors,
        dtypes,
        keys: machine.texts(keys),
        end: machine.position(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_repeats_no_more_than_a_file_holds() {
        let repeated = |count| PickledTensor {
            name: "a".to_owned(),
            key: "0".to_owned(),
            dtype: Dtype::F32,
            offset: 0,
            shape: vec![count],
            stride: vec![0],
        };
        assert_eq!(repeated(100).skip(4, 1000), Ok(0));
        assert!(repeated(1 << 40).skip(4, 1000).is_err());
        assert!(repeated(usize::MAX).skip(4, 1000).is_err());
    }

    #[test]
    fn attributes_are_not_set_without_end() {
        // A dictionary of 1,000 items, kept; an object; the dictionary as its attributes, so often.
        let pickle = |times: usize| {
            let items = b"K\x01K\x02".repeat(1000);
            let parts = [&b"}("[..], &items, b"uq\x000cx\ny\n)\x81"];
            [&parts.concat(), &b"h\x00b".repeat(times)[..], b"."].concat()
        };
        let run = |times| Machine::new(&pickle(times), 0).run().map(|_| ());
        assert_eq!(run(10), Ok(()));
        let error = run(10_000).unwrap_err().to_string();
        assert!(error.contains("again and again"), "{error}");
    }
}
