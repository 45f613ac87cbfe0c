//! What to train with a budget of compute, by the runs of a series.

use super::gpu_time::training_flops;
use super::samples::optimal_samples;
use super::{LossUnit, Series};
use crate::study::architecture::ArchitectureCost;
use crate::study::checkpoint::PublishedCheckpoint;
use crate::study::select::Point;
use crate::study::{Measurement, Study, names};
use crate::text::{number, significant};
use std::cmp::Ordering;

/// The model and samples nearest to compute-optimal at a budget, and the runs beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<'a> {
    /// Samples of the Pareto set's power law at the budget; `None` where the runs do not tell theirs.
    pub optimal_samples: Option<f64>,
    /// The architecture on the frontier with which the budget buys the samples nearest to those, and the
    /// samples that it buys; `None` where the study has no architectures.
    pub model: Option<(&'a ArchitectureCost, f64)>,
    /// The run on the frontier whose compute is nearest to the budget: its row, compute and error.
    pub nearest_run: Option<(&'a Measurement, f64, f64)>,
    /// How many times the compute of the largest fitted run the budget is, where the law is extrapolated.
    pub beyond: Option<f64>,
}

/// How far apart two amounts are, as a factor.
fn distance(a: f64, b: f64) -> f64 {
    (a / b).ln().abs()
}

fn nearest<T>(all: impl Iterator<Item = T>, far: impl Fn(&T) -> f64) -> Option<T> {
    all.min_by(|a, b| far(a).partial_cmp(&far(b)).unwrap_or(Ordering::Equal))
}

/// All points, those held out included.
fn points(series: &Series) -> impl Iterator<Item = &Point> {
    series.points.iter().chain(&series.held_out)
}

impl<'a> Choice<'a> {
    /// `compute` is in the study's unit, which is the series' axis.
    #[must_use]
    pub fn of(
        series: &Series,
        rows: &'a [Measurement],
        architectures: &'a [ArchitectureCost],
        compute: f64,
    ) -> Choice<'a> {
        let law = optimal_samples(series, rows).and_then(Result::ok);
        let optimal = law.map(|law| law.fit.law.value(&law.fit.parameters, compute));
        // Those that were the best for some compute; others are cheap or dear for what they reach.
        let is_on_frontier = |a: &&ArchitectureCost| {
            let mut rows = series.frontier.iter().filter_map(|p| rows.get(p.row));
            a.family == series.family && rows.any(|row| row.architecture == a.name)
        };
        let model = optimal.and_then(|samples| {
            let bought = architectures.iter().filter(is_on_frontier);
            let bought = bought.map(|a| (a, compute / a.compute_per_sample));
            nearest(bought, |(_, bought)| distance(*bought, samples))
        });
        let run = nearest(series.frontier.iter(), |point| distance(point.x, compute));
        let nearest_run = run.and_then(|p| Some((rows.get(p.row)?, p.x, p.error)));
        let largest = series.frontier.iter().map(|point| point.x);
        let largest = largest.fold(f64::NAN, f64::max);
        Choice {
            optimal_samples: optimal,
            model,
            nearest_run,
            beyond: Some(compute / largest).filter(|times| *times > 1.0),
        }
    }

    /// What to train, in a phrase: "ViT-L-14 for 7.9B samples, the model on the frontier with which the budget buys
    /// nearest to the 6.1B samples that are compute-optimal".
    #[must_use]
    pub fn model_text(&self, study: Study) -> Option<String> {
        let noun = &study.samples_noun;
        let optimal = self.optimal_samples?;
        Some(match self.model {
            Some((architecture, bought)) => format!(
                "{} for {} {noun}, the model on the frontier with which the budget buys nearest to the {} that are compute-optimal",
                architecture.name,
                count(bought),
                count(optimal)
            ),
            None => format!("{} {noun}", count(optimal)),
        })
    }

    /// The nearest run, in a phrase: "ViT-L-14, 3B samples, 5.6 × 10¹¹ GFLOPs: 23.10 %".
    #[must_use]
    pub fn run_text(&self, study: Study, loss: LossUnit) -> Option<String> {
        let (row, compute, error) = self.nearest_run?;
        let samples = match row.samples.as_str() {
            "" => String::new(),
            samples => format!(", {samples} {}", study.samples_noun),
        };
        Some(format!(
            "{}{samples}, {} {}: {}",
            names::run(study, row),
            number(compute),
            study.compute_unit,
            loss.text(error)
        ))
    }

    /// Whether that run was better, with no more compute, than the law says of the budget.
    #[must_use]
    pub fn run_is_better(&self, compute: f64, predicted: f64) -> bool {
        self.nearest_run
            .is_some_and(|(_, own, error)| own <= compute && error < predicted)
    }
}

