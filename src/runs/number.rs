//! Numbers as tables write them.

use crate::decimal;

/// A cell of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Missing,
    Text(&'a str),
    Number(f64),
    NotUtf8,
}

/// A row of a table, by column.
pub(super) trait Cells {
    /// [`Cell::Missing`] beyond the last column.
    fn get(&self, column: usize) -> Cell<'_>;
}

/// A cell that should hold a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ParsedNumber {
    /// Empty, or one of the words for that.
    Missing,
    /// `percent` where a percent sign follows.
    Of { value: f64, percent: bool },
    /// Text, or infinite.
    None,
}

/// What tables write for "not measured".
const MISSING: [&str; 8] = ["", "nan", "na", "n/a", "null", "none", "-", "<na>"];

pub(super) fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// `comma` takes "0,5" for a half, which spreadsheets write where semicolons separate columns.
pub(super) fn number(value: Cell, comma: bool) -> ParsedNumber {
    let of = |value: f64, percent| match value {
        value if value.is_nan() => ParsedNumber::Missing,
        value if value.is_infinite() => ParsedNumber::None,
        value => ParsedNumber::Of { value, percent },
    };
    let text = match value {
        Cell::Missing => return ParsedNumber::Missing,
        Cell::NotUtf8 => return ParsedNumber::None,
        Cell::Number(x) => return of(x, false),
        Cell::Text(text) => text.trim(),
    };
    if is_missing(text) {
        return ParsedNumber::Missing;
    }
    let (text, percent) = match text.strip_suffix('%') {
        Some(text) => (text.trim_end(), true),
        None => (text, false),
    };
    let parsed = match comma && text.contains(',') && !text.contains('.') {
        true => parse(&text.replacen(',', ".", 1)),
        false => parse(text),
    };
    parsed.map_or(ParsedNumber::None, |x| of(x, percent))
}

/// As [`decimal::parse`]. Most numbers of a table are short enough for one exact product; only
/// the others go to the browser's parser, a call out of WebAssembly each.
pub(super) fn parse(text: &str) -> Option<f64> {
    short(text.as_bytes()).or_else(|| decimal::parse(text))
}

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Digits with a point or without, up to 2⁵³ in all: their quotient by a power of ten is rounded
/// once, so that it is the nearest double (Clinger, "How to read floating point numbers
/// accurately", 1990).
fn short(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    let (mut mantissa, mut after, mut point) = (0_u64, 0, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                if mantissa > 1 << 53 {
                    return None;
                }
                after += usize::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    // A point alone is no number.
    if digits.len() == usize::from(point) {
        return None;
    }
    let value = mantissa as f64 / POWERS.get(after)?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_nothing_are_missing() {
        for text in ["", " ", "NaN", "nan", "NA", "None", "null", "-"] {
            assert_eq!(
                number(Cell::Text(text), false),
                ParsedNumber::Missing,
                "{text}"
            );
        }
        assert_eq!(number(Cell::Number(f64::NAN), false), ParsedNumber::Missing);
        for text in ["inf", "-inf", "Infinity", "1e999", "x", "0,5", "%", "."] {
            assert_eq!(
                number(Cell::Text(text), false),
                ParsedNumber::None,
                "{text}"
            );
        }
    }

    #[test]
    fn commas_and_percent_signs_are_read() {
        let half = |percent| ParsedNumber::Of {
            value: 0.5,
            percent,
        };
        assert_eq!(number(Cell::Text("0,5"), true), half(false));
        assert_eq!(number(Cell::Text(" 0.5 % "), false), half(true));
    }

    proptest::proptest! {
        #[test]
        fn short_numbers_are_the_nearest_doubles(x: f64, digits in 0usize..18, whole in -99999i64..99999) {
            for text in [format!("{x}"), format!("{whole}.{digits:0digits$}"), format!("{:.digits$}", x.fract())] {
                proptest::prop_assert_eq!(parse(&text).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{}", text);
            }
        }
    }
}
