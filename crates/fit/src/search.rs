//! Every basin of weighted least squares on the error, by variable projection.
//!
//! For given ln B and α a law is linear in A and E, whose bounded optimum is closed form. What
//! remains is a search over two parameters: a grid finds every basin, Levenberg-Marquardt on the
//! projected residual (Kaufman's Jacobian) ends in its bottom. The compute axis only enters
//! relative to the data's range, so its unit does not matter.

use super::Found;
use crate::law::{Law, Real};
use crate::order;
use nalgebra::{Matrix2, Vector2};

/// The bottoms of the basins, the lowest first; never empty. Of the logistic law only starts near
/// them.
pub(super) fn bottoms(law: Law, x: &[f64], y: &[f64], weights: &[f64]) -> Vec<Found> {
    let problem = |constant| Projected::new(x, y, weights, constant);
    match law {
        Law::Saturation | Law::ShiftedPower => {
            two_dimensional(&problem(law == Law::Saturation), law)
        }
        Law::OffsetPower => vec![found(&without_b(&problem(true)), law)],
        Law::Power => vec![power(&problem(false))],
        Law::Logistic => logistic(x, y, weights),
    }
}

/// The bottom near given parameters of a law in A, ln B, α and E, and that of B = 0: what a
/// resample of the same points needs, at a tenth of a search's cost.
pub(super) fn again(
    law: Law,
    x: &[f64],
    y: &[f64],
    weights: &[f64],
    near: &[f64],
) -> Option<Found> {
    let (problem, ln_b, alpha) = match (law, near) {
        (Law::Saturation, [_, ln_b, alpha, _]) => {
            (Projected::new(x, y, weights, true), *ln_b, *alpha)
        }
        (Law::ShiftedPower, [_, ln_b, alpha]) => {
            (Projected::new(x, y, weights, false), *ln_b, *alpha)
        }
        _ => return None,
    };
    let mut best = without_b(&problem);
    // Towards the exponential end of the valley, and from where the points' law was.
    let far = (problem.ln_x_max, 2.0 * alpha.max(0.1));
    for (ln_b, alpha) in [(ln_b, alpha), far] {
        if ln_b.is_finite() {
            let found = problem.descend(ln_b, alpha, 0.0, true);
            if problem.uses_b(&found.0) && found.0.sse < best.0.sse * (1.0 - 1e-12) {
                best = found;
            }
        }
    }
    Some(found(&best, law))
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

/// Between which ln B and which ln α a law is looked for.
pub(super) fn range(x: &[f64]) -> ((f64, f64), (f64, f64)) {
    let low = x.iter().copied().fold(f64::INFINITY, f64::min).ln();
    let high = x.iter().copied().fold(0.0, f64::max).ln();
    (
        (low - LN_B_FLOOR, high + 2.0 * LN_B_MARGIN),
        (f64::NEG_INFINITY, ALPHA_HIGH.ln()),
    )
}

struct Projected<'a> {
    x: &'a [f64],
    y: &'a [f64],
    weights: &'a [f64],
    weight: f64,
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

impl<'a> Projected<'a> {
    fn new(x: &'a [f64], y: &'a [f64], weights: &'a [f64], constant: bool) -> Self {
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
    fn uses_b(&self, at: &Solution) -> bool {
        at.ln_b > self.ln_x_min - LN_B_FLOOR
    }
}

/// A bottom, and whether the descent ended there.
type Bottom = (Solution, bool);

impl Solution {
    fn parameters(&self, law: Law) -> Vec<f64> {
        match law {
            Law::Saturation => vec![self.a, self.ln_b, self.alpha, self.e],
            Law::ShiftedPower => vec![self.a, self.ln_b, self.alpha],
            Law::OffsetPower => vec![self.a, self.alpha, self.e],
            Law::Power | Law::Logistic => vec![self.a, -self.alpha],
        }
    }
}

fn found(bottom: &Bottom, law: Law) -> Found {
    Found {
        parameters: bottom.0.parameters(law),
        converged: bottom.1,
    }
}

fn grid_alpha(index: usize) -> f64 {
    ALPHA_LOW * 2f64.powf(index as f64 / ALPHA_STEPS as f64)
}

/// B = 0 is a bound of its own: the best plain power with the same constant.
fn without_b(problem: &Projected) -> Bottom {
    let row = problem.row(f64::NEG_INFINITY);
    let start = (0..row.len())
        .min_by(|&i, &j| row[i].total_cmp(&row[j]))
        .unwrap_or(0);
    problem.descend(f64::NEG_INFINITY, grid_alpha(start), 0.0, false)
}

fn two_dimensional(problem: &Projected, law: Law) -> Vec<Found> {
    let from = problem.ln_x_min - LN_B_MARGIN;
    let rows = ((problem.ln_x_max + LN_B_MARGIN - from) / LN_B_STEP).ceil() as usize + 1;
    let ln_b = |i: usize| from + i as f64 * LN_B_STEP;
    let grid: Vec<Vec<f64>> = (0..rows).map(|i| problem.row(ln_b(i))).collect();
    let starts = lowest_cells(&grid)
        .into_iter()
        .map(|(i, j)| (ln_b(i), grid_alpha(j)));
    let mut bottoms = vec![without_b(problem)];
    for (ln_b, alpha) in starts.take(BASINS) {
        let bottom = problem.descend(ln_b, alpha, 0.0, true);
        // Where B gains nothing, B = 0 stands.
        if problem.uses_b(&bottom.0) && bottom.0.sse < bottoms[0].0.sse * (1.0 - 1e-12) {
            bottoms.push(bottom);
        }
    }
    order::sort_by(&mut bottoms, |a, b| a.0.sse.total_cmp(&b.0.sse));
    bottoms.iter().map(|b| found(b, law)).collect()
}

/// Cells that are no higher than their neighbours, the lowest first.
pub(super) fn lowest_cells(grid: &[Vec<f64>]) -> Vec<(usize, usize)> {
    let at = |i: usize, j: usize, di: isize, dj: isize| {
        let row = i.checked_add_signed(di).and_then(|i| grid.get(i));
        let cell = row.and_then(|r| j.checked_add_signed(dj).and_then(|j| r.get(j)));
        cell.copied().unwrap_or(f64::INFINITY)
    };
    let mut cells: Vec<(usize, usize)> = Vec::new();
    for (i, row) in grid.iter().enumerate() {
        for (j, here) in row.iter().enumerate() {
            let lowest = (-1..=1)
                .flat_map(|di| (-1..=1).map(move |dj| (di, dj)))
                .all(|(di, dj)| *here <= at(i, j, di, dj));
            if lowest && here.is_finite() {
                cells.push((i, j));
            }
        }
    }
    order::sort_by(&mut cells, |a, b| grid[a.0][a.1].total_cmp(&grid[b.0][b.1]));
    cells
}

/// β C^α; α of either sign.
fn power(problem: &Projected) -> Found {
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
    found(
        &problem.descend(no_b, alpha, -ALPHA_HIGH, false),
        Law::Power,
    )
}

/// Starts for the logistic law: U in closed form over a grid of its middle and steepness.
fn logistic(x: &[f64], y: &[f64], weights: &[f64]) -> Vec<Found> {
    const MIDDLES: usize = 24;
    const STEEPNESSES: usize = 16;
    const KEPT: usize = 6;
    let logs: Vec<f64> = x.iter().map(|x| x.ln()).collect();
    let low = logs.iter().copied().fold(f64::INFINITY, f64::min);
    let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = (high - low).max(1e-3);
    // From half the range below the data to one range above.
    let middle = |i: usize| low + span * (1.5 * i as f64 / (MIDDLES - 1) as f64 - 0.25);
    // From flat over the data to a jump between two points.
    let steepness = |j: usize| 0.3 / span * 2f64.powf(0.6 * j as f64);
    let solve = |i: usize, j: usize| {
        let u: Vec<f64> = logs
            .iter()
            .map(|l| (steepness(j) * (l - middle(i))).logistic())
            .collect();
        let (mut uu, mut uy) = (0.0, 0.0);
        for ((u, y), w) in u.iter().zip(y).zip(weights) {
            uu += w * u * u;
            uy += w * u * (1.0 - y);
        }
        let top = (uy / uu).clamp(1e-6, 1.0 - 1e-9);
        let sse: f64 = u
            .iter()
            .zip(y)
            .zip(weights)
            .map(|((u, y), w)| w * (1.0 - y - top * u).powi(2))
            .sum();
        (top, sse)
    };
    let grid: Vec<Vec<f64>> = (0..MIDDLES)
        .map(|i| (0..STEEPNESSES).map(|j| solve(i, j).1).collect())
        .collect();
    lowest_cells(&grid)
        .into_iter()
        .take(KEPT)
        .map(|(i, j)| Found {
            parameters: vec![solve(i, j).0, middle(i), steepness(j)],
            converged: false,
        })
        .collect()
}