/// A study's compute as that of training, where the study counts otherwise: "3.8 × 10²¹ FLOPs of
/// training".
#[must_use]
pub fn training_text(study: Study, compute: f64) -> Option<String> {
    let flops = compute * training_flops(study)?;
    Some(format!("{} FLOPs of training", number(flops)))
}

/// "7.9B", "300M".
fn count(x: f64) -> String {
    let (scale, letter) = match x {
        x if x >= 1e12 => (1e12, "T"),
        x if x >= 1e9 => (1e9, "B"),
        x if x >= 1e6 => (1e6, "M"),
        _ => (1.0, ""),
    };
    significant(x / scale, 3) + letter
}

/// The released checkpoint of a series whose compute is nearest to a budget, and its point.
#[must_use]
pub fn nearest_checkpoint<'a>(
    checkpoints: &'a [PublishedCheckpoint],
    series: &Series,
    rows: &[Measurement],
    compute: f64,
) -> Option<(&'a PublishedCheckpoint, Point)> {
    let released = points(series).filter_map(|point| {
        let row = rows.get(point.row)?;
        let is_of = |c: &&PublishedCheckpoint| c.is_of(series.study, row);
        Some((checkpoints.iter().find(is_of)?, *point))
    });
    nearest(released, |(_, point)| distance(point.x, compute))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, run};
    use crate::study::{Table, bundled, checkpoint};

    #[test]
    fn a_budget_buys_what_the_frontier_asks_for() {
        let table = Table::find("sweep").unwrap();
        let (rows, architectures) = bundled::read(table);
        let outcome = run(&Analysis::of(table), &rows, &architectures);
        let checkpoints = checkpoint::read(&std::fs::read_to_string(checkpoint::PATH).unwrap());
        let checkpoints = checkpoints.unwrap();
        for series in &outcome.series {
            for budget in [1e8, 1e10, 2e12] {
                let choice = Choice::of(series, &rows, &architectures, budget);
                let (bought, samples) = choice.model.unwrap();
                // It spends the budget, and no other architecture comes nearer.
                assert!((bought.compute_per_sample * samples / budget - 1.0).abs() < 1e-12);
                let optimal = choice.optimal_samples.unwrap();
                let of_family = architectures.iter().filter(|a| a.family == series.family);
                let best = of_family.filter(|a| {
                    let mut points = series.frontier.iter();
                    points.any(|p| rows[p.row].architecture == a.name)
                });
                let nearest = best
                    .map(|a| distance(budget / a.compute_per_sample, optimal))
                    .fold(f64::INFINITY, f64::min);
                assert!((distance(samples, optimal) - nearest).abs() < 1e-12);
                assert_eq!(choice.beyond.is_some(), budget > 1.5e12, "{budget}");
            }
            let (checkpoint, point) =
                nearest_checkpoint(&checkpoints, series, &rows, 1e12).unwrap();
            assert_eq!(checkpoint.family, series.family);
            let largest = "b-32-datacomp-3b";
            assert!(
                series.family != "clip" || checkpoint.id == largest,
                "{point:?}"
            );
        }
    }

    #[test]
    fn counts_are_short() {
        assert_eq!(
            [7.94e9, 3e8, 1e12, 950.0].map(count),
            ["7.94B", "300M", "1.00T", "950"]
        );
    }
}
