//! How many of the printed numbers are reproduced, in words.

use super::{Check, Verdict};
use crate::text::grouped;
use std::iter::Sum;

/// Printed numbers by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the order of [`Verdict::ALL`].
    counts: [usize; Verdict::ALL.len()],
}

impl Tally {
    pub fn of<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Tally {
        let mut tally = Tally::default();
        // A law's error with its printed coefficients is no printed number.
        for check in checks.into_iter().filter(|check| !check.whole_law) {
            let pairs = Verdict::ALL.iter().zip(&mut tally.counts);
            for (_, count) in pairs.filter(|(verdict, _)| **verdict == check.verdict) {
                *count += 1;
            }
        }
        tally
    }

    pub fn count(self, verdict: Verdict) -> usize {
        let mut pairs = Verdict::ALL.into_iter().zip(self.counts);
        pairs.find(|(v, _)| *v == verdict).map_or(0, |(_, n)| n)
    }

    /// Of every verdict, in the order of [`Verdict::ALL`].
    pub fn counts(self) -> impl Iterator<Item = (Verdict, usize)> {
        Verdict::ALL.into_iter().zip(self.counts)
    }

    pub fn all(self) -> usize {
        self.counts.iter().sum()
    }

    /// Those whose data are at hand.
    pub fn checkable(self) -> usize {
        self.all() - self.count(Verdict::Uncheckable)
    }

    /// "Of 922 printed numbers 806 can be checked here".
    pub fn opening(self) -> String {
        let all = grouped(self.all() as u64);
        match (self.all(), self.checkable()) {
            (1, 1) => "The one printed number can be checked here".to_owned(),
            (n, checkable) if n == checkable => {
                format!("All {all} printed numbers can be checked here")
            }
            (_, 0) => format!("Of {all} printed numbers none can be checked here"),
            (_, checkable) => {
                let checkable = grouped(checkable as u64);
                format!("Of {all} printed numbers {checkable} can be checked here")
            }
        }
    }

    /// What came of those that can be checked: "798 are reproduced", "8 differ".
    pub fn outcomes(self) -> Vec<(Verdict, String)> {
        let of = |(verdict, n): (Verdict, usize)| {
            let words = match (verdict, n) {
                (Verdict::Reproduced, 1) => "is reproduced",
                (Verdict::Reproduced, n) if n > 0 && n == self.checkable() => {
                    return Some((verdict, "all are reproduced".to_owned()));
                }
                (Verdict::Reproduced, _) => "are reproduced",
                (Verdict::SameCurve, 1) => "has another coefficient on the same curve",
                (Verdict::SameCurve, _) => "have other coefficients on the same curve",
                (Verdict::Differs, 1) => "differs",
                (Verdict::Differs, _) => "differ",
                (Verdict::Uncheckable, _) => return None,
            };
            // That none differs is news.
            let none = n == 0 && !(verdict == Verdict::Differs && self.checkable() > 0);
            let count = match n {
                0 => "none".to_owned(),
                n => grouped(n as u64),
            };
            let words = if n == 0 { "differs" } else { words };
            (!none).then(|| (verdict, format!("{count} {words}")))
        };
        self.counts().filter_map(of).collect()
    }

    /// All of it, as a sentence.
    pub fn sentence(self) -> String {
        let outcomes = self.outcomes();
        let words: Vec<&str> = outcomes.iter().map(|(_, words)| words.as_str()).collect();
        match words.is_empty() {
            true => format!("{}.", self.opening()),
            false => format!("{}: {}.", self.opening(), words.join(", ")),
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(tallies: I) -> Tally {
        let mut sum = Tally::default();
        for tally in tallies {
            for (all, more) in sum.counts.iter_mut().zip(tally.counts) {
                *all += more;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_says_what_can_be_checked_and_what_differs() {
        for (counts, said) in [
            (
                [790, 8, 8, 116],
                "Of 922 printed numbers 806 can be checked here: 790 are reproduced, 8 have other coefficients on the same curve, 8 differ.",
            ),
            (
                [3, 0, 0, 0],
                "All 3 printed numbers can be checked here: all are reproduced, none differs.",
            ),
            (
                [1, 1, 1, 0],
                "All 3 printed numbers can be checked here: 1 is reproduced, 1 has another coefficient on the same curve, 1 differs.",
            ),
            (
                [0, 0, 0, 2],
                "Of 2 printed numbers none can be checked here.",
            ),
            (
                [1, 0, 0, 0],
                "The one printed number can be checked here: 1 is reproduced, none differs.",
            ),
        ] {
            assert_eq!(Tally { counts }.sentence(), said);
        }
        let two = [Tally {
            counts: [1, 2, 3, 4],
        }; 2];
        assert_eq!(two.into_iter().sum::<Tally>().counts, [2, 4, 6, 8]);
    }
}
