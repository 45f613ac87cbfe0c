//! A pickle's tensors, and nothing else of it (Python's `pickletools.py` documents the format).
//!
//! Python's pickle is a program for a small stack machine that may call anything. This machine
//! knows the instructions that checkpoints use and the few names below; whatever else a pickle
//! asks for is refused by name. Values live in one list and refer to each other by index, so a
//! pickle can neither nest too deep nor tie a knot.

mod machine;

use super::{Dtype, WeightsError};
use machine::{Machine, Value};

/// A tensor as the pickle describes it.
pub(super) struct PickledTensor {
    pub name: String,
    /// The archive's member that holds its numbers.
    pub key: String,
    pub dtype: Dtype,
    /// In numbers, from the member's start.
    pub offset: u64,
    pub shape: Vec<usize>,
    pub stride: Vec<usize>,
}

/// The tensors of the state dictionary, which is the whole or stands under "state_dict".
pub(super) fn tensors(bytes: &[u8]) -> Result<Vec<PickledTensor>, WeightsError> {
    let mut machine = Machine::new(bytes);
    let mut root = machine.run()?;
    if let Some(inner) = machine.item(root, "state_dict") {
        root = inner;
    }
    let Value::Dict(items) = &machine.values[root] else {
        return Err(WeightsError::NoStateDict);
    };
    let tensors: Vec<PickledTensor> = items
        .iter()
        .filter_map(|item| machine.tensor(item))
        .collect();
    match tensors.is_empty() {
        true => Err(WeightsError::NoStateDict),
        false => Ok(tensors),
    }
}
