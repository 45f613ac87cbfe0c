//! Compute-optimal training by the three approaches of Hoffmann et al. 2022 (arXiv 2203.15556, section
//! 3): how parameters N and samples D grow with compute C, N ∝ C^a and D ∝ C^b.
//!
//! 1. [`Trained::envelope`]: the models of lowest loss at each compute.
//! 2. [`Trained::isoflop`]: parabolas of the loss in ln N at equal compute, and their minima.
//! 3. [`Parametric`]: the minimum of a law over N and D at each compute.

use super::surface::{Grid, NO_COST};
use super::{Analysis, Resampling, Series, why_not_fitted};
use crate::study::Measurement;
use crate::study::architecture::ArchitectureCost;
use crate::study::select::parameters;
use refit_fit::allocation::{Allocation, Cost, Quantity};
use refit_fit::bootstrap::{Bootstrap, Population, Replicates};
use refit_fit::envelope::{Envelope, TrainingCurve, envelope};
use refit_fit::isoflop::{Budget, IsoFlop, LeftOut, Run, budgets, isoflop, nearest_budgets};
use refit_fit::law::Surface;
use refit_fit::line::{Estimate, PowerLaw};
use refit_fit::{Fit, FitError};
use std::collections::BTreeMap;

/// Computes at which the envelope is read, as Hoffmann et al. do.
const ENVELOPE_VALUES: usize = 1500;
/// Runs belong to a named budget that is at most this far off.
const NEAR_NAMED: f64 = 0.1;
/// Without named budgets a new one begins where the next compute is this much higher.
const GAP: f64 = 0.05;

/// The runs of a series that tell compute, parameters and samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trained {
    /// In order of the series' points.
    pub runs: Vec<Run>,
    /// Their names; points of one run share it.
    names: Vec<String>,
    /// Points that do not tell all three.
    pub incomplete: usize,
}

impl Trained {
    pub fn of(
        series: &Series,
        rows: &[Measurement],
        architectures: &[ArchitectureCost],
    ) -> Trained {
        let mut trained = Trained::default();
        for point in &series.points {
            let m = &rows[point.row];
            let told = (m.compute, parameters(m, architectures), m.samples_seen);
            let (Some(compute), Some(parameters), Some(samples)) = told else {
                trained.incomplete += 1;
                continue;
            };
            trained.runs.push(Run {
                compute,
                parameters,
                samples,
                loss: point.error,
            });
            trained.names.push(m.run.clone());
        }
        trained
    }

    /// Approach 1. Points that share a run's name are one training curve; a table with one point a
    /// run gives the Pareto frontier of compute and loss.
    ///
    /// # Errors
    ///
    /// Those of [`envelope`].
    pub fn envelope(&self) -> Result<Envelope, FitError> {
        let mut curves: Vec<TrainingCurve> = Vec::new();
        let mut of_name: BTreeMap<(&str, u64), usize> = BTreeMap::new();
        for (run, name) in self.runs.iter().zip(&self.names) {
            let next = curves.len();
            // Without a name every point is a run of its own.
            let at = match name.as_str() {
                "" => next,
                name => *of_name
                    .entry((name, run.parameters.to_bits()))
                    .or_insert(next),
            };
            if at == next {
                curves.push(TrainingCurve {
                    parameters: run.parameters,
                    compute_per_sample: run.compute / run.samples,
                    points: Vec::new(),
                });
            }
            curves[at].points.push((run.compute, run.loss));
        }
        envelope(&curves, ENVELOPE_VALUES)
    }

    /// The laws of N and D through the models of the envelope.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn frontier(&self) -> Result<(PowerLaw, PowerLaw), String> {
        let found = self.envelope().map_err(|error| error.to_string())?;
        let laws = found.parameters.zip(found.samples);
        laws.ok_or("The frontier has fewer than two computes.".to_owned())
    }

    /// The runs by compute: within 10 % of the budgets `named`, or without names in groups that are
    /// at least 5 % apart. Beside them the runs of no named budget.
    ///
    /// # Errors
    ///
    /// Those of [`nearest_budgets`].
    pub fn budgets(&self, named: &[f64]) -> Result<(Vec<Budget>, Vec<usize>), FitError> {
        match named {
            [] => Ok((budgets(&self.runs, GAP)?, Vec::new())),
            named => nearest_budgets(&self.runs, named, NEAR_NAMED),
        }
    }

    /// Approach 2.
    ///
    /// # Errors
    ///
    /// Those of [`isoflop`].
    pub fn isoflop(&self, budgets: &[Budget]) -> Result<IsoFlop, FitError> {
        isoflop(&self.runs, budgets)
    }
}

/// Approach 3: a law over N and D, and what a run costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Parametric {
    pub fit: Fit<Surface>,
    pub cost: Cost,
}

impl Parametric {
    /// Fits `law` to the points.
    ///
    /// # Errors
    ///
    /// A sentence: why the law was not fitted, that nothing tells the cost, or why the law has no
    /// optimum.
    pub fn of(
        analysis: &Analysis,
        law: Surface,
        points: &Grid,
        cost: Option<Cost>,
    ) -> Result<Parametric, String> {
        let fit = analysis.fit_surface(law, points);
        let fit = fit.map_err(|error| why_not_fitted(&error))?;
        let cost = cost.ok_or(NO_COST)?;
        Allocation::of(&fit, cost).map_err(|error| error.to_string())?;
        Ok(Parametric { fit, cost })
    }

    /// A number with its 95 % interval: the resamples', where there are some, else the delta method's
    /// where that holds.
    pub fn estimate(
        &self,
        quantity: Quantity,
        drawn: Option<(&Replicates<Surface>, Resampling)>,
    ) -> Estimate {
        let value = quantity.evaluate(self.fit.law, &self.fit.parameters, self.cost);
        match drawn {
            Some((replicates, resampling)) => {
                let of = |p: &[f64]| quantity.evaluate(self.fit.law, p, self.cost);
                Estimate {
                    value,
                    standard_error: replicates.standard_error(of),
                    interval: replicates.interval(resampling.interval, of),
                }
            }
            None => self
                .fit
                .at_optimum(quantity, self.cost)
                .unwrap_or(Estimate {
                    value,
                    standard_error: None,
                    interval: None,
                }),
        }
    }

    /// The bootstrap of the runs that the law was fitted to.
    pub fn bootstrap(&self, points: &Grid, resampling: Resampling) -> Bootstrap<Surface> {
        let population = Population::of_points(points.points(self.fit.loss));
        Bootstrap::new(&self.fit, population, resampling.count, resampling.seed)
    }
}

/// Why budgets gave no optimum, each reason once with the budgets that it holds for, as sentences.
pub fn reasons(found: &IsoFlop) -> Vec<String> {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for LeftOut { reason, .. } in &found.left_out {
        let reason = reason.to_string();
        match counted.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counted.push((reason, 1)),
        }
    }
    let sentence = |(reason, count): (String, usize)| match count {
        1 => format!("1 budget left out: {reason}"),
        count => format!("{count} budgets left out: {reason}"),
    };
    counted.into_iter().map(sentence).collect()
}
