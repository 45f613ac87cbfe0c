//! A cell's value, and its text.

use calamine::{CellErrorType, DataRef, ExcelDateTime};
use std::borrow::Cow;

/// What a cell holds; none is empty.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    /// A fraction that the sheet shows in percent.
    Percent(f64),
    Boolean(bool),
    /// A date, a time or a duration as text.
    Time(String),
    Error(CellErrorType),
}

impl<'a> Value<'a> {
    /// `None` of an empty cell.
    pub(super) fn of(cell: DataRef<'a>, percent: bool) -> Option<Value<'a>> {
        let text = |text: Cow<'a, str>| (!text.trim().is_empty()).then_some(Value::Text(text));
        match cell {
            DataRef::Int(x) => Some(Value::Number(x as f64)),
            DataRef::Float(x) if percent => Some(Value::Percent(x)),
            DataRef::Float(x) => Some(Value::Number(x)),
            DataRef::String(s) => text(Cow::Owned(s)),
            DataRef::SharedString(s) => text(Cow::Borrowed(s)),
            DataRef::Bool(x) => Some(Value::Boolean(x)),
            DataRef::DateTime(time) => Some(Value::Time(time_text(&time))),
            DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => Some(Value::Time(s)),
            DataRef::Error(error) => Some(Value::Error(error)),
            DataRef::Empty => None,
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Value::Text(_))
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Value::Number(_) | Value::Percent(_))
    }

    /// On one line: the text of a cell may have several.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Value::Text(text) if !text.contains(['\n', '\r']) => Cow::Borrowed(text.trim()),
            Value::Text(text) => Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")),
            Value::Number(x) => Cow::Owned(x.to_string()),
            Value::Percent(x) => Cow::Owned(format!("{}%", hundredfold(*x))),
            Value::Boolean(x) => Cow::Owned(x.to_string()),
            Value::Time(text) => Cow::Borrowed(text),
            // As missing.
            Value::Error(_) => Cow::Borrowed(""),
        }
    }
}

/// A number with its decimal point two places on: 0.57 × 100 is not 57 in floating point.
fn hundredfold(x: f64) -> f64 {
    let digits = format!("{x:e}");
    let moved = digits.split_once('e').and_then(|(digits, power)| {
        let power: i32 = power.parse().ok()?;
        format!("{digits}e{}", power + 2).parse().ok()
    });
    moved.unwrap_or(x * 100.0)
}

/// "2024-05-31", "2024-05-31 12:00:00", or hours of a duration.
fn time_text(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = format!("{minute:02}:{second:02}");
    if time.is_duration() {
        let hours = (time.as_f64() * 24.0 + 1e-9).floor();
        return format!("{hours}:{clock}");
    }
    match (time.as_f64() < 1.0, (hour, minute, second)) {
        (true, _) => format!("{hour:02}:{clock}"),
        (false, (0, 0, 0)) => format!("{year}-{month:02}-{day:02}"),
        (false, _) => format!("{year}-{month:02}-{day:02} {hour:02}:{clock}"),
    }
}

/// Whether a number format shows percent: a sign outside quoted text.
pub(super) fn is_percent(format: &str) -> bool {
    let mut quoted = false;
    let mut characters = format.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => drop(characters.next()),
            '%' if !quoted => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{hundredfold, is_percent};

    #[test]
    fn percent_is_told_from_a_percent_sign_in_text() {
        assert!(is_percent("0%") && is_percent("0.00%;[Red]-0.00%"));
        assert!(!is_percent("0.0") && !is_percent("0\" %\"") && !is_percent("0\\%"));
    }

    #[test]
    fn the_decimal_point_is_moved_not_multiplied() {
        for (x, expected) in [(0.57, 57.0), (0.29, 29.0), (1.0, 100.0), (-0.0007, -0.07)] {
            assert_eq!(hundredfold(x), expected);
        }
        assert!(hundredfold(f64::INFINITY).is_infinite());
    }
}
