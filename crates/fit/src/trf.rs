//! Bounded least squares as SciPy runs it: the trust-region reflective method of Branch, Coleman
//! and Li (1999) with a two-point Jacobian, step for step, so that a released analysis can be
//! followed to where it stopped. [`super::fit`] is the better solver.

use super::svd::Svd;
use nalgebra::{DMatrix, DVector};

/// `curve_fit`'s defaults.
const TOLERANCE: f64 = 1e-8;

/// A function from parameters to residuals, with bounds.
pub struct LeastSquares<'a> {
    pub residuals: &'a dyn Fn(&[f64]) -> Vec<f64>,
    pub low: &'a [f64],
    pub high: &'a [f64],
    pub most_evaluations: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    pub x: Vec<f64>,
    /// Half the sum of squares.
    pub cost: f64,
    /// Evaluations of the residuals, those for the Jacobian aside.
    pub evaluations: usize,
    pub jacobians: usize,
    pub ended: Ended,
}

/// Why it ended; SciPy's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    MostEvaluations = 0,
    SmallGradient = 1,
    SmallChange = 2,
    SmallStep = 3,
    SmallChangeAndStep = 4,
}

impl LeastSquares<'_> {
    /// From `start` to where the method stops. `None` where the start has no finite sum of
    /// squares: nothing could be an improvement, and every evaluation would be spent in vain.
    pub fn solve(&self, start: &[f64]) -> Option<Solution> {
        let mut x = self.feasible(start, 1e-10);
        let mut f = DVector::from_vec((self.residuals)(&x));
        let mut cost = 0.5 * f.norm_squared();
        if !cost.is_finite() {
            return None;
        }
        let (m, n) = (f.len(), x.len());
        let mut jacobian = self.jacobian(&x, &f);
        let mut g = jacobian.tr_mul(&f);
        let (mut evaluations, mut jacobians) = (1, 1);
        let (v, _) = self.scaling(&x, &g);
        let mut radius = (0..n)
            .map(|j| (x[j] / v[j].sqrt()).powi(2))
            .sum::<f64>()
            .sqrt();
        if radius == 0.0 {
            radius = 1.0;
        }
        let mut alpha = 0.0;
        let mut ended = None;
        loop {
            let (v, dv) = self.scaling(&x, &g);
            let g_norm = (0..n).map(|j| (g[j] * v[j]).abs()).fold(0.0, f64::max);
            if g_norm < TOLERANCE {
                ended = Some(Ended::SmallGradient);
            }
            if ended.is_some() || evaluations == self.most_evaluations {
                break;
            }
            let d: Vec<f64> = v.iter().map(|v| v.sqrt()).collect();
            let model = Model::new(&jacobian, &f, &g, &d, &dv);
            let svd = Svd::new(model.augmented(&f));
            let residuals = svd.u.tr_mul(&f.clone().resize_vertically(m + n, 0.0));
            let theta = 0.995_f64.max(1.0 - g_norm);
            let mut reduction = -1.0;
            while reduction <= 0.0 && evaluations < self.most_evaluations {
                let (p_hat, next_alpha) = trust_region(m, &residuals, &svd, radius, alpha);
                alpha = next_alpha;
                let (step, step_hat, predicted) =
                    self.select_step(&x, &model, p_hat, &d, radius, theta);
                let next: Vec<f64> = (0..n).map(|j| x[j] + step[j]).collect();
                let next = self.feasible(&next, 0.0);
                let f_next = DVector::from_vec((self.residuals)(&next));
                evaluations += 1;
                let step_norm = step_hat.norm();
                if f_next.iter().any(|v| !v.is_finite()) {
                    radius = 0.25 * step_norm;
                    continue;
                }
                let cost_next = 0.5 * f_next.norm_squared();
                reduction = cost - cost_next;
                let ratio = match predicted {
                    p if p > 0.0 => reduction / p,
                    0.0 if reduction == 0.0 => 1.0,
                    _ => 0.0,
                };
                let mut next_radius = radius;
                if ratio < 0.25 {
                    next_radius = 0.25 * step_norm;
                } else if ratio > 0.75 && step_norm > 0.95 * radius {
                    next_radius = 2.0 * radius;
                }
                let small_change = reduction < TOLERANCE * cost && ratio > 0.25;
                let x_norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
                let small_step = step.norm() < TOLERANCE * (TOLERANCE + x_norm);
                ended = match (small_change, small_step) {
                    (true, true) => Some(Ended::SmallChangeAndStep),
                    (true, false) => Some(Ended::SmallChange),
                    (false, true) => Some(Ended::SmallStep),
                    (false, false) => None,
                };
                if reduction > 0.0 {
                    (x, f, cost) = (next, f_next, cost_next);
                }
                if ended.is_some() {
                    break;
                }
                alpha *= radius / next_radius;
                radius = next_radius;
            }
            if reduction > 0.0 {
                jacobian = self.jacobian(&x, &f);
                jacobians += 1;
                g = jacobian.tr_mul(&f);
            }
        }
        Some(Solution {
            x,
            cost,
            evaluations,
            jacobians,
            ended: ended.unwrap_or(Ended::MostEvaluations),
        })
    }

    /// The point moved strictly inside the bounds: by `relative` of the bound's size, or by one
    /// unit in the last place.
    fn feasible(&self, x: &[f64], relative: f64) -> Vec<f64> {
        let place = |j: usize| {
            let (x, low, high) = (x[j], self.low[j], self.high[j]);
            let reach = |bound: f64| relative * bound.abs().max(1.0);
            let (to_low, to_high) = (x - low, high - x);
            let moved = if relative == 0.0 {
                match x {
                    x if x <= low => low.next_up(),
                    x if x >= high => high.next_down(),
                    x => x,
                }
            } else if low.is_finite() && to_low <= to_high.min(reach(low)) {
                low + reach(low)
            } else if high.is_finite() && to_high <= to_low.min(reach(high)) {
                high - reach(high)
            } else {
                x
            };
            if moved < low || moved > high {
                0.5 * (low + high)
            } else {
                moved
            }
        };
        (0..x.len()).map(place).collect()
    }

    /// Forward differences of √ε; backward where the bound is in the way.
    fn jacobian(&self, x: &[f64], f: &DVector<f64>) -> DMatrix<f64> {
        let mut jacobian = DMatrix::zeros(f.len(), x.len());
        for j in 0..x.len() {
            let sign = if x[j] >= 0.0 { 1.0 } else { -1.0 };
            let mut h = f64::EPSILON.sqrt() * sign * x[j].abs().max(1.0);
            let (to_low, to_high) = (x[j] - self.low[j], self.high[j] - x[j]);
            let fits = h.abs() <= to_low.max(to_high);
            if !fits {
                h = if to_high >= to_low { to_high } else { -to_low };
            } else if x[j] + h < self.low[j] || x[j] + h > self.high[j] {
                h = -h;
            }
            let mut moved = x.to_vec();
            moved[j] += h;
            let h = moved[j] - x[j];
            for (i, r) in (self.residuals)(&moved).into_iter().enumerate() {
                jacobian[(i, j)] = (r - f[i]) / h;
            }
        }
        jacobian
    }

    /// Coleman and Li's scaling: distance to the bound that the descent points to, and its sign.
    fn scaling(&self, x: &[f64], g: &DVector<f64>) -> (Vec<f64>, Vec<f64>) {
        (0..x.len())
            .map(|j| {
                if g[j] < 0.0 && self.high[j].is_finite() {
                    (self.high[j] - x[j], -1.0)
                } else if g[j] > 0.0 && self.low[j].is_finite() {
                    (x[j] - self.low[j], 1.0)
                } else {
                    (1.0, 0.0)
                }
            })
            .unzip()
    }

    fn inside(&self, x: &[f64], step: &DVector<f64>) -> bool {
        (0..x.len()).all(|j| (self.low[j]..=self.high[j]).contains(&(x[j] + step[j])))
    }

    /// How far along `step` the first bound lies, and which coordinates meet it.
    fn to_bound(&self, x: &[f64], step: &DVector<f64>) -> (f64, Vec<bool>) {
        let reach: Vec<f64> = (0..x.len())
            .map(|j| match step[j] {
                0.0 => f64::INFINITY,
                s => ((self.low[j] - x[j]) / s).max((self.high[j] - x[j]) / s),
            })
            .collect();
        let nearest = reach.iter().copied().fold(f64::INFINITY, f64::min);
        let hits = (0..x.len())
            .map(|j| reach[j] == nearest && step[j] != 0.0)
            .collect();
        (nearest, hits)
    }

    /// The best of the truncated trust-region step, its reflection at the first bound, and the
    /// steepest descent: the step, the same in scaled variables, and the predicted reduction.
    fn select_step(
        &self,
        x: &[f64],
        model: &Model,
        mut p_hat: DVector<f64>,
        d: &[f64],
        radius: f64,
        theta: f64,
    ) -> (DVector<f64>, DVector<f64>, f64) {
        let unscale = |hat: &DVector<f64>| DVector::from_fn(hat.len(), |j, _| d[j] * hat[j]);
        let mut p = unscale(&p_hat);
        if self.inside(x, &p) {
            let value = model.value(&p_hat);
            return (p, p_hat, -value);
        }
        let (p_stride, hits) = self.to_bound(x, &p);
        let mut r_hat = p_hat.clone();
        for j in (0..x.len()).filter(|j| hits[*j]) {
            r_hat[j] = -r_hat[j];
        }
        let mut r = unscale(&r_hat);
        p *= p_stride;
        p_hat *= p_stride;
        let on_bound: Vec<f64> = (0..x.len()).map(|j| x[j] + p[j]).collect();
        let to_tr = to_radius(&p_hat, &r_hat, radius);
        let (to_bound, _) = self.to_bound(&on_bound, &r);
        let r_stride = to_bound.min(to_tr);
        let (from, to) = if r_stride > 0.0 {
            let from = (1.0 - theta) * p_stride / r_stride;
            let to = if r_stride == to_bound {
                theta * to_bound
            } else {
                to_tr
            };
            (from, to)
        } else {
            (0.0, -1.0)
        };
        let mut r_value = f64::INFINITY;
        if from <= to {
            let (a, b, c) = model.along(&r_hat, Some(&p_hat));
            let (stride, value) = lowest(a, b, c, from, to);
            r_value = value;
            r_hat = r_hat * stride + &p_hat;
            r = unscale(&r_hat);
        }
        p *= theta;
        p_hat *= theta;
        let p_value = model.value(&p_hat);
        let mut ag_hat = -&model.gradient;
        let mut ag = unscale(&ag_hat);
        let to_tr = radius / ag_hat.norm();
        let (to_bound, _) = self.to_bound(x, &ag);
        let most = if to_bound < to_tr {
            theta * to_bound
        } else {
            to_tr
        };
        let (a, b, c) = model.along(&ag_hat, None);
        let (stride, ag_value) = lowest(a, b, c, 0.0, most);
        ag_hat *= stride;
        ag *= stride;
        if p_value < r_value && p_value < ag_value {
            (p, p_hat, -p_value)
        } else if r_value < p_value && r_value < ag_value {
            (r, r_hat, -r_value)
        } else {
            (ag, ag_hat, -ag_value)
        }
    }
}

