//! Zero-shot classes: the directions in which their images lie, and how a image is shared out.

/// Labels and their directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    pub labels: Vec<String>,
    /// A unit vector for each label.
    pub vectors: Vec<Vec<f32>>,
}

impl Classes {
    /// A label's direction is the mean of its prompts' unit vectors; `units` has those of the
    /// first label first, as many for each.
    pub fn of(labels: &[String], units: &[Vec<f32>]) -> Classes {
        let templates = (units.len() / labels.len().max(1)).max(1);
        Classes {
            labels: labels.to_vec(),
            vectors: units.chunks_exact(templates).map(mean_direction).collect(),
        }
    }

    /// How well a image's unit vector agrees with each class, from −1 to 1.
    pub fn cosines(&self, image: &[f32]) -> Vec<f32> {
        let cosines = self.vectors.iter().map(|vector| cosine(vector, image));
        cosines.map(|cosine| cosine as f32).collect()
    }

    /// How a image's unit vector is shared out among the classes; sums to 1. `scale` is the
    /// factor from cosine to logit.
    pub fn probabilities(&self, image: &[f32], scale: f32) -> Vec<f32> {
        let scale = f64::from(scale);
        let logits = self.vectors.iter().map(|v| scale * cosine(v, image));
        let logits: Vec<f64> = logits.collect();
        let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = logits.iter().map(|l| (l - max).exp()).collect();
        let total: f64 = shares.iter().sum();
        shares.iter().map(|share| (share / total) as f32).collect()
    }
}

/// The product of two unit vectors.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum()
}

/// The unit vector of a mean.
fn mean_direction(units: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0f64; units.first().map_or(0, Vec::len)];
    for unit in units {
        for (sum, value) in sum.iter_mut().zip(unit) {
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
        let classes = Classes::of(&labels, &units);
        let half = 0.5f32.sqrt();
        assert_eq!(classes.vectors, [vec![half, half], vec![-1.0, 0.0]]);
        let image = [1.0, 0.0];
        assert_eq!(classes.cosines(&image), [half, -1.0]);
        let shares = classes.probabilities(&image, 2.0);
        let expected = 1.0 / (1.0 + (-2.0 * (1.0 + f64::from(half))).exp());
        assert!((f64::from(shares[0]) - expected).abs() < 1e-6);
        assert!((shares[0] + shares[1] - 1.0).abs() < 1e-6);
    }
}
