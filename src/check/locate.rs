//! Where in a `study.json` a value stands, so that an error about its meaning names line and column.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A step from a value to one in it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Line and column of a value, from 1; of the innermost value on the way, where the path ends early.
pub(super) fn locate(text: &str, path: &[Step]) -> (u64, u64) {
    let mut offset = 0;
    let mut value: &RawValue = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return (error.line() as u64, error.column() as u64),
    };
    for step in path {
        let inner: Option<&RawValue> = match step {
            Step::Key(key) => serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get())
                .ok()
                .and_then(|map| map.get(*key).copied()),
            Step::Index(i) => serde_json::from_str::<Vec<&RawValue>>(value.get())
                .ok()
                .and_then(|list| list.get(*i).copied()),
        };
        let Some(inner) = inner else { break };
        value = inner;
        // The value is a part of the text.
        offset = value.get().as_ptr() as usize - text.as_ptr() as usize;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() as u64 + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::Step::{Index, Key};
    use super::*;

    #[test]
    fn a_value_has_its_line_and_column() {
        let text = "{\n  \"tables\": [\n    {\"id\": \"ä\", \"opens\": \"x\"}\n  ]\n}";
        assert_eq!(locate(text, &[]), (1, 1));
        assert_eq!(locate(text, &[Key("tables")]), (2, 13));
        let path = [Key("tables"), Index(0), Key("opens")];
        assert_eq!(locate(text, &path), (3, 26));
        assert_eq!(locate(text, &[Key("tables"), Index(7), Key("id")]), (2, 13));
        assert_eq!(locate("{", &[]).0, 1);
    }
}
