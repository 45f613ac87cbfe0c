//! Local least squares from each of many starts, the lowest squared error kept: how `curve_fit` is
//! often used. [`crate::fit()`] needs no starts.

use crate::Task;
use crate::trf::LeastSquares;
use serde::Serialize;

/// Two squared errors count as one minimum within this.
const TOLERANCE: f64 = 1e-6;

/// A function from parameters to residuals.
pub type Residuals = Box<dyn Fn(&[f64]) -> Vec<f64>>;

/// A search under way: one start a step.
pub struct Search {
    residuals: Residuals,
    bounds: Vec<(f64, f64)>,
    max_evaluations: usize,
    starts: Vec<Vec<f64>>,
    next: usize,
    minima: Vec<Minimum>,
    evaluations: usize,
}

/// Where one start ended.
struct Minimum {
    parameters: Vec<f64>,
    sse: f64,
}

/// The best of a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Of the lowest squared error.
    pub parameters: Vec<f64>,
    /// The mean squared error there.
    pub mse: f64,
    /// Starts that were tried.
    pub starts: usize,
    /// Starts that ended within 1e-6 of the lowest squared error.
    pub reached: usize,
    /// Starts that gave no finite squared error.
    pub failed: usize,
    /// Evaluations of the residuals, those for Jacobians aside.
    pub evaluations: usize,
}

impl Search {
    /// A search from each of `starts`. `bounds` are (lower, upper), one for each parameter;
    /// `max_evaluations` limits each start.
    pub fn new(
        residuals: Residuals,
        bounds: Vec<(f64, f64)>,
        max_evaluations: usize,
        starts: Vec<Vec<f64>>,
    ) -> Search {
        Search {
            residuals,
            bounds,
            max_evaluations,
            starts,
            next: 0,
            minima: Vec::new(),
            evaluations: 0,
        }
    }

    /// The best so far; `None` before the first start has ended.
    pub fn best(&self) -> Option<Best> {
        let mut minima = self.minima.iter();
        let first = minima.next()?;
        // Of equal ones the first.
        let best = minima.fold(
            first,
            |best, next| {
                if best.sse <= next.sse { best } else { next }
            },
        );
        let reached = self.minima.iter();
        let reached = reached.filter(|m| m.sse <= best.sse * (1.0 + TOLERANCE));
        let points = (self.residuals)(&best.parameters).len();
        Some(Best {
            parameters: best.parameters.clone(),
            mse: best.sse / points as f64,
            starts: self.next,
            reached: reached.count(),
            failed: self.next - self.minima.len(),
            evaluations: self.evaluations,
        })
    }
}

impl Task for Search {
    fn step(&mut self) {
        let Some(start) = self.starts.get(self.next) else {
            return;
        };
        let (lower, upper): (Vec<f64>, Vec<f64>) = self.bounds.iter().copied().unzip();
        let solution = LeastSquares {
            residuals: &self.residuals,
            lower: &lower,
            upper: &upper,
            max_evaluations: self.max_evaluations,
        }
        .solve(start);
        if let Some(solution) = solution {
            self.evaluations += solution.evaluations;
            if solution.cost.is_finite() {
                self.minima.push(Minimum {
                    parameters: solution.x,
                    sse: 2.0 * solution.cost,
                });
            }
        }
        self.next += 1;
    }

    fn progress(&self) -> (usize, usize) {
        (self.next, self.starts.len())
    }
}
