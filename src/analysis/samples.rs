//! Compute-optimal samples seen, as the comparison study evaluates them.

use super::Series;
use crate::study::Measurement;
use crate::study::frontier;
use refit_fit::law::Law;
use refit_fit::{self, Fit, FitError, Loss};

/// A straight line of log samples on log compute through the Pareto set.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplesLaw {
    /// Compute and samples of the set.
    pub points: Vec<(f64, f64)>,
    /// Samples as a power of compute.
    pub fit: Fit,
}

/// The law of a series whose axis is compute; runs up to the threshold.
///
/// `None` where fewer than two points of the set tell their samples.
pub fn optimal_samples(
    series: &Series,
    rows: &[Measurement],
) -> Option<Result<SamplesLaw, FitError>> {
    let points: Vec<(f64, f64)> = frontier::pareto(&series.points)
        .iter()
        .filter_map(|p| Some((p.x, rows.get(p.row)?.samples_seen?)))
        .collect();
    if points.len() < 2 {
        return None;
    }
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let fit = refit_fit::fit(Law::Power, Loss::LogSquares, &x, &y);
    Some(fit.map(|fit| SamplesLaw { points, fit }))
}
