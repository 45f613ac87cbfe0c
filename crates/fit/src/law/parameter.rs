//! Parameters of a law: names, where each may lie, and what it does.

use super::Real;
use serde::{Serialize, Serializer};
use std::fmt;

/// Where a parameter may lie. An optimiser moves it in an unbounded coordinate that follows from
/// this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Any number; the coordinate is the value.
    Real,
    /// ≥ 0; the coordinate is the natural logarithm.
    Positive,
    /// From 0 to 1; the coordinate is the logit.
    Fraction,
}

impl Domain {
    /// The unbounded coordinate of a parameter's value; ±∞ on a bound.
    pub fn coordinate(self, value: f64) -> f64 {
        match self {
            Domain::Real => value,
            Domain::Positive => value.ln(),
            Domain::Fraction => (value / (1.0 - value)).ln(),
        }
    }

    /// The value at a coordinate: the inverse of [`Domain::coordinate`].
    pub fn value<T: Real>(self, coordinate: T) -> T {
        match self {
            Domain::Real => coordinate,
            Domain::Positive => coordinate.exp(),
            Domain::Fraction => coordinate.logistic(),
        }
    }
}

/// What a parameter does in its law; it decides when the data count as telling the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Multiplies a power of the input.
    Coefficient,
    /// Natural logarithm of a value of the input at which the law bends.
    LogScale,
    /// Power to which the input is raised.
    Exponent,
    /// What the law tends to.
    Asymptote,
}

/// A parameter of a law. Serialised as its name, displayed as its symbol.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// In ASCII, for stored data: `ln_B`.
    pub name: &'static str,
    /// As in a formula: `ln B`.
    pub symbol: &'static str,
    /// Where it may lie.
    pub domain: Domain,
    /// What it does in the law.
    pub role: Role,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol)
    }
}

impl Serialize for Parameter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl Parameter {
    const fn new(name: &'static str, symbol: &'static str, domain: Domain, role: Role) -> Self {
        Parameter {
            name,
            symbol,
            domain,
            role,
        }
    }
}

use Domain::{Fraction, Positive};
use Role::{Asymptote, Coefficient, Exponent, LogScale};

pub(super) const A: Parameter = Parameter::new("A", "A", Positive, Coefficient);
pub(super) const B: Parameter = Parameter::new("B", "B", Positive, Coefficient);
pub(super) const BETA: Parameter = Parameter::new("beta", "β", Positive, Coefficient);
pub(super) const LN_B: Parameter = Parameter::new("ln_B", "ln B", Domain::Real, LogScale);
pub(super) const LN_C50: Parameter = Parameter::new("ln_C50", "ln C₅₀", Domain::Real, LogScale);
pub(super) const LN_NC: Parameter = Parameter::new("ln_Nc", "ln Nc", Domain::Real, LogScale);
pub(super) const LN_DC: Parameter = Parameter::new("ln_Dc", "ln Dc", Domain::Real, LogScale);
pub(super) const ALPHA: Parameter = Parameter::new("alpha", "α", Positive, Exponent);
/// Of a law that may rise or fall.
pub(super) const SIGNED_ALPHA: Parameter = Parameter::new("alpha", "α", Domain::Real, Exponent);
pub(super) const ALPHA_N: Parameter = Parameter::new("alpha_N", "αN", Positive, Exponent);
pub(super) const ALPHA_D: Parameter = Parameter::new("alpha_D", "αD", Positive, Exponent);
pub(super) const K: Parameter = Parameter::new("k", "k", Positive, Exponent);
pub(super) const E: Parameter = Parameter::new("E", "E", Positive, Asymptote);
pub(super) const U: Parameter = Parameter::new("U", "U", Fraction, Asymptote);
