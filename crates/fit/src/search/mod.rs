//! Every local minimum of weighted least squares on the error, for laws of one variable.
//!
//! A grid over the two parameters that [`projection`] leaves finds every basin, and a descent its
//! minimum. The input's axis only enters relative to the data's range, so its unit does not matter.

mod projection;
pub(crate) mod surface;

use crate::fittable::Candidate;
use crate::law::{Law, Real};
use crate::order;
use projection::{
    ALPHA_HIGH, ALPHA_OCTAVES, ALPHA_STEPS, LN_B_FLOOR, LN_B_MARGIN, Projected, Solution,
    grid_alpha,
};

/// Grid in ln B, in units of the log of the input's axis.
const LN_B_STEP: f64 = 0.5;
/// Basins whose minimum is looked for.
const BASINS: usize = 4;

/// The local minima, the lowest first; never empty. Of the logistic law only starts near them.
pub(crate) fn minima(law: Law, x: &[f64], y: &[f64], weights: &[f64]) -> Vec<Candidate> {
    let problem = |constant| Projected::new(x, y, weights, constant);
    match law {
        Law::Saturation | Law::ShiftedPower => {
            two_dimensional(&problem(law == Law::Saturation), law)
        }
        Law::OffsetPower => vec![candidate(&without_b(&problem(true)), law)],
        Law::Power => vec![power(&problem(false))],
        Law::Logistic => logistic(x, y, weights),
    }
}

/// The lower of the minimum near given parameters of a law in A, ln B, α and E, and that of B = 0:
/// what a resample of the same points needs, at a tenth of a search's cost.
pub(crate) fn refine(
    law: Law,
    x: &[f64],
    y: &[f64],
    weights: &[f64],
    near: &[f64],
) -> Option<Candidate> {
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
    Some(candidate(&best, law))
}

/// Between which ln B and which ln α a law is looked for.
pub(crate) fn range(x: &[f64]) -> ((f64, f64), (f64, f64)) {
    let low = x.iter().copied().fold(f64::INFINITY, f64::min).ln();
    let high = x.iter().copied().fold(0.0, f64::max).ln();
    (
        (low - LN_B_FLOOR, high + 2.0 * LN_B_MARGIN),
        (f64::NEG_INFINITY, ALPHA_HIGH.ln()),
    )
}

/// A minimum, and whether the descent converged.
type Minimum = (Solution, bool);

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

fn candidate(minimum: &Minimum, law: Law) -> Candidate {
    Candidate {
        parameters: minimum.0.parameters(law),
        converged: minimum.1,
    }
}

/// B = 0 is a bound of its own: the best plain power with the same constant.
fn without_b(problem: &Projected) -> Minimum {
    let row = problem.row(f64::NEG_INFINITY);
    let start = (0..row.len())
        .min_by(|&i, &j| row[i].total_cmp(&row[j]))
        .unwrap_or(0);
    problem.descend(f64::NEG_INFINITY, grid_alpha(start), 0.0, false)
}

fn two_dimensional(problem: &Projected, law: Law) -> Vec<Candidate> {
    let from = problem.ln_x_min - LN_B_MARGIN;
    let rows = ((problem.ln_x_max + LN_B_MARGIN - from) / LN_B_STEP).ceil() as usize + 1;
    let ln_b = |i: usize| from + i as f64 * LN_B_STEP;
    let grid: Vec<Vec<f64>> = (0..rows).map(|i| problem.row(ln_b(i))).collect();
    let starts = lowest_cells(&grid)
        .into_iter()
        .map(|(i, j)| (ln_b(i), grid_alpha(j)));
    let mut minima = vec![without_b(problem)];
    for (ln_b, alpha) in starts.take(BASINS) {
        let minimum = problem.descend(ln_b, alpha, 0.0, true);
        // Where B gains nothing, B = 0 stands.
        if problem.uses_b(&minimum.0) && minimum.0.sse < minima[0].0.sse * (1.0 - 1e-12) {
            minima.push(minimum);
        }
    }
    order::sort_by(&mut minima, |a, b| a.0.sse.total_cmp(&b.0.sse));
    minima.iter().map(|b| candidate(b, law)).collect()
}

/// Cells that are no higher than their neighbours, the lowest first.
fn lowest_cells(grid: &[Vec<f64>]) -> Vec<(usize, usize)> {
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
fn power(problem: &Projected) -> Candidate {
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
    candidate(
        &problem.descend(no_b, alpha, -ALPHA_HIGH, false),
        Law::Power,
    )
}

/// Starts for the logistic law: U in closed form over a grid of its middle and steepness.
fn logistic(x: &[f64], y: &[f64], weights: &[f64]) -> Vec<Candidate> {
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
        .map(|(i, j)| Candidate {
            parameters: vec![solve(i, j).0, middle(i), steepness(j)],
            converged: false,
        })
        .collect()
}
