//! Where a search for a law's optimum begins.

use super::{search, surface};
use crate::law::{Form, Law, Surface};

/// Parameters, and whether a search has ended in them.
#[derive(Clone, Debug)]
pub struct Found {
    pub parameters: Vec<f64>,
    pub converged: bool,
}

/// A form that can be fitted.
pub trait Starts: Form {
    /// Starts for weighted least squares on the error, the lowest first; one in every basin.
    fn starts(self, x: &[Self::Input], y: &[f64], weights: &[f64]) -> Vec<Found>;

    /// Whether the first start is already the optimum of weighted least squares on the error.
    fn starts_are_optima(self) -> bool;

    /// Values well inside the bounds, for parameters whose start lies on one. `low` is the lowest
    /// error.
    fn inside(self, x: &[Self::Input], low: f64) -> Vec<f64>;

    /// Between which coordinates each parameter is looked for. Beyond lies no other curve: the law
    /// has reached its limit at the precision of a double.
    fn range(self, x: &[Self::Input]) -> Vec<(f64, f64)>;
}

const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Starts for Law {
    fn starts(self, x: &[f64], y: &[f64], weights: &[f64]) -> Vec<Found> {
        search::bottoms(self, x, y, weights)
    }

    fn starts_are_optima(self) -> bool {
        self != Law::Logistic
    }

    fn inside(self, x: &[f64], low: f64) -> Vec<f64> {
        let ln_b = x.iter().copied().fold(f64::INFINITY, f64::min).ln();
        match self {
            Law::Saturation => vec![low, ln_b, 0.05, 0.5 * low],
            Law::ShiftedPower => vec![low, ln_b, 0.05],
            Law::OffsetPower => vec![low, 0.05, 0.5 * low],
            Law::Power => vec![low, 0.0],
            Law::Logistic => vec![1.0 - 0.5 * low.min(1.0), ln_b, 0.1],
        }
    }

    fn range(self, x: &[f64]) -> Vec<(f64, f64)> {
        let (ln_b, alpha) = search::range(x);
        match self {
            Law::Saturation => vec![ANY, ln_b, alpha, ANY],
            Law::ShiftedPower => vec![ANY, ln_b, alpha],
            Law::OffsetPower => vec![ANY, alpha, ANY],
            Law::Power => vec![ANY, ANY],
            // The middle may lie far beyond the data, the jump between two points.
            Law::Logistic => vec![ANY, (ln_b.0, ln_b.1 + 30.0), alpha],
        }
    }
}

impl Starts for Surface {
    fn starts(self, x: &[[f64; 2]], y: &[f64], weights: &[f64]) -> Vec<Found> {
        surface::starts(self, x, y, weights)
    }

    fn starts_are_optima(self) -> bool {
        false
    }

    fn inside(self, _: &[[f64; 2]], low: f64) -> Vec<f64> {
        match self {
            Surface::Additive => vec![0.5 * low, low, 0.1, low, 0.1],
            Surface::Coupled => vec![0.0, 0.1, 0.0, 0.1],
        }
    }

    fn range(self, _: &[[f64; 2]]) -> Vec<(f64, f64)> {
        let exponent = (1e-6_f64.ln(), 1e2_f64.ln());
        match self {
            Surface::Additive => vec![ANY, ANY, exponent, ANY, exponent],
            Surface::Coupled => vec![(-100.0, 100.0), exponent, (-100.0, 100.0), exponent],
        }
    }
}
