//! Variable projection: for given ln B and α a law A (C + B)^−α + E is linear in A and E, whose
//! bounded optimum is closed form (Golub and Pereyra 1973). What remains is a problem in two
//! variables, which Levenberg-Marquardt steps descend with Kaufman's Jacobian of the projected
//! residual (Kaufman 1975, "A variable projection method for solving separable nonlinear least
//! squares problems").

use nalgebra::{Matrix2, Vector2};

/// How far the grid in ln B reaches beyond the smallest and the largest input.
pub(super) const LN_B_MARGIN: f64 = 3.0;
/// Below this far under the smallest input B has no effect at double precision; it counts as 0.
pub(super) const LN_B_FLOOR: f64 = 30.0;
/// The grid in α: steps an octave, from the lowest value, so many octaves.
pub(super) const ALPHA_STEPS: usize = 8;
const ALPHA_LOW: f64 = 0.005;
pub(super) const ALPHA_OCTAVES: usize = 14;
pub(super) const ALPHA_HIGH: f64 = 200.0;
/// Largest |α · mean ln(x + B)|: beyond it A leaves the range of a double.
const LN_A_HIGH: f64 = 600.0;
const ITERATIONS: usize = 200;

/// A value of the grid in α.
pub(super) fn grid_alpha(index: usize) -> f64 {
    ALPHA_LOW * 2f64.powf(index as f64 / ALPHA_STEPS as f64)
}

/// Weighted least squares on the error, as a function of ln B and α.
pub(super) struct Projected<'a> {
    x: &'a [f64],
    y: &'a [f64],
    weights: &'a [f64],
    weight: f64,
    y_mean: f64,
    pub(super) ln_x_min: f64,
    pub(super) ln_x_max: f64,
    /// Whether the law has a constant E.
    constant: bool,
}

/// A, E and the squared error at one (ln B, α).
#[derive(Clone, Copy, Debug)]
pub(super) struct Solution {
    pub(super) ln_b: f64,
    pub(super) alpha: f64,
    pub(super) a: f64,
    pub(super) e: f64,
    pub(super) sse: f64,
}

/// The linear part at given basis column u, in the column's own units.
#[derive(Clone, Copy)]
struct Projection {
    a: f64,
    e: f64,
    sse: f64,
    /// Whether the constant takes part (E > 0).
    constant: bool,
}

impl<'a> Projected<'a> {
    pub(super) fn new(x: &'a [f64], y: &'a [f64], weights: &'a [f64], constant: bool) -> Self {
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(0.0, f64::max);
        let weight = weights.iter().sum::<f64>();
        let y_sum: f64 = y.iter().zip(weights).map(|(y, w)| w * y).sum();
        Projected {
            x,
            y,
            weights,
            weight,
            y_mean: y_sum / weight,
            ln_x_min: low.ln(),
            ln_x_max: high.ln(),
            constant,
        }
    }

