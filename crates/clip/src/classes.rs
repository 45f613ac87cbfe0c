//! Zero-shot classes: class embeddings, and an image's probabilities among them.

use serde::{Deserialize, Serialize};

/// What the product of an embedding and a class's vector is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scoring {
    /// Their cosine, which the model's scale makes a logit: the class is a text.
    #[default]
    Cosine,
    /// With a bias for each class a logit by itself: the class was taught.
    Linear {
        /// One for each class.
        biases: Vec<f32>,
    },
}

/// Labels and their class embeddings, or the weights of a linear layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// The classes' names.
    pub labels: Vec<String>,
    /// For each label its class embedding, normalised to length 1, or its weights.
    pub vectors: Vec<Vec<f32>>,
    /// Which of both they are.
    pub scoring: Scoring,
}

impl Classes {
    /// Averages the embeddings of each label's prompts and normalises the mean; `prompts` has those
    /// of the first label first, equally many for each label.
    pub fn new(labels: &[String], prompts: &[Vec<f32>]) -> Classes {
        let templates = (prompts.len() / labels.len().max(1)).max(1);
        Classes {
            labels: labels.to_vec(),
            vectors: prompts
                .chunks_exact(templates)
                .map(mean_embedding)
                .collect(),
            scoring: Scoring::Cosine,
        }
    }

    /// Whether there is one number to give, and nothing that it is a probability of.
    pub fn is_score(&self) -> bool {
        self.scoring != Scoring::Cosine && self.labels.len() == 1
    }

    /// For an image's embedding the cosine with each class embedding, from −1 to 1; or each class's logit, where it
    /// was taught.
    pub fn scores(&self, image: &[f32]) -> Vec<f32> {
        self.products(image).map(|score| score as f32).collect()
    }

    fn products(&self, image: &[f32]) -> impl Iterator<Item = f64> {
        let biases: &[f32] = match &self.scoring {
            Scoring::Cosine => &[],
            Scoring::Linear { biases } => biases,
        };
        let biases = biases.iter().map(|bias| f64::from(*bias));
        let biases = biases.chain(std::iter::repeat(0.0));
        let products = self.vectors.iter().map(move |vector| cosine(vector, image));
        products.zip(biases).map(|(product, bias)| product + bias)
    }

    /// The logits of an image's embedding. `scale` is the factor from cosine to logit
    /// ([`Model::scale`](crate::Model::scale)).
    pub fn logits(&self, image: &[f32], scale: f32) -> Vec<f64> {
        let factor = self.factor(scale);
        self.products(image)
            .map(|product| factor * product)
            .collect()
    }

    /// The factor from product to logit.
    pub(crate) fn factor(&self, scale: f32) -> f64 {
        match self.scoring {
            Scoring::Cosine => f64::from(scale),
            Scoring::Linear { .. } => 1.0,
        }
    }

    /// The probability of each class for an image's embedding; they sum to 1. `scale` as in [`Classes::logits`].
    pub fn probabilities(&self, image: &[f32], scale: f32) -> Vec<f32> {
        let probabilities = softmax(&self.logits(image, scale));
        probabilities.into_iter().map(|p| p as f32).collect()
    }

    /// For each class the probability that an image's embedding belongs to it whatever the other
    /// classes: the sigmoid of the logit, which has a `bias` ([`Model::bias`](crate::Model::bias)). `None` of taught
    /// classes, whose logits are made for a softmax.
    pub fn sigmoids(&self, image: &[f32], scale: f32, bias: f32) -> Option<Vec<f32>> {
        if self.scoring != Scoring::Cosine {
            return None;
        }
        let logits = self.logits(image, scale).into_iter();
        let sigmoids = logits.map(|x| (1.0 / (1.0 + (-x - f64::from(bias)).exp())) as f32);
        Some(sigmoids.collect())
    }
}

/// exp(x) of each number, divided by their sum: logits, or the log-likelihoods of captions, to
/// probabilities that sum to 1.
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|x| (x - max).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// The cosine of two embeddings of length 1: their dot product.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum()
}

/// The mean of embeddings, normalised to length 1.
fn mean_embedding(embeddings: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0f64; embeddings.first().map_or(0, Vec::len)];
    for embedding in embeddings {
        for (sum, value) in sum.iter_mut().zip(embedding) {
            *sum += f64::from(*value);
        }
    }
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-12);
    sum.iter().map(|x| (x / length) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_mean_of_its_prompts() {
        let labels = ["a", "b"].map(str::to_owned);
        let units = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-1.0, 0.0]].map(|u| u.to_vec());
        let classes = Classes::new(&labels, &units);
        let half = 0.5f32.sqrt();
        assert_eq!(classes.vectors, [vec![half, half], vec![-1.0, 0.0]]);
        let image = [1.0, 0.0];
        assert_eq!(classes.scores(&image), [half, -1.0]);
        let probabilities = classes.probabilities(&image, 2.0);
        let expected = 1.0 / (1.0 + (-2.0 * (1.0 + f64::from(half))).exp());
        assert!((f64::from(probabilities[0]) - expected).abs() < 1e-6);
        assert!((probabilities[0] + probabilities[1] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn taught_classes_have_logits_of_their_own() {
        let classes = Classes {
            labels: ["a", "b"].map(str::to_owned).to_vec(),
            vectors: vec![vec![3.0, 0.0], vec![0.0, 4.0]],
            scoring: Scoring::Linear {
                biases: vec![-1.0, 2.0],
            },
        };
        let image = [0.5, 0.25];
        assert_eq!(classes.scores(&image), [0.5, 3.0]);
        // The model's scale is not theirs.
        assert_eq!(classes.logits(&image, 100.0), [0.5, 3.0]);
        assert_eq!(classes.sigmoids(&image, 100.0, -10.0), None);
        let odds = 1.0 / (1.0 + 2.5f32.exp());
        assert!((classes.probabilities(&image, 100.0)[0] - odds).abs() < 1e-6);
        assert!(!classes.is_score());
    }
}
