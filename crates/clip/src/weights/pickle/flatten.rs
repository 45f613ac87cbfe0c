//! Tensors by the keys that lead to them.

use super::machine::{Id, Value};
use super::{PickledTensor, WeightsError};

/// The deepest nesting that is followed.
const DEPTH: usize = 64;
/// The most values that are looked at: values may be shared, and what is shared is looked at again.
const MOST: usize = 4_000_000;
/// The most bytes of their names together, each of which holds the keys above it.
const LONGEST_NAMES: usize = 256 << 20;

/// The tensors in dictionaries and objects below `root`, in their order. A module that was saved
/// whole has its parts under `_modules`, `_parameters` and `_buffers`, which its state dictionary
/// leaves out.
pub(super) fn tensors(values: &[Value], root: Id) -> Result<Vec<PickledTensor>, WeightsError> {
    let mut tensors = Vec::new();
    let mut has_optimizer = false;
    // What is left to look at, the next last.
    let mut left = vec![(root, String::new(), 0)];
    let (mut seen, mut named) = (0, 0usize);
    while let Some((id, name, depth)) = left.pop() {
        let items = match &values[id] {
            Value::Dict(items) | Value::Object(items) => items,
            _ => {
                tensors.extend(tensor(values, id, name));
                continue;
            }
        };
        seen += items.len();
        named = named.saturating_add(items.len().saturating_mul(name.len()));
        if depth == DEPTH || seen > MOST || named > LONGEST_NAMES {
            continue;
        }
        let is_object = matches!(values[id], Value::Object(_));
        for (key, value) in items.iter().rev() {
            let Value::Text(key) = &values[*key] else {
                continue;
            };
            has_optimizer |= key == "param_groups";
            let is_part = ["_modules", "_parameters", "_buffers"].contains(&key.as_str());
            let name = match () {
                () if is_object && is_part => name.clone(),
                () if name.is_empty() => key.clone(),
                () => format!("{name}.{key}"),
            };
            left.push((*value, name, depth + 1));
        }
    }
    match (tensors.is_empty(), has_optimizer) {
        (true, true) => Err(WeightsError::OptimizerState),
        (true, false) => Err(WeightsError::NoStateDict),
        _ => Ok(tensors),
    }
}

fn tensor(values: &[Value], id: Id, name: String) -> Option<PickledTensor> {
    let Value::Tensor {
        storage,
        offset,
        shape,
        stride,
    } = &values[id]
    else {
        return None;
    };
    let Value::Storage { key, dtype } = &values[*storage] else {
        return None;
    };
    Some(PickledTensor {
        name,
        key: key.clone(),
        dtype: *dtype,
        offset: *offset,
        shape: shape.clone(),
        stride: stride.clone(),
    })
}
