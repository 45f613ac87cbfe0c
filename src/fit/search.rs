//! The global least-squares optimum by variable projection.
//!
//! For given ln B and α the law is linear in A and E, whose bounded optimum is closed form. What
//! remains is a search over two parameters: a grid finds every basin, Levenberg-Marquardt on the
//! projected residual (Kaufman's Jacobian) ends in its bottom. The compute axis only enters
//! relative to the data's range, so its unit does not matter.

use crate::law::Law;
use nalgebra::{Matrix2, Vector2};

pub(super) struct Found {
    pub parameters: Vec<f64>,
    pub converged: bool,
}

pub(super) fn search(law: Law, x: &[f64], y: &[f64]) -> Found {
    match law {
        Law::Line => line(x, y),
        Law::Saturation => two_dimensional(&Problem::new(x, y, true), |s| {
            vec![s.a, s.ln_b, s.alpha, s.e]
        }),
        Law::ShiftedPower => {
            two_dimensional(&Problem::new(x, y, false), |s| vec![s.a, s.ln_b, s.alpha])
        }
        Law::Power => power(&Problem::new(x, y, false)),
    }
}

/// Ordinary least squares of log L on log C.
fn line(x: &[f64], y: &[f64]) -> Found {
    let n = x.len() as f64;
    let mean = |v: &[f64]| v.iter().map(|v| v.ln()).sum::<f64>() / n;
    let (mx, my) = (mean(x), mean(y));
    let (mut xy, mut xx) = (0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let dx = x.ln() - mx;
        xy += dx * (y.ln() - my);
        xx += dx * dx;
    }
    let alpha = xy / xx;
    Found {
        parameters: vec![(my - alpha * mx).exp(), alpha],
        converged: true,
    }
}

/// Grid in ln B, in units of the log of the compute axis.
const LN_B_STEP: f64 = 0.5;
/// How far the grid reaches beyond the smallest and the largest compute.
const LN_B_MARGIN: f64 = 3.0;
/// Below this far under the smallest compute B has no effect at double precision; it counts as 0.
const LN_B_FLOOR: f64 = 30.0;
/// The grid in α: steps an octave, from the lowest value, so many octaves.
const ALPHA_STEPS: usize = 8;
const ALPHA_LOW: f64 = 0.005;
const ALPHA_OCTAVES: usize = 14;
const ALPHA_HIGH: f64 = 200.0;
/// Largest |α · mean ln(x + B)|: beyond it A leaves the range of a double.
const LN_A_HIGH: f64 = 600.0;
/// Basins that are searched to the bottom.
const BASINS: usize = 4;
const ITERATIONS: usize = 200;

struct Problem<'a> {
    x: &'a [f64],
    y: &'a [f64],
    y_mean: f64,
    ln_x_min: f64,
    ln_x_max: f64,
    /// Whether the law has a constant E.
    constant: bool,
}

