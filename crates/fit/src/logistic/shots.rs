//! Accuracy over the number of examples of each class that a classifier is taught with.

use super::choice::{choose, mixed};
use super::{Chosen, Examples, Features, LogisticError, Precision, Weights, largest};
use crate::interval::t_quantile;
use crate::random::Random;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Of ten examples so many are held out where all are taught and no others are there to test on.
const HELD_TENTHS: usize = 2;
/// How many of a class's examples [`Shots::All`] holds out to test on, where there is no test set: a
/// fifth, rounded up.
pub fn held_out(examples: usize) -> usize {
    (examples * HELD_TENTHS).div_ceil(10)
}

/// The normal distribution's quantile at 97.5 %.
const Z: f64 = 1.959_963_984_540_054;

/// How many examples of each class are taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shots {
    /// So many, drawn at random.
    Of(usize),
    /// All. Without a test set a random fifth of each class is held out.
    All,
}

/// Vectors with classes, and on which a classifier is tested.
#[derive(Clone, Copy)]
pub struct Experiment<'a> {
    /// All vectors.
    pub features: &'a Features,
    /// Their classes.
    pub labels: &'a [usize],
    /// How many classes there are.
    pub classes: usize,
    /// Rows from which examples are drawn.
    pub train: &'a [usize],
    /// Rows to test on; without them, those of `train` that were not drawn.
    pub test: Option<&'a [usize]>,
    /// The logits of another classifier, a row of classes for each vector.
    pub other: Option<&'a [f64]>,
}

/// A classifier taught on one draw, and its accuracy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Draw {
    /// Of the taught classifier.
    pub taught: f64,
    /// Of the other one, on the same vectors.
    pub other: Option<f64>,
    /// Of both classifiers' logits, mixed by the chosen share.
    pub mixed: Option<f64>,
    /// Vectors that it was tested on.
    pub tested: usize,
    /// How its penalty was chosen.
    pub chosen: Chosen,
}

/// All draws of a number of shots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Examples of each class.
    pub shots: Shots,
    /// Examples in each draw.
    pub examples: usize,
    /// One for each repetition; one alone where nothing is drawn.
    pub draws: Vec<Draw>,
}

/// A number of shots for which there are too few examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Skipped {
    /// Examples of each class.
    pub shots: Shots,
    /// Which class lacks them.
    pub reason: LogisticError,
}

/// What [`Experiment::run`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// In the order asked for.
    pub points: Vec<Point>,
    /// Those that could not be drawn.
    pub skipped: Vec<Skipped>,
}

