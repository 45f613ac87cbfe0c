//! What a subset has of pairs whose classes are known.

use super::Labels;
use refit_clip::confusion::wilson;

/// What a subset has of pairs whose classes are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Curated {
    /// Pairs of each class.
    pub counts: Vec<usize>,
    /// How many of them the model tells right, where that was asked.
    pub right: Option<usize>,
}

impl Curated {
    /// Of the pairs that are kept; `predicted` is the class to which each image is nearest.
    pub fn new(labels: &Labels, predicted: Option<&[usize]>, kept: &[bool]) -> Curated {
        let mut counts = vec![0; labels.classes.len()];
        let mut right = 0;
        for (i, label) in labels.of.iter().enumerate() {
            if let (Some(label), true) = (label, kept[i]) {
                counts[*label] += 1;
                right += usize::from(predicted.is_some_and(|classes| classes[i] == *label));
            }
        }
        Curated {
            counts,
            right: predicted.map(|_| right),
        }
    }

    /// Pairs that have a class.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The share that is told right, with Wilson's interval of 95 %.
    pub fn accuracy(&self) -> Option<(f64, (f64, f64))> {
        let (right, total) = (self.right?, self.total());
        (total > 0).then(|| (right as f64 / total as f64, wilson(right, total)))
    }

    /// A class's share.
    pub fn share(&self, class: usize) -> f64 {
        self.counts[class] as f64 / self.total().max(1) as f64
    }

    /// How many classes of equal size would be as even: the exponential of the entropy of the shares.
    pub fn effective_classes(&self) -> f64 {
        let shares = (0..self.counts.len()).map(|class| self.share(class));
        let terms = shares.filter(|share| *share > 0.0).map(|p| -p * p.ln());
        terms.sum::<f64>().exp()
    }

    /// The class whose share differs most from that in the whole.
    pub fn most_shifted(&self, whole: &Curated) -> usize {
        let shift = |class: usize| (self.share(class) - whole.share(class)).abs();
        // Of equal ones the first.
        let classes = (0..self.counts.len()).rev();
        classes
            .max_by(|a, b| shift(*a).total_cmp(&shift(*b)))
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_its_own_accuracy_and_balance() {
        let labels = Labels {
            name: "label",
            classes: ["a", "b", "c"].map(str::to_owned).to_vec(),
            of: vec![Some(0), Some(0), Some(1), Some(1), Some(2), None],
        };
        let predicted = [0, 1, 1, 1, 2, 0];
        let whole = Curated::new(&labels, Some(&predicted), &[true; 6]);
        assert_eq!(whole.counts, [2, 2, 1]);
        let (share, (low, high)) = whole.accuracy().unwrap();
        assert!(share == 0.8 && low < share && share < high);
        let even = (0.4 * 0.4_f64.ln() * 2.0 + 0.2 * 0.2_f64.ln()).abs().exp();
        assert!((whole.effective_classes() - even).abs() < 1e-12);
        let kept = [true, false, true, true, false, true];
        let some = Curated::new(&labels, Some(&predicted), &kept);
        assert_eq!((some.total(), some.right), (3, Some(3)));
        assert_eq!(some.most_shifted(&whole), 1);
        let none = Curated::new(&labels, None, &[false; 6]);
        assert_eq!((none.total(), none.accuracy()), (0, None));
    }
}
