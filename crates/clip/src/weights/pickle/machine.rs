//! The stack machine that runs a pickle.

use super::{Dtype, PickledTensor, WeightsError};
use std::collections::HashMap;

/// Index of a value.
pub(super) type Id = usize;

#[derive(Clone, Debug)]
pub(super) enum Value {
    /// `None`, numbers with a fraction, bytes: nothing that a tensor depends on.
    Opaque,
    Int(i64),
    Text(String),
    Tuple(Vec<Id>),
    List,
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage {
        key: String,
        dtype: Dtype,
    },
    Tensor {
        storage: Id,
        offset: u64,
        shape: Vec<usize>,
        stride: Vec<usize>,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    StorageType(Dtype),
}

fn global(module: &str, name: &str) -> Option<Global> {
    let dtype = match (module, name) {
        ("collections", "OrderedDict") => return Some(Global::OrderedDict),
        ("torch._utils", "_rebuild_tensor_v2") => return Some(Global::RebuildTensor),
        ("torch._utils", "_rebuild_parameter") => return Some(Global::RebuildParameter),
        ("torch", "FloatStorage") => Dtype::F32,
        ("torch", "HalfStorage") => Dtype::F16,
        ("torch", "BFloat16Storage") => Dtype::BF16,
        ("torch", "DoubleStorage") => Dtype::Other("float64"),
        ("torch", "LongStorage") => Dtype::Other("int64"),
        ("torch", "IntStorage") => Dtype::Other("int32"),
        ("torch", "ShortStorage") => Dtype::Other("int16"),
        ("torch", "CharStorage" | "ByteStorage" | "BoolStorage") => Dtype::Other("8-bit integers"),
        _ => return None,
    };
    Some(Global::StorageType(dtype))
}

/// Python's pickle machine, reduced to what checkpoints need.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

type Step<T> = Result<T, WeightsError>;

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Machine {
            bytes,
            at: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        }
    }
}

