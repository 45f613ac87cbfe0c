//! Accuracies of a mixture on labelled sets.

use super::prepared::Prepared;
use super::{Choice, Files, Tower, model};
use pollster::block_on;
use refit_clip::backend::Backend;
use refit_clip::mix::{Paired, Score, SetPaired, SetScore};
use refit_clip::{Classes, Model};
use serde::Serialize;
use std::path::Path;

/// Pictures that are encoded at once.
const BATCH: usize = 64;

/// Coefficients and what they do.
pub(super) struct Tried {
    pub(super) coefficients: Vec<f64>,
    /// Of each set.
    pub(super) scores: Vec<SetScore>,
    /// The same pictures under the base and under it.
    pub(super) against_base: Vec<SetPaired>,
}

/// What a mixture wins and loses against the base, on the same pictures.
#[derive(Serialize)]
struct Change {
    counts: Paired,
    difference: f64,
    newcombe_95: (f64, f64),
}

impl From<Paired> for Change {
    fn from(counts: Paired) -> Self {
        Change {
            counts,
            difference: counts.difference(),
            newcombe_95: counts.interval(),
        }
    }
}

#[derive(Serialize)]
struct AgainstBase {
    all: Change,
    rest: Change,
}

/// For each picture of a set whether it is held out to choose by, and whether it is right.
pub(super) type Hits = Vec<(bool, bool)>;

/// As JSON.
#[derive(Serialize)]
pub(super) struct Described<'a> {
    coefficients: &'a [f64],
    accuracy: Vec<Accuracy<'a>>,
}

#[derive(Serialize)]
struct Accuracy<'a> {
    set: &'a Path,
    right: usize,
    total: usize,
    accuracy: f64,
    wilson_95: (f64, f64),
    against_base: AgainstBase,
}

impl<'a> Accuracy<'a> {
    fn of(set: &'a Prepared, score: Score, paired: &SetPaired) -> Self {
        Accuracy {
            set: &set.path,
            right: score.right,
            total: score.total,
            accuracy: score.share(),
            wilson_95: score.interval(),
            against_base: AgainstBase {
                all: paired.all.into(),
                rest: paired.rest.into(),
            },
        }
    }
}

/// The coefficients that were chosen.
#[derive(Serialize)]
pub(super) struct Best<'a> {
    pub(super) coefficients: &'a [f64],
    held_out: Vec<Score>,
    rest: Vec<Score>,
    /// On the same pictures as `rest`.
    against_base: Vec<Change>,
}

impl<'a> Best<'a> {
    pub(super) fn new(tried: &'a Tried, choice: Choice) -> Self {
        let against_base = tried.against_base.iter();
        Best {
            coefficients: &tried.coefficients,
            held_out: choice.held_out,
            rest: choice.rest,
            against_base: against_base.map(|set| set.rest.into()).collect(),
        }
    }

    pub(super) fn print(&self, sets: &[Prepared]) {
        say!(
            "best on every second picture: {}; on the others:",
            listed(self.coefficients)
        );
        let scores = sets.iter().zip(&self.rest);
        scores.for_each(|(set, score)| print(set, *score));
        if self.coefficients.iter().any(|c| *c != 0.0) {
            say!("against the base (coefficients 0), on the same pictures:");
            let changes = sets.iter().zip(&self.against_base);
            changes.for_each(|(set, change)| change.print(set));
        }
    }
}

impl Change {
    fn print(&self, set: &Prepared) {
        let (low, high) = self.newcombe_95;
        say!(
            "  {:+6.2} points  [{:+.1}, {:+.1}]  {} right before and wrong now, {} the reverse, of {}  {}",
            100.0 * self.difference,
            100.0 * low,
            100.0 * high,
            self.counts.lost,
            self.counts.won,
            self.counts.total(),
            set.path.display()
        );
    }
}

impl Tried {
    pub(super) fn new(coefficients: Vec<f64>, hits: &[Hits], base: &[Hits]) -> Self {
        let pairs = base.iter().zip(hits);
        Tried {
            coefficients,
            scores: hits.iter().map(|hits| SetScore::of(hits)).collect(),
            against_base: pairs
                .map(|(before, now)| SetPaired::of(before, now))
                .collect(),
        }
    }

    pub(super) fn print(&self, sets: &[Prepared]) {
        if self.scores.is_empty() {
            return;
        }
        say!("coefficients {}", listed(&self.coefficients));
        let sets = sets.iter().zip(&self.scores);
        sets.for_each(|(set, scores)| print(set, scores.all));
    }

    pub(super) fn describe<'a>(&'a self, sets: &'a [Prepared]) -> Described<'a> {
        let scores = sets.iter().zip(&self.scores).zip(&self.against_base);
        let accuracy = scores.map(|((set, score), paired)| Accuracy::of(set, score.all, paired));
        Described {
            coefficients: &self.coefficients,
            accuracy: accuracy.collect(),
        }
    }
}

fn print(set: &Prepared, score: Score) {
    let (low, high) = score.interval();
    let Score { right, total } = score;
    let percent = 100.0 * score.share();
    say!(
        "  {percent:>6.2} %  [{:.1}, {:.1}]  {right} of {total}  {}",
        100.0 * low,
        100.0 * high,
        set.path.display()
    );
}

pub(super) fn listed(coefficients: &[f64]) -> String {
    let all: Vec<String> = coefficients.iter().map(f64::to_string).collect();
    all.join(", ")
}

/// Measures one mixture after the other.
pub(super) struct Measure<'a> {
    sets: &'a [Prepared],
    templates: &'a [String],
    tower: Tower,
    /// The classes of each set: the base's, where texts are not mixed.
    classes: Vec<Classes>,
}

impl<'a> Measure<'a> {
    pub(super) fn new(sets: &'a [Prepared], templates: &'a [String], tower: Tower) -> Self {
        Measure {
            sets,
            templates,
            tower,
            classes: Vec::new(),
        }
    }

    /// Of each set.
    pub(super) fn hits<B: Backend>(
        &mut self,
        backend: B,
        mixture: &mut Files,
    ) -> Result<Vec<Hits>, String> {
        let options = mixture.options();
        let model = block_on(Model::load(backend, mixture, options, |_| {}));
        let model = model.map_err(model::sentence)?;
        if self.classes.is_empty() || self.tower == Tower::All {
            let tokenizer = model::tokenizer(&model)?;
            let classes = |set: &Prepared| {
                let classes = model.classes(&tokenizer, &set.labels, self.templates);
                block_on(classes).map_err(model::sentence)
            };
            self.classes = self.sets.iter().map(classes).collect::<Result<_, _>>()?;
        }
        let sets = self.sets.iter().zip(&self.classes);
        sets.map(|(set, classes)| hits(&model, set, classes))
            .collect()
    }
}

fn hits<B: Backend>(model: &Model<B>, set: &Prepared, classes: &Classes) -> Result<Hits, String> {
    let mut hits = Vec::with_capacity(set.pictures.len());
    for batch in set.pictures.chunks(BATCH) {
        let pixels: Vec<_> = batch.iter().map(|picture| picture.pixels.clone()).collect();
        let units = block_on(model.encode_images(&pixels)).map_err(model::sentence)?;
        for (picture, unit) in batch.iter().zip(units) {
            let shares = model.probabilities(&unit, classes);
            let best = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
            hits.push((picture.is_held_out, best == Some(picture.class)));
        }
    }
    Ok(hits)
}
