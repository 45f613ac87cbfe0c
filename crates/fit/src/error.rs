//! Why points have no fit.

use crate::law::Form;
use crate::{Loss, ResidualScale};
use std::fmt;

/// Why a law could not be fitted. Points are counted from 0 here, and from 1 in the messages.
#[derive(Clone, Debug, PartialEq)]
pub enum FitError {
    /// Fewer points than parameters.
    TooFewPoints {
        /// Points given.
        have: usize,
        /// Parameters of the law.
        need: usize,
    },
    /// Fewer different inputs than parameters.
    TooFewInputs {
        /// Different inputs given.
        have: usize,
        /// Parameters of the law.
        need: usize,
    },
    /// All points have the same error.
    AllEqual,
    /// An error is infinite or NaN.
    NotFinite {
        /// The point.
        index: usize,
    },
    /// An input is not a positive, finite number.
    NotPositive {
        /// The point.
        index: usize,
    },
    /// The loss takes logarithms, and an error is zero or less.
    ErrorNotPositive {
        /// The point.
        index: usize,
        /// Its error.
        error: f64,
    },
    /// The law or the loss is one of fractions, and an error is none: a loss in nats, say.
    NotAFraction {
        /// The point.
        index: usize,
        /// Its error.
        error: f64,
    },
    /// The loss is infinite wherever it was tried.
    NoOptimum,
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FitError::TooFewPoints { have, need } => {
                write!(
                    f,
                    "This law needs at least {need} points; there are {have}."
                )
            }
            FitError::TooFewInputs { have, need } => write!(
                f,
                "This law needs points at {need} or more different values of its axis; there are {have}."
            ),
            FitError::AllEqual => write!(
                f,
                "All points have the same error, so there is no trend to fit."
            ),
            FitError::NotFinite { index } => {
                write!(f, "Point {} is not a finite number.", index + 1)
            }
            FitError::NotPositive { index } => write!(
                f,
                "Point {} does not lie at a finite number above zero, so a power law has no value there.",
                index + 1
            ),
            FitError::ErrorNotPositive { index, error } => write!(
                f,
                "Point {} has the error {error}; the log of an error needs it above zero.",
                index + 1
            ),
            FitError::NotAFraction { index, error } => write!(
                f,
                "Point {} has the error {error}; this law or loss needs fractions from 0 to 1.",
                index + 1
            ),
            FitError::NoOptimum => write!(
                f,
                "No parameters give this law a finite distance to these points."
            ),
        }
    }
}

impl std::error::Error for FitError {}

/// Whether `law` can be fitted to errors `y` at inputs `x` at all.
pub(crate) fn check<F: Form>(
    law: F,
    loss: Loss,
    x: &[F::Input],
    y: &[f64],
) -> Result<(), FitError> {
    let need = law.parameters().len();
    let have = x.len().min(y.len());
    for (index, (&x, &error)) in x.iter().zip(y).enumerate() {
        if !error.is_finite() {
            return Err(FitError::NotFinite { index });
        }
        if !law.accepts(x) {
            return Err(FitError::NotPositive { index });
        }
        if loss.scale() == ResidualScale::Log && error <= 0.0 {
            return Err(FitError::ErrorNotPositive { index, error });
        }
    }
    if have < need {
        return Err(FitError::TooFewPoints { have, need });
    }
    if y.iter().all(|v| *v == y[0]) {
        return Err(FitError::AllEqual);
    }
    let mut inputs: Vec<F::Input> = Vec::new();
    for x in x {
        if inputs.len() < need && !inputs.contains(x) {
            inputs.push(*x);
        }
    }
    if inputs.len() < need {
        let have = inputs.len();
        return Err(FitError::TooFewInputs { have, need });
    }
    Ok(())
}

/// Whether errors `y` are what `law` and `loss` are made for. Simulated errors need not be, since
/// noise can carry a fraction beyond 1.
pub(crate) fn check_meaning<F: Form>(law: F, loss: Loss, y: &[f64]) -> Result<(), FitError> {
    if !law.is_of_fractions() && !matches!(loss, Loss::Binomial { .. }) {
        return Ok(());
    }
    match y.iter().position(|error| !(0.0..=1.0).contains(error)) {
        Some(index) => Err(FitError::NotAFraction {
            index,
            error: y[index],
        }),
        None => Ok(()),
    }
}
