//! What a column holds: its name is read for quantity, unit, scale, set and metric, and its values
//! are checked against that ([`Values`]). Where both leave two readings open, both are given.

mod amounts;
mod results;
mod texts;
mod values;

pub use values::Values;

pub(super) use amounts::counts;
pub(super) use results::{MAIN_METRIC, quantity_of, set_id, set_of};
pub(super) use texts::{field, is_tags, rank};

use super::mapping::{Quantity, UnitScale};
use serde::Serialize;

/// A column, what it is taken for, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    pub column: String,
    #[serde(flatten)]
    pub is: Role,
    /// From its name, its values, or both.
    pub why: String,
    /// Whether it holds numbers: such a column is never left out without a word.
    pub numbers: bool,
    /// Whether the mapping uses it.
    pub used: bool,
}

/// What a column can hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Role {
    Compute(Unit),
    Parameters(Unit),
    /// Samples or tokens seen.
    Samples(Unit),
    /// Samples or tokens of one epoch.
    SamplesAnEpoch(Unit),
    Epochs,
    /// Steps, or epochs so far: a checkpoint's place in its run.
    Progress,
    Result(Measured),
    /// A standard error or deviation.
    Spread,
    /// Lowest and highest of a logged value.
    Envelope,
    /// Text that names the row's dataset, family and so on.
    Name {
        of: &'static str,
    },
    /// A row's number.
    Index,
    Other,
}

/// How numbers of an amount are counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unit {
    /// "FLOPs", "MACs", "parameters", "tokens", "samples".
    pub unit: &'static str,
    /// How many of the unit 1 stands for.
    pub scale: f64,
    /// The column holds decimal logarithms.
    pub log10: bool,
    /// Of one sample's forward pass rather than of the run.
    pub each: bool,
    /// Whether name or values say the scale.
    pub told: bool,
}

/// A measured number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    pub quantity: Quantity,
    pub metric: String,
    pub set: Option<String>,
    pub scale: UnitScale,
    /// "run-a" of "run-a - val/acc1".
    pub run: Option<String>,
    /// The name has a word for a result rather than a set's name alone.
    pub named: bool,
}

/// Reads a column's name against its values.
pub(super) fn read(name: &str, values: &Values) -> Reading {
    let reading = |is, why: String| Reading {
        column: name.to_owned(),
        is,
        why,
        numbers: values.are_numbers(),
        used: false,
    };
    if name.ends_with("__MIN") || name.ends_with("__MAX") {
        let why = "lowest and highest of a logged value".to_owned();
        return reading(Role::Envelope, why);
    }
    if values.cells == 0 {
        return reading(Role::Other, "empty".to_owned());
    }
    if !values.are_numbers() {
        return match field(name) {
            Some(of) => reading(Role::Name { of }, format!("its name: {of}")),
            None => reading(Role::Other, "text".to_owned()),
        };
    }
    if let Some((role, why)) = amounts::read(name, values) {
        return reading(role, why);
    }
    if let Some((role, why)) = results::read(name, values) {
        return reading(role, why);
    }
    match field(name) {
        Some(of) => reading(Role::Name { of }, format!("its name: {of}")),
        None => reading(
            Role::Other,
            format!("numbers {}; the name is not recognised", values.range()),
        ),
    }
}

/// Whether a name alone says what its column holds.
pub(super) fn tells(name: &str) -> bool {
    let mut one = Values::default();
    one.add(super::number::Cell::Number(0.5), false);
    field(name).is_some()
        || counts(name).is_some()
        || !matches!(read(name, &one).is, Role::Other | Role::Index)
}

/// A column's name without case and punctuation, in words.
pub(super) fn words(name: &str) -> Vec<String> {
    // Letters beyond ASCII stay as they are: the tables of their cases are not worth their size.
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric());
    words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn has(words: &[String], any: &[&str]) -> bool {
    words.iter().any(|w| any.contains(&w.as_str()))
}
