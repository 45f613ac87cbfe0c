//! Intervals by resampling: of parameters, predictions, or anything that follows from parameters.

use crate::fittable::{Candidate, Fittable};
use crate::law::{Form, Law};
use crate::problem::Problem;
use crate::random::Random;
use crate::{Fit, Loss, Points, ResidualScale, Task, error};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// How an interval is read off the resamples (Efron and Tibshirani 1993, "An introduction to the
/// bootstrap", chapters 13 and 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootstrapInterval {
    /// Quantiles of the resamples.
    Percentile,
    /// Quantiles of the resamples, reflected at the estimate.
    Basic,
    /// Bias-corrected and accelerated (Efron 1987); the acceleration from the jackknife.
    Bca,
}

impl BootstrapInterval {
    /// Every kind, the most accurate first.
    pub const ALL: [BootstrapInterval; 3] = [
        BootstrapInterval::Bca,
        BootstrapInterval::Percentile,
        BootstrapInterval::Basic,
    ];

    /// A stable name for links and stored data.
    pub fn id(self) -> &'static str {
        match self {
            BootstrapInterval::Percentile => "percentile",
            BootstrapInterval::Basic => "basic",
            BootstrapInterval::Bca => "bca",
        }
    }

    /// A name for headings.
    pub fn title(self) -> &'static str {
        match self {
            BootstrapInterval::Percentile => "Percentile",
            BootstrapInterval::Basic => "Basic",
            BootstrapInterval::Bca => "BCa",
        }
    }
}

/// What is resampled: the units that are drawn with replacement, and the points that they give.
/// `X` is the law's [`Form::Input`].
pub struct Population<X = f64> {
    /// How many units there are.
    pub units: usize,
    /// The points that a draw gives.
    pub points: Draw<X>,
}

/// The points that a draw gives, from how often it contains each unit.
pub type Draw<X = f64> = Box<dyn Fn(&[u32]) -> Points<X>>;

impl<X: Copy + 'static> Population<X> {
    /// The points themselves, drawn with replacement.
    pub fn of_points(points: Points<X>) -> Population<X> {
        Population {
            units: points.x.len(),
            points: Box::new(move |draw| {
                let mut drawn = Points::new(Vec::new(), Vec::new());
                for (i, count) in draw.iter().enumerate().filter(|(_, c)| **c > 0) {
                    drawn.x.push(points.x[i]);
                    drawn.y.push(points.y[i]);
                    drawn.weights.push(points.weights[i] * f64::from(*count));
                }
                drawn
            }),
        }
    }
}

/// Refits of the jackknife, which only gives BCa its acceleration: with more units than this one
/// group of them is left out at a time, so that the cost stays linear in the units.
const MAX_GROUPS: usize = 200;

/// A bootstrap under way. Each resample has a random stream of its own, so that a seed gives the
/// same numbers wherever the work is cut.
pub struct Bootstrap<F: Form = Law> {
    law: F,
    loss: Loss,
    population: Population<F::Input>,
    count: usize,
    seed: u64,
    next: usize,
    replicates: Replicates<F>,
}

/// The parameters fitted to all resamples.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates<F = Law> {
    /// The law.
    pub law: F,
    /// Parameters of the fit to the data.
    pub estimate: Vec<f64>,
    /// Parameters of the fit to each resample.
    pub resamples: Vec<Vec<f64>>,
    /// Parameters of the fits that leave out one unit at a time; of many units, one group.
    pub jackknife: Vec<Vec<f64>>,
    /// Resamples that no law could be fitted to.
    pub failures: usize,
    /// Units that each resample drew from.
    pub units: usize,
}

impl<F: Fittable> Bootstrap<F> {
    /// Resamples of what `fit` was fitted to, `count` of them.
    pub fn new(fit: &Fit<F>, population: Population<F::Input>, count: usize, seed: u64) -> Self {
        Bootstrap {
            law: fit.law,
            loss: fit.loss,
            count,
            seed,
            next: 0,
            replicates: Replicates {
                law: fit.law,
                estimate: fit.parameters.clone(),
                resamples: Vec::with_capacity(count),
                jackknife: Vec::new(),
                failures: 0,
                units: population.units,
            },
            population,
        }
    }

    /// What has been drawn so far.
    pub fn replicates(&self) -> &Replicates<F> {
        &self.replicates
    }

    /// Groups of the jackknife.
    fn groups(&self) -> usize {
        self.population.units.min(MAX_GROUPS)
    }

    fn draw(&self, index: usize) -> Vec<u32> {
        let units = self.population.units;
        if index < self.count {
            let mut random = Random::new(self.seed, index as u64);
            let mut draw = vec![0; units];
            for _ in 0..units {
                draw[random.below(units)] += 1;
            }
            draw
        } else {
            let group = index - self.count;
            let left_out = |unit| unit % self.groups() == group;
            (0..units).map(|unit| u32::from(!left_out(unit))).collect()
        }
    }
}

impl<F: Fittable> Task for Bootstrap<F> {
    fn step(&mut self) {
        let (next, total) = self.progress();
        if next >= total {
            return;
        }
        let points = (self.population.points)(&self.draw(next));
        let found = refit(self.law, self.loss, &points, &self.replicates.estimate);
        let into = &mut self.replicates;
        match (found, next < self.count) {
            (Some(found), true) => into.resamples.push(found),
            (None, true) => into.failures += 1,
            (Some(found), false) => into.jackknife.push(found),
            // An acceleration without one unit is as good as none for that unit.
            (None, false) => {}
        }
        self.next += 1;
    }