/// A, E and the squared error at one (ln B, α).
#[derive(Clone, Copy, Debug)]
struct Solution {
    ln_b: f64,
    alpha: f64,
    a: f64,
    e: f64,
    sse: f64,
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

impl<'a> Problem<'a> {
    fn new(x: &'a [f64], y: &'a [f64], constant: bool) -> Self {
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(0.0, f64::max);
        Problem {
            x,
            y,
            y_mean: y.iter().sum::<f64>() / y.len() as f64,
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
        let n = u.len() as f64;
        let u_mean = u.iter().sum::<f64>() / n;
        let (mut uu, mut uy, mut cuu, mut cuy) = (0.0, 0.0, 0.0, 0.0);
        for (&u, &y) in u.iter().zip(self.y) {
            uu += u * u;
            uy += u * y;
            cuu += (u - u_mean) * (u - u_mean);
            cuy += (u - u_mean) * (y - self.y_mean);
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
        let sse = u
            .iter()
            .zip(self.y)
            .map(|(u, y)| (y - a * u - e).powi(2))
            .sum();
        Projection {
            a,
            e,
            sse,
            constant,
        }
    }

    fn solve(&self, ln_b: f64, alpha: f64) -> Solution {
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
    fn row(&self, ln_b: f64) -> Vec<f64> {
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

    /// Levenberg-Marquardt from (ln B, α) to the bottom of its basin. `free_b` false keeps ln B.
    fn descend(&self, ln_b: f64, alpha: f64, alpha_low: f64, free_b: bool) -> (Solution, bool) {
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
            project_out(column, &u, p.constant);
        }
        let (mut normal, mut gradient) = (Matrix2::zeros(), Vector2::zeros());
        for i in 0..u.len() {
            let residual = self.y[i] - p.a * u[i] - p.e;
            let row = Vector2::new(by_b[i], by_alpha[i]);
            normal += row * row.transpose();
            gradient += row * residual;
        }
        (normal, gradient)
    }
}

/// Takes the part along u (and along the constant, where it takes part) out of a column.
fn project_out(column: &mut [f64], u: &[f64], constant: bool) {
    let n = u.len() as f64;
    let mean = |v: &[f64]| {
        if constant {
            v.iter().sum::<f64>() / n
        } else {
            0.0
        }
    };
    let (u_mean, c_mean) = (mean(u), mean(column));
    let (mut uc, mut uu) = (0.0, 0.0);
    for (u, c) in u.iter().zip(column.iter()) {
        uc += (u - u_mean) * (c - c_mean);
        uu += (u - u_mean) * (u - u_mean);
    }
    let slope = if uu > 0.0 { uc / uu } else { 0.0 };
    for (u, c) in u.iter().zip(column.iter_mut()) {
        *c -= c_mean + slope * (u - u_mean);
    }
}

fn grid_alpha(index: usize) -> f64 {
    ALPHA_LOW * 2f64.powf(index as f64 / ALPHA_STEPS as f64)
}

fn two_dimensional(problem: &Problem, parameters: fn(&Solution) -> Vec<f64>) -> Found {
    let from = problem.ln_x_min - LN_B_MARGIN;
    let rows = ((problem.ln_x_max + LN_B_MARGIN - from) / LN_B_STEP).ceil() as usize + 1;
    let ln_b = |i: usize| from + i as f64 * LN_B_STEP;
    let grid: Vec<Vec<f64>> = (0..rows).map(|i| problem.row(ln_b(i))).collect();
    let at = |i: isize, j: isize| {
        let row = usize::try_from(i).ok().and_then(|i| grid.get(i));
        row.and_then(|r| usize::try_from(j).ok().and_then(|j| r.get(j)))
            .copied()
            .unwrap_or(f64::INFINITY)
    };
    let mut basins = Vec::new();
    for i in 0..grid.len() as isize {
        for j in 0..(ALPHA_STEPS * ALPHA_OCTAVES) as isize {
            let here = at(i, j);
            let lowest = (-1..=1)
                .flat_map(|di| (-1..=1).map(move |dj| (di, dj)))
                .all(|(di, dj)| here <= at(i + di, j + dj));
            if lowest && here.is_finite() {
                basins.push((here, ln_b(i as usize), grid_alpha(j as usize)));
            }
        }
    }
    basins.sort_by(|a, b| a.0.total_cmp(&b.0));
    basins.truncate(BASINS);

    // B = 0 is a bound of its own: the best plain power with the same constant.
    let no_b = f64::NEG_INFINITY;
    let row = problem.row(no_b);
    let start = (0..row.len())
        .min_by(|&i, &j| row[i].total_cmp(&row[j]))
        .unwrap_or(0);
    let (mut best, mut converged) = problem.descend(no_b, grid_alpha(start), 0.0, false);
    for (_, ln_b, alpha) in basins {
        let (found, ended) = problem.descend(ln_b, alpha, 0.0, true);
        // At the floor B has no effect; there, and where B gains nothing, B = 0 stands.
        if found.ln_b > problem.ln_x_min - LN_B_FLOOR && found.sse < best.sse * (1.0 - 1e-12) {
            (best, converged) = (found, ended);
        }
    }
    Found {
        parameters: parameters(&best),
        converged,
    }
}

/// β C^α, least squares on the error; α of either sign.
fn power(problem: &Problem) -> Found {
    let no_b = f64::NEG_INFINITY;
    let starts = (0..ALPHA_STEPS * ALPHA_OCTAVES)
        .map(grid_alpha)
        .filter(|alpha| *alpha <= ALPHA_HIGH)
        .flat_map(|alpha| [alpha, -alpha]);
    let start = starts
        .map(|alpha| problem.solve(no_b, alpha))
        .filter(|s| s.sse.is_finite())
        .min_by(|a, b| a.sse.total_cmp(&b.sse));
    let alpha = start.map_or(0.0, |s| s.alpha);
    let (best, converged) = problem.descend(no_b, alpha, -ALPHA_HIGH, false);
    Found {
        parameters: vec![best.a, -best.alpha],
        converged,
    }
}
