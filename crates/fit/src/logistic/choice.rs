//! The penalty by cross-validation.

use super::{Examples, Features, LogisticError, Precision, largest, negative_log};
use crate::random::Random;
use serde::Serialize;
use std::ops::ControlFlow;

/// The penalties that are tried, the strongest first: scikit-learn's `C` from 0.01 to 10,000. Vectors have about the
/// length 1.
pub const PENALTIES: [f64; 7] = [100.0, 10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4];
/// The penalty where a class has one example, so that none can be held out: scikit-learn's default.
const DEFAULT: f64 = 1.0;
/// Parts of the examples, each held out once; fewer where a class has fewer.
const FOLDS: usize = 5;
/// Shares of the taught classifier in a mixture of both, in tenths.
const TENTHS: usize = 10;

/// A penalty, and how it did on the examples that were held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The penalty.
    pub penalty: f64,
    /// The mean of −ln p of their classes.
    pub log_loss: f64,
    /// How many of them, as a share, are of the class with the largest logit.
    pub accuracy: f64,
}

/// What [`choose`] chose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chosen {
    /// The penalty with the least log loss.
    pub penalty: f64,
    /// The share of the taught logits, the other classifier having the rest, with the least log loss; a half where
    /// none could be held out.
    pub share: f64,
    /// Parts that were held out; 0 where none could be.
    pub folds: usize,
    /// The penalties in the order in which they were tried. Weaker ones are left out once two in a row did worse.
    pub tried: Vec<Tried>,
}

/// Rows that were held out, each with its logits.
type HeldOut = Vec<(usize, Vec<f64>)>;

/// Chooses the penalty for the examples in `rows` by stratified cross-validation; and the share of the taught logits
/// where there are logits of another classifier, `other`, a row of classes for each row of `features`.
///
/// # Errors
///
/// As [`Examples::new`] and [`Examples::solve`].
pub fn choose(
    features: &Features,
    rows: &[usize],
    labels: &[usize],
    classes: usize,
    other: Option<&[f64]>,
    seed: u64,
    watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Chosen, LogisticError> {
    let folds = folds(rows, labels, classes, seed);
    let Some(parts) = folds
        .iter()
        .max()
        .map(|last| last + 1)
        .filter(|parts| *parts > 1)
    else {
        return Ok(Chosen {
            penalty: DEFAULT,
            share: 0.5,
            folds: 0,
            tried: Vec::new(),
        });
    };
    let part = |of: usize, held: bool| -> Vec<usize> {
        let rows = rows.iter().zip(&folds);
        rows.filter(|(_, fold)| (**fold == of) == held)
            .map(|(row, _)| *row)
            .collect()
    };
    let mut parts: Vec<_> = (0..parts)
        .map(|fold| {
            let taught = Examples::new(features, &part(fold, false), labels, classes)?;
            Ok((taught, part(fold, true), None))
        })
        .collect::<Result<_, LogisticError>>()?;
    let mut tried: Vec<Tried> = Vec::new();
    let mut best: Option<(Tried, HeldOut)> = None;
    for penalty in PENALTIES {
        let mut held_out = HeldOut::with_capacity(rows.len());
        for (examples, held, start) in &mut parts {
            let solution = examples.solve(penalty, Precision::ROUGH, start.as_ref(), watch)?;
            let logits = features.logits(&solution.weights, held);
            let each = held.iter().zip(logits.chunks_exact(classes));
            held_out.extend(each.map(|(row, logits)| (*row, logits.to_vec())));
            *start = Some(solution.weights);
        }
        let this = judged(penalty, &held_out, labels);
        tried.push(this);
        if best
            .as_ref()
            .is_none_or(|(best, _)| this.log_loss < best.log_loss)
        {
            best = Some((this, held_out));
        }
        let is_worse = |tried: &&Tried| {
            best.as_ref()
                .is_some_and(|(b, _)| b.log_loss < tried.log_loss)
        };
        if tried.iter().rev().take_while(is_worse).count() >= 2 {
            break;
        }
    }
    let (best, held_out) = best.ok_or(LogisticError::Strength)?;
    Ok(Chosen {
        penalty: best.penalty,
        share: other.map_or(1.0, |other| share(&held_out, other, labels, classes)),
        folds: parts.len(),
        tried,
    })
}

/// The part in which each of `rows` is held out: of each class as many in each, in an order drawn by the seed.
fn folds(rows: &[usize], labels: &[usize], classes: usize, seed: u64) -> Vec<usize> {
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); classes];
    for (place, row) in rows.iter().enumerate() {
        places[labels[*row]].push(place);
    }
    let parts = places.iter().map(Vec::len).min().unwrap_or(0).min(FOLDS);
    let mut folds = vec![0; rows.len()];
    let mut next = 0;
    for (class, places) in places.iter_mut().enumerate() {
        Random::new(seed, class as u64).shuffle(places);
        for place in places {
            folds[*place] = next % parts.max(1);
            next += 1;
        }
    }
    folds
}

fn judged(penalty: f64, held_out: &[(usize, Vec<f64>)], labels: &[usize]) -> Tried {
    let count = held_out.len() as f64;
    let losses = held_out
        .iter()
        .map(|(row, logits)| negative_log(logits, labels[*row]));
    let right = held_out
        .iter()
        .filter(|(row, logits)| largest(logits) == labels[*row]);
    Tried {
        penalty,
        accuracy: right.count() as f64 / count,
        log_loss: losses.sum::<f64>() / count,
    }
}

fn share(held_out: &[(usize, Vec<f64>)], other: &[f64], labels: &[usize], classes: usize) -> f64 {
    let loss = |share: f64| -> f64 {
        let each = held_out.iter().map(|(row, taught)| {
            let mixed = mixed(taught, &other[row * classes..][..classes], share);
            negative_log(&mixed, labels[*row])
        });
        each.sum()
    };
    let shares = (0..=TENTHS).map(|i| i as f64 / TENTHS as f64);
    let losses = shares.map(|share| (share, loss(share)));
    let least = losses.min_by(|a, b| a.1.total_cmp(&b.1));
    least.map_or(0.5, |(share, _)| share)
}

/// share × taught + (1 − share) × other.
pub(super) fn mixed(taught: &[f64], other: &[f64], share: f64) -> Vec<f64> {
    let each = taught.iter().zip(other);
    each.map(|(taught, other)| share * taught + (1.0 - share) * other)
        .collect()
}
