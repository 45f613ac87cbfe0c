//! Frontiers: which points a law is fitted to.

use super::Study;
use super::description::Rule;
use super::select::Point;
use serde::{Deserialize, Serialize};

/// How the frontier is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrontierRule {
    /// What the study's own scripts do, as it describes them; the Pareto set where it does not.
    #[serde(rename = "released")]
    Authors,
    /// Geometric compute bins, lowest error of each, only improving points.
    Bins,
    /// Five equal bins of log compute, lowest error of each at the bin's centre.
    Minima,
    /// Every point that no point of at most its compute beats.
    Pareto,
    /// Every point.
    All,
}

impl FrontierRule {
    pub const ALL: [FrontierRule; 5] = [
        FrontierRule::Authors,
        FrontierRule::Bins,
        FrontierRule::Minima,
        FrontierRule::Pareto,
        FrontierRule::All,
    ];

    pub fn id(self) -> &'static str {
        match self {
            FrontierRule::Authors => "released",
            FrontierRule::Bins => "corrected",
            FrontierRule::Minima => "minima",
            FrontierRule::Pareto => "pareto",
            FrontierRule::All => "all",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            FrontierRule::Authors => "Authors’ rule",
            FrontierRule::Bins => "Compute bins, corrected",
            FrontierRule::Minima => "Five binned minima",
            FrontierRule::Pareto => "Pareto set",
            FrontierRule::All => "All points",
        }
    }
}

impl From<FrontierRule> for Rule {
    fn from(rule: FrontierRule) -> Rule {
        match rule {
            FrontierRule::Bins => Rule::Bins,
            FrontierRule::Minima => Rule::BinnedMinima,
            FrontierRule::Authors | FrontierRule::Pareto => Rule::Pareto,
            FrontierRule::All => Rule::All,
        }
    }
}

impl Study {
    /// The rule of the authors for a pre-training set, or a group of them.
    pub fn authors_rule(self, pretrain: &str) -> Option<Rule> {
        let mut rules = self.authors_frontier.iter();
        let found = rules.find(|of| of.pretrain.is_empty() || of.pretrain == pretrain);
        found.map(|of| of.rule)
    }
}

/// The points of `kept` that a law is fitted to; bins are over the compute range of `range`. Both
/// sorted by compute, then error.
pub fn by_rule(rule: Rule, kept: &[Point], range: &[Point]) -> Vec<FrontierPoint> {
    let (Some(first), Some(last)) = (range.first(), range.last()) else {
        return Vec::new();
    };
    let edges = (first.x, last.x);
    match rule {
        Rule::Bins => bins(kept, edges),
        Rule::BinsByMask => bins_by_mask(kept, edges),
        Rule::BinnedMinima => minima(kept),
        Rule::Pareto => pareto(kept),
        Rule::All => all(kept),
    }
}

/// A point that the law is fitted to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrontierPoint {
    /// As [`Point::x`].
    pub x: f64,
    pub error: f64,
    /// As [`Point::standard_error`].
    pub standard_error: Option<f64>,
    /// The measurement behind it ([`Point::row`]).
    pub row: usize,
}

impl From<&Point> for FrontierPoint {
    fn from(p: &Point) -> Self {
        FrontierPoint {
            x: p.x,
            error: p.error,
            standard_error: p.standard_error,
            row: p.row,
        }
    }
}

/// Points that improve strictly on all before them; `points` sorted by compute, then error.
pub fn pareto(points: &[Point]) -> Vec<FrontierPoint> {
    let mut best = f64::INFINITY;
    points
        .iter()
        .filter(|p| {
            let improves = p.error < best;
            best = best.min(p.error);
            improves
        })
        .map(FrontierPoint::from)
        .collect()
}

