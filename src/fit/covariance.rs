//! Covariance of fitted parameters from the Jacobian, s² (JᵀJ)⁻¹ with n − p degrees of freedom.

use crate::law::Law;
use nalgebra::{DMatrix, DVector};

/// `None` where n ≤ p or the Jacobian is not finite.
///
/// The columns are scaled to unit length first, so that a parameter's unit does not decide what
/// counts as singular; directions that the data do not determine drop out (pseudo-inverse).
pub(super) fn covariance(law: Law, p: &[f64], x: &[f64], y: &[f64]) -> Option<DMatrix<f64>> {
    let (n, k) = (x.len(), p.len());
    if n <= k {
        return None;
    }
    let mut jacobian = DMatrix::zeros(n, k);
    let mut sse = 0.0;
    for (i, (&x, &y)) in x.iter().zip(y).enumerate() {
        let (value, gradient) = law.on_scale(p, x);
        sse += (law.scale().forward(y) - value).powi(2);
        for (j, g) in gradient.into_iter().enumerate() {
            jacobian[(i, j)] = g;
        }
    }
    if jacobian.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let norms = DVector::from_iterator(k, jacobian.column_iter().map(|c| c.norm()));
    for (j, mut column) in jacobian.column_iter_mut().enumerate() {
        if norms[j] > 0.0 {
            column /= norms[j];
        }
    }
    let svd = jacobian.svd(false, true);
    let v = svd.v_t?.transpose();
    let cut = f64::EPSILON * n as f64 * svd.singular_values.max();
    let mut covariance = DMatrix::zeros(k, k);
    for (m, &s) in svd.singular_values.iter().enumerate() {
        if s > cut {
            let column = v.column(m) / s;
            covariance += &column * column.transpose();
        }
    }
    covariance *= sse / (n - k) as f64;
    for i in 0..k {
        for j in 0..k {
            covariance[(i, j)] /= match norms[i] * norms[j] {
                0.0 => 1.0,
                scale => scale,
            };
        }
    }
    Some(covariance)
}

pub(super) fn standard_errors(covariance: Option<&DMatrix<f64>>, law: Law) -> Vec<Option<f64>> {
    (0..law.parameters().len())
        .map(|j| {
            covariance
                .map(|c| c[(j, j)].sqrt())
                .filter(|s| s.is_finite() && *s > 0.0)
        })
        .collect()
}
