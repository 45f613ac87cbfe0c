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
    /// `percent` where a percent sign follows; `error` of "82.0 ± 0.1", in the same unit.
    Of {
        value: f64,
        percent: bool,
        error: Option<f64>,
    },
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
    let of = |value: f64, percent, error| match value {
        value if value.is_nan() => ParsedNumber::Missing,
        value if value.is_infinite() => ParsedNumber::None,
        value => ParsedNumber::Of {
            value,
            percent,
            error,
        },
    };
    let text = match value {
        Cell::Missing => return ParsedNumber::Missing,
        Cell::NotUtf8 => return ParsedNumber::None,
        Cell::Number(x) => return of(x, false, None),
        Cell::Text(text) => text.trim(),
    };
    if is_missing(text) {
        return ParsedNumber::Missing;
    }
    let (text, percent) = match text.strip_suffix('%') {
        Some(text) => (text.trim_end(), true),
        None => (text, false),
    };
    if let Some(x) = written(text, comma) {
        return of(x, percent, None);
    }
    match with_error(text) {
        Some((value, error)) => match (written(value, comma), written(error, comma)) {
            (Some(value), Some(error)) if error >= 0.0 => of(value, percent, Some(error)),
            _ => ParsedNumber::None,
        },
        None => ParsedNumber::None,
    }
}

/// "82.0 ± 0.1", "82.0 +/- 0.1", "82.0 (0.1)": value and error.
fn with_error(text: &str) -> Option<(&str, &str)> {
    let signs = ["±", "+/-", "+-", "\\pm"];
    let split = signs.iter().find_map(|sign| text.split_once(sign));
    let (value, error) = split.or_else(|| text.strip_suffix(')')?.split_once('('))?;
    let value = value.trim().trim_end_matches('%').trim_end();
    Some((value, error.trim().trim_end_matches('%').trim_end()))
}

/// A number with a decimal point or comma, and thousands set apart by the other.
fn written(text: &str, comma: bool) -> Option<f64> {
    let (point, group) = if comma { (',', '.') } else { ('.', ',') };
    let groups = text.matches(group).count();
    match comma {
        _ if groups == 0 && !comma => parse(text),
        true if groups == 0 => parse(&text.replacen(',', ".", 1)),
        // "1.234" may be either; a point alone is the decimal one.
        true if groups == 1 && !text.contains(point) => parse(text),
        _ => parse(&ungrouped(text, point, group)?),
    }
}

/// "1,234,567.8" without its commas; `None` where they do not set thousands apart.
fn ungrouped(text: &str, point: char, group: char) -> Option<String> {
    let (whole, fraction) = match text.split_once(point) {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (text, String::new()),
    };
    let mut parts = whole.split(group);
    let first = parts.next()?.trim_start_matches(['-', '+']);
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let good = (1..=3).contains(&first.len())
        && digits(first)
        && first != "0"
        && parts.all(|part| part.len() == 3 && digits(part));
    good.then(|| whole.replace(group, "") + &fraction)
}

/// "4B", "125m", "1.3 billion": a number with a letter or a word for its scale.
pub(super) fn suffixed(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (digits, scale) = text.split_at(end);
    let scale = match scale.trim() {
        "k" | "K" => 1e3,
        "m" | "M" | "million" => 1e6,
        "b" | "B" | "bn" | "G" | "billion" => 1e9,
        "t" | "T" | "trillion" => 1e12,
        _ => return None,
    };
    let number = parse(digits.trim())?;
    Some(times(number, scale))
}

/// `number * factor`, rounded once: 1e-9 is no double, 1e9 is.
pub(super) fn times(number: f64, factor: f64) -> f64 {
    let inverse = (1.0 / factor).round();
    match factor < 1.0 && (inverse * factor - 1.0).abs() < 1e-15 {
        true => number / inverse,
        false => number * factor,
    }
}

/// `percent` as a fraction: 28.6 / 100 is not the double of 0.286, but 28600000 / 10⁸ / 100 is, both
/// powers of ten being exact.
pub(super) fn fraction(percent: f64) -> f64 {
    let whole = (percent * 1e8).round();
    match whole / 1e8 == percent {
        true => whole / 1e10,
        false => percent / 100.0,
    }
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
    fn a_percent_is_its_decimal() {
        for thousandths in 0..=100_000u32 {
            let percent = f64::from(thousandths) / 1e3;
            assert_eq!(fraction(percent), f64::from(thousandths) / 1e5);
        }
        assert_eq!(fraction(28.6), 0.286);
        assert!((fraction(100.0 / 3.0) - 1.0 / 3.0).abs() < 1e-16);
    }

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
        let half = |percent, error| ParsedNumber::Of {
            value: 0.5,
            percent,
            error,
        };
        assert_eq!(number(Cell::Text("0,5"), true), half(false, None));
        assert_eq!(number(Cell::Text(" 0.5 % "), false), half(true, None));
        for text in ["0.5 ± 0.25", "0.5+/-0.25", "0.5 (0.25)", "0.5 +- 0.25"] {
            assert_eq!(
                number(Cell::Text(text), false),
                half(false, Some(0.25)),
                "{text}"
            );
        }
        assert_eq!(
            number(Cell::Text("0,5 ± 0,25"), true),
            half(false, Some(0.25))
        );
        assert_eq!(
            number(Cell::Text("0.5% ± 0.25%"), false),
            half(true, Some(0.25))
        );
    }

    #[test]
    fn thousands_and_letters_are_read() {
        for (text, comma, value) in [
            ("100,000,000", false, 1e8),
            ("-1,234.5", false, -1234.5),
            ("10.000.000", true, 1e7),
            ("1.234,5", true, 1234.5),
            ("0.820000", true, 0.82),
        ] {
            assert_eq!(written(text, comma), Some(value), "{text}");
        }
        for text in [
            "1,2", "12,34", "1234,567", "0,123", "1,234,56", ",123", "1,,234",
        ] {
            assert_eq!(written(text, false), None, "{text}");
        }
        for (text, value) in [
            ("0.10B", 1e8),
            ("125m", 1.25e8),
            ("64B", 6.4e10),
            ("2 T", 2e12),
            ("13K", 13e3),
        ] {
            assert_eq!(suffixed(text), Some(value), "{text}");
        }
        assert_eq!(suffixed("4x"), None);
        assert_eq!(suffixed("OPT"), None);
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
