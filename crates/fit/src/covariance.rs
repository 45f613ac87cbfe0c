//! Covariance of fitted parameters from the Jacobian at the optimum.

use crate::ResidualScale;
use crate::fittable::Fittable;
use crate::problem::Problem;
use crate::svd::Svd;
use nalgebra::{DMatrix, DVector};

/// κ² [Σψ² / (n − p)] / m² · (JᵀJ)⁻¹ with ψ = ρ′, m the mean of ρ″ and
/// κ = 1 + (p / n) var(ρ″) / m²: Huber's covariance of an M-estimator (Huber 1981, the "H1" of
/// statsmodels), which for squares is the usual s² (JᵀJ)⁻¹.
///
/// `None` where n ≤ p, where no residual lies where ρ curves, or where the Jacobian is not finite.
/// The columns are scaled to unit length first, so that a parameter's unit does not decide what
/// counts as singular; directions that the data do not determine drop out (pseudo-inverse).
pub(crate) fn covariance<F: Fittable>(problem: &Problem<F>, p: &[f64]) -> Option<DMatrix<f64>> {
    let (n, k) = (problem.y.len(), p.len());
    if n <= k {
        return None;
    }
    let mut jacobian = DMatrix::zeros(n, k);
    let (mut psi, mut curvature) = (0.0, Vec::with_capacity(n));
    for i in 0..n {
        let weight = problem.weights[i];
        let rho = problem.loss.rho(problem.residual(p, i));
        psi += weight * rho.first * rho.first;
        curvature.push(rho.second);
        let scale = match problem.loss.scale() {
            ResidualScale::Linear => weight.sqrt(),
            ResidualScale::Log => weight.sqrt() / problem.form.evaluate(p, problem.x[i]),
        };
        for (j, g) in problem
            .form
            .gradient(p, problem.x[i])
            .into_iter()
            .enumerate()
        {
            jacobian[(i, j)] = scale * g;
        }
    }
    let mean = curvature.iter().sum::<f64>() / n as f64;
    if mean <= 0.0 || jacobian.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let variance = curvature.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n as f64;
    let kappa = 1.0 + k as f64 / n as f64 * variance / (mean * mean);
    let factor = kappa * kappa * psi / (n - k) as f64 / (mean * mean);
    Some(pseudo_inverse(jacobian) * factor)
}

/// (JᵀJ)⁺
fn pseudo_inverse(mut jacobian: DMatrix<f64>) -> DMatrix<f64> {
    let (n, k) = jacobian.shape();
    let norms = DVector::from_iterator(k, jacobian.column_iter().map(|c| c.norm()));
    for (j, mut column) in jacobian.column_iter_mut().enumerate() {
        if norms[j] > 0.0 {
            column /= norms[j];
        }
    }
    let mut inverse = Svd::new(jacobian).inverse_gram(f64::EPSILON * n as f64);
    for i in 0..k {
        for j in 0..k {
            inverse[(i, j)] /= match norms[i] * norms[j] {
                0.0 => 1.0,
                scale => scale,
            };
        }
    }
    inverse
}

pub(crate) fn standard_errors(covariance: Option<&DMatrix<f64>>, count: usize) -> Vec<Option<f64>> {
    (0..count)
        .map(|j| {
            covariance
                .map(|c| c[(j, j)].sqrt())
                .filter(|s| s.is_finite() && *s > 0.0)
        })
        .collect()
}

/// Correlations of the parameters; `None` where one has no standard error.
pub(crate) fn correlations(covariance: &DMatrix<f64>) -> DMatrix<Option<f64>> {
    DMatrix::from_fn(covariance.nrows(), covariance.ncols(), |i, j| {
        let scale = (covariance[(i, i)] * covariance[(j, j)]).sqrt();
        (scale > 0.0).then(|| covariance[(i, j)] / scale)
    })
}
