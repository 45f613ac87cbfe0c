//! Laws over parameters and samples, and the compute-optimal way to split compute between them.

use super::{Analysis, Series};
use crate::study::Measurement;
use crate::study::architecture::ArchitectureCost;
use crate::study::select::parameters;
use refit_fit::allocation::{Allocation, Cost, Optimum};
use refit_fit::law::{Form, Law, Surface};
use refit_fit::{self, Fit, FitError, Loss, Points};

/// Runs as points of a law over parameters and samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// [parameters, samples seen].
    pub x: Vec<[f64; 2]>,
    pub error: Vec<f64>,
    pub standard_errors: Vec<Option<f64>>,
}

impl Grid {
    /// As a law is fitted to them, weighted where all tell their standard errors.
    pub fn points(&self, loss: Loss) -> Points<[f64; 2]> {
        let (x, y) = (self.x.clone(), self.error.clone());
        Points::measured(x, y, &self.standard_errors, loss)
    }
}

/// All runs of a series up to the threshold; a law of two variables needs no frontier. Runs that
/// do not tell their parameters or samples are left out.
pub fn grid(series: &Series, rows: &[Measurement], architectures: &[ArchitectureCost]) -> Grid {
    let mut grid = Grid::default();
    for point in &series.points {
        let m = &rows[point.row];
        if let (Some(n), Some(samples)) = (parameters(m, architectures), m.samples_seen) {
            grid.x.push([n, samples]);
            grid.error.push(point.error);
            grid.standard_errors.push(point.standard_error);
        }
    }
    grid
}

/// What a run of a series costs, C = k N^p D with C in the study's unit. The compute of one sample is
/// fitted as a power of N through the family's models with patches of 32 pixels: a smaller patch
/// costs more at the same N, so that all of them have no one cost. Without such models through the
/// series' runs, whose compute over samples tells the cost: 6 N where compute is 6 N D. `None` where
/// neither has two sizes.
pub fn cost(
    series: &Series,
    rows: &[Measurement],
    architectures: &[ArchitectureCost],
) -> Option<Cost> {
    let models = architectures.iter();
    let patch_32 = models.filter(|a| a.family == series.family && a.name.ends_with("-32"));
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = patch_32
        .map(|a| (1e6 * a.mparams[0], a.compute_per_sample))
        .unzip();
    if x.is_empty() {
        let runs = series.points.iter().filter_map(|p| {
            let m = rows.get(p.row)?;
            Some((parameters(m, architectures)?, m.compute? / m.samples_seen?))
        });
        (x, y) = runs.unzip();
    }
    let fit = refit_fit::fit(Law::Power, Loss::LogSquares, &x, &y).ok()?;
    Some(Cost {
        k: fit.parameters[0],
        exponent: fit.parameters[1],
    })
}

/// The compute-optimal N and D of a compute; `None` where N is not from 10⁵ to 10¹², beyond which
/// there is no model to train.
pub fn optimum(allocation: &Allocation, compute: f64) -> Option<Optimum> {
    let best = allocation.optimum(compute);
    (1e5..=1e12).contains(&best.parameters).then_some(best)
}

/// What a reader of a fit over parameters and samples has to know of it, as a sentence: which of
/// its parameters the runs do not tell.
pub fn poorly_determined(fit: &Fit<Surface>) -> Option<String> {
    let parameters = fit.law.parameters().iter();
    let rows = parameters.zip(fit.parameters.iter().zip(fit.usable_errors()));
    // Of one on its bound, zero, the fit's status tells.
    let loose =
        rows.filter(|(_, (value, error))| **value != 0.0 && error.is_some_and(|e| e > value.abs()));
    let loose: Vec<&str> = loose.map(|(parameter, _)| parameter.symbol).collect();
    (!loose.is_empty()).then(|| {
        format!(
            "These runs determine the law poorly: the standard error of {} exceeds the value. What it says between the runs is surer than its parameters, what it says beyond them is not.",
            loose.join(", ")
        )
    })
}

/// Why there is no [`cost`].
pub const NO_COST: &str = "Neither the family’s models with 32-pixel patches nor the runs tell what a sample costs at two model sizes.";

impl Analysis {
    /// Fits a law over parameters and samples to a series' runs.
    pub fn fit_surface(&self, law: Surface, grid: &Grid) -> Result<Fit<Surface>, FitError> {
        refit_fit::fit_points(law, self.loss, &grid.points(self.loss))
    }
}
