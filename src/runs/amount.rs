//! Amounts of a run (compute, parameters, samples) as products of columns, numbers and each other:
//! what `--map` takes, and what the mapping form shows.

use super::mapping::MappingError;
use super::number;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an amount is multiplied with or divided by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Term {
    Column(String),
    /// Ten to the power of a column, which holds logarithms.
    Power10(String),
    /// The row's own, as the mapping has it.
    Parameters,
    Samples,
    Compute,
}

/// A product: `factor` × `times` / `per`. Without terms it is the same number for all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    pub factor: f64,
    #[serde(default)]
    pub times: Vec<Term>,
    #[serde(default)]
    pub per: Vec<Term>,
}

impl Amount {
    /// A column, or the same in another unit.
    pub fn column(column: &str, factor: f64) -> Amount {
        Amount::product(factor, [Term::Column(column.to_owned())])
    }

    pub fn product<const N: usize>(factor: f64, times: [Term; N]) -> Amount {
        Amount {
            factor,
            times: times.to_vec(),
            per: Vec::new(),
        }
    }

    /// Whether it needs another amount of the row.
    pub fn needs(&self, what: &Term) -> bool {
        self.terms().any(|term| term == what)
    }

    pub(super) fn terms(&self) -> impl Iterator<Item = &Term> {
        self.times.iter().chain(&self.per)
    }

    /// Columns that it takes.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.terms().filter_map(|term| match term {
            Term::Column(name) | Term::Power10(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Reads "flops*1e-9", "10^log_flops", "batch*steps", "6*params*tokens" or "3e9". Names of
    /// columns go first, the longest of them; one may be quoted. Then `parameters` (`params`,
    /// `N`), `samples` (`tokens`, `D`) and `compute` (`C`) are the row's.
    pub fn parse(text: &str, columns: &[String]) -> Result<Amount, MappingError> {
        let syntax = || MappingError::Syntax {
            text: text.to_owned(),
        };
        let mut amount = Amount {
            factor: 1.0,
            times: Vec::new(),
            per: Vec::new(),
        };
        let mut rest = text.trim();
        let mut divides = false;
        loop {
            let (power, after) = match rest.strip_prefix("10^").or(rest.strip_prefix("10**")) {
                Some(after) => (true, after.trim_start()),
                None => (false, rest),
            };
            let (factor, after) = one(after, columns).ok_or_else(syntax)?;
            match (factor, power) {
                (Factor::Number(x), false) if divides => amount.factor /= x,
                (Factor::Number(x), false) => amount.factor *= x,
                (Factor::Number(x), true) if divides => amount.factor /= 10f64.powf(x),
                (Factor::Number(x), true) => amount.factor *= 10f64.powf(x),
                (Factor::Term(Term::Column(name)), true) => {
                    amount.side(divides).push(Term::Power10(name));
                }
                (Factor::Term(_), true) => return Err(syntax()),
                (Factor::Term(term), false) => amount.side(divides).push(term),
            }
            rest = after.trim_start();
            match rest.chars().next() {
                None => break,
                Some('*' | '×' | '·') => divides = false,
                Some('/') => divides = true,
                Some(_) => return Err(syntax()),
            }
            let sign = rest.chars().next().map_or(0, char::len_utf8);
            rest = rest[sign..].trim_start();
        }
        // One name that the table lacks is told as such; in a product it is a slip.
        let unknown = amount
            .columns()
            .any(|name| !columns.iter().any(|c| c == name));
        let alone = amount.terms().count() == 1 && amount.factor == 1.0;
        let known = columns.is_empty() || alone || !unknown;
        match known && amount.factor.is_normal() && amount.factor > 0.0 {
            true => Ok(amount),
            false => Err(syntax()),
        }
    }

    fn side(&mut self, divides: bool) -> &mut Vec<Term> {
        match divides {
            true => &mut self.per,
            false => &mut self.times,
        }
    }
}

enum Factor {
    Number(f64),
    Term(Term),
}

/// The first factor of a text, and what comes after it.
fn one<'a>(text: &'a str, columns: &[String]) -> Option<(Factor, &'a str)> {
    let column = |name: &str| Factor::Term(Term::Column(name.to_owned()));
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, after) = quoted.split_once('"')?;
        let known = columns.is_empty() || columns.iter().any(|c| c == name);
        return known.then(|| (column(name), after));
    }
    let ends = |after: &str| {
        let next = after.trim_start().chars().next();
        next.is_none_or(|c| matches!(c, '*' | '/' | '×' | '·'))
    };
    let found = columns
        .iter()
        .filter(|name| !name.is_empty())
        .filter_map(|name| Some((name, text.strip_prefix(name.as_str())?)))
        .filter(|(_, after)| ends(after))
        .max_by_key(|(name, _)| name.len());
    if let Some((name, after)) = found {
        return Some((column(name), after));
    }
    let end = text.find(['*', '/', '×', '·']).unwrap_or(text.len());
    let (word, after) = (text[..end].trim(), &text[end..]);
    let factor = match word {
        "parameters" | "params" | "N" => Factor::Term(Term::Parameters),
        "samples" | "tokens" | "D" => Factor::Term(Term::Samples),
        "compute" | "C" => Factor::Term(Term::Compute),
        "" => return None,
        word => match number::parse(word) {
            Some(x) if x > 0.0 => Factor::Number(x),
            Some(_) => return None,
            // A name that the table may not have; the error names those that it has.
            None => column(word),
        },
    };
    Some((factor, after))
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Column(name) => write_name(f, name),
            Term::Power10(name) => {
                write!(f, "10^")?;
                write_name(f, name)
            }
            Term::Parameters => write!(f, "parameters"),
            Term::Samples => write!(f, "samples"),
            Term::Compute => write!(f, "compute"),
        }
    }
}

