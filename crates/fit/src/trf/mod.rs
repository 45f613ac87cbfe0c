//! Bounded least squares as SciPy's `least_squares(method="trf")` runs it: the trust-region
//! reflective method of Branch, Coleman and Li (1999) with a two-point Jacobian, step for step
//! (`scipy/optimize/_lsq/trf.py`), so that an analysis made with `curve_fit` can be followed to
//! where it stopped. [`crate::fit()`] is the better solver.

mod model;

use crate::svd::Svd;
use model::{Model, TrustRegion, lowest, to_radius, trust_region_step};
use nalgebra::{DMatrix, DVector};

/// `ftol`, `xtol` and `gtol` of `curve_fit`.
const TOLERANCE: f64 = 1e-8;

/// A function from parameters to residuals, with bounds.
pub struct LeastSquares<'a> {
    /// Residuals, of one length whatever the parameters.
    pub residuals: &'a dyn Fn(&[f64]) -> Vec<f64>,
    /// Lower bounds of the parameters; −∞ for none.
    pub lower: &'a [f64],
    /// Upper bounds of the parameters; ∞ for none.
    pub upper: &'a [f64],
    /// `max_nfev`: evaluations of the residuals, those for Jacobians aside.
    pub max_evaluations: usize,
}

/// Where the method stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The parameters.
    pub x: Vec<f64>,
    /// Half the sum of squares.
    pub cost: f64,
    /// Evaluations of the residuals, those for Jacobians aside.
    pub evaluations: usize,
    /// Evaluations of the Jacobian.
    pub jacobians: usize,
    /// Why it stopped.
    pub termination: Termination,
}

/// Why the method stopped; the numbers are SciPy's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// The limit of evaluations is reached.
    MaxEvaluations = 0,
    /// `gtol`: the gradient is small.
    Gradient = 1,
    /// `ftol`: the cost hardly changes.
    Cost = 2,
    /// `xtol`: the step is small.
    Step = 3,
    /// `ftol` and `xtol`.
    CostAndStep = 4,
}

/// Parameters with their residuals.
struct Iterate {
    x: Vec<f64>,
    f: DVector<f64>,
    /// Half the sum of squares.
    cost: f64,
}

