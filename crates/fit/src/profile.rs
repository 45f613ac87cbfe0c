//! Profile intervals: how far a parameter can move before the best of all others makes the fit
//! significantly worse.
//!
//! The 95 % interval is where the lowest sum of squares at a fixed value stays below
//! SSE (1 + F₀.₉₅(1, n − p) / (n − p)) (Bates and Watts 1988, "Nonlinear regression analysis and
//! its applications"). It needs no symmetry, and it says when the data leave a side open.

use crate::law::{Domain, Form, Law, Parameter, Role};
use crate::problem::Problem;
use crate::{Fit, Loss, Points, Task};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

/// One end of a profile interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "lowercase")]
pub enum End {
    /// Beyond this value the fit is significantly worse.
    At(f64),
    /// The data do not exclude the parameter's bound.
    Bound(f64),
    /// The data exclude no value on this side.
    Open,
}

/// The profile interval of one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProfileInterval {
    /// The lower end.
    pub low: End,
    /// The upper end.
    pub high: End,
}

impl ProfileInterval {
    /// Why the data do not tell the parameter, where they do not; or that it reaches its bound.
    pub fn not_identified(&self, parameter: &Parameter) -> Option<&'static str> {
        let logarithm = parameter.role == Role::LogScale;
        match (self.low, self.high) {
            (End::Open, _) | (_, End::Open) => Some("not identified: one side is open"),
            (End::Bound(b), _) if b == f64::NEG_INFINITY => {
                Some("not identified: the data do not exclude B = 0")
            }
            (End::Bound(_), End::Bound(_)) => Some("not identified: both bounds are possible"),
            (End::At(low), End::At(high))
                if logarithm && high - low > 2.0 * std::f64::consts::LN_10 =>
            {
                Some("not identified: the interval spans more than two decades")
            }
            (End::At(low), End::At(high)) if !logarithm && low > 0.0 && high > 100.0 * low => {
                Some("not identified: the interval spans more than two decades")
            }
            (End::Bound(_), _) | (_, End::Bound(_)) => Some("reaches its bound"),
            _ => None,
        }
    }
}

/// The profiles of a fit under way: one end a step.
pub struct Profile {
    law: Law,
    loss: Loss,
    points: Points,
    parameters: Vec<f64>,
    /// In coordinates; how far the first step goes.
    steps: Vec<f64>,
    limit: f64,
    ends: Vec<End>,
}

impl Profile {
    /// Profiles of `fit`, which was fitted to `points`. `None` where the loss is not a sum of
    /// squares, or where there are no degrees of freedom.
    pub fn new(fit: &Fit, points: &Points) -> Option<Profile> {
        let degrees = points
            .x
            .len()
            .checked_sub(fit.parameters.len())
            .filter(|d| *d > 0)? as f64;
        if !fit.loss.is_least_squares() {
            return None;
        }
        let f = FisherSnedecor::new(1.0, degrees).ok()?.inverse_cdf(0.95);
        let steps = fit
            .parameters
            .iter()
            .zip(fit.law.parameters())
            .zip(&fit.standard_errors)
            .map(|((p, parameter), error)| {
                let slope = match parameter.domain {
                    Domain::Real => 1.0,
                    Domain::Positive => 1.0 / p,
                    Domain::Fraction => 1.0 / (p * (1.0 - p)),
                };
                let step = error.unwrap_or(f64::NAN) * slope;
                if step.is_finite() {
                    step.clamp(1e-6, 2.0)
                } else {
                    0.5
                }
            })
            .collect();
        Some(Profile {
            law: fit.law,
            loss: fit.loss,
            points: points.clone(),
            parameters: fit.parameters.clone(),
            steps,
            limit: fit.objective * (1.0 + f / degrees),
            ends: Vec::new(),
        })
    }

