//! What a live number's address names: "?family=clip#alpha".

use super::compute::Source;
use super::{address, claims, series};
use crate::analysis::query_string::parts;
use crate::claim::Verdict;
use crate::text::significant;
use serde::Serialize;

/// A number of a document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Number {
    /// As it reads, with its unit.
    pub text: String,
    /// In full, in the unit of the text: two of an interval, none of words.
    pub values: Vec<f64>,
    /// What it is, a phrase.
    pub what: String,
    /// What it is computed from, a phrase.
    pub from: String,
    /// The printed number that it recomputes.
    pub printed: Option<Printed>,
    /// The query, without `?`, of the view that has it, and the fragment of its tab there.
    pub query: String,
}

/// A printed number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Printed {
    pub text: String,
    pub source: String,
    pub verdict: Verdict,
}

/// Which number of an outcome.
pub(super) struct Asked {
    /// "alpha", "crossing".
    pub name: String,
    /// "low", "interval"; empty for the number itself.
    pub part: String,
    /// After "=": a row of a finding.
    pub of: String,
    /// Significant digits.
    pub digits: usize,
}

/// Significant digits where a document asks for no others.
const DIGITS: usize = 3;

/// Most that it can ask for.
const MOST_DIGITS: usize = 9;

impl Asked {
    fn read(fragment: &str) -> Result<Asked, String> {
        let mut parts = parts(fragment).into_iter();
        let (name, of) = parts.next().unwrap_or_default();
        let (name, part) = name.split_once('.').unwrap_or((&name, ""));
        let mut asked = Asked {
            name: name.to_owned(),
            part: part.to_owned(),
            of,
            digits: DIGITS,
        };
        for (key, value) in parts {
            let digits = value.parse().ok();
            let digits = digits.filter(|n| (1..=MOST_DIGITS).contains(n));
            match (key.as_str(), digits) {
                ("digits", Some(digits)) => asked.digits = digits,
                _ => return Err(format!("“{key}={value}” is not digits=1 to {MOST_DIGITS}")),
            }
        }
        Ok(asked)
    }

    /// The error for a part that the number has not.
    pub(super) fn no_part<T>(&self, known: &str) -> Result<T, String> {
        Err(format!(
            "{} has no part “{}”; it has {known}",
            self.name, self.part
        ))
    }
}

/// The number at an address; the error is what is wrong with it.
pub(super) fn number(address: &str, source: &Source) -> Result<Number, String> {
    let (query, fragment) = address.split_once('#').unwrap_or((address, ""));
    let asked = Asked::read(fragment)?;
    let pairs = parts(query);
    let (key, value) = pairs.first().cloned().unwrap_or_default();
    match key.as_str() {
        "claim" => claims::claim(&value, &asked, source),
        "claims" => claims::count(&value, &asked, source),
        "finding" => claims::finding(&value, &asked, source),
        _ => {
            let (analysis, drawing) = address::analysis(source.study, query)?;
            series::number(analysis, &drawing, &asked, source)
        }
    }
}

/// A value with a unit after it: "79.6 %", "6.73 × 10¹⁰ GFLOPs", "2.03".
pub(super) fn with_unit(value: f64, digits: usize, unit: &str) -> String {
    let text = significant(value, digits);
    match unit {
        "" => text,
        "percent" => format!("{text} %"),
        unit => format!("{text} {unit}"),
    }
}

/// "77.2 to 81.9 %".
pub(super) fn between((low, high): (f64, f64), digits: usize, unit: &str) -> String {
    format!(
        "{} to {}",
        significant(low, digits),
        with_unit(high, digits, unit)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_print() {
        assert_eq!(with_unit(79.588, 3, "percent"), "79.6 %");
        assert_eq!(with_unit(6.7251e10, 3, "GFLOPs"), "6.73 × 10¹⁰ GFLOPs");
        assert_eq!(between((77.231, 81.94), 3, "percent"), "77.2 to 81.9 %");
    }
}
