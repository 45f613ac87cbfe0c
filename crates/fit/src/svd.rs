//! Singular values of a tall matrix by one-sided Jacobi rotations (Hestenes 1958).
//!
//! It finds small singular values to their own precision, and leaves a column of zeros a zero,
//! where a bidiagonal method blurs both by the largest. Meant for matrices of few columns.

use crate::order::sort_by;
use nalgebra::{DMatrix, DVector};

/// A = U diag(s) Vᵀ, the singular values in falling order.
pub struct Svd {
    /// `[rows, columns]`; a column whose singular value is zero is zero.
    pub u: DMatrix<f64>,
    /// `[columns]`
    pub s: DVector<f64>,
    /// `[columns, columns]`
    pub v: DMatrix<f64>,
}

const SWEEPS: usize = 60;

impl Svd {
    /// Decomposes `a`, which has at least as many rows as columns.
    pub fn new(mut a: DMatrix<f64>) -> Svd {
        let n = a.ncols();
        let mut v = DMatrix::identity(n, n);
        for _ in 0..SWEEPS {
            let mut rotated = false;
            for p in 0..n {
                for q in p + 1..n {
                    rotated |= orthogonalise(&mut a, &mut v, p, q);
                }
            }
            if !rotated {
                break;
            }
        }
        let norms: Vec<f64> = a.column_iter().map(|c| c.norm()).collect();
        let mut order: Vec<usize> = (0..n).collect();
        sort_by(&mut order, |i, j| norms[*j].total_cmp(&norms[*i]));
        Svd {
            u: DMatrix::from_fn(a.nrows(), n, |i, k| match norms[order[k]] {
                0.0 => 0.0,
                norm => a[(i, order[k])] / norm,
            }),
            s: DVector::from_fn(n, |k, _| norms[order[k]]),
            v: DMatrix::from_fn(n, n, |i, k| v[(i, order[k])]),
        }
    }

    /// The pseudo-inverse (AᵀA)⁺, `[columns, columns]`; singular values below `relative` of the
    /// largest count as zero.
    pub fn inverse_gram(&self, relative: f64) -> DMatrix<f64> {
        let n = self.s.len();
        let mut inverse = DMatrix::zeros(n, n);
        for (k, s) in self.s.iter().enumerate() {
            if *s > relative * self.s[0] {
                let column = self.v.column(k) / *s;
                inverse += &column * column.transpose();
            }
        }
        inverse
    }
}

/// Rotates columns p and q of A until they are orthogonal, V with them; whether there was need.
fn orthogonalise(a: &mut DMatrix<f64>, v: &mut DMatrix<f64>, p: usize, q: usize) -> bool {
    let (mut pp, mut qq, mut pq) = (0.0, 0.0, 0.0);
    for i in 0..a.nrows() {
        let (x, y) = (a[(i, p)], a[(i, q)]);
        pp += x * x;
        qq += y * y;
        pq += x * y;
    }
    if pq == 0.0 || pq.abs() <= 1e-15 * (pp * qq).sqrt() {
        return false;
    }
    let zeta = (qq - pp) / (2.0 * pq);
    let t = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = c * t;
    for m in [a, v] {
        for i in 0..m.nrows() {
            let (x, y) = (m[(i, p)], m[(i, q)]);
            m[(i, p)] = c * x - s * y;
            m[(i, q)] = s * x + c * y;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_factors_give_the_matrix_back(values in prop::collection::vec(-1e3f64..1e3, 24), tiny in -20i32..0) {
            let mut a = DMatrix::from_vec(6, 4, values);
            a.column_mut(2).scale_mut(10f64.powi(tiny));
            a.column_mut(3).fill(0.0);
            let svd = Svd::new(a.clone());
            let back = &svd.u * DMatrix::from_diagonal(&svd.s) * svd.v.transpose();
            prop_assert!((back - &a).norm() <= 1e-12 * a.norm());
            prop_assert!(svd.s.as_slice().windows(2).all(|w| w[0] >= w[1]));
            prop_assert_eq!(svd.s[3], 0.0);
            let eye = svd.v.transpose() * &svd.v;
            prop_assert!((eye - DMatrix::identity(4, 4)).norm() < 1e-12);
        }
    }
}