/// A mean over draws, with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Of the draws.
    pub mean: f64,
    /// Lower end: Student's t over the draws; of a single one, or of equal ones, Wilson's interval of a share.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Experiment<'_> {
    /// Teaches and tests for each number of shots, `repeats` draws each. A draw of more shots contains the same
    /// draw of fewer. `watch` hears how many draws are done, of how many, and can stop.
    ///
    /// # Errors
    ///
    /// As [`Examples::new`] and [`Examples::solve`].
    pub fn run(
        &self,
        shots: &[Shots],
        repeats: usize,
        seed: u64,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Curve, LogisticError> {
        let mut by_class = vec![Vec::new(); self.classes];
        for row in self.train {
            by_class[self.labels[*row]].push(*row);
        }
        let (mut todo, mut skipped) = (Vec::new(), Vec::new());
        for shots in shots {
            match self.lacking(*shots, &by_class) {
                Some(reason) => skipped.push(Skipped {
                    shots: *shots,
                    reason,
                }),
                None => todo.push(*shots),
            }
        }
        // Where every example is taught there is one draw.
        let is_all = |shots: &Shots| match shots {
            Shots::Of(shots) => by_class.iter().all(|rows| rows.len() == *shots),
            Shots::All => true,
        };
        let draws = |shots: &Shots| match self.test.is_some() && is_all(shots) {
            true => 1,
            false => repeats,
        };
        let total = todo.iter().map(draws).sum();
        let mut done = 0;
        let mut points = Vec::with_capacity(todo.len());
        for shots in &todo {
            let mut point = Point {
                shots: *shots,
                examples: 0,
                draws: Vec::new(),
            };
            for draw in 0..draws(shots) {
                let (taught, rest) = self.drawn(*shots, &by_class, seed, draw);
                point.examples = taught.len();
                let draw =
                    self.teach_and_test(&taught, &rest, seed, &mut |_| watch(done, total))?;
                point.draws.push(draw);
                done += 1;
            }
            points.push(point);
        }
        Ok(Curve { points, skipped })
    }

    /// A classifier of all examples, its penalty chosen on them.
    ///
    /// # Errors
    ///
    /// As [`Examples::new`] and [`Examples::solve`].
    pub fn teach(
        &self,
        rows: &[usize],
        seed: u64,
        watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<(Weights, Chosen), LogisticError> {
        let (features, labels) = (self.features, self.labels);
        let examples = Examples::new(features, rows, labels, self.classes)?;
        let chosen = choose(
            features,
            rows,
            labels,
            self.classes,
            self.other,
            seed,
            watch,
        )?;
        let solution = examples.solve(chosen.penalty, Precision::FULL, None, watch)?;
        Ok((solution.weights, chosen))
    }

    /// Why there are too few examples.
    fn lacking(&self, shots: Shots, by_class: &[Vec<usize>]) -> Option<LogisticError> {
        let left = usize::from(self.test.is_none());
        let need = match shots {
            Shots::Of(shots) => shots + left,
            Shots::All => 1 + left,
        };
        let class = by_class.iter().position(|rows| rows.len() < need)?;
        let have = by_class[class].len();
        Some(LogisticError::TooFew { class, have, need })
    }

    /// The examples of a draw, and what to test on.
    fn drawn(
        &self,
        shots: Shots,
        by_class: &[Vec<usize>],
        seed: u64,
        draw: usize,
    ) -> (Vec<usize>, Vec<usize>) {
        let (mut taught, mut rest) = (Vec::new(), Vec::new());
        for (class, rows) in by_class.iter().enumerate() {
            let mut rows = rows.clone();
            let stream = draw * self.classes + class;
            Random::new(seed, stream as u64).shuffle(&mut rows);
            let count = match (shots, self.test) {
                (Shots::Of(shots), _) => shots,
                (Shots::All, Some(_)) => rows.len(),
                (Shots::All, None) => rows.len() - held_out(rows.len()),
            };
            taught.extend_from_slice(&rows[..count]);
            rest.extend_from_slice(&rows[count..]);
        }
        (taught, self.test.map_or(rest, <[usize]>::to_vec))
    }

    fn teach_and_test(
        &self,
        taught: &[usize],
        rest: &[usize],
        seed: u64,
        watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Draw, LogisticError> {
        let (weights, chosen) = self.teach(taught, seed, watch)?;
        let logits = self.features.logits(&weights, rest);
        let logits = || rest.iter().zip(logits.chunks_exact(self.classes));
        let of = |row: usize, other: &[f64]| other[row * self.classes..][..self.classes].to_vec();
        let share = |right: usize| right as f64 / rest.len() as f64;
        let right = |answer: &dyn Fn(usize, &[f64]) -> usize| {
            share(
                logits()
                    .filter(|(row, taught)| answer(**row, taught) == self.labels[**row])
                    .count(),
            )
        };
        Ok(Draw {
            taught: right(&|_, taught| largest(taught)),
            other: self
                .other
                .map(|other| right(&|row, _| largest(&of(row, other)))),
            mixed: self.other.map(|other| {
                right(&|row, taught| largest(&mixed(taught, &of(row, other), chosen.share)))
            }),
            tested: rest.len(),
            chosen,
        })
    }
}

/// The mean of the draws' accuracies; `tested` vectors decided each.
pub fn summary(accuracies: &[f64], tested: usize) -> Summary {
    let count = accuracies.len() as f64;
    let mean = accuracies.iter().sum::<f64>() / count;
    let (low, high) = match t_quantile(accuracies.len(), 1) {
        // Of draws that agree the spread says nothing; what each was tested on does.
        Some(t) if accuracies.iter().any(|a| *a != mean) => {
            let squares: f64 = accuracies.iter().map(|a| (a - mean).powi(2)).sum();
            let half = t * (squares / (count - 1.0) / count).sqrt();
            (mean - half, mean + half)
        }
        _ => wilson(mean, tested as f64),
    };
    Summary {
        mean,
        low: low.max(0.0),
        high: high.min(1.0),
    }
}

/// The 95 % interval of a share of n (Wilson 1927).
fn wilson(share: f64, n: f64) -> (f64, f64) {
    let square = Z * Z / n;
    let centre = share + square / 2.0;
    let half = Z * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
    (
        (centre - half) / (1.0 + square),
        (centre + half) / (1.0 + square),
    )
}
