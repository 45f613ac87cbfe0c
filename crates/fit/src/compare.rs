//! Two laws compared: where they cross, and how much compute one needs for the other's error.
//!
//! The axis is called compute here; it may be any positive input of a [`Law`].

use crate::law::Law;

/// A law with its parameters, as far as a curve needs them.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// The law.
    pub law: Law,
    /// In the order of its parameters.
    pub parameters: &'a [f64],
}

impl Curve<'_> {
    /// The law's error at `compute`.
    pub fn error(&self, compute: f64) -> f64 {
        self.law.value(self.parameters, compute)
    }

    /// The compute at which the law falls to `error`, looked for within `range` (low, high).
    pub fn compute_for(&self, error: f64, range: (f64, f64)) -> Needed {
        let gap = |ln_c: f64| self.error(ln_c.exp()) - error;
        let (low, high) = (range.0.ln(), range.1.ln());
        if gap(low) < 0.0 {
            Needed::Less
        } else if gap(high) <= 0.0 {
            Needed::At(bisect(gap, low, high).exp())
        } else {
            Needed::More
        }
    }
}

/// How much compute a law needs for an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Needed {
    /// It is already lower at the low end of the range.
    Less,
    /// It needs this much.
    At(f64),
    /// It is still higher at the high end of the range, or everywhere.
    More,
}

/// Where two laws cross.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// The compute at which both have the same error.
    pub x: f64,
    /// Whether the second law has the lower error beyond it; if not, the first.
    pub second_is_lower_beyond: bool,
}

/// Steps over the range in which two laws cross at most once.
const STEPS: usize = 400;

/// Where two laws give the same error within `range` (low, high), in rising order.
pub fn crossings(a: Curve, b: Curve, range: (f64, f64)) -> Vec<Crossing> {
    let gap = |ln_c: f64| a.error(ln_c.exp()) - b.error(ln_c.exp());
    let (low, high) = (range.0.ln(), range.1.ln());
    let at = |i: usize| low + (high - low) * i as f64 / STEPS as f64;
    (0..STEPS)
        .filter(|i| {
            let (here, next) = (gap(at(*i)), gap(at(i + 1)));
            here * next < 0.0 || (here == 0.0 && next != 0.0)
        })
        .map(|i| Crossing {
            x: bisect(gap, at(i), at(i + 1)).exp(),
            second_is_lower_beyond: gap(at(i + 1)) > 0.0,
        })
        .collect()
}

/// How many times the compute `b` needs for the error that `a` has at `compute`; looked for up to
/// 10⁶ times more or less.
pub fn times_more_compute(a: Curve, b: Curve, compute: f64) -> Needed {
    match b.compute_for(a.error(compute), (compute * 1e-6, compute * 1e6)) {
        Needed::At(needed) => Needed::At(needed / compute),
        other => other,
    }
}

/// The zero of a function that changes its sign over [low, high].
fn bisect(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let rising = f(high) > 0.0;
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if (f(middle) > 0.0) == rising {
            high = middle;
        } else {
            low = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_powers_cross_where_their_logs_do() {
        let (a, b) = ([10.0, -0.2], [20.0, -0.25]);
        let curve = |parameters| Curve {
            law: Law::Power,
            parameters,
        };
        // 10 C^-0.2 = 20 C^-0.25 at C = 2^20.
        let found = crossings(curve(&a), curve(&b), (1.0, 1e12));
        assert_eq!(found.len(), 1);
        assert!((found[0].x / 2f64.powi(20) - 1.0).abs() < 1e-9, "{found:?}");
        assert!(found[0].second_is_lower_beyond, "{found:?}");
        let swapped = crossings(curve(&b), curve(&a), (1.0, 1e12));
        assert!(!swapped[0].second_is_lower_beyond, "{swapped:?}");
        assert!(crossings(curve(&a), curve(&a), (1.0, 1e12)).is_empty());
        // L(C) = 10 C^-0.2 takes 4^5 times more compute for a quarter of the error.
        let quarter = [2.5, -0.2];
        let times = times_more_compute(curve(&quarter), curve(&a), 1e6);
        assert!(
            matches!(times, Needed::At(t) if (t - 1024.0).abs() < 1e-6),
            "{times:?}"
        );
        assert_eq!(
            curve(&a).compute_for(1e-9, (1.0, 1e12)),
            Needed::More,
            "an error that is not reached"
        );
        assert_eq!(
            curve(&a).compute_for(20.0, (1.0, 1e12)),
            Needed::Less,
            "an error that the law is below from the start"
        );
    }
}
