//! The classes that match an image best.

use super::protocol::LoadedModel;
use refit_clip::{Classes, Scoring};

/// How many classes are kept for each image.
pub const TOP: usize = 5;

/// What a class is ranked by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// The cosine with a text.
    Cosine(f32),
    /// The logit of a head.
    Logit(f32),
    /// The only output of a head, of which there is no probability.
    Score(f32),
}

impl Measure {
    /// Its name, and its value.
    pub fn named(self) -> (&'static str, f32) {
        match self {
            Measure::Cosine(value) => ("cosine", value),
            Measure::Logit(value) => ("logit", value),
            Measure::Score(value) => ("score", value),
        }
    }
}

/// A class and how well an image matches it.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedClass {
    pub label: String,
    pub probability: f32,
    pub measure: Measure,
    /// The probability of this class whatever the others, of a model with a bias.
    pub alone: Option<f32>,
}

/// The [`TOP`] most likely classes of an image, best first.
pub fn rank(classes: &Classes, embedding: &[f32], model: &LoadedModel) -> Vec<RankedClass> {
    let scores = classes.scores(embedding);
    let measure = match (&classes.scoring, classes.is_score()) {
        (Scoring::Cosine, _) => Measure::Cosine,
        (Scoring::Linear { .. }, false) => Measure::Logit,
        (Scoring::Linear { .. }, true) => Measure::Score,
    };
    let probabilities = classes.probabilities(embedding, model.logit_scale);
    let alone = |bias| classes.sigmoids(embedding, model.logit_scale, bias);
    let alone = model.logit_bias.and_then(alone);
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    refit_fit::order::sort_by(&mut order, |a, b| {
        probabilities[*b].total_cmp(&probabilities[*a])
    });
    let ranked = |i: &usize| RankedClass {
        label: classes.labels[*i].clone(),
        probability: probabilities[*i],
        measure: measure(scores[*i]),
        alone: alone.as_ref().map(|alone| alone[*i]),
    };
    order.iter().take(TOP).map(ranked).collect()
}
