//! How often an interval covers the truth: points are drawn from a known law and fitted, and the
//! interval is checked against the law's error.

use crate::law::{Form, Law};
use crate::random::Random;
use crate::{Fit, Interval, Loss, Points, Task, error, fit_any};

/// A simulation under way.
pub struct Simulation {
    law: Law,
    loss: Loss,
    truth: Vec<f64>,
    x: Vec<f64>,
    /// Standard deviation of the normal noise, on the loss's scale.
    noise: f64,
    at: Vec<f64>,
    count: usize,
    seed: u64,
    next: usize,
    /// For each input of `at`, the sets whose interval covered the truth, in the order of
    /// [`Interval::ALL`].
    covered: Vec<[usize; 2]>,
    /// Sets whose fit has intervals.
    fitted: usize,
}

/// How often the intervals of predictions at one input covered the truth, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// The input.
    pub x: f64,
    /// Of [`Interval::StudentT`].
    pub student_t: f64,
    /// Of [`Interval::LogT`].
    pub log_t: f64,
}

/// Standard error of a fraction that `sets` simulated sets gave.
pub fn monte_carlo_error(fraction: f64, sets: usize) -> f64 {
    (fraction * (1.0 - fraction) / sets as f64).sqrt()
}

impl Simulation {
    /// Takes the law of a fit to points (x, y) for the truth, and their scatter about it for the
    /// noise; `count` sets are drawn from `seed`, and predictions checked at the inputs `at`.
    pub fn new(
        truth: &Fit,
        x: &[f64],
        y: &[f64],
        at: &[f64],
        count: usize,
        seed: u64,
    ) -> Simulation {
        let scale = truth.loss.scale();
        let residual = |(x, y): (&f64, &f64)| {
            let value = truth.law.evaluate(&truth.parameters, *x);
            scale.forward(*y) - scale.forward(value)
        };
        let squares = x.iter().zip(y).map(|point| residual(point).powi(2));
        let degrees = x.len().saturating_sub(truth.parameters.len());
        Simulation {
            law: truth.law,
            loss: truth.loss,
            truth: truth.parameters.clone(),
            x: x.to_vec(),
            noise: (squares.sum::<f64>() / degrees as f64).sqrt(),
            at: at.to_vec(),
            count,
            seed,
            next: 0,
            covered: vec![[0; 2]; at.len()],
            fitted: 0,
        }
    }

    /// What the sets so far give, and how many of them have intervals.
    pub fn coverage(&self) -> (Vec<Coverage>, usize) {
        let fraction = |covered: usize| covered as f64 / self.fitted.max(1) as f64;
        let rows = self.at.iter().zip(&self.covered);
        let coverage = rows
            .map(|(x, [student_t, log_t])| Coverage {
                x: *x,
                student_t: fraction(*student_t),
                log_t: fraction(*log_t),
            })
            .collect();
        (coverage, self.fitted)
    }
}

impl Task for Simulation {
    fn step(&mut self) {
        if self.next >= self.count {
            return;
        }
        let mut random = Random::new(self.seed, self.next as u64);
        self.next += 1;
        let scale = self.loss.scale();
        let y: Vec<f64> = self
            .x
            .iter()
            .map(|c| scale.forward(self.law.evaluate(&self.truth, *c)))
            .map(|y| scale.back(y + self.noise * random.normal()))
            .collect();
        // Noise may carry a fraction beyond 1; such a set counts as any other.
        let fit = error::check(self.law, self.loss, &self.x, &y)
            .and_then(|()| fit_any(self.law, self.loss, &Points::new(self.x.clone(), y.clone())));
        let Ok(fit) = fit else {
            return;
        };
        if !fit.delta_method_holds() {
            return;
        }
        self.fitted += 1;
        for (x, covered) in self.at.iter().zip(&mut self.covered) {
            let truth = self.law.evaluate(&self.truth, *x);
            for (interval, covered) in Interval::ALL.into_iter().zip(covered) {
                let p = fit.predict(*x, interval);
                let covers = p
                    .low
                    .zip(p.high)
                    .is_some_and(|(l, h)| (l..=h).contains(&truth));
                *covered += usize::from(covers);
            }
        }
    }

    fn progress(&self) -> (usize, usize) {
        (self.next, self.count)
    }
}
