//! Hostile numbers: whatever the points, a fit ends, in a law or in a sentence.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p refit-fit hostile` is the long run.
use crate::reference::bounded_saturation;
use proptest::prelude::*;
use refit_fit::allocation::{Allocation, Cost, Quantity};
use refit_fit::bootstrap::{Bootstrap, BootstrapInterval, Population};
use refit_fit::envelope::{TrainingCurve, envelope};
use refit_fit::isoflop::{Run, budgets, isoflop, nearest_budgets};
use refit_fit::law::{Law, Surface};
use refit_fit::line::{Line, PowerLaw};
use refit_fit::profile::Profile;
use refit_fit::rank::{kendall, spearman};
use refit_fit::robustness::{AccuracyLine, Axis};
use refit_fit::{Interval, Loss, Points, Task, fit};

/// Any double, with those that break arithmetic more often than by chance, and plausible ones.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 1e-3f64..1e3,
        2 => any::<f64>(),
        1 => prop::sample::select(vec![
            0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324,
            f64::MAX, f64::MIN, 1e-300, 1e300, f64::EPSILON,
        ]),
    ]
}

fn loss() -> impl Strategy<Value = Loss> {
    prop::sample::select(Loss::ALL.to_vec())
}

proptest! {
    #[test]
    fn a_law_is_fitted_or_refused(
        points in prop::collection::vec((number(), number()), 0..12),
        law in prop::sample::select(Law::ALL.to_vec()),
        loss in loss(),
        at in number(),
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        match fit(law, loss, &x, &y) {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(found) => {
                for interval in Interval::ALL {
                    let _ = found.predict(at, interval);
                }
                let _ = (found.aicc(), found.bic(), found.correlations());
            }
        }
    }

    #[test]
    fn what_follows_from_a_fit_ends(
        points in prop::collection::vec((number(), number()), 4..12),
        law in prop::sample::select(Law::ALL.to_vec()),
        loss in loss(),
        at in number(),
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        if let Ok(found) = fit(law, loss, &x, &y) {
            if let Some(profile) = Profile::new(&found, &Points::new(x.clone(), y.clone())) {
                let _ = profile.finish().intervals();
            }
            let population = Population::of_points(Points::new(x.clone(), y.clone()));
            let bootstrap = Bootstrap::new(&found, population, 3, 1).finish();
            for ends in BootstrapInterval::ALL {
                let _ = bootstrap.replicates().interval(ends, |p| law.value(p, at));
            }
        }
    }

    #[test]
    fn a_law_of_two_variables_is_fitted_or_refused(
        points in prop::collection::vec(([number(), number()], number()), 0..12),
        law in prop::sample::select(Surface::ALL.to_vec()),
        loss in loss(),
        at in number(),
    ) {
        let (x, y): (Vec<[f64; 2]>, Vec<f64>) = points.into_iter().unzip();
        if let Ok(found) = fit(law, loss, &x, &y) {
            let _ = found.error_at([1.0, 1.0], Interval::StudentT);
            let a = Quantity::ParametersExponent;
            let _ = found.at_optimum(Quantity::Loss(at), Cost::TRANSFORMER);
            let population = Population::of_points(Points::new(x.clone(), y.clone()));
            let bootstrap = Bootstrap::new(&found, population, 2, 1).finish();
            let replicates = bootstrap.replicates();
            let _ = replicates.interval(BootstrapInterval::Bca, |p| a.evaluate(law, p, Cost::TRANSFORMER));
            let _ = replicates.standard_error(|p| p[0]);
        }
    }

    #[test]
    fn an_allocation_is_given_or_refused(
        parameters in prop::collection::vec(number(), 3..6),
        law in prop::sample::select(Surface::ALL.to_vec()),
        k in number(),
        exponent in number(),
        at in number(),
    ) {
        match Allocation::new(law, &parameters, Cost { k, exponent }) {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(allocation) => {
                let _ = allocation.optimum(at).samples_per_parameter();
            }
        }
    }

    #[test]
    fn budgets_have_optima_or_reasons(
        runs in prop::collection::vec((number(), number(), number(), number()), 0..16),
        named in prop::collection::vec(number(), 0..4),
        gap in number(),
    ) {
        let run = |&(compute, parameters, samples, loss): &(f64, f64, f64, f64)| {
            Run { compute, parameters, samples, loss }
        };
        let wild: Vec<Run> = runs.iter().map(run).collect();
        let tame: Vec<Run> = runs.iter().map(run).filter(|r| {
            let positive = |v: f64| v.is_finite() && v > 0.0;
            positive(r.compute) && positive(r.parameters) && positive(r.samples) && r.loss.is_finite()
        }).collect();
        for runs in [wild, tame] {
            match budgets(&runs, gap) {
                Err(error) => prop_assert!(!error.to_string().is_empty()),
                Ok(found) => {
                    let in_all: usize = found.iter().map(|b| b.runs.len()).sum();
                    prop_assert_eq!(in_all, runs.len());
                    let all = isoflop(&runs, &found).unwrap();
                    prop_assert_eq!(all.optima.len() + all.left_out.len(), found.len());
                }
            }
            if let Ok((found, none)) = nearest_budgets(&runs, &named, gap) {
                let in_all: usize = found.iter().map(|b| b.runs.len()).sum();
                prop_assert_eq!(in_all + none.len(), runs.len());
                let _ = isoflop(&runs, &found);
            }
        }
    }

    #[test]
    fn curves_have_an_envelope_or_a_reason(
        curves in prop::collection::vec(
            ((number(), number()), prop::collection::vec((number(), number()), 0..5)), 0..5),
        values in 0usize..20,
    ) {
        let positive = |v: f64| v.is_finite() && v > 0.0;
        let curve = |((parameters, compute_per_sample), points): ((f64, f64), Vec<(f64, f64)>)| {
            TrainingCurve { parameters, compute_per_sample, points }
        };
        let wild: Vec<TrainingCurve> = curves.into_iter().map(curve).collect();
        let tame: Vec<TrainingCurve> = wild.iter().filter(|c| positive(c.parameters)).map(|c| {
            let points = c.points.iter().copied();
            let points = points.filter(|p| positive(p.0) && p.1.is_finite()).collect();
            TrainingCurve { compute_per_sample: 6.0 * c.parameters, points, ..*c }
        }).collect();
        for curves in [wild, tame] {
            match envelope(&curves, values) {
                Err(error) => prop_assert!(!error.to_string().is_empty()),
                Ok(found) => {
                    let rising = found.points.windows(2).all(|p| p[0].compute <= p[1].compute);
                    prop_assert!(rising, "{:?}", found.points);
                }
            }
        }
    }

    #[test]
    fn lines_and_ranks_are_given_or_refused(
        points in prop::collection::vec((number(), number()), 0..12),
        fractions in prop::collection::vec((0.0f64..=1.0, 0.0f64..=1.0), 0..6),
        at in number(),
    ) {
        if let Ok(line) = Line::fit(&points) {
            let _ = line.predict(at);
        }
        if let Ok(law) = PowerLaw::fit(&points) {
            let _ = (law.at(at), law.exponent(), law.coefficient());
        }
        for found in [spearman(&points), kendall(&points)] {
            match found {
                Err(error) => prop_assert!(!error.to_string().is_empty()),
                Ok(found) => {
                    let inside = (-1.0..=1.0).contains(&found.coefficient);
                    prop_assert!(inside, "{found:?}");
                    if let Some((low, high)) = found.interval {
                        prop_assert!(low <= found.coefficient && found.coefficient <= high);
                    }
                }
            }
        }
        for axis in Axis::ALL {
            for models in [&points, &fractions] {
                match AccuracyLine::fit(axis, models) {
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                    Ok(line) => {
                        let _ = (line.expected(at), line.effective_robustness(0.5, at));
                    }
                }
            }
        }
    }

    #[test]
    fn bounded_least_squares_ends(
        points in prop::collection::vec((number(), number()), 1..12),
        // As wide as a grid that is searched, and wider.
        start in (0.0f64..1e3, 0.0f64..1e3, -1.0f64..=0.0, 0.0f64..1.0),
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let (a, b, c, d) = start;
        let _ = bounded_saturation(&x, &y, &[a, b, c, d]);
    }
}
