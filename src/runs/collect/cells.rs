//! Cells as texts.

use super::{SHOWN, Text, Value, Why};
use crate::runs::number::Cells;
use std::borrow::Cow;

pub fn not_a_number(cell: Value) -> Why {
    match cell {
        Value::NotUtf8 => Why::NotUtf8,
        cell => Why::NotANumber(shown(cell)),
    }
}

pub fn text(value: Value<'_>) -> Result<Cow<'_, str>, Why> {
    match value {
        Value::Missing => Ok("".into()),
        Value::Text(text) => Ok(text.trim().into()),
        Value::Number(x) => Ok(x.to_string().into()),
        Value::NotUtf8 => Err(Why::NotUtf8),
    }
}

pub fn field<'a>(from: &'a Text, cells: &'a dyn Cells) -> Result<Cow<'a, str>, Why> {
    match from {
        Text::Column(column) => text(cells.get(*column)),
        Text::Constant(text) => Ok(text.as_str().into()),
        Text::None => Ok("".into()),
    }
}

/// A cell for the eye, cut where it is long.
pub fn shown(cell: Value) -> String {
    match text(cell) {
        Ok(text) => text.chars().take(SHOWN).collect(),
        Err(_) => "\u{fffd}".to_owned(),
    }
}
