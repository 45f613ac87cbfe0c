//! Pairs of images and texts by the cosine of each: released thresholds, a histogram, how well the cosine tells wrong
//! texts from true ones. Heads as rules; and, where classes are known, what a subset has of them.

mod curated;
mod heads;
mod labels;
mod probe;

pub use curated::Curated;
pub use heads::{head_rule, told};
pub use labels::{LabelFinder, Labels};
pub use probe::{Probe, ProbeTask, Probed, probe};

use refit_pairs::Facts;
use refit_pairs::filter::{Rule, filter};

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

    #[test]
    fn every_score_is_in_a_bin() {
        let scores = [0.0, 0.05, 0.5, 1.0];
        let histogram = Histogram::new(scores.into_iter(), (0.0, 1.0), 10);
        assert_eq!(histogram.counts, [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    }
}
