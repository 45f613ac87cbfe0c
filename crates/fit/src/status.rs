//! How a fit ended, and which of its parameters the data tell.

use crate::interval::t_quantile;
use crate::law::{Domain, Form, Parameter, Role};
use serde::Serialize;
use std::fmt;

/// How a fit ended. The parameters are usable in every case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "parameters", rename_all = "kebab-case")]
pub enum Status {
    /// At a minimum that the data determine.
    Converged,
    /// Still improving at the iteration limit.
    IterationLimit,
    /// The optimum lies on the bound of these parameters.
    AtBound(Vec<&'static Parameter>),
    /// Converged, but the data hardly constrain these parameters: the 95 % interval of a logarithm
    /// spans more than two decades, or that of an exponent reaches zero.
    NotIdentified(Vec<&'static Parameter>),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Converged => write!(f, "converged"),
            Status::IterationLimit => write!(f, "stopped at the iteration limit"),
            Status::AtBound(which) => write!(f, "at a bound: {}", symbols(which)),
            Status::NotIdentified(which) => {
                write!(f, "not identified by these points: {}", symbols(which))
            }
        }
    }
}

fn symbols(parameters: &[&Parameter]) -> String {
    let symbols: Vec<&str> = parameters.iter().map(|p| p.symbol).collect();
    symbols.join(", ")
}

/// The status of parameters `p` with standard `errors`, fitted to `n` points.
pub(crate) fn status<F: Form>(
    law: F,
    p: &[f64],
    converged: bool,
    errors: &[Option<f64>],
    n: usize,
) -> Status {
    if !converged {
        return Status::IterationLimit;
    }
    let parameters = law.parameters();
    let bound: Vec<_> = (0..p.len())
        .map(|j| (&parameters[j], p[j]))
        .filter(|(parameter, value)| !parameter.domain.coordinate(*value).is_finite())
        .map(|(parameter, _)| parameter)
        .collect();
    if !bound.is_empty() {
        return Status::AtBound(bound);
    }
    let Some(t) = t_quantile(n, p.len()) else {
        return Status::Converged;
    };
    let loose: Vec<_> = (0..p.len())
        .filter(|j| errors[*j].is_none_or(|error| is_loose(&parameters[*j], p[*j], error * t)))
        .map(|j| &parameters[j])
        .collect();
    if loose.is_empty() {
        Status::Converged
    } else {
        Status::NotIdentified(loose)
    }
}

/// Whether an interval of `half` its width to each side of a value says that the data do not tell
/// the parameter.
fn is_loose(parameter: &Parameter, value: f64, half: f64) -> bool {
    match (parameter.role, parameter.domain) {
        (Role::LogScale, _) => half > std::f64::consts::LN_10,
        // One that may change its sign is known where it is known to be near zero.
        (Role::Exponent, Domain::Positive) => half > value,
        _ => false,
    }
}
