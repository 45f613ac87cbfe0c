//! Pairs of images and texts by the cosine of each: released thresholds, a histogram, how well the cosine tells wrong
//! texts from true ones; and, where classes are known, what a subset has of them.

use refit_clip::confusion::wilson;
use refit_pairs::Facts;
use refit_pairs::filter::{Rule, filter};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Cosines from which released sets keep a pair, and of which. Theirs are cosines of a ViT-B/32, for other languages than
/// English of a multilingual CLIP (arXiv 2111.02114, 2210.08402).
pub const RELEASED: [(f32, &str); 3] = [
    (0.26, "LAION-5B, other languages"),
    (0.28, "LAION-5B, English"),
    (0.3, "LAION-400M"),
];
/// The share of the highest that DataComp's CLIP score filter keeps (arXiv 2304.14108).
pub const TOP_SHARE: f64 = 0.3;
/// What a pair's JSON may say of its text under `truth`, as the sample pairs do.
pub const KINDS: [&str; 3] = ["true", "half-true", "wrong"];

/// The cosine from which the top share is kept, as DataComp computes it; `None` where no cosine is known.
pub fn top_threshold(facts: &[Facts]) -> Option<f32> {
    filter(facts, &[Rule::TopShare(TOP_SHARE)], None).counts[0].threshold
}

/// The share of pairs of one of each in which the positive one's score is higher, ties counted half: the area under the
/// ROC curve. `None` where there are not both.
pub fn auc(positive: &[f32], negative: &[f32]) -> Option<f64> {
    if positive.is_empty() || negative.is_empty() {
        return None;
    }
    let mut sorted = negative.to_vec();
    refit_fit::order::sort_by(&mut sorted, |a, b| a.total_cmp(b));
    let below = |score: &f32| {
        let less = sorted.partition_point(|other| other < score);
        let equal = sorted.partition_point(|other| other <= score) - less;
        less as f64 + 0.5 * equal as f64
    };
    let sum: f64 = positive.iter().map(below).sum();
    Some(sum / (positive.len() as f64 * negative.len() as f64))
}

/// Scores counted in bins of equal width.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Where the first bin begins.
    pub low: f64,
    pub width: f64,
    pub counts: Vec<usize>,
}

impl Histogram {
    /// Bins between these ends; a score at the upper end is in the last.
    pub fn new(scores: impl Iterator<Item = f32>, (low, high): (f64, f64), bins: usize) -> Self {
        let width = (high - low) / bins as f64;
        let mut counts = vec![0; bins];
        for score in scores {
            let bin = ((f64::from(score) - low) / width).max(0.0) as usize;
            counts[bin.min(bins - 1)] += 1;
        }
        Histogram { low, width, counts }
    }
}

/// The names under which a pair's JSON may have the class of its image. Names come before numbers, the first before the
/// next.
const LABELS: [&str; 6] = [
    "class_name",
    "label",
    "class",
    "category",
    "label_name",
    "cls",
];
/// More values are no classes.
const MAX_CLASSES: usize = 2000;

/// The classes of images, where their pairs' JSON has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// The JSON's name for them.
    pub name: &'static str,
    pub classes: Vec<String>,
    /// For each pair the place of its class.
    pub of: Vec<Option<usize>>,
}

/// Finds classes while pairs are read.
#[derive(Debug, Default)]
pub struct LabelFinder {
    columns: [LabelColumn; LABELS.len()],
}

#[derive(Debug, Default)]
struct LabelColumn {
    places: HashMap<String, usize>,
    labels: Labels,
    has_words: bool,
}

