//! Two series of an analysis beside each other.

use super::{Analysis, Outcome, Series, TargetError};
use crate::study::names;
use crate::study::select::Point;
use crate::text::significant;
use refit_fit::bootstrap::{Replicates, quantile};
use refit_fit::compare::{self, Curve, Needed};
use refit_fit::order;
use refit_fit::{Fit, Prediction};

/// Two fitted laws, with their resamples where they have been drawn.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    pub a: &'a Fit,
    pub b: &'a Fit,
    pub resamples: Option<(&'a Replicates, &'a Replicates)>,
}

/// Where two laws cross.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesCrossing {
    pub x: f64,
    /// Whether the second law has the lower error beyond it; if not, the first.
    pub second_is_lower_beyond: bool,
    /// `None` without resamples.
    pub resampled: Option<CrossingResamples>,
}

/// One crossing among the resamples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossingResamples {
    /// Share of the resamples that have this crossing within the range.
    pub share: f64,
    /// Between which 95 % of those have it; `None` where fewer than two have it.
    pub interval: Option<(f64, f64)>,
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

    pub fn crossings(&self, range: (f64, f64)) -> Vec<SeriesCrossing> {
        let (a, b) = self.curves();
        let found = compare::crossings(a, b, range);
        let resampled: Vec<Vec<Option<f64>>> = self
            .resampled()
            .map(|(a, b)| aligned(&found, &compare::crossings(a, b, range)))
            .collect();
        let each = found.iter().enumerate();
        each.map(|(i, c)| SeriesCrossing {
            x: c.x,
            second_is_lower_beyond: c.second_is_lower_beyond,
            resampled: summary(&resampled, i),
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

    /// How many times the compute `b` needs for `a`'s error at x, looked for up to a factor of a
    /// million.
    pub fn times(&self, x: f64) -> Needed {
        let (a, b) = self.curves();
        compare::times_more_compute(a, b, x)
    }
}

/// What two laws say of each other over the data, as a title: which overtakes which, or is lower throughout.
/// `None` of other numbers of series, of one without a law, and of laws that cross more than once.
pub fn claim(analysis: &Analysis, outcome: &Outcome) -> Option<String> {
    let [a, b] = &outcome.series[..] else {
        return None;
    };
    let (of_a, of_b) = (a.fit.as_ref().ok()?, b.fit.as_ref().ok()?);
    let range = outcome.range()?;
    let (of_a, of_b) = (curve(of_a), curve(of_b));
    let crossings = compare::crossings(of_a, of_b, range);
    let second = match &crossings[..] {
        [] => of_b.error(range.1) < of_a.error(range.1),
        [crossing] => crossing.second_is_lower_beyond,
        _ => return None,
    };
    // Of one family, the training sets or schedules are compared.
    let name = |series: &Series| match a.family == b.family {
        true => series.name(),
        false => names::family(series.study, &series.family).to_owned(),
    };
    let (lower, other) = if second { (b, a) } else { (a, b) };
    let (lower, other) = (name(lower), name(other));
    let Some(crossing) = crossings.first() else {
        return Some(format!("The law of {lower} stays below that of {other}"));
    };
    let last = |series: &Series| series.frontier.iter().map(|p| p.x).fold(0.0, f64::max);
    let extrapolated = match crossing.x > last(a).min(last(b)) {
        true => ", by extrapolation",
        false => "",
    };
    let (place, unit) = (significant(crossing.x, 1), analysis.unit());
    Some(format!(
        "{lower} overtakes {other} at about {place} {unit}{extrapolated}"
    ))
}

/// Where predictions were asked for, each with whose place it is: a model has another compute in
/// each family, and then both are places.
pub fn targets(at: &[String], a: &Series, b: &Series) -> Vec<Result<(f64, String), TargetError>> {
    let mut places = Vec::new();
    for ((at, of_a), of_b) in at.iter().zip(&a.predictions).zip(&b.predictions) {
        let whose = |s: &Series, p: &Prediction| {
            Ok((p.x, format!("{at}, {}", names::family(s.study, &s.family))))
        };
        match (of_a, of_b) {
            (Ok(p), Ok(q)) if p.x == q.x => places.push(Ok((p.x, String::new()))),
            (Ok(p), Ok(q)) => places.extend([whose(a, p), whose(b, q)]),
            (Ok(p), Err(_)) => places.push(whose(a, p)),
            (Err(_), Ok(q)) => places.push(whose(b, q)),
            (Err(error), Err(_)) => places.push(Err(error.clone())),
        }
    }
    places
}

/// How points lie about a law that is not theirs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResidualSummary {
    pub points: usize,
    /// Of lower error than the law has there.
    pub below: usize,
    /// Outside of the places that the law was fitted to.
    pub beyond: usize,
    /// Mean of error − law, as a fraction.
    pub mean: f64,
}

/// A series' points against another's law; `None` where that has no law, or the series no point.
pub fn residuals_about(series: &Series, other: &Series) -> Option<ResidualSummary> {
    let fit = other.fit.as_ref().ok()?;
    let (first, last) = (other.frontier.first()?.x, other.frontier.last()?.x);
    let residual = |p: &Point| p.error - fit.law.value(&fit.parameters, p.x);
    let residuals: Vec<f64> = series.measured().map(residual).collect();
    let beyond = |p: &&Point| !(first..=last).contains(&p.x);
    (!residuals.is_empty()).then(|| ResidualSummary {
        points: residuals.len(),
        below: residuals.iter().filter(|r| **r < 0.0).count(),
        beyond: series.measured().filter(beyond).count(),
        mean: residuals.iter().sum::<f64>() / residuals.len() as f64,
    })
}

fn curve(fit: &Fit) -> Curve<'_> {
    Curve {
        law: fit.law,
        parameters: &fit.parameters,
    }
}

