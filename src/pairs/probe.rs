//! What a subset of pairs is worth for training: a linear probe on the embeddings of what it keeps of four fifths of the
//! images, tested on the other fifth.

use crate::teach::sentence;
use refit_fit::logistic::{
    Examples, Features, LogisticError, Precision, Summary, choose, held_out, largest, summary,
};
use refit_fit::random::Random;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Of the fifth that is held out, of the penalty's cross-validation, and of what is drawn at random.
const SEED: u64 = 1;
/// How many times as many images as the last subset has are drawn at random.
const DRAWS: usize = 5;

/// Labelled embeddings, and the subsets on which a probe is taught.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeTask {
    pub classes: Vec<String>,
    /// The class of each embedding.
    pub labels: Vec<usize>,
    /// For each subset its places among the embeddings, sorted.
    pub subsets: Vec<Vec<usize>>,
}

/// What a probe taught on a subset is worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probed {
    /// Images that taught it.
    pub examples: usize,
    /// Of the images held out, the share that it tells right; `None` where nothing was left to teach.
    pub accuracy: Option<Summary>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Images that every probe is tested on.
    pub tested: usize,
    /// Of every probe, chosen by cross-validation on all images that are not held out.
    pub penalty: f64,
    /// One for each subset.
    pub subsets: Vec<Probed>,
    /// Of as many images as the last subset has, drawn at random: the mean of [`DRAWS`] draws.
    pub random: Probed,
}

/// Teaches a probe on each subset. `vectors` are the embeddings, one after the other; `watch` hears how many probes are
/// taught, of how many, and can stop.
///
/// # Errors
///
/// A sentence for the reader.
pub fn probe(
    task: &ProbeTask,
    vectors: &[f32],
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Probe, String> {
    let said = |error: LogisticError| sentence(&error, &task.classes);
    let count = task.labels.len();
    let features = Features::new(vectors, vectors.len() / count.max(1)).map_err(said)?;
    let mut is_held = vec![false; count];
    for class in 0..task.classes.len() {
        let mut rows: Vec<usize> = (0..count).filter(|i| task.labels[*i] == class).collect();
        Random::new(SEED, class as u64).shuffle(&mut rows);
        let held = held_out(rows.len());
        rows.iter().take(held).for_each(|row| is_held[*row] = true);
    }
    let part = |held: bool| -> Vec<usize> { (0..count).filter(|i| is_held[*i] == held).collect() };
    let (train, test) = (part(false), part(true));
    let total = task.subsets.len() + DRAWS + 1;
    let mut prober = Prober {
        features: &features,
        labels: &task.labels,
        test: &test,
        penalty: 1.0,
    };
    prober
        .choose(&train, &mut |_| watch(0, total))
        .map_err(said)?;
    let mut done = 1;
    let mut taught = |rows: &[usize]| {
        let right = prober.right(rows, &mut |_| watch(done, total));
        done += 1;
        right.map_err(said)
    };
    let of = |right: Option<f64>| right.map(|share| summary(&[share], test.len()));
    let (mut subsets, mut examples) = (Vec::new(), train.len());
    for subset in &task.subsets {
        let rows: Vec<usize> = subset.iter().copied().filter(|i| !is_held[*i]).collect();
        examples = rows.len();
        let accuracy = of(taught(&rows)?);
        subsets.push(Probed { examples, accuracy });
    }
    let mut shares = Vec::new();
    for draw in 0..DRAWS {
        let mut rows = train.clone();
        Random::new(SEED, (task.classes.len() + draw) as u64).shuffle(&mut rows);
        rows.truncate(examples);
        rows.sort_unstable();
        shares.extend(taught(&rows)?);
    }
    let accuracy = (!shares.is_empty()).then(|| summary(&shares, test.len()));
    Ok(Probe {
        tested: test.len(),
        penalty: prober.penalty,
        subsets,
        random: Probed { examples, accuracy },
    })
}

struct Prober<'a> {
    features: &'a Features,
    labels: &'a [usize],
    test: &'a [usize],
    penalty: f64,
}

type Watch<'a> = &'a mut dyn FnMut(usize) -> ControlFlow<()>;

