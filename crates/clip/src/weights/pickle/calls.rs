//! What a pickle names and calls: the functions that put a tensor together, and nothing else. None is
//! run.

use super::Dtype;
use super::machine::{Global, Id, Machine, Step, Value};

/// PyTorch's own limit is 64.
const MOST_DIMENSIONS: usize = 64;

/// What a pickle means by the name of a function or a class.
pub(super) fn global(module: &str, name: &str) -> Global {
    let dtype = match (module, name) {
        ("collections", "OrderedDict" | "defaultdict") => return Global::OrderedDict,
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => return Global::RebuildTensor,
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            return Global::RebuildParameter;
        }
        ("torch._tensor", "_rebuild_from_type_v2") => return Global::RebuildFromType,
        ("torch", "FloatStorage") => Dtype::F32,
        ("torch", "HalfStorage") => Dtype::F16,
        ("torch", "BFloat16Storage") => Dtype::BF16,
        ("torch", "DoubleStorage") => Dtype::F64,
        ("torch", "LongStorage") => Dtype::Other("int64", 8),
        ("torch", "IntStorage") => Dtype::Other("int32", 4),
        ("torch", "ShortStorage") => Dtype::Other("int16", 2),
        ("torch", "CharStorage" | "ByteStorage" | "BoolStorage") => {
            Dtype::Other("8-bit integers", 1)
        }
        ("torch" | "torch.storage", _) if name.ends_with("Storage") => {
            Dtype::Other("an unknown type", 0)
        }
        _ => return Global::Other,
    };
    Global::StorageType(dtype)
}

impl Machine<'_> {
    fn tuple(&self, id: Id) -> Option<&[Id]> {
        match &self.values[id] {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    fn whole(&self, id: Id) -> Option<usize> {
        match self.values[id] {
            Value::Int(int) => usize::try_from(int).ok(),
            _ => None,
        }
    }

    /// ("storage", type, key, device, count)
    pub(super) fn storage(&self, id: Id) -> Option<Value> {
        let [kind, dtype, key, ..] = self.tuple(id)? else {
            return None;
        };
        match (
            &self.values[*kind],
            &self.values[*dtype],
            &self.values[*key],
        ) {
            (Value::Text(kind), Value::Global(Global::StorageType(dtype)), Value::Text(key))
                if kind == "storage" =>
            {
                Some(Value::Storage {
                    key: key.clone(),
                    dtype: *dtype,
                })
            }
            _ => None,
        }
    }

    /// What a call returns: a tensor, a dictionary, or an object of which nothing is known yet.
    pub(super) fn call(&self, function: Id, arguments: Id) -> Value {
        let known = match self.values[function] {
            Value::Global(Global::OrderedDict) => Some(Value::Dict(Vec::new())),
            Value::Global(function) => {
                let arguments = self.tuple(arguments);
                arguments.and_then(|arguments| self.rebuilt(function, arguments))
            }
            _ => None,
        };
        known.unwrap_or(Value::Object(Vec::new()))
    }

    fn rebuilt(&self, function: Global, arguments: &[Id]) -> Option<Value> {
        match (function, arguments) {
            // A parameter is its tensor.
            (Global::RebuildParameter, [tensor, ..]) => match &self.values[*tensor] {
                tensor @ Value::Tensor { .. } => Some(tensor.clone()),
                _ => None,
            },
            (Global::RebuildTensor, [storage, offset, shape, stride, ..]) => {
                let numbers = |id: Id| -> Option<Vec<usize>> {
                    let numbers = self.tuple(id)?;
                    let is_shape = numbers.len() <= MOST_DIMENSIONS;
                    let numbers = is_shape.then(|| numbers.iter().map(|id| self.whole(*id)));
                    numbers?.collect()
                };
                Some(Value::Tensor {
                    storage: *storage,
                    offset: self.whole(*offset)? as u64,
                    shape: numbers(*shape)?,
                    stride: numbers(*stride)?,
                })
            }
            // A subclass of a tensor: what makes the tensor, and its arguments.
            (Global::RebuildFromType, [function, _, arguments, ..]) => {
                match self.values[*function] {
                    Value::Global(Global::RebuildFromType) => None,
                    Value::Global(function) => self.rebuilt(function, self.tuple(*arguments)?),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// An object's state: a dictionary of its attributes, alone or first in a tuple. A dictionary's
    /// own attributes, such as a state dictionary's metadata, do not matter.
    pub(super) fn set_attributes(&mut self, object: Id, state: Id) -> Step<()> {
        let state = match &self.values[state] {
            Value::Tuple(parts) => parts.first().copied().unwrap_or(state),
            _ => state,
        };
        if let Value::Dict(attributes) = &self.values[state] {
            let attributes = attributes.clone();
            self.copy(attributes.len())?;
            if let Value::Object(all) = &mut self.values[object] {
                all.extend(attributes);
            }
        }
        Ok(())
    }
}