    /// ln(x + B) less its mean, and the mean.
    fn logs(&self, ln_b: f64) -> (Vec<f64>, f64) {
        let b = ln_b.exp();
        let mut logs: Vec<f64> = self.x.iter().map(|x| (x + b).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        for l in &mut logs {
            *l -= mean;
        }
        (logs, mean)
    }

    /// Least squares of y on A u + E with A, E ≥ 0.
    fn project(&self, u: &[f64]) -> Projection {
        let points = || u.iter().zip(self.y).zip(self.weights);
        let u_mean = points().map(|((u, _), w)| w * u).sum::<f64>() / self.weight;
        let (mut uu, mut uy, mut cuu, mut cuy) = (0.0, 0.0, 0.0, 0.0);
        for ((&u, &y), &w) in points() {
            uu += w * u * u;
            uy += w * u * y;
            cuu += w * (u - u_mean) * (u - u_mean);
            cuy += w * (u - u_mean) * (y - self.y_mean);
        }
        let (mut a, mut e, mut constant) = (0.0, 0.0, false);
        if self.constant && cuu > 0.0 {
            a = (cuy / cuu).max(0.0);
            e = self.y_mean - a * u_mean;
            constant = true;
        }
        if !constant || e <= 0.0 {
            a = (uy / uu).max(0.0);
            e = 0.0;
            constant = false;
        }
        let sse = points()
            .map(|((u, y), w)| w * (y - a * u - e).powi(2))
            .sum();
        Projection {
            a,
            e,
            sse,
            constant,
        }
    }

    pub(super) fn solve(&self, ln_b: f64, alpha: f64) -> Solution {
        let (logs, mean) = self.logs(ln_b);
        let u: Vec<f64> = logs.iter().map(|l| (-alpha * l).exp()).collect();
        let p = self.project(&u);
        let in_range = (alpha * mean).abs() <= LN_A_HIGH;
        Solution {
            ln_b,
            alpha,
            a: p.a * (alpha * mean).exp(),
            e: p.e,
            sse: if in_range { p.sse } else { f64::INFINITY },
        }
    }

    /// Squared errors along α for one ln B: exponentials for one octave, squares for the rest.
    pub(super) fn row(&self, ln_b: f64) -> Vec<f64> {
        let (logs, mean) = self.logs(ln_b);
        let mut row = vec![f64::INFINITY; ALPHA_STEPS * ALPHA_OCTAVES];
        for step in 0..ALPHA_STEPS {
            let alpha = grid_alpha(step);
            let mut u: Vec<f64> = logs.iter().map(|l| (-alpha * l).exp()).collect();
            for octave in 0..ALPHA_OCTAVES {
                let sse = self.project(&u).sse;
                let alpha = alpha * f64::from(1 << octave);
                if !sse.is_finite() || (alpha * mean).abs() > LN_A_HIGH {
                    break;
                }
                row[octave * ALPHA_STEPS + step] = sse;
                for u in &mut u {
                    *u *= *u;
                }
            }
        }
        row
    }

    /// Levenberg-Marquardt from (ln B, α) to the minimum of its basin, and whether it converged.
    /// `free_b` false keeps ln B.
    pub(super) fn descend(
        &self,
        ln_b: f64,
        alpha: f64,
        alpha_low: f64,
        free_b: bool,
    ) -> (Solution, bool) {
        let clamp = |ln_b: f64, alpha: f64| {
            let ln_b = if free_b {
                ln_b.clamp(
                    self.ln_x_min - LN_B_FLOOR,
                    self.ln_x_max + 2.0 * LN_B_MARGIN,
                )
            } else {
                ln_b
            };
            (ln_b, alpha.clamp(alpha_low, ALPHA_HIGH))
        };
        let mut at = self.solve(ln_b, alpha);
        let mut damping = 1e-3;
        for _ in 0..ITERATIONS {
            let (normal, gradient) = self.normal_equations(&at, free_b);
            let mut moved = false;
            while damping < 1e12 {
                let mut damped = normal;
                damped[(0, 0)] += damping * normal[(0, 0)].max(f64::MIN_POSITIVE);
                damped[(1, 1)] += damping * normal[(1, 1)].max(f64::MIN_POSITIVE);
                let step = damped
                    .try_inverse()
                    .map_or_else(Vector2::zeros, |inverse| inverse * gradient);
                let step = step.map(|s| {
                    if s.is_finite() {
                        s.clamp(-4.0, 4.0)
                    } else {
                        0.0
                    }
                });
                let (ln_b, alpha) = clamp(at.ln_b + step[0], at.alpha + step[1]);
                let next = self.solve(ln_b, alpha);
                if next.sse < at.sse {
                    let small = (next.ln_b - at.ln_b).abs() < 1e-11
                        && (next.alpha - at.alpha).abs() < 1e-12 * (1.0 + at.alpha.abs());
                    at = next;
                    damping = (damping * 0.1).max(1e-15);
                    moved = !small;
                    break;
                }
                if ln_b == at.ln_b && alpha == at.alpha {
                    break;
                }
                damping *= 10.0;
            }
            if !moved {
                return (at, true);
            }
        }
        (at, false)
    }

    /// JᵀJ and Jᵀr of the projected residual in (ln B, α), Kaufman's approximation; its gradient
    /// is exact.
    fn normal_equations(&self, at: &Solution, free_b: bool) -> (Matrix2<f64>, Vector2<f64>) {
        let b = at.ln_b.exp();
        let (logs, _) = self.logs(at.ln_b);
        let u: Vec<f64> = logs.iter().map(|l| (-at.alpha * l).exp()).collect();
        let p = self.project(&u);
        let mut by_b: Vec<f64> = u
            .iter()
            .zip(self.x)
            .map(|(u, x)| {
                if free_b {
                    -p.a * at.alpha * u * b / (x + b)
                } else {
                    0.0
                }
            })
            .collect();
        let mut by_alpha: Vec<f64> = u.iter().zip(&logs).map(|(u, l)| -p.a * u * l).collect();
        for column in [&mut by_b, &mut by_alpha] {
            self.project_out(column, &u, p.constant);
        }
        let (mut normal, mut gradient) = (Matrix2::zeros(), Vector2::zeros());
        for i in 0..u.len() {
            let residual = self.y[i] - p.a * u[i] - p.e;
            let row = Vector2::new(by_b[i], by_alpha[i]);
            normal += self.weights[i] * row * row.transpose();
            gradient += self.weights[i] * row * residual;
        }
        (normal, gradient)
    }

    /// Takes the part along u (and along the constant, where it takes part) out of a column.
    fn project_out(&self, column: &mut [f64], u: &[f64], constant: bool) {
        let mean = |v: &[f64]| {
            if constant {
                v.iter().zip(self.weights).map(|(v, w)| w * v).sum::<f64>() / self.weight
            } else {
                0.0
            }
        };
        let (u_mean, c_mean) = (mean(u), mean(column));
        let (mut uc, mut uu) = (0.0, 0.0);
        for ((u, c), w) in u.iter().zip(column.iter()).zip(self.weights) {
            uc += w * (u - u_mean) * (c - c_mean);
            uu += w * (u - u_mean) * (u - u_mean);
        }
        let slope = if uu > 0.0 { uc / uu } else { 0.0 };
        for (u, c) in u.iter().zip(column.iter_mut()) {
            *c -= c_mean + slope * (u - u_mean);
        }
    }

    /// At the floor B has no effect.
    pub(super) fn uses_b(&self, at: &Solution) -> bool {
        at.ln_b > self.ln_x_min - LN_B_FLOOR
    }
}
