//! The stack machine that runs a pickle.

use super::calls::global;
use super::{Dtype, WeightsError};
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
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// An instance of a class, with its attributes. The class stays a name: nothing of it is run.
    Object(Vec<(Id, Id)>),
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
    RebuildFromType,
    StorageType(Dtype),
    /// Any other function or class.
    Other,
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
    /// Attributes that were copied from one value to another.
    copied: usize,
}

/// The most attributes that are copied: a few bytes of a pickle may ask for all of them again.
const MOST_COPIED: usize = 4_000_000;

pub(super) type Step<T> = Result<T, WeightsError>;

impl<'a> Machine<'a> {
    /// Runs the pickle that starts at byte `at`.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Machine {
            bytes,
            at,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            copied: 0,
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

    /// Where the next pickle starts, once this one has been run.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The texts in a list.
    pub(super) fn texts(&self, list: Id) -> Vec<String> {
        let Value::List(items) = &self.values[list] else {
            return Vec::new();
        };
        let text = |id: &Id| match &self.values[*id] {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        items.iter().filter_map(text).collect()
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

    fn bytes_as_text(&mut self, length: u64) -> Step<()> {
        let bytes = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        let value = match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Opaque,
        };
        self.push(value);
        Ok(())
    }

    fn opaque_bytes(&mut self, length: u64) -> Step<()> {
        self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        self.push(Value::Opaque);
        Ok(())
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

    /// What is appended to an object of another class does not matter.
    fn append(&mut self, items: Vec<Id>) -> Step<()> {
        let list = self.top()?;
        if let Value::List(all) = &mut self.values[list] {
            all.extend(items);
        }
        Ok(())
    }

    fn set_items(&mut self, items: &[Id]) -> Step<()> {
        let dict = self.top()?;
        let pairs = items.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        match &mut self.values[dict] {
            Value::Dict(all) | Value::Object(all) => all.extend(pairs),
            // Of a class that is a dictionary, which was opaque.
            Value::Opaque => {}
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
            0x8d => {
                let length = self.number::<8>()?;
                let text = self.text(length)?;
                self.push(Value::Text(text));
            }
            // Texts of Python 2.
            b'U' => {
                let length = self.number::<1>()?;
                self.bytes_as_text(length)?;
            }
            b'T' => {
                let length = self.number::<4>()?;
                self.bytes_as_text(length)?;
            }
            b'C' => {
                let length = self.number::<1>()?;
                self.opaque_bytes(length)?;
            }
            b'B' | 0x8b => {
                let length = self.number::<4>()?;
                self.opaque_bytes(length)?;
            }
            0x8e | 0x96 => {
                let length = self.number::<8>()?;
                self.opaque_bytes(length)?;
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
            b']' | 0x8f => self.push(Value::List(Vec::new())),
            b'l' | 0x91 => {
                let items = self.pop_mark()?;
                self.push(Value::List(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(items)?;
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
                self.push(Value::Global(global(&module, &name)));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (&self.values[module], &self.values[name]) {
                    (Value::Text(module), Value::Text(name)) => {
                        let global = global(module, name);
                        self.push(Value::Global(global));
                    }
                    _ => return Err(self.error("a global without a name")),
                }
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id).unwrap_or(Value::Opaque);
                self.push(storage);
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let value = self.call(function, arguments);
                self.push(value);
            }
            // A call with named arguments.
            0x92 => {
                let (_, arguments, function) = (self.pop()?, self.pop()?, self.pop()?);
                let value = self.call(function, arguments);
                self.push(value);
            }
            b'b' => {
                let state = self.pop()?;
                let object = self.top()?;
                self.set_attributes(object, state)?;
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

    /// Counts what is about to be copied.
    pub(super) fn copy(&mut self, count: usize) -> Step<()> {
        self.copied = self.copied.saturating_add(count);
        match self.copied > MOST_COPIED {
            true => Err(self.error("it sets the same attributes again and again")),
            false => Ok(()),
        }
    }

    fn recall(&mut self, key: u32) -> Step<()> {
        let id = self.memo.get(&key).copied();
        let id = id.ok_or_else(|| self.error("something is recalled that was never kept"))?;
        self.stack.push(id);
        Ok(())
    }
}
