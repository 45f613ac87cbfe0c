//! The comparison study's own search: SciPy's `curve_fit` from every start of a grid, the lowest
//! squared error kept (`scaling_laws/fitting_utils.py` of its repository).

use super::trf::LeastSquares;
use super::{Fit, Task};
use crate::law::{Form, Law};
use serde::Serialize;

/// `maxfev` of the released call.
const MOST_EVALUATIONS: usize = 1_000_000;
/// Two squared errors count as one minimum within this.
const SAME: f64 = 1e-6;

/// A search under way.
pub struct Search {
    law: Law,
    x: Vec<f64>,
    y: Vec<f64>,
    starts: Vec<Vec<f64>>,
    next: usize,
    /// (A, B, −α, E) and the squared error of each start that ended.
    ended: Vec<(Vec<f64>, f64)>,
    evaluations: usize,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MultiStart {
    /// In the order of the law's parameters.
    pub parameters: Vec<f64>,
    pub mse: f64,
    pub starts: usize,
    /// Starts that ended within 1e-6 of the lowest squared error.
    pub reached: usize,
    pub failed: usize,
    /// Of the residuals, those for Jacobians aside.
    pub evaluations: usize,
}

impl MultiStart {
    /// Whether the best fit has a lower squared error, beyond rounding.
    pub fn stopped_early(&self, best: &Fit) -> bool {
        best.mse < self.mse * (1.0 - SAME)
    }

    /// How it ended beside the best fit, as a sentence.
    pub fn beside(&self, best: &Fit) -> &'static str {
        if self.stopped_early(best) {
            "The released search stopped early: the best fit has a lower squared error."
        } else if self.mse < best.mse * (1.0 - SAME) {
            // Where the loss is another than squares of the error.
            "The two minimise different losses."
        } else {
            "The released search found the best fit."
        }
    }
}

impl Search {
    /// `None` for laws that the study did not search this way.
    pub fn new(law: Law, x: &[f64], y: &[f64]) -> Option<Search> {
        let starts = match law {
            Law::Saturation => grid(),
            Law::ShiftedPower => vec![vec![10.0, 10.0, -0.1]],
            _ => return None,
        };
        Some(Search {
            law,
            x: x.to_vec(),
            y: y.to_vec(),
            starts,
            next: 0,
            ended: Vec::new(),
            evaluations: 0,
        })
    }

    /// What has been found so far; `None` before the first start ended.
    pub fn released(&self) -> Option<MultiStart> {
        let (best, sse) =
            self.ended
                .iter()
                .fold(None, |best: Option<&(Vec<f64>, f64)>, next| match best {
                    Some(best) if best.1 <= next.1 => Some(best),
                    _ => Some(next),
                })?;
        let mut parameters = vec![best[0], best[1].ln(), -best[2]];
        parameters.extend(best.get(3));
        Some(MultiStart {
            parameters,
            mse: sse / self.x.len() as f64,
            starts: self.next,
            reached: self
                .ended
                .iter()
                .filter(|(_, s)| *s <= sse * (1.0 + SAME))
                .count(),
            failed: self.next - self.ended.len(),
            evaluations: self.evaluations,
        })
    }
}

impl Task for Search {
    fn step(&mut self) {
        let Some(start) = self.starts.get(self.next) else {
            return;
        };
        let count = self.law.parameters().len();
        let solution = released_problem(&self.x, &self.y, start, count);
        if let Some(solution) = solution {
            self.evaluations += solution.evaluations;
            if solution.cost.is_finite() {
                self.ended.push((solution.x, 2.0 * solution.cost));
            }
        }
        self.next += 1;
    }

    fn progress(&self) -> (usize, usize) {
        (self.next, self.starts.len())
    }
}

/// One start of `curve_fit` on a (x + b)^c + d, or without d.
pub fn released_problem(
    x: &[f64],
    y: &[f64],
    start: &[f64],
    parameters: usize,
) -> Option<super::trf::Solution> {
    let residuals = |p: &[f64]| -> Vec<f64> {
        let offset = p.get(3).copied().unwrap_or(0.0);
        x.iter()
            .zip(y)
            .map(|(x, y)| p[0] * (x + p[1]).powf(p[2]) + offset - y)
            .collect()
    };
    let infinite = f64::INFINITY;
    LeastSquares {
        residuals: &residuals,
        low: &[0.0, 0.0, -infinite, 0.0][..parameters],
        high: &[infinite, infinite, 0.0, infinite][..parameters],
        most_evaluations: MOST_EVALUATIONS,
    }
    .solve(start)
}

/// 20 × 20 × 4 × 2 starts of A, B, −α and E, the last the fastest.
fn grid() -> Vec<Vec<f64>> {
    let fives = || (0..20).map(|i| 5.0 * f64::from(i));
    let mut starts = Vec::with_capacity(3200);
    for a in fives() {
        for b in fives() {
            for c in [-0.2, -0.15, -0.1, -0.05] {
                for d in [0.0, 0.0005] {
                    starts.push(vec![a, b, c, d]);
                }
            }
        }
    }
    starts
}
