//! Cells as texts.

use super::{Cell, RejectReason, SHOWN, TextFrom};
use crate::runs::number::Cells;
use std::borrow::Cow;

pub(super) fn not_a_number(cell: Cell) -> RejectReason {
    match cell {
        Cell::NotUtf8 => RejectReason::NotUtf8,
        cell => RejectReason::NotANumber(shown(cell)),
    }
}

pub(in crate::runs) fn text(value: Cell<'_>) -> Result<Cow<'_, str>, RejectReason> {
    match value {
        Cell::Missing => Ok("".into()),
        Cell::Text(text) => Ok(text.trim().into()),
        Cell::Number(x) => Ok(x.to_string().into()),
        Cell::NotUtf8 => Err(RejectReason::NotUtf8),
    }
}

pub(super) fn field<'a>(
    from: &'a TextFrom,
    cells: &'a dyn Cells,
) -> Result<Cow<'a, str>, RejectReason> {
    match from {
        TextFrom::Column(column) => text(cells.get(*column)),
        TextFrom::Constant(text) => Ok(text.as_str().into()),
        TextFrom::None => Ok("".into()),
    }
}

/// A cell for the eye, cut where it is long.
pub(super) fn shown(cell: Cell) -> String {
    match text(cell) {
        Ok(text) => text.chars().take(SHOWN).collect(),
        Err(_) => "\u{fffd}".to_owned(),
    }
}