    /// One interval for each parameter, as far as they are known.
    pub fn intervals(&self) -> Vec<ProfileInterval> {
        let pairs = self.ends.chunks_exact(2);
        pairs
            .map(|pair| ProfileInterval {
                low: pair[0],
                high: pair[1],
            })
            .collect()
    }

    /// The bound of parameter `j` on one side, where it has one.
    fn bound(&self, j: usize, up: bool) -> Option<f64> {
        match (self.law.parameters()[j].domain, up) {
            (Domain::Positive | Domain::Fraction, false) => Some(0.0),
            (Domain::Fraction, true) => Some(1.0),
            (Domain::Real, false)
                if self
                    .law
                    .faces()
                    .iter()
                    .any(|f| f.iter().any(|fixed| fixed.0 == j)) =>
            {
                Some(f64::NEG_INFINITY)
            }
            _ => None,
        }
    }

    /// One end of the interval of parameter `j`.
    fn end(&self, j: usize, up: bool) -> End {
        let problem = Problem::new(self.law, self.loss, &self.points);
        let domain = self.law.parameters()[j].domain;
        // The lowest objective with parameter j at a value, from where the last one ended.
        let mut near = self.parameters.clone();
        let mut gap = |value: f64| {
            let found = problem.lowest(std::slice::from_ref(&near), &[(j, value)]);
            let Some(found) = found else {
                return f64::INFINITY;
            };
            let gap = (found.objective / self.limit).ln();
            if gap <= 0.0 {
                near = found.parameters;
            }
            gap
        };
        if let Some(bound) = self.bound(j, up)
            && (self.parameters[j] == bound || gap(bound) <= 0.0)
        {
            return End::Bound(bound);
        }
        let direction = if up { 1.0 } else { -1.0 };
        let value = |u: f64| domain.value(u);
        let mut inner = domain.coordinate(self.parameters[j]);
        let mut step = direction * self.steps[j];
        if !inner.is_finite() {
            // The optimum is a bound: begin next to it.
            inner = domain.coordinate(problem.interior(&self.parameters)[j]);
            for _ in 0..FARTHEST as usize {
                if gap(value(inner)) <= 0.0 {
                    break;
                }
                inner -= direction;
            }
        }
        let from = inner;
        let mut outer = inner + step;
        let mut at_outer = gap(value(outer));
        while at_outer <= 0.0 {
            if (outer - from).abs() > FARTHEST {
                return End::Open;
            }
            inner = outer;
            step *= 1.6;
            outer += step;
            at_outer = gap(value(outer));
        }
        End::At(value(crossing(|u| gap(value(u)), inner, outer, at_outer)))
    }
}

/// Where `gap` crosses zero between `inner`, where it is not above, and `outer`, where it is
/// `high`: regula falsi in the Illinois form (Dowell and Jarratt 1971).
fn crossing(mut gap: impl FnMut(f64) -> f64, mut inner: f64, mut outer: f64, high: f64) -> f64 {
    let (mut low, mut high) = (gap(inner), high);
    for _ in 0..60 {
        if (outer - inner).abs() < 1e-10 * (1.0 + outer.abs()) {
            break;
        }
        let middle = if low.is_finite() && high.is_finite() && low < high {
            (inner * high - outer * low) / (high - low)
        } else {
            0.5 * (inner + outer)
        };
        let here = gap(middle);
        if here <= 0.0 {
            (inner, low) = (middle, here);
            high *= 0.5;
        } else {
            (outer, high) = (middle, here);
            low *= 0.5;
        }
        if here.abs() < 1e-12 {
            inner = middle;
            break;
        }
    }
    inner
}

/// In coordinates, which are logarithms: beyond it a side counts as open.
const FARTHEST: f64 = 30.0;

impl Task for Profile {
    fn step(&mut self) {
        let (done, total) = self.progress();
        if done < total {
            self.ends.push(self.end(done / 2, done % 2 == 1));
        }
    }

    fn progress(&self) -> (usize, usize) {
        (self.ends.len(), 2 * self.parameters.len())
    }
}