impl LabelFinder {
    /// Takes the next pair's JSON.
    pub fn push(&mut self, json: &Map<String, Value>) {
        for (column, name) in self.columns.iter_mut().zip(LABELS) {
            let label = match json.get(name) {
                Some(Value::String(text)) if !text.trim().is_empty() => {
                    column.has_words |= text.trim().parse::<f64>().is_err();
                    Some(text.trim().to_owned())
                }
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            let place = label.and_then(|label| {
                let next = column.places.len();
                if next > MAX_CLASSES {
                    return None;
                }
                Some(*column.places.entry(label).or_insert(next))
            });
            column.labels.of.push(place);
        }
    }

    /// The classes, if there are at least two, of which some come again.
    pub fn finish(self) -> Option<Labels> {
        let columns = self.columns.into_iter().zip(LABELS);
        let found = columns.filter_map(|(column, name)| {
            let (count, known) = (column.places.len(), column.labels.of.iter().flatten());
            if !(2..=MAX_CLASSES).contains(&count) || known.count() < 2 * count {
                return None;
            }
            let mut classes = vec![String::new(); count];
            for (class, place) in column.places {
                classes[place] = class;
            }
            // In the order of their names, whatever order they come in.
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|a, b| classes[*a].cmp(&classes[*b]));
            let mut ranks = vec![0; count];
            for (rank, place) in order.iter().enumerate() {
                ranks[*place] = rank;
            }
            let of = column.labels.of.into_iter();
            let labels = Labels {
                name,
                classes: order.iter().map(|at| classes[*at].clone()).collect(),
                of: of.map(|place| place.map(|place| ranks[place])).collect(),
            };
            Some((column.has_words, labels))
        });
        let mut found: Vec<(bool, Labels)> = found.collect();
        let best = found.iter().position(|(has_words, _)| *has_words);
        (!found.is_empty()).then(|| found.swap_remove(best.unwrap_or(0)).1)
    }
}

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
    fn the_auc_counts_pairs() {
        let by_hand = |positive: &[f32], negative: &[f32]| {
            let one = |p: &f32, n: &f32| match p.total_cmp(n) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
            let sum: f64 = positive
                .iter()
                .flat_map(|p| negative.iter().map(move |n| one(p, n)))
                .sum();
            sum / (positive.len() * negative.len()) as f64
        };
        let (positive, negative) = ([0.5, 0.3, 0.3, 0.9], [0.1, 0.3, 0.7]);
        assert_eq!(
            auc(&positive, &negative),
            Some(by_hand(&positive, &negative))
        );
        assert_eq!(auc(&[0.2], &[0.1]), Some(1.0));
        assert_eq!(auc(&[], &[0.1]), None);
    }

    fn json(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn classes_are_found_by_names_of_words_first() {
        let mut finder = LabelFinder::default();
        for (label, class) in [(3, "star"), (1, "ring"), (3, "star"), (1, "ring")] {
            finder.push(&json(&format!(
                r#"{{"label": {label}, "class": "{class} ", "category": "{class}{label}x"}}"#
            )));
        }
        finder.push(&json(r#"{"class": ""}"#));
        let labels = finder.finish().unwrap();
        assert_eq!(labels.name, "class");
        assert_eq!(labels.classes, ["ring", "star"]);
        assert_eq!(labels.of, [Some(1), Some(0), Some(1), Some(0), None]);

        // Numbers alone are classes too; what is different for nearly each pair is none.
        let mut finder = LabelFinder::default();
        for i in 0..10 {
            finder.push(&json(&format!(r#"{{"cls": {}, "label": "{i}"}}"#, i % 2)));
        }
        let labels = finder.finish().unwrap();
        assert_eq!((labels.name, labels.classes.len()), ("cls", 2));
        let mut finder = LabelFinder::default();
        (0..9).for_each(|i| finder.push(&json(&format!(r#"{{"label": "name {i}"}}"#))));
        assert_eq!(finder.finish(), None);
        assert_eq!(LabelFinder::default().finish(), None);
    }

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

    #[test]
    fn every_score_is_in_a_bin() {
        let scores = [0.0, 0.05, 0.5, 1.0];
        let histogram = Histogram::new(scores.into_iter(), (0.0, 1.0), 10);
        assert_eq!(histogram.counts, [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    }
}
