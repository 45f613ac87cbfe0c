//! How many of the printed numbers are reproduced, in words.

use super::{Check, Verdict};
use crate::text::grouped;
use std::iter::Sum;

/// Printed numbers by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the order of [`Verdict::ALL`].
    counts: [usize; Verdict::ALL.len()],
    /// Those of laws and predictions among them.
    fitted: [usize; Verdict::ALL.len()],
}

impl Tally {
    pub fn of<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Tally {
        let mut tally = Tally::default();
        // A law's error with its printed coefficients is no printed number.
        for check in checks.into_iter().filter(|check| !check.whole_law) {
            let Some(at) = Verdict::ALL.iter().position(|v| *v == check.verdict) else {
                continue;
            };
            tally.counts[at] += 1;
            tally.fitted[at] += usize::from(check.fitted);
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

    /// Those that are recomputed by fitting a law, and those that are entries of tables of measurements.
    fn split(self) -> [Tally; 2] {
        let rest = std::array::from_fn(|i| self.counts[i] - self.fitted[i]);
        [self.fitted, rest].map(|counts| Tally {
            counts,
            ..Tally::default()
        })
    }

    /// "Reproduced: 112 of 120 coefficients and predictions of laws, 686 of 686 table entries."; nothing where only
    /// one kind can be checked. An easy kind must not hide how many of the other come back.
    pub fn by_kind(self) -> Option<String> {
        let kinds = self.split().map(|kind| {
            let [n, of] = [kind.count(Verdict::Reproduced), kind.checkable()];
            (of > 0).then(|| format!("{} of {}", grouped(n as u64), grouped(of as u64)))
        });
        match kinds {
            [Some(fitted), Some(entries)] => Some(format!(
                "Reproduced: {fitted} coefficients and predictions of laws, {entries} table entries."
            )),
            _ => None,
        }
    }

    /// All of it, in one sentence, or two.
    pub fn sentence(self) -> String {
        let outcomes = self.outcomes();
        let words: Vec<&str> = outcomes.iter().map(|(_, words)| words.as_str()).collect();
        let all = match words.is_empty() {
            true => format!("{}.", self.opening()),
            false => format!("{}: {}.", self.opening(), words.join(", ")),
        };
        let by_kind = self.by_kind().map(|sentence| format!(" {sentence}"));
        all + &by_kind.unwrap_or_default()
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(tallies: I) -> Tally {
        let mut sum = Tally::default();
        for tally in tallies {
            for i in 0..Verdict::ALL.len() {
                sum.counts[i] += tally.counts[i];
                sum.fitted[i] += tally.fitted[i];
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
            let fitted = counts;
            assert_eq!(Tally { counts, fitted }.sentence(), said);
        }
    }

    #[test]
    fn table_entries_do_not_hide_how_laws_fare() {
        let paper = Tally {
            counts: [20, 2, 3, 4],
            fitted: [5, 2, 1, 0],
        };
        let said =
            "Reproduced: 5 of 8 coefficients and predictions of laws, 15 of 17 table entries.";
        assert_eq!(paper.by_kind().as_deref(), Some(said));
        assert!(paper.sentence().ends_with(said));
        let two: Tally = [paper; 2].into_iter().sum();
        assert_eq!((two.counts, two.fitted), ([40, 4, 6, 8], [10, 4, 2, 0]));
    }
}
