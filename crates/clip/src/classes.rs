//! Zero-shot classes: class embeddings, and an image's probabilities among them.

/// Labels and their class embeddings.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// The classes' names.
    pub labels: Vec<String>,
    /// For each label its class embedding, normalised to length 1.
    pub vectors: Vec<Vec<f32>>,
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
        }
    }

    /// The cosine of an image's embedding and each class embedding, from −1 to 1.
    pub fn cosines(&self, image: &[f32]) -> Vec<f32> {
        let cosines = self.vectors.iter().map(|vector| cosine(vector, image));
        cosines.map(|cosine| cosine as f32).collect()
    }

    /// The probability of each class for an image's embedding; they sum to 1. `scale` is the factor
    /// from cosine to logit ([`Model::scale`](crate::Model::scale)).
    pub fn probabilities(&self, image: &[f32], scale: f32) -> Vec<f32> {
        let scale = f64::from(scale);
        let logits = self.vectors.iter().map(|v| scale * cosine(v, image));
        let probabilities = softmax(&logits.collect::<Vec<f64>>());
        probabilities.into_iter().map(|p| p as f32).collect()
    }

    /// For each class the probability that an image's embedding belongs to it whatever the other
    /// classes: the sigmoid of the logit, which has a `bias` ([`Model::bias`](crate::Model::bias)).
    pub fn sigmoids(&self, image: &[f32], scale: f32, bias: f32) -> Vec<f32> {
        let (scale, bias) = (f64::from(scale), f64::from(bias));
        let logits = self.vectors.iter().map(|v| scale * cosine(v, image) + bias);
        logits.map(|x| (1.0 / (1.0 + (-x).exp())) as f32).collect()
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
        assert_eq!(classes.cosines(&image), [half, -1.0]);
        let probabilities = classes.probabilities(&image, 2.0);
        let expected = 1.0 / (1.0 + (-2.0 * (1.0 + f64::from(half))).exp());
        assert!((f64::from(probabilities[0]) - expected).abs() < 1e-6);
        assert!((probabilities[0] + probabilities[1] - 1.0).abs() < 1e-6);
    }
}
