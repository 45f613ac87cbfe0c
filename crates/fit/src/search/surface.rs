//! Starts for laws of two variables: linear parameters in closed form over a grid of the others.

use super::lowest_cells;
use crate::fittable::Candidate;
use crate::law::{Form, Surface};
use crate::order;

/// Exponents tried, from one that hardly falls to one that falls within a factor of two.
const EXPONENTS: [f64; 14] = [
    0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.26, 0.33, 0.42, 0.55, 0.7, 0.9, 1.3, 2.0,
];
const KEPT: usize = 6;

pub(crate) fn candidates(
    form: Surface,
    x: &[[f64; 2]],
    y: &[f64],
    weights: &[f64],
) -> Vec<Candidate> {
    match form {
        Surface::Additive => additive(x, y, weights),
        Surface::Coupled => coupled(x, y, weights),
    }
}

/// E, A and B in closed form over a grid of the two exponents. Logarithms are taken less their
/// mean, so that the unit of N and D does not matter.
fn additive(x: &[[f64; 2]], y: &[f64], weights: &[f64]) -> Vec<Candidate> {
    let means = [mean_log(x, 0), mean_log(x, 1)];
    let columns = |k: usize| -> Vec<Vec<f64>> {
        let column = |e: &f64| -> Vec<f64> {
            let logs = x.iter().map(|x| x[k].ln() - means[k]);
            logs.map(|l| (-e * l).exp()).collect()
        };
        EXPONENTS.iter().map(column).collect()
    };
    let (of_n, of_d) = (columns(0), columns(1));
    let solve = |i: usize, j: usize| nonnegative(&of_n[i], &of_d[j], y, weights);
    let grid: Vec<Vec<f64>> = (0..EXPONENTS.len())
        .map(|i| (0..EXPONENTS.len()).map(|j| solve(i, j).1).collect())
        .collect();
    let lowest = lowest_cells(&grid);
    // A lowest cell at E = 0 can hide a lower optimum above it, beyond the next exponent.
    let next = |&(i, j): &(usize, usize)| [(i + 1, j), (i, j + 1), (i + 1, j + 1)];
    let beside = lowest.first().map(next).into_iter().flatten();
    let beside = beside.filter(|(i, j)| (*i).max(*j) < EXPONENTS.len());
    let cells = lowest.iter().copied().take(KEPT).chain(beside);
    cells
        .map(|(i, j)| {
            let [e, a, b] = solve(i, j).0;
            // A coefficient at zero has no coordinate; a trace of it can grow.
            let coefficient =
                |v: f64, k: usize, exponent: f64| v.max(1e-3) * (exponent * means[k]).exp();
            let (alpha, beta) = (EXPONENTS[i], EXPONENTS[j]);
            let (a, b) = (coefficient(a, 0, alpha), coefficient(b, 1, beta));
            Candidate {
                parameters: vec![e, a, alpha, b, beta],
                converged: false,
            }
        })
        .collect()
}

/// Mean of the logarithm of one of the two variables.
pub(crate) fn mean_log(x: &[[f64; 2]], k: usize) -> f64 {
    x.iter().map(|x| x[k].ln()).sum::<f64>() / x.len() as f64
}

/// Least squares of y on E + A u + B v with E, A, B ≥ 0, by trying every set of positive ones.
fn nonnegative(u: &[f64], v: &[f64], y: &[f64], weights: &[f64]) -> ([f64; 3], f64) {
    let mut normal = nalgebra::Matrix3::zeros();
    let mut right = nalgebra::Vector3::zeros();
    for i in 0..y.len() {
        let row = nalgebra::Vector3::new(1.0, u[i], v[i]);
        normal += weights[i] * row * row.transpose();
        right += weights[i] * y[i] * row;
    }
    let mut best = ([0.0; 3], f64::INFINITY);
    for set in 1..8_usize {
        let (mut matrix, mut side) = (normal, right);
        for k in (0..3).filter(|k| set >> k & 1 == 0) {
            matrix.fill_row(k, 0.0);
            matrix.fill_column(k, 0.0);
            matrix[(k, k)] = 1.0;
            side[k] = 0.0;
        }
        let Some(p) = matrix.lu().solve(&side) else {
            continue;
        };
        if p.iter().any(|v| *v < 0.0 || !v.is_finite()) {
            continue;
        }
        let sse: f64 = (0..y.len())
            .map(|i| weights[i] * (y[i] - p[0] - p[1] * u[i] - p[2] * v[i]).powi(2))
            .sum();
        if sse < best.1 {
            best = ([p[0], p[1], p[2]], sse);
        }
    }
    best
}

/// A coarse grid over all four parameters, in units of the data's range.
fn coupled(x: &[[f64; 2]], y: &[f64], weights: &[f64]) -> Vec<Candidate> {
    let low = |k: usize| x.iter().map(|x| x[k].ln()).fold(f64::INFINITY, f64::min);
    let mut starts = Vec::new();
    for alpha_n in [0.05, 0.15, 0.3, 0.6, 1.2] {
        for alpha_d in [0.05, 0.15, 0.3, 0.6, 1.2] {
            for n in [-8.0, -4.0, -2.0, 0.0, 2.0] {
                for d in [-8.0, -4.0, -2.0, 0.0, 2.0] {
                    let p = vec![low(0) + n, alpha_n, low(1) + d, alpha_d];
                    let sse: f64 = x
                        .iter()
                        .zip(y)
                        .zip(weights)
                        .map(|((x, y), w)| w * (y - Surface::Coupled.evaluate(&p, *x)).powi(2))
                        .sum();
                    starts.push((sse, p));
                }
            }
        }
    }
    order::sort_by(&mut starts, |a, b| a.0.total_cmp(&b.0));
    starts
        .into_iter()
        .take(KEPT)
        .map(|(_, parameters)| Candidate {
            parameters,
            converged: false,
        })
        .collect()
}