impl Machine<'_> {
    fn error(&self, reason: &str) -> WeightsError {
        WeightsError::Pickle {
            at: self.at,
            reason: reason.to_owned(),
        }
    }

    /// The value of a dictionary under a text.
    pub(super) fn item(&self, dict: Id, key: &str) -> Option<Id> {
        let Value::Dict(items) = &self.values[dict] else {
            return None;
        };
        let is_key = |id: Id| matches!(&self.values[id], Value::Text(text) if text == key);
        items
            .iter()
            .find(|(k, _)| is_key(*k))
            .map(|(_, value)| *value)
    }

    /// The tensor that a dictionary has under a name, if the value is one.
    pub(super) fn tensor(&self, (name, value): &(Id, Id)) -> Option<PickledTensor> {
        let Value::Text(name) = &self.values[*name] else {
            return None;
        };
        let Value::Tensor {
            storage,
            offset,
            shape,
            stride,
        } = &self.values[*value]
        else {
            return None;
        };
        let Value::Storage { key, dtype } = &self.values[*storage] else {
            return None;
        };
        Some(PickledTensor {
            name: name.clone(),
            key: key.clone(),
            dtype: *dtype,
            offset: *offset,
            shape: shape.clone(),
            stride: stride.clone(),
        })
    }

    fn take(&mut self, count: usize) -> Step<&[u8]> {
        let end = self.at.checked_add(count);
        let Some(bytes) = end.and_then(|end| self.bytes.get(self.at..end)) else {
            return Err(self.error("it ends in the middle"));
        };
        self.at += count;
        Ok(bytes)
    }

    fn number<const N: usize>(&mut self) -> Step<u64> {
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(self.take(N)?);
        Ok(u64::from_le_bytes(bytes))
    }

    fn text(&mut self, length: u64) -> Step<String> {
        let bytes = self
            .take(usize::try_from(length).unwrap_or(usize::MAX))?
            .to_vec();
        String::from_utf8(bytes).map_err(|_| self.error("text is not UTF-8"))
    }

    fn line(&mut self) -> Step<String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(length) = rest.iter().position(|b| *b == b'\n') else {
            return Err(self.error("a name does not end"));
        };
        let text = self.text(length as u64)?;
        self.at += 1;
        Ok(text)
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Step<Id> {
        // What lies under a mark belongs to somebody else.
        if self.stack.len() <= self.marks.last().copied().unwrap_or(0) {
            return Err(self.error("the stack is empty"));
        }
        self.stack
            .pop()
            .ok_or_else(|| self.error("the stack is empty"))
    }

    fn top(&self) -> Step<Id> {
        self.stack
            .last()
            .copied()
            .ok_or_else(|| self.error("the stack is empty"))
    }

    /// Everything above the last mark.
    fn pop_mark(&mut self) -> Step<Vec<Id>> {
        let Some(mark) = self.marks.pop() else {
            return Err(self.error("a mark is missing"));
        };
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn pop_tuple(&mut self, count: usize) -> Step<()> {
        let mut items = (0..count).map(|_| self.pop()).collect::<Step<Vec<Id>>>()?;
        items.reverse();
        self.push(Value::Tuple(items));
        Ok(())
    }

    fn set_items(&mut self, items: &[Id]) -> Step<()> {
        let dict = self.top()?;
        let pairs = items.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        match &mut self.values[dict] {
            Value::Dict(all) => all.extend(pairs),
            _ => return Err(self.error("an item is set in no dictionary")),
        }
        Ok(())
    }

    /// Runs to the end and returns the result.
    pub(super) fn run(&mut self) -> Step<Id> {
        loop {
            let code = self.number::<1>()? as u8;
            if code == b'.' {
                return self.pop(); // STOP
            }
            let is_known = self.run_frame(code)?
                || self.run_literal(code)?
                || self.run_container(code)?
                || self.run_memo(code)?
                || self.run_call(code)?;
            if !is_known {
                return Err(self.error(&format!("instruction {code:#04x} is unknown")));
            }
        }
    }

    /// Protocol, frames, marks and the stack; as all of these, false for another instruction.
    fn run_frame(&mut self, code: u8) -> Step<bool> {
        match code {
            0x80 => self.at += 1,                      // PROTO
            0x95 => self.at += 8,                      // FRAME
            b'(' => self.marks.push(self.stack.len()), // MARK
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.pop_mark()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Numbers, texts and bytes.
    fn run_literal(&mut self, code: u8) -> Step<bool> {
        match code {
            b'N' | 0x88 | 0x89 => self.push(Value::Opaque), // None, True, False
            b'G' => {
                self.take(8)?;
                self.push(Value::Opaque);
            }
            b'K' => {
                let int = self.number::<1>()?;
                self.push(Value::Int(int as i64));
            }
            b'M' => {
                let int = self.number::<2>()?;
                self.push(Value::Int(int as i64));
            }
            b'J' => {
                let int = self.number::<4>()? as u32 as i32;
                self.push(Value::Int(i64::from(int)));
            }
            0x8a => self.long()?,
            0x8c => {
                let length = self.number::<1>()?;
                let text = self.text(length)?;
                self.push(Value::Text(text));
            }
            b'X' => {
                let length = self.number::<4>()?;
                let text = self.text(length)?;
                self.push(Value::Text(text));
            }
            b'U' | b'C' => {
                let length = self.number::<1>()?;
                self.take(length as usize)?;
                self.push(Value::Opaque);
            }
            b'T' | b'B' => {
                let length = self.number::<4>()?;
                self.take(length as usize)?;
                self.push(Value::Opaque);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Tuples, lists and dictionaries.
    fn run_container(&mut self, code: u8) -> Step<bool> {
        match code {
            b')' => self.push(Value::Tuple(Vec::new())),
            0x85 => self.pop_tuple(1)?,
            0x86 => self.pop_tuple(2)?,
            0x87 => self.pop_tuple(3)?,
            b't' => {
                let items = self.pop_mark()?;
                self.push(Value::Tuple(items));
            }
            b']' => self.push(Value::List),
            b'l' => {
                self.pop_mark()?;
                self.push(Value::List);
            }
            // What lists hold does not matter to tensors.
            b'a' => {
                self.pop()?;
                self.top()?;
            }
            b'e' => {
                self.pop_mark()?;
                self.top()?;
            }
            b'}' => self.push(Value::Dict(Vec::new())),
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(&items)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Values that are stored for later, and recalled.
    fn run_memo(&mut self, code: u8) -> Step<bool> {
        match code {
            b'q' => {
                let key = self.number::<1>()?;
                self.memo.insert(key as u32, self.top()?);
            }
            b'r' => {
                let key = self.number::<4>()?;
                self.memo.insert(key as u32, self.top()?);
            }
            0x94 => {
                self.memo.insert(self.memo.len() as u32, self.top()?);
            }
            b'h' => {
                let key = self.number::<1>()?;
                self.recall(key as u32)?;
            }
            b'j' => {
                let key = self.number::<4>()?;
                self.recall(key as u32)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Names, storages and calls.
    fn run_call(&mut self, code: u8) -> Step<bool> {
        match code {
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (&self.values[module], &self.values[name]) {
                    (Value::Text(module), Value::Text(name)) => {
                        let (module, name) = (module.clone(), name.clone());
                        self.global(&module, &name)?;
                    }
                    _ => return Err(self.error("a global without a name")),
                }
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id);
                let storage = storage.ok_or_else(|| self.error("an unknown kind of storage"))?;
                self.push(storage);
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let value = self.call(function, arguments);
                let value = value.ok_or_else(|| self.error("a call that makes no tensor"))?;
                self.push(value);
            }
            // Attributes, such as a state dictionary's metadata.
            b'b' => {
                self.pop()?;
                self.top()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A whole number of up to 8 bytes; a longer one is opaque.
    fn long(&mut self) -> Step<()> {
        let length = self.number::<1>()? as usize;
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|b| *b >= 0x80);
        let mut all = if negative { [0xff; 8] } else { [0; 8] };
        let value = match all.get_mut(..length) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(all))
            }
            None => Value::Opaque,
        };
        self.push(value);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Step<()> {
        let id = self.memo.get(&key).copied();
        let id = id.ok_or_else(|| self.error("something is recalled that was never kept"))?;
        self.stack.push(id);
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Step<()> {
        let Some(global) = global(module, name) else {
            let name = format!("{module}.{name}");
            return Err(WeightsError::RefusedGlobal { name });
        };
        self.push(Value::Global(global));
        Ok(())
    }

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
    fn storage(&self, id: Id) -> Option<Value> {
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

    fn call(&self, function: Id, arguments: Id) -> Option<Value> {
        let Value::Global(function) = self.values[function] else {
            return None;
        };
        match (function, self.tuple(arguments)?) {
            (Global::OrderedDict, _) => Some(Value::Dict(Vec::new())),
            // A parameter is its tensor.
            (Global::RebuildParameter, [tensor, ..]) => match &self.values[*tensor] {
                tensor @ Value::Tensor { .. } => Some(tensor.clone()),
                _ => None,
            },
            (Global::RebuildTensor, [storage, offset, shape, stride, ..]) => {
                let numbers = |id: Id| -> Option<Vec<usize>> {
                    self.tuple(id)?.iter().map(|id| self.whole(*id)).collect()
                };
                Some(Value::Tensor {
                    storage: *storage,
                    offset: self.whole(*offset)? as u64,
                    shape: numbers(*shape)?,
                    stride: numbers(*stride)?,
                })
            }
            _ => None,
        }
    }
}
