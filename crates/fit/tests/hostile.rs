//! Hostile numbers: whatever the points, a fit ends, in a law or in a sentence.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p refit-fit hostile` is the long run.
use crate::reference::bounded_saturation;
use proptest::prelude::*;
use refit_fit::bootstrap::{Bootstrap, BootstrapInterval, Population};
use refit_fit::law::{Law, Surface};
use refit_fit::profile::Profile;
use refit_fit::{Interval, Loss, Task, fit};

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
            if let Some(profile) = Profile::new(&found, &x, &y) {
                let _ = profile.finish().intervals();
            }
            let population = Population::of_points(&x, &y);
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
    ) {
        let (x, y): (Vec<[f64; 2]>, Vec<f64>) = points.into_iter().unzip();
        if let Ok(found) = fit(law, loss, &x, &y) {
            let _ = found.error_at([1.0, 1.0], Interval::StudentT);
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
