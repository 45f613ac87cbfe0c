//! Which coefficients to take: chosen on one half of the pictures, measured on the other.

use crate::confusion::wilson;
use serde::{Deserialize, Serialize};

/// How many pictures of a set are right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Right ones.
    pub right: usize,
    /// All.
    pub total: usize,
}

impl Score {
    /// Of these pictures.
    pub fn of(hits: impl IntoIterator<Item = bool>) -> Self {
        let mut score = Score::default();
        for hit in hits {
            score.total += 1;
            score.right += usize::from(hit);
        }
        score
    }

    /// The accuracy; NaN without pictures.
    pub fn share(self) -> f64 {
        self.right as f64 / self.total as f64
    }

    /// Its 95 % interval, by Wilson.
    pub fn interval(self) -> (f64, f64) {
        wilson(self.right, self.total)
    }
}

/// A set's accuracies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetScore {
    /// Of all pictures.
    pub all: Score,
    /// Of those by which coefficients are chosen.
    pub held_out: Score,
    /// Of the others.
    pub rest: Score,
}

impl SetScore {
    /// Of pictures, for each whether it is held out, and whether it is right.
    pub fn of(hits: &[(bool, bool)]) -> Self {
        let half = |held_out: bool| {
            let half = hits.iter().filter(|(of, _)| *of == held_out);
            Score::of(half.map(|(_, hit)| *hit))
        };
        SetScore {
            all: Score::of(hits.iter().map(|(_, hit)| *hit)),
            held_out: half(true),
            rest: half(false),
        }
    }
}

/// Whether a picture is held out to choose coefficients by: every second one of a class, given its
/// place in it.
pub fn is_held_out(place: usize) -> bool {
    place % 2 == 1
}

/// The coefficients that were chosen on held-out pictures, and what they do on the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Which of the coefficients that were tried.
    pub index: usize,
    /// Of each set, on the held-out pictures.
    pub held_out: Vec<Score>,
    /// Of each set, on the pictures that had no part in the choice.
    pub rest: Vec<Score>,
}

impl Choice {
    /// Chooses the highest mean accuracy over the sets, as PAINT does; the first of equal ones.
    /// `scores` are, for each coefficient, those of each set: held-out and rest. `None` where a set
    /// has no held-out picture, or no other.
    pub fn best(scores: &[Vec<(Score, Score)>]) -> Option<Choice> {
        let mean = |sets: &[(Score, Score)]| {
            let sum: f64 = sets.iter().map(|(held_out, _)| held_out.share()).sum();
            sum / sets.len() as f64
        };
        let mut best: Option<(usize, f64)> = None;
        for (index, sets) in scores.iter().enumerate() {
            if sets.is_empty() || sets.iter().any(|(a, b)| a.total == 0 || b.total == 0) {
                return None;
            }
            let value = mean(sets);
            if best.is_none_or(|(_, highest)| value > highest) {
                best = Some((index, value));
            }
        }
        let index = best?.0;
        Some(Choice {
            index,
            held_out: scores[index]
                .iter()
                .map(|(held_out, _)| *held_out)
                .collect(),
            rest: scores[index].iter().map(|(_, rest)| *rest).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_chosen_on_the_held_out_and_measured_on_the_rest() {
        let score = |right| Score { right, total: 10 };
        let scores = [
            vec![(score(2), score(9)), (score(9), score(9))],
            vec![(score(8), score(5)), (score(8), score(7))],
            vec![(score(9), score(1)), (score(7), score(2))],
        ];
        let best = Choice::best(&scores).unwrap();
        assert_eq!(best.index, 1);
        assert_eq!(best.held_out, [score(8), score(8)]);
        assert_eq!(best.rest, [score(5), score(7)]);
        let none = vec![(Score::default(), score(1))];
        assert_eq!(Choice::best(&[none]), None);
    }
}