/// The quadratic model in scaled variables: ½ ‖J s‖² + ½ s·diag·s + g·s.
struct Model {
    jacobian: DMatrix<f64>,
    gradient: DVector<f64>,
    diagonal: Vec<f64>,
}

impl Model {
    fn new(
        jacobian: &DMatrix<f64>,
        f: &DVector<f64>,
        g: &DVector<f64>,
        d: &[f64],
        dv: &[f64],
    ) -> Model {
        let n = d.len();
        Model {
            jacobian: DMatrix::from_fn(f.len(), n, |i, j| jacobian[(i, j)] * d[j]),
            gradient: DVector::from_fn(n, |j, _| d[j] * g[j]),
            diagonal: (0..n).map(|j| g[j] * dv[j]).collect(),
        }
    }

    /// The Jacobian with the square root of the diagonal below it.
    fn augmented(&self, f: &DVector<f64>) -> DMatrix<f64> {
        let (m, n) = (f.len(), self.diagonal.len());
        DMatrix::from_fn(m + n, n, |i, j| match i {
            i if i < m => self.jacobian[(i, j)],
            i if i == m + j => self.diagonal[j].sqrt(),
            _ => 0.0,
        })
    }

    fn value(&self, s: &DVector<f64>) -> f64 {
        let curved: f64 = (0..s.len()).map(|j| s[j] * self.diagonal[j] * s[j]).sum();
        0.5 * ((&self.jacobian * s).norm_squared() + curved) + self.gradient.dot(s)
    }

