//! Laws over parameters and samples, and the compute-optimal way to split compute between them.

use super::{Analysis, Series};
use crate::study::Measurement;
use crate::study::architecture::ArchitectureCost;
use crate::study::select::parameters;
use refit_fit::law::{Form, Law, Surface};
use refit_fit::{self, Fit, FitError, Loss};

/// Runs as points of a law over parameters and samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// [parameters, samples seen], in millions.
    pub x: Vec<[f64; 2]>,
    pub error: Vec<f64>,
}

/// All runs of a series up to the threshold; a law of two variables needs no frontier. Runs that
/// do not tell their parameters or samples are left out.
pub fn grid(series: &Series, rows: &[Measurement], architectures: &[ArchitectureCost]) -> Grid {
    let mut grid = Grid::default();
    for point in &series.points {
        let m = &rows[point.row];
        if let (Some(n), Some(samples)) = (parameters(m, architectures), m.samples_seen) {
            grid.x.push([n / 1e6, samples / 1e6]);
            grid.error.push(point.error);
        }
    }
    grid
}

/// How compute is split best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optimum {
    pub compute: f64,
    /// In millions.
    pub parameters: f64,
    /// In millions.
    pub samples: f64,
    pub error: f64,
}

/// Compute of one sample as a power of the parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost(Fit);

impl Cost {
    /// Through a family's models with patches of 32 pixels: a smaller patch costs more at the same
    /// parameters, so that all of them have no one cost. Without such models through the series'
    /// runs, whose compute over samples tells the cost: 6 N where compute is 6 N D. `None` where
    /// neither has two sizes.
    pub fn of(
        series: &Series,
        rows: &[Measurement],
        architectures: &[ArchitectureCost],
    ) -> Option<Cost> {
        let models = architectures.iter();
        let patch_32 = models.filter(|a| a.family == series.family && a.name.ends_with("-32"));
        let (mut x, mut y): (Vec<f64>, Vec<f64>) = patch_32
            .map(|a| (a.mparams[0], a.compute_per_sample))
            .unzip();
        if x.is_empty() {
            let runs = series.points.iter().filter_map(|p| {
                let m = rows.get(p.row)?;
                let n = parameters(m, architectures)? / 1e6;
                Some((n, m.compute? / m.samples_seen?))
            });
            (x, y) = runs.unzip();
        }
        refit_fit::fit(Law::Power, Loss::LogSquares, &x, &y)
            .ok()
            .map(Cost)
    }

    /// (compute a sample at a million parameters, exponent)
    pub fn law(&self) -> (f64, f64) {
        (self.0.parameters[0], self.0.parameters[1])
    }

    /// The split of `compute` with the lowest error, over sizes from 10⁵ to 10¹² parameters.
    pub fn split(&self, law: Surface, parameters: &[f64], compute: f64) -> Option<Optimum> {
        let at = |ln_n: f64| {
            let n = ln_n.exp();
            let samples = compute / self.0.law.value(&self.0.parameters, n) / 1e6;
            Optimum {
                compute,
                parameters: n,
                samples,
                error: law.evaluate(parameters, [n, samples]),
            }
        };
        let (low, high) = (0.1_f64.ln(), 1e6_f64.ln());
        const STEPS: usize = 200;
        let grid = |i: usize| low + (high - low) * i as f64 / STEPS as f64;
        let best = (0..=STEPS).min_by(|i, j| at(grid(*i)).error.total_cmp(&at(grid(*j)).error))?;
        // On the edge there is no optimum within reason.
        if best == 0 || best == STEPS {
            return None;
        }
        // Golden section; the law has one minimum between the neighbours.
        let (mut a, mut b) = (grid(best - 1), grid(best + 1));
        let ratio = 0.5 * (5f64.sqrt() - 1.0);
        for _ in 0..60 {
            let (c, d) = (b - ratio * (b - a), a + ratio * (b - a));
            if at(c).error < at(d).error {
                b = d;
            } else {
                a = c;
            }
        }
        Some(at(0.5 * (a + b)))
    }
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

impl Analysis {
    /// Fits a law over parameters and samples to a series' runs.
    pub fn fit_surface(&self, law: Surface, grid: &Grid) -> Result<Fit<Surface>, FitError> {
        refit_fit::fit(law, self.loss, &grid.x, &grid.error)
    }
}