/// Compute bins (arXiv 2506.04598): floor(log2(Cmax / 1500)) geometric edges over the
/// compute range `edges`, half-open bins, the lowest error of each, then strictly improving
/// points only; the largest compute is appended if it improves.
///
/// `points` sorted by compute, then error.
pub fn bins(points: &[Point], edges: (f64, f64)) -> Vec<FrontierPoint> {
    let (low, high) = edges;
    let count = (high / 1500.0).log2().floor();
    let bins = count - 1.0;
    let span = (high / low).ln();
    // NaN and ranges too narrow for a bin end here.
    if !(bins >= 1.0 && span > 0.0) {
        return pareto(points);
    }
    let edge = |k: f64| low * (span * (k / bins)).exp();
    let bin_of = |x: f64| {
        let mut k = ((x / low).ln() / span * bins).floor();
        // The logarithm can land one bin off at an edge; the edges themselves decide.
        if x < edge(k) {
            k -= 1.0;
        } else if k + 1.0 < bins && x >= edge(k + 1.0) {
            k += 1.0;
        }
        k
    };
    let mut minima: Vec<(f64, Point)> = Vec::new();
    let mut last: Option<Point> = None;
    for p in points.iter().filter(|p| p.x >= low) {
        if p.x >= high {
            // Outside the half-open bins. The first of equal computes has the lowest error.
            if last.is_none_or(|l| p.x > l.x) {
                last = Some(*p);
            }
            continue;
        }
        let bin = bin_of(p.x);
        match minima.last_mut() {
            Some((k, best)) if *k == bin => {
                if p.error < best.error {
                    *best = *p;
                }
            }
            _ => minima.push((bin, *p)),
        }
    }
    let candidates: Vec<Point> = minima.into_iter().map(|(_, p)| p).chain(last).collect();
    pareto(&candidates)
}

/// [`bins`] by a mask that asks for compute and error separately, so that a point passes
/// whose compute is one frontier point's and whose error is another's.
pub fn bins_by_mask(points: &[Point], edges: (f64, f64)) -> Vec<FrontierPoint> {
    let frontier = bins(points, edges);
    points
        .iter()
        .filter(|p| {
            frontier.iter().any(|f| f.x == p.x) && frontier.iter().any(|f| f.error == p.error)
        })
        .map(FrontierPoint::from)
        .collect()
}

/// Five equal bins (arXiv 2212.07143) of log10 compute over [min, max + 0.1]: the lowest error
/// of each, placed at the bin's centre.
pub fn minima(points: &[Point]) -> Vec<FrontierPoint> {
    const BINS: usize = 5;
    let logs = || points.iter().map(|p| p.x.log10());
    let low = logs().fold(f64::INFINITY, f64::min);
    let high = logs().fold(f64::NEG_INFINITY, f64::max) + 0.1;
    let width = (high - low) / BINS as f64;
    (0..BINS)
        .filter_map(|k| {
            let (from, to) = (low + k as f64 * width, low + (k + 1) as f64 * width);
            points
                .iter()
                .filter(|p| (from..to).contains(&p.x.log10()))
                .min_by(|a, b| a.error.total_cmp(&b.error))
                .map(|p| FrontierPoint {
                    x: 10f64.powf((from + to) / 2.0),
                    error: p.error,
                    standard_error: p.standard_error,
                    row: p.row,
                })
        })
        .collect()
}

pub fn all(points: &[Point]) -> Vec<FrontierPoint> {
    points.iter().map(FrontierPoint::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points() -> impl Strategy<Value = Vec<Point>> {
        prop::collection::vec((6.0f64..13.0, 0.01f64..1.0), 1..80).prop_map(|v| {
            let mut v: Vec<Point> = v
                .into_iter()
                .enumerate()
                .map(|(row, (c, e))| Point {
                    row,
                    x: 10f64.powf(c),
                    error: (e * 100.0).round() / 100.0,
                    standard_error: None,
                })
                .collect();
            v.sort_by(|a, b| (a.x.total_cmp(&b.x)).then(a.error.total_cmp(&b.error)));
            v
        })
    }

    fn range(points: &[Point]) -> (f64, f64) {
        (points[0].x, points[points.len() - 1].x)
    }

    proptest! {
        #[test]
        fn frontiers_fall_and_are_made_of_points(points in points()) {
            for frontier in [pareto(&points), bins(&points, range(&points))] {
                prop_assert!(frontier.windows(2).all(|w| w[0].x < w[1].x && w[0].error > w[1].error));
                prop_assert!(frontier.iter().all(|f| points.iter().any(|p| p.row == f.row && p.error == f.error)));
            }
        }

        #[test]
        fn the_released_mask_only_adds(points in points()) {
            let corrected = bins(&points, range(&points));
            let released = bins_by_mask(&points, range(&points));
            prop_assert!(corrected.iter().all(|f| released.iter().any(|r| r.x == f.x && r.error == f.error)));
        }

        #[test]
        fn the_lowest_error_survives(points in points()) {
            let lowest = points.iter().map(|p| p.error).fold(f64::INFINITY, f64::min);
            for frontier in [pareto(&points), bins(&points, range(&points)), minima(&points)] {
                let found = frontier.iter().map(|p| p.error).fold(f64::INFINITY, f64::min);
                prop_assert_eq!(found, lowest);
            }
        }
    }
}