    /// The model along a line s0 + t s, as a t² + b t + c.
    fn along(&self, s: &DVector<f64>, s0: Option<&DVector<f64>>) -> (f64, f64, f64) {
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
fn lowest(a: f64, b: f64, c: f64, from: f64, to: f64) -> (f64, f64) {
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
fn to_radius(x: &DVector<f64>, s: &DVector<f64>, radius: f64) -> f64 {
    let (a, b, c) = (
        s.norm_squared(),
        x.dot(s),
        x.norm_squared() - radius * radius,
    );
    let d = (b * b - a * c).sqrt();
    let q = -(b + d.copysign(b));
    (q / a).max(c / q)
}

/// The step within the radius that lowers the linear model most, and its Levenberg-Marquardt
/// parameter (Moré 1978).
fn trust_region(
    m: usize,
    uf: &DVector<f64>,
    svd: &Svd,
    radius: f64,
    initial: f64,
) -> (DVector<f64>, f64) {
    let Svd { s, v, .. } = svd;
    let n = s.len();
    let suf = DVector::from_fn(n, |j, _| s[j] * uf[j]);
    let full_rank = s[n - 1] > f64::EPSILON * m as f64 * s[0];
    if full_rank {
        let p = -v * (DVector::from_fn(n, |j, _| uf[j] / s[j]));
        if p.norm() <= radius {
            return (p, 0.0);
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
    (p * (radius / norm), alpha)
}
