//! What a law has to know of itself so that it can be fitted: where to look for its optimum.

use crate::law::{Form, Law, Surface};
use crate::search::{self, surface};

/// Parameters from which an optimiser may start.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// In the order of [`Form::parameters`].
    pub parameters: Vec<f64>,
    /// Whether a search has converged in them.
    pub converged: bool,
}

/// A form that can be fitted.
pub trait Fittable: Form {
    /// Starts for weighted least squares on the error, the lowest first; one in every basin.
    /// `weights` multiply the squares, one for each point.
    fn candidates(self, x: &[Self::Input], y: &[f64], weights: &[f64]) -> Vec<Candidate>;

    /// Whether the first candidate is already the optimum of weighted least squares on the error.
    fn candidates_are_minima(self) -> bool;

    /// The optimum of weighted least squares on the error for points much like those whose optimum
    /// is `near`, at a fraction of the cost of [`Fittable::candidates`]. `None` of forms that have
    /// no such search.
    fn refine(
        self,
        _x: &[Self::Input],
        _y: &[f64],
        _weights: &[f64],
        _near: &[f64],
    ) -> Option<Candidate> {
        None
    }

    /// Values well inside the bounds, for parameters whose start lies on one. `lowest` is the
    /// lowest error.
    fn interior(self, x: &[Self::Input], lowest: f64) -> Vec<f64>;

    /// Between which coordinates ([`Domain`](crate::law::Domain)) each parameter is looked for.
    /// Beyond lies no other curve: the law has reached its limit at the precision of a double.
    fn coordinate_range(self, x: &[Self::Input]) -> Vec<(f64, f64)>;
}

const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Fittable for Law {
    fn candidates(self, x: &[f64], y: &[f64], weights: &[f64]) -> Vec<Candidate> {
        search::minima(self, x, y, weights)
    }

    fn candidates_are_minima(self) -> bool {
        self != Law::Logistic
    }

    fn refine(self, x: &[f64], y: &[f64], weights: &[f64], near: &[f64]) -> Option<Candidate> {
        search::refine(self, x, y, weights, near)
    }

    fn interior(self, x: &[f64], low: f64) -> Vec<f64> {
        let ln_b = x.iter().copied().fold(f64::INFINITY, f64::min).ln();
        match self {
            Law::Saturation => vec![low, ln_b, 0.05, 0.5 * low],
            Law::ShiftedPower => vec![low, ln_b, 0.05],
            Law::OffsetPower => vec![low, 0.05, 0.5 * low],
            Law::Power => vec![low, 0.0],
            Law::Logistic => vec![1.0 - 0.5 * low.min(1.0), ln_b, 0.1],
        }
    }

    fn coordinate_range(self, x: &[f64]) -> Vec<(f64, f64)> {
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

impl Fittable for Surface {
    fn candidates(self, x: &[[f64; 2]], y: &[f64], weights: &[f64]) -> Vec<Candidate> {
        surface::candidates(self, x, y, weights)
    }

    fn candidates_are_minima(self) -> bool {
        false
    }

    fn interior(self, x: &[[f64; 2]], low: f64) -> Vec<f64> {
        // A term as large as the lowest error in the middle of the points.
        let coefficient = |k: usize| low * (0.1 * surface::mean_log(x, k)).exp();
        match self {
            Surface::Additive => vec![0.5 * low, coefficient(0), 0.1, coefficient(1), 0.1],
            Surface::Coupled => vec![0.0, 0.1, 0.0, 0.1],
        }
    }

    fn coordinate_range(self, _: &[[f64; 2]]) -> Vec<(f64, f64)> {
        let exponent = (1e-6_f64.ln(), 1e2_f64.ln());
        match self {
            Surface::Additive => vec![ANY, ANY, exponent, ANY, exponent],
            Surface::Coupled => vec![(-100.0, 100.0), exponent, (-100.0, 100.0), exponent],
        }
    }
}
