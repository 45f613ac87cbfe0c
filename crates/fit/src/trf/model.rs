//! The quadratic model of the cost near an iterate, and its minimum within a trust region.

use crate::svd::Svd;
use nalgebra::{DMatrix, DVector};

/// The trust region, and the Levenberg-Marquardt parameter that its last step took.
pub(super) struct TrustRegion {
    pub(super) radius: f64,
    pub(super) alpha: f64,
}

/// The quadratic model in scaled variables: ½ ‖J s‖² + ½ s·diag·s + g·s.
pub(super) struct Model {
    jacobian: DMatrix<f64>,
    pub(super) gradient: DVector<f64>,
    diagonal: Vec<f64>,
    /// Units of the scaled variables.
    scale: Vec<f64>,
}

impl Model {
    pub(super) fn new(
        jacobian: &DMatrix<f64>,
        f: &DVector<f64>,
        g: &DVector<f64>,
        v: &[f64],
        dv: &[f64],
    ) -> Model {
        let n = v.len();
        let d: Vec<f64> = v.iter().map(|v| v.sqrt()).collect();
        Model {
            jacobian: DMatrix::from_fn(f.len(), n, |i, j| jacobian[(i, j)] * d[j]),
            gradient: DVector::from_fn(n, |j, _| d[j] * g[j]),
            diagonal: (0..n).map(|j| g[j] * dv[j]).collect(),
            scale: d,
        }
    }

    /// A step in scaled variables as one of the parameters.
    pub(super) fn unscale(&self, hat: &DVector<f64>) -> DVector<f64> {
        DVector::from_fn(hat.len(), |j, _| self.scale[j] * hat[j])
    }

    /// The Jacobian with the square root of the diagonal below it.
    pub(super) fn augmented(&self) -> DMatrix<f64> {
        let (m, n) = self.jacobian.shape();
        DMatrix::from_fn(m + n, n, |i, j| match i {
            i if i < m => self.jacobian[(i, j)],
            i if i == m + j => self.diagonal[j].sqrt(),
            _ => 0.0,
        })
    }

    pub(super) fn value(&self, s: &DVector<f64>) -> f64 {
        let curved: f64 = (0..s.len()).map(|j| s[j] * self.diagonal[j] * s[j]).sum();
        0.5 * ((&self.jacobian * s).norm_squared() + curved) + self.gradient.dot(s)
    }

    /// The model along a line s0 + t s, as a t² + b t + c.
    pub(super) fn along(&self, s: &DVector<f64>, s0: Option<&DVector<f64>>) -> (f64, f64, f64) {
        let v = &self.jacobian * s;
        let curved = |u: &DVector<f64>| -> f64 {
            (0..s.len()).map(|j| u[j] * self.diagonal[j] * s[j]).sum()
        };
        let a = 0.5 * (v.norm_squared() + curved(s));
        let b = self.gradient.dot(s);
        match s0 {
            None => (a, b, 0.0),
            Some(s0) => {
                let u = &self.jacobian * s0;
                (a, b + u.dot(&v) + curved(s0), self.value(s0))
            }
        }
    }
}

/// The lowest value of a t² + b t + c over [from, to], and where.
pub(super) fn lowest(a: f64, b: f64, c: f64, from: f64, to: f64) -> (f64, f64) {
    let value = |t: f64| t * (a * t + b) + c;
    let mut best = from;
    for t in [to, -0.5 * b / a] {
        if (from..=to).contains(&t) && value(t) < value(best) {
            best = t;
        }
    }
    (best, value(best))
}

/// How far along `s` from `x` (inside) the sphere of the radius lies.
pub(super) fn to_radius(x: &DVector<f64>, s: &DVector<f64>, radius: f64) -> f64 {
    let (a, b, c) = (
        s.norm_squared(),
        x.dot(s),
        x.norm_squared() - radius * radius,
    );
    let d = (b * b - a * c).sqrt();
    let q = -(b + d.copysign(b));
    (q / a).max(c / q)
}

/// The step within the region that lowers the linear model most (Moré 1978), and its
/// Levenberg-Marquardt parameter into the region. `uf` is Uᵀf, of `m` residuals.
pub(super) fn trust_region_step(
    m: usize,
    uf: &DVector<f64>,
    svd: &Svd,
    region: &mut TrustRegion,
) -> DVector<f64> {
    let (radius, initial) = (region.radius, region.alpha);
    let Svd { s, v, .. } = svd;
    let n = s.len();
    let suf = DVector::from_fn(n, |j, _| s[j] * uf[j]);
    let full_rank = s[n - 1] > f64::EPSILON * m as f64 * s[0];
    if full_rank {
        let p = -v * (DVector::from_fn(n, |j, _| uf[j] / s[j]));
        if p.norm() <= radius {
            region.alpha = 0.0;
            return p;
        }
    }
    let phi = |alpha: f64| {
        let denominator = |j: usize| s[j] * s[j] + alpha;
        let norm = (0..n)
            .map(|j| (suf[j] / denominator(j)).powi(2))
            .sum::<f64>()
            .sqrt();
        let slope = -(0..n)
            .map(|j| suf[j] * suf[j] / denominator(j).powi(3))
            .sum::<f64>()
            / norm;
        (norm - radius, slope)
    };
    let mut upper = suf.norm() / radius;
    let mut lower = 0.0;
    if full_rank {
        let (value, slope) = phi(0.0);
        lower = -value / slope;
    }
    let between = |lower: f64, upper: f64| (0.001 * upper).max((lower * upper).sqrt());
    let mut alpha = initial;
    if !full_rank && initial == 0.0 {
        alpha = between(lower, upper);
    }
    for _ in 0..10 {
        if alpha < lower || alpha > upper {
            alpha = between(lower, upper);
        }
        let (value, slope) = phi(alpha);
        if value < 0.0 {
            upper = alpha;
        }
        let ratio = value / slope;
        lower = f64::max(lower, alpha - ratio);
        alpha -= (value + radius) * ratio / radius;
        if value.abs() < 0.01 * radius {
            break;
        }
    }
    let p = -v * (DVector::from_fn(n, |j, _| suf[j] / (s[j] * s[j] + alpha)));
    let norm = p.norm();
    region.alpha = alpha;
    p * (radius / norm)
}
