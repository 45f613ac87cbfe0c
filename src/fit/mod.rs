//! Points and a law to parameters, and how sure they are.
//!
//! The least-squares optimum is found by variable projection ([`search`]); the covariance comes
//! from the Jacobian there ([`covariance`]); intervals of predictions from both ([`Interval`]).

mod covariance;
mod interval;
mod search;

pub use interval::{Interval, Prediction};

use crate::law::Law;
use nalgebra::DMatrix;
use serde::Serialize;
use std::fmt;

/// A law fitted to points.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub law: Law,
    /// In the order of [`Law::parameters`].
    pub parameters: Vec<f64>,
    /// From the Jacobian at the optimum; `None` where the data leave none (n ≤ p, or a
    /// parameter without effect).
    pub standard_errors: Vec<Option<f64>>,
    /// Covariance of the parameters, `None` where there are no degrees of freedom.
    pub covariance: Option<DMatrix<f64>>,
    pub points: usize,
    /// Mean squared error of the error itself, whatever the objective.
    pub mse: f64,
    /// Mean squared residual of the objective ([`Law::objective`]).
    pub objective: f64,
    pub status: Status,
}

/// How a fit ended. The parameters are usable in every case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "parameters", rename_all = "kebab-case")]
pub enum Status {
    Converged,
    /// Still improving at the iteration limit.
    IterationLimit,
    /// The optimum lies on the bound of these parameters.
    AtBound(Vec<&'static str>),
    /// Converged, but the data hardly constrain these parameters.
    NotIdentified(Vec<&'static str>),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Converged => write!(f, "converged"),
            Status::IterationLimit => write!(f, "stopped at the iteration limit"),
            Status::AtBound(names) => write!(f, "at a bound: {}", symbols(names)),
            Status::NotIdentified(names) => {
                write!(f, "not identified by these points: {}", symbols(names))
            }
        }
    }
}

fn symbols(names: &[&str]) -> String {
    names
        .iter()
        .map(|n| symbol(n))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A parameter's name as readers write it.
pub fn symbol(name: &str) -> &str {
    match name {
        "ln_B" => "ln B",
        "alpha" => "α",
        "minus_alpha" => "−α",
        "beta" => "β",
        other => other,
    }
}

/// Why no law could be fitted.
#[derive(Clone, Debug, PartialEq)]
pub enum FitError {
    TooFewPoints { have: usize, need: usize },
    TooFewComputes { have: usize, need: usize },
    AllEqual,
    NotFinite { index: usize },
    ComputeNotPositive { index: usize, compute: f64 },
    ErrorNotPositive { index: usize, error: f64 },
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FitError::TooFewPoints { have, need } => write!(
                f,
                "This law needs at least {need} points; this choice leaves {have}."
            ),
            FitError::TooFewComputes { have, need } => write!(
                f,
                "This law needs points at {need} different computes or more; this choice leaves {have}."
            ),
            FitError::AllEqual => write!(
                f,
                "All points have the same error, so there is no trend to fit."
            ),
            FitError::NotFinite { index } => write!(
                f,
                "Point {} is not a finite number; take it out to fit the rest.",
                index + 1
            ),
            FitError::ComputeNotPositive { index, compute } => write!(
                f,
                "Point {} has the compute {compute}; a power law needs compute above zero.",
                index + 1
            ),
            FitError::ErrorNotPositive { index, error } => write!(
                f,
                "Point {} has the error {error}; a law in log-log needs errors above zero.",
                index + 1
            ),
        }
    }
}

impl std::error::Error for FitError {}

/// Fits `law` to errors `y` at computes `x`; the global optimum of the law's objective.
pub fn fit(law: Law, x: &[f64], y: &[f64]) -> Result<Fit, FitError> {
    check(law, x, y)?;
    let found = search::search(law, x, y);
    let covariance = covariance::covariance(law, &found.parameters, x, y);
    let standard_errors = covariance::standard_errors(covariance.as_ref(), law);
    let (mse, objective) = mean_squares(law, &found.parameters, x, y);
    let status = status(law, &found, &standard_errors, x.len());
    Ok(Fit {
        law,
        parameters: found.parameters,
        standard_errors,
        covariance,
        points: x.len(),
        mse,
        objective,
        status,
    })
}

/// Mean squared error of given parameters: of the error itself, and of the law's objective.
pub fn mean_squares(law: Law, parameters: &[f64], x: &[f64], y: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let (mut error, mut objective) = (0.0, 0.0);
    for (&x, &y) in x.iter().zip(y) {
        let value = law.value(parameters, x);
        error += (value - y).powi(2);
        objective += (law.scale().forward(value) - law.scale().forward(y)).powi(2);
    }
    (error / n, objective / n)
}

fn check(law: Law, x: &[f64], y: &[f64]) -> Result<(), FitError> {
    let need = law.parameters().len();
    let have = x.len().min(y.len());
    for (index, (&compute, &error)) in x.iter().zip(y).enumerate() {
        if !compute.is_finite() || !error.is_finite() {
            return Err(FitError::NotFinite { index });
        }
        if compute <= 0.0 {
            return Err(FitError::ComputeNotPositive { index, compute });
        }
        if law == Law::Line && error <= 0.0 {
            return Err(FitError::ErrorNotPositive { index, error });
        }
    }
    if have < need {
        return Err(FitError::TooFewPoints { have, need });
    }
    if y.iter().all(|v| *v == y[0]) {
        return Err(FitError::AllEqual);
    }
    let mut computes = x.to_vec();
    computes.sort_by(f64::total_cmp);
    computes.dedup();
    if computes.len() < need {
        return Err(FitError::TooFewComputes {
            have: computes.len(),
            need,
        });
    }
    Ok(())
}

/// An interval of ln B or ln A wider than two decades, or of α or E that reaches far beyond what
/// the bounds allow, says that the data do not tell the parameter.
fn status(law: Law, found: &search::Found, errors: &[Option<f64>], n: usize) -> Status {
    if !found.converged {
        return Status::IterationLimit;
    }
    let names = law.parameters();
    let value = |name: &str| {
        names
            .iter()
            .position(|n| *n == name)
            .map(|i| found.parameters[i])
    };
    let bound: Vec<_> = names
        .iter()
        .copied()
        .filter(|name| match *name {
            "A" | "E" => value(name) == Some(0.0),
            "ln_B" => value(name) == Some(f64::NEG_INFINITY),
            _ => false,
        })
        .collect();
    if !bound.is_empty() {
        return Status::AtBound(bound);
    }
    let Some(t) = interval::t_quantile(n, names.len()) else {
        return Status::Converged;
    };
    let loose: Vec<_> = names
        .iter()
        .zip(&found.parameters)
        .zip(errors)
        .filter(|((name, value), error)| {
            let Some(half) = error.map(|e| e * t) else {
                return true;
            };
            match **name {
                "ln_B" => half > std::f64::consts::LN_10,
                "alpha" => half > value.abs(),
                _ => false,
            }
        })
        .map(|((name, _), _)| *name)
        .collect();
    if loose.is_empty() {
        Status::Converged
    } else {
        Status::NotIdentified(loose)
    }
}
