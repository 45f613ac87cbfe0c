//! An approximate inverse of the objective's second derivatives, for each class by itself.

use super::features::Features;

/// Of each class c the factors of (Σᵢ pᵢ (1 − pᵢ)) T + λ, for the vectors' tridiagonal covariance T and the
/// probabilities p of c: as if every vector weighed the same.
pub(super) struct Preconditioner {
    classes: Vec<Factors>,
}

/// L D Lᵀ of a tridiagonal matrix, and the same of the intercept, which stands alone.
struct Factors {
    diagonal: Vec<f64>,
    below: Vec<f64>,
    intercept: f64,
}

impl Preconditioner {
    /// From the sum of p (1 − p) over the examples, for each class, and the penalty.
    pub(super) fn new(features: &Features, curvature: &[f64], penalty: f64) -> Self {
        let factors = |curvature: &f64| {
            // Where a class is certain of every example, its probabilities say nothing.
            let curvature = curvature.max(1e-6);
            let mut diagonal = Vec::with_capacity(features.diagonal.len());
            let mut below = Vec::with_capacity(features.beside.len());
            let mut last = curvature * features.diagonal[0] + penalty;
            diagonal.push(last);
            for (beside, next) in features.beside.iter().zip(&features.diagonal[1..]) {
                let beside = curvature * beside;
                below.push(beside / last);
                // At least the penalty, but for rounding.
                last = (curvature * next + penalty - beside * beside / last).max(0.5 * penalty);
                diagonal.push(last);
            }
            Factors {
                diagonal,
                below,
                intercept: curvature,
            }
        };
        Preconditioner {
            classes: curvature.iter().map(factors).collect(),
        }
    }

    /// Replaces a gradient, the coefficients of each class and then all intercepts, by the step that it suggests.
    pub(super) fn apply(&self, gradient: &mut [f64]) {
        let width = self.classes[0].diagonal.len();
        let (coefficients, intercepts) = gradient.split_at_mut(self.classes.len() * width);
        let each = coefficients.chunks_exact_mut(width).zip(intercepts);
        for (factors, (row, intercept)) in self.classes.iter().zip(each) {
            *intercept /= factors.intercept;
            for i in 1..width {
                row[i] -= factors.below[i - 1] * row[i - 1];
            }
            row[width - 1] /= factors.diagonal[width - 1];
            for i in (0..width - 1).rev() {
                row[i] = row[i] / factors.diagonal[i] - factors.below[i] * row[i + 1];
            }
        }
    }
}
