//! The classes that match an image best.

use super::protocol::LoadedModel;
use refit_clip::Classes;

/// How many classes are kept for each image.
pub const TOP: usize = 5;

/// A class and how well an image matches it.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedClass {
    pub label: String,
    pub probability: f32,
    pub cosine: f32,
    /// The probability of this class whatever the others, of a model with a bias.
    pub alone: Option<f32>,
}

/// The [`TOP`] most likely classes of an image, best first.
pub fn rank(classes: &Classes, embedding: &[f32], model: &LoadedModel) -> Vec<RankedClass> {
    let cosines = classes.cosines(embedding);
    let probabilities = classes.probabilities(embedding, model.logit_scale);
    let alone = |bias| classes.sigmoids(embedding, model.logit_scale, bias);
    let alone = model.logit_bias.map(alone);
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    refit_fit::order::sort_by(&mut order, |a, b| {
        probabilities[*b].total_cmp(&probabilities[*a])
    });
    let ranked = |i: &usize| RankedClass {
        label: classes.labels[*i].clone(),
        probability: probabilities[*i],
        cosine: cosines[*i],
        alone: alone.as_ref().map(|alone| alone[*i]),
    };
    order.iter().take(TOP).map(ranked).collect()
}
