//! Two models on the same pictures.

use crate::confusion::wilson;
use serde::{Deserialize, Serialize};

/// Pictures counted by whether they were right before and are right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paired {
    /// Right both times.
    pub kept: usize,
    /// Wrong before, right now.
    pub won: usize,
    /// Right before, wrong now.
    pub lost: usize,
    /// Wrong both times.
    pub neither: usize,
}

impl Paired {
    /// Of pictures, for each whether it was right before, and whether it is now.
    pub fn of(pictures: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut paired = Paired::default();
        for picture in pictures {
            let count = match picture {
                (true, true) => &mut paired.kept,
                (false, true) => &mut paired.won,
                (true, false) => &mut paired.lost,
                (false, false) => &mut paired.neither,
            };
            *count += 1;
        }
        paired
    }

    /// All pictures.
    pub fn total(self) -> usize {
        self.kept + self.won + self.lost + self.neither
    }

    /// The accuracy now less that before; NaN without pictures.
    pub fn difference(self) -> f64 {
        (self.won as f64 - self.lost as f64) / self.total() as f64
    }

    /// The difference's 95 % interval by Newcombe's method 10 (Statistics in Medicine 17, 1998,
    /// 2635–2650): Wilson's intervals of both accuracies, combined under the pictures' correlation.
    pub fn interval(self) -> (f64, f64) {
        let total = self.total();
        let (now, before) = (self.kept + self.won, self.kept + self.lost);
        // How far each accuracy's interval reaches below it and above it.
        let reach = |right: usize| {
            let share = right as f64 / total as f64;
            let (low, high) = wilson(right, total);
            (share - low, high - share)
        };
        let ((below, above), (below_before, above_before)) = (reach(now), reach(before));
        let both = self.correlation();
        let side = |a: f64, b: f64| (a * a - 2.0 * both * a * b + b * b).max(0.0).sqrt();
        let difference = self.difference();
        (
            difference - side(below, above_before),
            difference + side(above, below_before),
        )
    }

    /// φ of the table of counts, corrected for continuity where it is positive.
    fn correlation(self) -> f64 {
        let [kept, won, lost, neither] =
            [self.kept, self.won, self.lost, self.neither].map(|count| count as f64);
        let margins = (kept + won) * (lost + neither) * (kept + lost) * (won + neither);
        if margins == 0.0 {
            return 0.0;
        }
        let product = kept * neither - won * lost;
        let half = self.total() as f64 / 2.0;
        let corrected = match product > 0.0 {
            true => (product - half).max(0.0),
            false => product,
        };
        corrected / margins.sqrt()
    }
}

/// A set's pictures under two models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPaired {
    /// All pictures.
    pub all: Paired,
    /// Those that had no part in choosing coefficients.
    pub rest: Paired,
}

impl SetPaired {
    /// Of the same pictures in the same order: for each whether it is held out to choose by, and
    /// whether it is right.
    pub fn of(before: &[(bool, bool)], now: &[(bool, bool)]) -> Self {
        let pairs = || before.iter().zip(now);
        let hit = |((_, before), (_, now)): (&(bool, bool), &(bool, bool))| (*before, *now);
        let rest = pairs().filter(|((is_held_out, _), _)| !is_held_out);
        SetPaired {
            all: Paired::of(pairs().map(hit)),
            rest: Paired::of(rest.map(hit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted() {
        let pairs = [(true, true), (true, false), (false, true), (true, false)];
        let paired = Paired::of(pairs);
        let expected = Paired {
            kept: 1,
            won: 1,
            lost: 2,
            neither: 0,
        };
        assert_eq!(paired, expected);
        assert_eq!(paired.difference(), -0.25);
        assert!(Paired::of([]).difference().is_nan());
        let (before, now) = (
            [(false, true), (true, true)],
            [(false, false), (true, true)],
        );
        let set = SetPaired::of(&before, &now);
        assert_eq!((set.all.lost, set.all.kept), (1, 1));
        assert_eq!((set.rest.lost, set.rest.total()), (1, 1));
    }

    /// Examples of Newcombe 1998, by its method 10.
    #[test]
    fn intervals_are_newcombes() {
        for (kept, won, lost, neither, low, high) in [
            (36, 12, 2, 0, 0.0569, 0.3404),
            (36, 14, 0, 0, 0.1528, 0.4167),
            (2, 97, 1, 0, 0.8721, 0.9854),
            (0, 29, 0, 1, 0.7915, 0.9941),
            (0, 30, 0, 0, 0.8395, 1.0),
            (54, 0, 0, 0, -0.0664, 0.0664),
        ] {
            let paired = Paired {
                kept,
                won,
                lost,
                neither,
            };
            let (a, b) = paired.interval();
            let is_near = |a: f64, b: f64| (a - b).abs() < 5e-5;
            assert!(
                is_near(a, low) && is_near(b, high),
                "{paired:?}: {a} to {b}"
            );
        }
    }
}