    fn progress(&self) -> (usize, usize) {
        (self.next, self.count + self.groups())
    }
}

/// The law of a resample, from the parameters of the data's. `None` where the resample has too
/// few different points.
fn refit<F: Fittable>(
    law: F,
    loss: Loss,
    points: &Points<F::Input>,
    near: &[f64],
) -> Option<Vec<f64>> {
    error::check(law, loss, &points.x, &points.y).ok()?;
    let problem = Problem::new(law, loss, points);
    let squares = loss.is_least_squares() && loss.scale() == ResidualScale::Linear;
    let found: Candidate = if squares && law.candidates_are_minima() {
        match law.refine(&points.x, &points.y, &problem.weights, near) {
            Some(found) => found,
            None => {
                let minima = law.candidates(&points.x, &points.y, &problem.weights);
                minima.into_iter().next()?
            }
        }
    } else {
        let lowest = problem.lowest(&[near.to_vec()], &[])?;
        Candidate {
            parameters: lowest.parameters,
            converged: lowest.converged,
        }
    };
    found
        .parameters
        .iter()
        .all(|p| !p.is_nan())
        .then_some(found.parameters)
}

/// Fewer units than this make intervals too narrow.
const FEW: usize = 10;

impl<F> Replicates<F> {
    /// What to know where there were few units to draw from, as a sentence.
    pub fn warning(&self) -> Option<String> {
        let units = self.units;
        (units < FEW).then(|| format!(
            "There were only {units} to draw from. With fewer than {FEW}, resamples are surer than the data: the 95 % interval of a straight line holds the truth about 85 times in 100 with 5 points, about 50 times with 3."
        ))
    }

    /// The 95 % interval (low, high) of a function of the parameters. `None` where fewer than half
    /// of the resamples have a value.
    pub fn interval(
        &self,
        ends: BootstrapInterval,
        f: impl Fn(&[f64]) -> f64,
    ) -> Option<(f64, f64)> {
        let estimate = f(&self.estimate);
        let mut values: Vec<f64> = self.values(&f);
        if estimate.is_nan() || values.len() < 2 || values.len() * 2 < self.resamples.len() {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let (low, high) = match ends {
            BootstrapInterval::Percentile | BootstrapInterval::Basic => (0.025, 0.975),
            BootstrapInterval::Bca => {
                let jackknife: Vec<f64> = self.jackknife.iter().map(|p| f(p)).collect();
                bca(estimate, &values, &jackknife)?
            }
        };
        let (low, high) = (quantile(&values, low), quantile(&values, high));
        Some(match ends {
            BootstrapInterval::Basic => (2.0 * estimate - high, 2.0 * estimate - low),
            _ => (low, high),
        })
    }

    /// The standard deviation over the resamples of a function of the parameters (n − 1 in the
    /// denominator): its bootstrap standard error. `None` where fewer than two resamples have a
    /// finite value, or fewer than half of them.
    pub fn standard_error(&self, f: impl Fn(&[f64]) -> f64) -> Option<f64> {
        let mut values = self.values(&f);
        values.retain(|v| v.is_finite());
        if values.len() < 2 || values.len() * 2 < self.resamples.len() {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|v| (v - mean).powi(2));
        Some((squares.sum::<f64>() / (n - 1.0)).sqrt())
    }

    /// The median of a function of the parameters; `None` where no resample has a value.
    pub fn median(&self, f: impl Fn(&[f64]) -> f64) -> Option<f64> {
        let mut values = self.values(&f);
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then(|| quantile(&values, 0.5))
    }

    fn values(&self, f: &impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let values = self.resamples.iter().map(|p| f(p));
        values.filter(|v| !v.is_nan()).collect()
    }
}

/// The quantile `q`, from 0 to 1, of sorted values by linear interpolation (NumPy's default).
///
/// # Panics
///
/// Where there are no values.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (below, rest) = (at.floor(), at - at.floor());
    let low = sorted[below as usize];
    match sorted.get(below as usize + 1) {
        // A difference of infinities has no value.
        Some(high) if rest > 0.0 && high != &low => low + rest * (high - low),
        _ => low,
    }
}

/// Which quantiles are the ends of the BCa interval. `None` where the estimate lies outside all
/// resamples, or where the jackknife has no spread.
fn bca(estimate: f64, sorted: &[f64], jackknife: &[f64]) -> Option<(f64, f64)> {
    let normal = Normal::standard();
    let below = sorted.iter().filter(|v| **v < estimate).count();
    let equal = sorted.iter().filter(|v| **v == estimate).count();
    let share = (below as f64 + 0.5 * equal as f64) / sorted.len() as f64;
    let bias = normal.inverse_cdf(share);
    let n = jackknife.len() as f64;
    let mean = jackknife.iter().sum::<f64>() / n;
    let (mut cubes, mut squares) = (0.0, 0.0);
    for v in jackknife {
        let u = (n - 1.0) * (mean - v);
        cubes += u.powi(3);
        squares += u.powi(2);
    }
    let acceleration = cubes / n.powi(3) / (squares / n.powi(2)).powf(1.5) / 6.0;
    let end = |z: f64| {
        let shifted = bias + z;
        normal.cdf(bias + shifted / (1.0 - acceleration * shifted))
    };
    let z = normal.inverse_cdf(0.975);
    let (low, high) = (end(-z), end(z));
    (low.is_finite() && high.is_finite()).then_some((low, high))
}
