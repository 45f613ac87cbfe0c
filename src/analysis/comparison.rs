//! Two series of an analysis beside each other.

use crate::fit::Fit;
use crate::fit::bootstrap::{Replicates, quantile};
use crate::fit::compare::{self, Curve};

/// Two fitted laws, with their resamples where they have been drawn.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    pub a: &'a Fit,
    pub b: &'a Fit,
    pub resamples: Option<(&'a Replicates, &'a Replicates)>,
}

/// Where two laws cross.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    pub x: f64,
    /// Percentiles of the nearest crossing over the resamples, and the share of them that cross
    /// at all within the range.
    pub interval: Option<(f64, f64, f64)>,
}

impl<'a> Pair<'a> {
    fn curves(&self) -> (Curve<'a>, Curve<'a>) {
        (curve(self.a), curve(self.b))
    }

    /// The laws of each pair of resamples.
    fn resampled(&self) -> impl Iterator<Item = (Curve<'a>, Curve<'a>)> + use<'a> {
        let of = |r: &'a Replicates| {
            r.resamples.iter().map(|p| Curve {
                law: r.law,
                parameters: p,
            })
        };
        self.resamples
            .into_iter()
            .flat_map(move |(a, b)| of(a).zip(of(b)))
    }

    pub fn crossings(&self, range: (f64, f64)) -> Vec<Crossing> {
        let (a, b) = self.curves();
        let found = compare::crossings(a, b, range);
        let resampled: Vec<Vec<f64>> = self
            .resampled()
            .map(|(a, b)| compare::crossings(a, b, range))
            .collect();
        found
            .into_iter()
            .map(|x| Crossing {
                x,
                interval: nearest_interval(x, &resampled),
            })
            .collect()
    }

    /// Share of the resamples in which `b` has the lower error; `None` without resamples.
    pub fn probability_b_is_lower(&self, x: f64) -> Option<f64> {
        let (mut lower, mut all) = (0, 0);
        for (a, b) in self.resampled() {
            all += 1;
            lower += usize::from(b.error(x) < a.error(x));
        }
        (all > 0).then(|| lower as f64 / f64::from(all))
    }

    /// How many times the compute `b` needs for `a`'s error at x; `None` where it does not get
    /// there within a factor of a million.
    pub fn times(&self, x: f64) -> Option<f64> {
        let (a, b) = self.curves();
        compare::times_more_compute(a, b, x)
    }
}

fn curve(fit: &Fit) -> Curve<'_> {
    Curve {
        law: fit.law,
        parameters: &fit.parameters,
    }
}

fn nearest_interval(x: f64, resampled: &[Vec<f64>]) -> Option<(f64, f64, f64)> {
    let distance = |c: &f64| (c / x).ln().abs();
    let mut nearest: Vec<f64> = resampled
        .iter()
        .filter_map(|r| {
            let found = r.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
            found.copied()
        })
        .collect();
    if nearest.len() < 2 {
        return None;
    }
    nearest.sort_by(f64::total_cmp);
    let share = nearest.len() as f64 / resampled.len() as f64;
    Some((quantile(&nearest, 0.025), quantile(&nearest, 0.975), share))
}