impl LeastSquares<'_> {
    /// From `start` to where the method stops. `None` where the start has no finite sum of
    /// squares: nothing could be an improvement, and every evaluation would be spent in vain.
    pub fn solve(&self, start: &[f64]) -> Option<Solution> {
        let mut at = self.evaluate(self.feasible(start, 1e-10));
        if !at.cost.is_finite() {
            return None;
        }
        let mut jacobian = self.jacobian(&at.x, &at.f);
        let mut g = jacobian.tr_mul(&at.f);
        let (mut evaluations, mut jacobians) = (1, 1);
        let mut region = self.initial_region(&at.x, &g);
        let mut termination = None;
        loop {
            let (v, dv) = self.scaling(&at.x, &g);
            let g_norm = (0..v.len())
                .map(|j| (g[j] * v[j]).abs())
                .fold(0.0, f64::max);
            if g_norm < TOLERANCE {
                termination = Some(Termination::Gradient);
            }
            if termination.is_some() || evaluations == self.max_evaluations {
                break;
            }
            let model = Model::new(&jacobian, &at.f, &g, &v, &dv);
            let theta = 0.995_f64.max(1.0 - g_norm);
            let improved;
            (improved, termination) =
                self.improve(&mut at, &model, theta, &mut region, &mut evaluations);
            if improved {
                jacobian = self.jacobian(&at.x, &at.f);
                jacobians += 1;
                g = jacobian.tr_mul(&at.f);
            }
        }
        Some(Solution {
            x: at.x,
            cost: at.cost,
            evaluations,
            jacobians,
            termination: termination.unwrap_or(Termination::MaxEvaluations),
        })
    }

    fn evaluate(&self, x: Vec<f64>) -> Iterate {
        let f = DVector::from_vec((self.residuals)(&x));
        let cost = 0.5 * f.norm_squared();
        Iterate { x, f, cost }
    }

    fn initial_region(&self, x: &[f64], g: &DVector<f64>) -> TrustRegion {
        let (v, _) = self.scaling(x, g);
        let radius = (0..x.len())
            .map(|j| (x[j] / v[j].sqrt()).powi(2))
            .sum::<f64>()
            .sqrt();
        TrustRegion {
            radius: if radius == 0.0 { 1.0 } else { radius },
            alpha: 0.0,
        }
    }

    /// Shrinks the trust region until a step lowers the cost, a tolerance is met or the evaluations
    /// are used up: whether a step did, and why to stop, if so.
    fn improve(
        &self,
        at: &mut Iterate,
        model: &Model,
        theta: f64,
        region: &mut TrustRegion,
        evaluations: &mut usize,
    ) -> (bool, Option<Termination>) {
        let (m, n) = (at.f.len(), at.x.len());
        let svd = Svd::new(model.augmented());
        let residuals = svd.u.tr_mul(&at.f.clone().resize_vertically(m + n, 0.0));
        while *evaluations < self.max_evaluations {
            let p_hat = trust_region_step(m, &residuals, &svd, region);
            let step = self.select_step(&at.x, model, p_hat, region.radius, theta);
            let next: Vec<f64> = (0..n).map(|j| at.x[j] + step.p[j]).collect();
            let next = self.evaluate(self.feasible(&next, 0.0));
            *evaluations += 1;
            let step_norm = step.p_hat.norm();
            if next.f.iter().any(|v| !v.is_finite()) {
                region.radius = 0.25 * step_norm;
                continue;
            }
            let reduction = at.cost - next.cost;
            let ratio = match -step.value {
                p if p > 0.0 => reduction / p,
                0.0 if reduction == 0.0 => 1.0,
                _ => 0.0,
            };
            let termination = termination(at, reduction, ratio, step.p.norm());
            if reduction > 0.0 {
                *at = next;
            }
            if termination.is_some() {
                return (reduction > 0.0, termination);
            }
            let radius = updated_radius(region.radius, ratio, step_norm);
            region.alpha *= region.radius / radius;
            region.radius = radius;
            if reduction > 0.0 {
                return (true, None);
            }
        }
        (false, None)
    }

    /// The point moved strictly inside the bounds: by `relative` of the bound's size, or by one
    /// unit in the last place.
    fn feasible(&self, x: &[f64], relative: f64) -> Vec<f64> {
        let place = |j: usize| {
            let (x, low, high) = (x[j], self.lower[j], self.upper[j]);
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
            let (to_low, to_high) = (x[j] - self.lower[j], self.upper[j] - x[j]);
            let fits = h.abs() <= to_low.max(to_high);
            if !fits {
                h = if to_high >= to_low { to_high } else { -to_low };
            } else if x[j] + h < self.lower[j] || x[j] + h > self.upper[j] {
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
                if g[j] < 0.0 && self.upper[j].is_finite() {
                    (self.upper[j] - x[j], -1.0)
                } else if g[j] > 0.0 && self.lower[j].is_finite() {
                    (x[j] - self.lower[j], 1.0)
                } else {
                    (1.0, 0.0)
                }
            })
            .unzip()
    }

    fn inside(&self, x: &[f64], step: &DVector<f64>) -> bool {
        (0..x.len()).all(|j| (self.lower[j]..=self.upper[j]).contains(&(x[j] + step[j])))
    }

    /// How far along `step` the first bound lies, and which coordinates meet it.
    fn to_bound(&self, x: &[f64], step: &DVector<f64>) -> (f64, Vec<bool>) {
        let reach: Vec<f64> = (0..x.len())
            .map(|j| match step[j] {
                0.0 => f64::INFINITY,
                s => ((self.lower[j] - x[j]) / s).max((self.upper[j] - x[j]) / s),
            })
            .collect();
        let nearest = reach.iter().copied().fold(f64::INFINITY, f64::min);
        let hits = (0..x.len())
            .map(|j| reach[j] == nearest && step[j] != 0.0)
            .collect();
        (nearest, hits)
    }

    /// The best of the truncated trust-region step, its reflection at the first bound, and the
    /// steepest descent.
    fn select_step(
        &self,
        x: &[f64],
        model: &Model,
        p_hat: DVector<f64>,
        radius: f64,
        theta: f64,
    ) -> Step {
        let p = model.unscale(&p_hat);
        if self.inside(x, &p) {
            let value = model.value(&p_hat);
            return Step { p, p_hat, value };
        }
        let (stride, hits) = self.to_bound(x, &p);
        let mut r_hat = p_hat.clone();
        for j in (0..x.len()).filter(|j| hits[*j]) {
            r_hat[j] = -r_hat[j];
        }
        let (p, p_hat) = (p * stride, p_hat * stride);
        let on_bound: Vec<f64> = (0..x.len()).map(|j| x[j] + p[j]).collect();
        let reflected = self.reflected(&on_bound, model, &p_hat, r_hat, stride, radius, theta);
        let (p, p_hat) = (p * theta, p_hat * theta);
        let value = model.value(&p_hat);
        let truncated = Step { p, p_hat, value };
        let descent = self.steepest_descent(x, model, radius, theta);
        if truncated.value < reflected.value && truncated.value < descent.value {
            truncated
        } else if reflected.value < truncated.value && reflected.value < descent.value {
            reflected
        } else {
            descent
        }
    }

    /// The step to the bound and on along its reflection `r_hat`. Its value is ∞ where there is no
    /// room. `stride` is how much of the whole step leads to the bound.
    #[allow(clippy::too_many_arguments)]
    fn reflected(
        &self,
        on_bound: &[f64],
        model: &Model,
        p_hat: &DVector<f64>,
        r_hat: DVector<f64>,
        stride: f64,
        radius: f64,
        theta: f64,
    ) -> Step {
        let r = model.unscale(&r_hat);
        let to_tr = to_radius(p_hat, &r_hat, radius);
        let (to_bound, _) = self.to_bound(on_bound, &r);
        let r_stride = to_bound.min(to_tr);
        let (from, to) = if r_stride > 0.0 {
            let from = (1.0 - theta) * stride / r_stride;
            let to = if r_stride == to_bound {
                theta * to_bound
            } else {
                to_tr
            };
            (from, to)
        } else {
            (0.0, -1.0)
        };
        if from <= to {
            let (a, b, c) = model.along(&r_hat, Some(p_hat));
            let (stride, value) = lowest(a, b, c, from, to);
            let p_hat = r_hat * stride + p_hat;
            let p = model.unscale(&p_hat);
            Step { p, p_hat, value }
        } else {
            Step {
                p: r,
                p_hat: r_hat,
                value: f64::INFINITY,
            }
        }
    }

    /// The lowest value along the steepest descent, within the radius and the bounds.
    fn steepest_descent(&self, x: &[f64], model: &Model, radius: f64, theta: f64) -> Step {
        let p_hat = -&model.gradient;
        let p = model.unscale(&p_hat);
        let to_tr = radius / p_hat.norm();
        let (to_bound, _) = self.to_bound(x, &p);
        let most = if to_bound < to_tr {
            theta * to_bound
        } else {
            to_tr
        };
        let (a, b, c) = model.along(&p_hat, None);
        let (stride, value) = lowest(a, b, c, 0.0, most);
        Step {
            p: p * stride,
            p_hat: p_hat * stride,
            value,
        }
    }
}

/// A step, the same in scaled variables, and the model's change of the cost along it.
struct Step {
    p: DVector<f64>,
    p_hat: DVector<f64>,
    value: f64,
}

/// Why to stop after a step that lowers the cost at `at` by `reduction`, if there is a reason;
/// `ratio` is the reduction relative to the predicted one.
fn termination(at: &Iterate, reduction: f64, ratio: f64, step_norm: f64) -> Option<Termination> {
    let small_change = reduction < TOLERANCE * at.cost && ratio > 0.25;
    let x_norm = at.x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let small_step = step_norm < TOLERANCE * (TOLERANCE + x_norm);
    match (small_change, small_step) {
        (true, true) => Some(Termination::CostAndStep),
        (true, false) => Some(Termination::Cost),
        (false, true) => Some(Termination::Step),
        (false, false) => None,
    }
}

fn updated_radius(radius: f64, ratio: f64, step_norm: f64) -> f64 {
    if ratio < 0.25 {
        0.25 * step_norm
    } else if ratio > 0.75 && step_norm > 0.95 * radius {
        2.0 * radius
    } else {
        radius
    }
}