/// Quoted where it would be read as something else.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    const WORDS: [&str; 8] = [
        "parameters",
        "params",
        "N",
        "samples",
        "tokens",
        "D",
        "compute",
        "C",
    ];
    let quoted = name.contains(['*', '/', '×', '·', '^'])
        || number::parse(name).is_some()
        || name.trim() != name
        || WORDS.contains(&name);
    match quoted {
        true => write!(f, "\"{name}\""),
        false => write!(f, "{name}"),
    }
}

/// As [`Amount::parse`] takes it.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut terms = self.times.iter();
        if self.factor != 1.0 || self.times.is_empty() {
            match self.factor {
                x if (1e-3..1e6).contains(&x) => write!(f, "{x}")?,
                x => write!(f, "{x:e}")?,
            }
        } else if let Some(first) = terms.next() {
            write!(f, "{first}")?;
        }
        for term in terms {
            write!(f, "*{term}")?;
        }
        for term in &self.per {
            write!(f, "/{term}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Amount {
        let columns = ["a*b", "flops", "log flops", "tokens", "FLOPs (B)"].map(str::to_owned);
        Amount::parse(text, &columns).unwrap()
    }

    #[test]
    fn products_are_read() {
        let name = |name: &str| Term::Column(name.to_owned());
        for (text, factor, times, per) in [
            ("flops*1e-9", 1e-9, vec![name("flops")], vec![]),
            ("1e-9 * flops", 1e-9, vec![name("flops")], vec![]),
            ("a*b", 1.0, vec![name("a*b")], vec![]),
            ("a*b*2", 2.0, vec![name("a*b")], vec![]),
            (
                "FLOPs (B)*samples",
                1.0,
                vec![name("FLOPs (B)"), Term::Samples],
                vec![],
            ),
            ("3e9", 3e9, vec![], vec![]),
            (
                "6*params*tokens",
                6.0,
                vec![Term::Parameters, name("tokens")],
                vec![],
            ),
            (
                "compute/6/N",
                1.0 / 6.0,
                vec![Term::Compute],
                vec![Term::Parameters],
            ),
            (
                "10^log flops",
                1.0,
                vec![Term::Power10("log flops".to_owned())],
                vec![],
            ),
            ("\"flops\"/2", 0.5, vec![name("flops")], vec![]),
        ] {
            assert_eq!(parse(text), Amount { factor, times, per }, "{text}");
        }
        for text in ["", "*", "flops*", "flops*0", "flops*-1", "flops*lr", "10^N"] {
            assert!(
                Amount::parse(text, &["flops".to_owned()]).is_err(),
                "{text}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_is_read_back(
            exponent in -30i32..30, mantissa in 1u32..1000, picks in proptest::collection::vec(0usize..6, 0..4), per in 0usize..3,
        ) {
            let columns = ["a*b", "flops", "N", "1e5", "x (M)"].map(str::to_owned);
            let term = |pick: usize| match pick {
                5 => Term::Parameters,
                i => Term::Column(columns[i].clone()),
            };
            let mut times: Vec<Term> = picks.into_iter().map(term).collect();
            let per = times.split_off(times.len().saturating_sub(per));
            let factor = format!("{mantissa}e{exponent}").parse().unwrap();
            let amount = Amount { factor, times, per };
            let read = Amount::parse(&amount.to_string(), &columns).unwrap();
            proptest::prop_assert_eq!(&read.times, &amount.times);
            proptest::prop_assert_eq!(&read.per, &amount.per);
            proptest::prop_assert!((read.factor / factor - 1.0).abs() < 1e-12);
        }
    }
}
