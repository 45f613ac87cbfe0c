//! What the bootstrap of a series resamples.

use super::{Analysis, BinRange, Series, measured_points};
use crate::study::description::Rule;
use crate::study::select::Point;
use refit_fit::bootstrap::{Bootstrap, BootstrapInterval, Population};
use refit_fit::{Points, order};
use serde::{Deserialize, Serialize};

/// What is drawn with replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResamplingUnit {
    /// The frontier's points. It ignores that the frontier itself was selected.
    Points,
    /// The runs; the frontier is taken anew in every resample.
    Runs,
}

impl ResamplingUnit {
    pub const ALL: [ResamplingUnit; 2] = [ResamplingUnit::Points, ResamplingUnit::Runs];

    pub fn id(self) -> &'static str {
        match self {
            ResamplingUnit::Points => "points",
            ResamplingUnit::Runs => "runs",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            ResamplingUnit::Points => "Frontier points",
            ResamplingUnit::Runs => "Runs (frontier recomputed)",
        }
    }
}

/// A bootstrap's choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resampling {
    pub unit: ResamplingUnit,
    /// Resamples, 200 to 10,000.
    pub count: usize,
    pub seed: u64,
    #[serde(rename = "ends")]
    pub interval: BootstrapInterval,
}

impl Default for Resampling {
    fn default() -> Self {
        Resampling {
            unit: ResamplingUnit::Points,
            count: 1000,
            seed: 1,
            interval: BootstrapInterval::Bca,
        }
    }
}

/// A number of resamples within what is offered.
pub fn resamples(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| (200..=10_000).contains(n))
}

impl Analysis {
    /// The bootstrap of the `index`-th series; `None` where it has no fit. Every series has a
    /// seed of its own: equal draws would tie two series together that share nothing.
    pub fn bootstrap(&self, series: &Series, index: usize) -> Option<Bootstrap> {
        let Resampling { count, seed, .. } = self.resampling;
        let fit = series.fit.as_ref().ok()?;
        let seed = seed.wrapping_add(index as u64);
        Some(Bootstrap::new(fit, self.population(series), count, seed))
    }

    /// What to resample for a series of this analysis.
    fn population(&self, series: &Series) -> Population {
        match self.resampling.unit {
            ResamplingUnit::Points => Population::of_points(series.fitted()),
            ResamplingUnit::Runs => {
                let (analysis, series) = (self.clone(), series.clone());
                Population {
                    units: series.points.len(),
                    points: Box::new(move |draw| {
                        let drawn = series.points.iter().zip(draw);
                        let (drawn, counts): (Vec<Point>, Vec<f64>) = drawn
                            .filter(|(_, count)| **count > 0)
                            .map(|(point, count)| (*point, f64::from(*count)))
                            .unzip();
                        let mut points = analysis.refitted(&series, &drawn);
                        // A frontier has the best run once, however often it was drawn; all runs
                        // are there as often as they were drawn.
                        if analysis.rule_of(&series.pretrain) == Rule::All {
                            for (weight, count) in points.weights.iter_mut().zip(counts) {
                                *weight *= count;
                            }
                        }
                        points
                    }),
                }
            }
        }
    }

    /// The frontier's points where only `kept` of a series' runs had been trained.
    pub(super) fn refitted(&self, series: &Series, kept: &[Point]) -> Points {
        let frontier = match self.bin_range {
            BinRange::WithinThreshold => self.frontier_of(&series.pretrain, kept, kept),
            BinRange::AllRuns => {
                let mut all: Vec<Point> = kept.iter().chain(&series.held_out).copied().collect();
                order::sort_by(&mut all, |a, b| a.x.total_cmp(&b.x));
                self.frontier_of(&series.pretrain, kept, &all)
            }
        };
        measured_points(&frontier, self.loss)
    }
}
