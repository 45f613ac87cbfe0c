//! How often an interval holds the truth: points are drawn from a known law, fitted, and the
//! interval asked whether it holds the law's error.

use super::random::Random;
use super::{Fit, Interval, Loss, Task, fit};
use crate::law::{Form, Law};

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
    /// Per compute of `at`: sets whose honest, and whose released, interval held the truth.
    held: Vec<[usize; 2]>,
    /// Sets whose fit has intervals.
    fitted: usize,
}

/// Shares of the sets whose interval held the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    pub compute: f64,
    pub honest: f64,
    pub released: f64,
}

/// Standard error of a share that so many sets gave: the simulation's own.
pub fn monte_carlo_error(share: f64, sets: usize) -> f64 {
    (share * (1.0 - share) / sets as f64).sqrt()
}

impl Simulation {
    /// Takes the law of a fit to points (x, y) for the truth, and their scatter about it for the
    /// noise.
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
            held: vec![[0; 2]; at.len()],
            fitted: 0,
        }
    }

    /// What the sets so far give, and how many of them have intervals.
    pub fn coverage(&self) -> (Vec<Coverage>, usize) {
        let share = |held: usize| held as f64 / self.fitted.max(1) as f64;
        let rows = self.at.iter().zip(&self.held);
        let coverage = rows
            .map(|(compute, [honest, released])| Coverage {
                compute: *compute,
                honest: share(*honest),
                released: share(*released),
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
        let Ok(fit) = fit(self.law, self.loss, &self.x, &y) else {
            return;
        };
        if !fit.delta_method_holds() {
            return;
        }
        self.fitted += 1;
        for (compute, held) in self.at.iter().zip(&mut self.held) {
            let truth = self.law.evaluate(&self.truth, *compute);
            for (interval, held) in Interval::ALL.into_iter().zip(held) {
                let p = fit.predict(*compute, interval);
                let holds = p
                    .low
                    .zip(p.high)
                    .is_some_and(|(l, h)| (l..=h).contains(&truth));
                *held += usize::from(holds);
            }
        }
    }

    fn progress(&self) -> (usize, usize) {
        (self.next, self.count)
    }
}