/// Where a resample has each of the crossings that were found. Which law is the lower one
/// alternates, so the two lists are laid side by side, in order, where most pairs are crossings
/// the same way; of several such places, at the nearest. That keeps one at which two laws cross
/// back from being taken for one at which they cross.
fn aligned(found: &[compare::Crossing], drawn: &[compare::Crossing]) -> Vec<Option<f64>> {
    let beside = |i: usize, skipped: usize| {
        let other = drawn.get((i + skipped).checked_sub(found.len())?)?;
        (other.second_is_lower_beyond == found[i].second_is_lower_beyond).then_some(other.x)
    };
    let all = |skipped: usize| (0..found.len()).map(move |i| beside(i, skipped));
    let fit = |skipped: usize| {
        let gaps = all(skipped).zip(found);
        let gaps = gaps.filter_map(|(x, c)| Some((x? / c.x).ln().abs()));
        gaps.fold((0, 0.0), |(count, sum), gap| (count + 1, sum + gap))
    };
    let best = (0..found.len() + drawn.len()).min_by(|a, b| {
        let ((more, near), (fewer, far)) = (fit(*a), fit(*b));
        fewer.cmp(&more).then(f64::total_cmp(&near, &far))
    });
    best.map_or(Vec::new(), |skipped| all(skipped).collect())
}

/// The `index`-th crossing over all resamples; `None` without any.
fn summary(resampled: &[Vec<Option<f64>>], index: usize) -> Option<CrossingResamples> {
    let mut x: Vec<f64> = resampled.iter().filter_map(|r| r[index]).collect();
    order::sort_by(&mut x, f64::total_cmp);
    (!resampled.is_empty()).then(|| CrossingResamples {
        share: x.len() as f64 / resampled.len() as f64,
        interval: (x.len() >= 2).then(|| (quantile(&x, 0.025), quantile(&x, 0.975))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, from_query, run};
    use crate::study::{Table, bundled};
    use refit_fit::FitError;

    #[test]
    fn points_are_told_against_another_law() {
        let table = Table::find("plotted_frontier").unwrap();
        let (rows, _) = bundled::read(table);
        let outcome = run(&Analysis::of(table), &rows, &[]);
        let [clip, mammut] = &outcome.series[..] else {
            panic!("two families");
        };
        let law = |x: f64| {
            let fit = clip.fit.as_ref().unwrap();
            fit.law.value(&fit.parameters, x)
        };
        let mut mine = mammut.clone();
        mine.fit = Err(FitError::AllEqual);
        mine.held_out.clear();
        // Two better than CLIP's law, one of them beyond its points, and one worse.
        let points = [(1e9, -0.03), (1e11, 0.01), (2e12, -0.01)];
        mine.points = points
            .map(|(x, off)| Point {
                row: 0,
                x,
                error: law(x) + off,
                standard_error: None,
            })
            .to_vec();
        let told = residuals_about(&mine, clip).expect("points and a law");
        assert_eq!((told.points, told.below, told.beyond), (3, 2, 1));
        assert!((told.mean + 0.01).abs() < 1e-12, "{told:?}");
        assert_eq!(residuals_about(clip, &mine), None);
    }

    #[test]
    fn two_laws_are_told_in_a_title() {
        let said = |query: &str| {
            let (analysis, notices) = from_query(query, &[]);
            assert_eq!(notices, []);
            let (rows, architectures) = bundled::read(analysis.table);
            claim(&analysis, &run(&analysis, &rows, &architectures))
        };
        let overtaken = said("v=2").expect("two laws");
        assert_eq!(overtaken, "MaMMUT overtakes CLIP at about 7 × 10¹⁰ GFLOPs");
        assert_eq!(said("v=2&family=clip"), None);
        let lower = said("v=2&family=clip&pretrain=datacomp_1b,relaion2b-en");
        let lower = lower.expect("two laws");
        assert!(lower.contains("DataComp-1.4B"), "{lower}");
    }

    #[test]
    fn a_crossing_is_that_of_its_kind() {
        let at = |crossings: &[(f64, bool)]| -> Vec<compare::Crossing> {
            let crossings = crossings.iter().map(|(x, lower)| compare::Crossing {
                x: *x,
                second_is_lower_beyond: *lower,
            });
            crossings.collect()
        };
        let found = at(&[(1e9, true), (4e12, false)]);
        for (drawn, places) in [
            (&[(2e9, true), (3e12, false)][..], [Some(2e9), Some(3e12)]),
            (&[(2e9, true)], [Some(2e9), None]),
            (&[(3e12, false)], [None, Some(3e12)]),
            (&[], [None, None]),
            // One more before them is neither.
            (
                &[(8e6, false), (9e8, true), (5e12, false)],
                [Some(9e8), Some(5e12)],
            ),
            (&[(8e6, false), (9e8, true)], [Some(9e8), None]),
        ] {
            assert_eq!(aligned(&found, &at(drawn)), places, "{drawn:?}");
        }
        assert_eq!(aligned(&[], &at(&[(1e9, true)])), []);
        let half = summary(
            &[vec![Some(1e9)], vec![None], vec![Some(2e9)], vec![None]],
            0,
        );
        let half = half.expect("resamples");
        let (low, high) = half.interval.expect("two have it");
        assert!(half.share == 0.5 && 1e9 < low && high < 2e9, "{half:?}");
    }
}