impl Prober<'_> {
    /// Chooses the penalty; classes with a single image cannot be divided, and say nothing.
    fn choose(&mut self, train: &[usize], watch: Watch<'_>) -> Result<(), LogisticError> {
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for row in train {
            *counts.entry(self.labels[*row]).or_default() += 1;
        }
        let is_divided = |row: &usize| counts[&self.labels[*row]] > 1;
        let rows: Vec<usize> = train.iter().copied().filter(is_divided).collect();
        let (places, labels) = self.present(&rows);
        if places.len() > 1 {
            let classes = places.len();
            let chosen = choose(self.features, &rows, &labels, classes, None, SEED, watch)?;
            self.penalty = chosen.penalty;
        }
        Ok(())
    }

    /// The classes of some rows, in order, and for every row of all its class's place among them.
    fn present(&self, rows: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let mut classes: Vec<usize> = rows.iter().map(|row| self.labels[*row]).collect();
        classes.sort_unstable();
        classes.dedup();
        let place = |class: &usize| classes.binary_search(class).unwrap_or_default();
        let labels = self.labels.iter().map(place).collect();
        (classes, labels)
    }

    /// The share of the test images whose class a probe taught on some rows tells right; those of a class that it was
    /// not taught are wrong.
    fn right(&self, rows: &[usize], watch: Watch<'_>) -> Result<Option<f64>, LogisticError> {
        let (classes, labels) = self.present(rows);
        let told: Vec<usize> = match classes.len() {
            0 => return Ok(None),
            1 => vec![0; self.test.len()],
            count => {
                let examples = Examples::new(self.features, rows, &labels, count)?;
                let solution = examples.solve(self.penalty, Precision::FULL, None, watch)?;
                let logits = self.features.logits(&solution.weights, self.test);
                logits.chunks_exact(count).map(largest).collect()
            }
        };
        let each = self.test.iter().zip(told);
        let right = each.filter(|(row, told)| classes[*told] == self.labels[**row]);
        Ok(Some(right.count() as f64 / self.test.len() as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three classes around unit vectors, with some noise; every other of the first 60 has a wrong label.
    fn task() -> (ProbeTask, Vec<f32>) {
        let mut random = Random::new(7, 0);
        let (mut vectors, mut labels) = (Vec::new(), Vec::new());
        for i in 0..120 {
            let class = i % 3;
            for axis in 0..6 {
                let at = if axis == class { 1.0 } else { 0.0 };
                vectors.push((at + 0.15 * random.normal()) as f32);
            }
            let is_wrong = i < 60 && i % 2 == 0;
            labels.push(if is_wrong { (class + 1) % 3 } else { class });
        }
        let subsets = vec![
            (0..120).collect(),
            (60..120).collect(),
            vec![61],
            Vec::new(),
        ];
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let task = ProbeTask {
            classes,
            labels,
            subsets,
        };
        (task, vectors)
    }

    #[test]
    fn subsets_are_tested_on_the_same_images() {
        let (task, vectors) = task();
        let mut heard = Vec::new();
        let probe = probe(&task, &vectors, &mut |done, total| {
            heard.push((done, total));
            ControlFlow::Continue(())
        });
        let probe = probe.unwrap();
        assert_eq!(probe.tested, 24);
        let examples: Vec<usize> = probe.subsets.iter().map(|one| one.examples).collect();
        assert_eq!(examples[0], 96);
        assert!(examples[1] > 40 && examples[1] < 56 && examples[3] == 0);
        let accuracy = |at: usize| probe.subsets[at].accuracy;
        let whole = accuracy(0).unwrap();
        // Some of the test images have wrong labels; no probe tells those.
        assert!((0.5..0.95).contains(&whole.mean), "{probe:?}");
        assert!(whole.low < whole.mean && whole.mean < whole.high);
        assert!(accuracy(1).unwrap().mean >= whole.mean);
        assert!(accuracy(3).is_none() && probe.random.accuracy.is_none());
        assert!(heard.contains(&(1, 10)) && heard.iter().all(|(done, total)| done < total));
    }

    #[test]
    fn a_class_that_is_filtered_out_is_told_wrong() {
        let (mut task, vectors) = task();
        task.labels = (0..120).map(|i| i % 3).collect();
        let without = (0..120).filter(|i| i % 3 != 2).collect();
        task.subsets = vec![
            (0..120).collect(),
            (0..120).filter(|i| i % 3 == 0).collect(),
            without,
        ];
        let probe = probe(&task, &vectors, &mut |_, _| ControlFlow::Continue(())).unwrap();
        let means: Vec<f64> = probe
            .subsets
            .iter()
            .map(|one| one.accuracy.unwrap().mean)
            .collect();
        assert!(means[0] > 0.95, "{means:?}");
        assert!((means[1] - 1.0 / 3.0).abs() < 1e-9, "{means:?}");
        assert!((0.6..=2.0 / 3.0).contains(&means[2]), "{means:?}");
        let random = probe.random.accuracy.unwrap();
        assert!(random.mean > means[2], "as many of all classes tell more");
        assert_eq!(probe.random.examples, probe.subsets[2].examples);
    }

    #[test]
    fn what_teaches_nothing_is_a_sentence() {
        let (task, vectors) = task();
        let same = vec![0.5; vectors.len()];
        let never = &mut |_, _| ControlFlow::Continue(());
        assert!(
            probe(&task, &same, never)
                .unwrap_err()
                .contains("same embedding")
        );
        let stopped = probe(&task, &vectors, &mut |_, _| ControlFlow::Break(()));
        assert_eq!(stopped.unwrap_err(), "Stopped.");
    }
}
