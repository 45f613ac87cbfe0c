//! Multinomial logistic regression with an L2 penalty: a linear classifier on vectors.
//!
//! The objective is scikit-learn's `LogisticRegression` with `C` = 1 / penalty: coefficients are penalised, intercepts
//! are not. With two classes scikit-learn has one row of coefficients, the difference of the two here, and
//! `C` = 2 / penalty is the same problem.

mod choice;
mod error;
mod features;
mod lbfgs;
mod preconditioner;
mod shots;
mod solve;

pub use choice::{Chosen, PENALTIES, Tried, choose};
pub use error::LogisticError;
pub use features::Features;
pub use shots::{Curve, Draw, Experiment, Point, Shots, Skipped, Summary, held_out, summary};
pub use solve::{Examples, Precision};

use serde::{Deserialize, Serialize};

/// Weights in the coordinates of [`Features`].
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    coefficients: Vec<f64>,
    intercepts: Vec<f64>,
}

/// What [`Examples::solve`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The classifier.
    pub weights: Weights,
    /// The objective at it: a sum over examples, and the penalty.
    pub loss: f64,
    /// The mean of −ln p of the examples' classes.
    pub log_loss: f64,
    /// Steps of L-BFGS.
    pub iterations: usize,
    /// The coefficients are as exact as was asked for.
    pub converged: bool,
}

/// A linear classifier of vectors: logits are coefficients × vector + intercept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Numbers of a vector.
    pub width: usize,
    /// `[classes, width]`, row by row.
    pub coefficients: Vec<f64>,
    /// One for each class; their mean is 0.
    pub intercepts: Vec<f64>,
}

/// The class with the largest logit; the first of those that are equal.
pub fn largest(logits: &[f64]) -> usize {
    let each = logits.iter().enumerate();
    let (at, _) = each.fold((0, f64::NEG_INFINITY), |best, (i, logit)| {
        if *logit > best.1 { (i, *logit) } else { best }
    });
    at
}

/// −ln of the softmax's probability of a class.
fn negative_log(logits: &[f64], class: usize) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|x| (x - largest).exp()).sum();
    largest + total.ln() - logits[class]
}
