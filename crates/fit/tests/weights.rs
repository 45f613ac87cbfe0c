//! Points with standard errors, beside SciPy's `curve_fit`.

use super::reference::{list, number, read, text};
use proptest::prelude::*;
use refit_fit::bootstrap::{Bootstrap, Population};
use refit_fit::law::Law;
use refit_fit::profile::{End, Profile};
use refit_fit::{Loss, Points, Task, fit, fit_points};

fn numbers(values: &[serde_json::Value]) -> Vec<f64> {
    values.iter().map(number).collect()
}

#[test]
fn weighted_fits_are_scipys() {
    let reference = read("weights.json");
    for case in reference.as_array().expect("cases") {
        let of = |key: &str| numbers(list(case, key));
        let loss = match text(case, "scale") {
            "log" => Loss::LogSquares,
            _ => Loss::Squares,
        };
        let sigma: Vec<Option<f64>> = of("sigma").into_iter().map(Some).collect();
        let points = Points::measured(of("x"), of("y"), &sigma, loss);
        let mean = points.weights.iter().sum::<f64>() / points.weights.len() as f64;
        assert!((mean - 1.0).abs() < 1e-12);
        let found = fit_points(Law::OffsetPower, loss, &points).expect("a law");
        for (ours, theirs) in found.parameters.iter().zip(of("parameters")) {
            assert!((ours / theirs - 1.0).abs() < 1e-6, "{ours} {theirs}");
        }
        for (ours, theirs) in found.standard_errors.iter().zip(of("standard_errors")) {
            let ours = ours.expect("a standard error");
            assert!((ours / theirs - 1.0).abs() < 1e-5, "{ours} {theirs}");
        }
        // The weights matter, and profile and bootstrap have them, too.
        let alike = fit(Law::OffsetPower, loss, &points.x, &points.y).expect("a law");
        assert!((alike.parameters[1] / found.parameters[1] - 1.0).abs() > 1e-6);
        let ends = Profile::new(&found, &points).expect("squares").finish();
        let [_, exponent, _] = ends.intervals()[..] else {
            panic!("three parameters");
        };
        let (End::At(low), End::At(high)) = (exponent.low, exponent.high) else {
            panic!("{exponent:?}");
        };
        assert!(low < found.parameters[1] && found.parameters[1] < high);
        let bootstrap = Bootstrap::new(&found, Population::of_points(points), 50, 1).finish();
        assert!(bootstrap.replicates().resamples.len() > 40);
    }
}

proptest! {
    #[test]
    fn only_ratios_of_standard_errors_count(
        sigma in prop::collection::vec(0.001f64..0.1, 12), factor in -6.0f64..6.0, lost in 0usize..12,
    ) {
        let x: Vec<f64> = (0..12).map(|i| 10f64.powf(8.0 + 0.3 * f64::from(i))).collect();
        let y: Vec<f64> = x.iter().zip(&sigma)
            .map(|(c, s)| 40.0 * c.powf(-0.22) + 0.12 + 0.3 * s).collect();
        for loss in Loss::ALL {
            let all = |by: f64| sigma.iter().map(|s| Some(s * by)).collect::<Vec<_>>();
            let of = |sigma: &[Option<f64>]| {
                let points = Points::measured(x.clone(), y.clone(), sigma, loss);
                fit_points(Law::OffsetPower, loss, &points).unwrap().parameters
            };
            let (a, b) = (of(&all(1.0)), of(&all(10f64.powf(factor))));
            for (a, b) in a.iter().zip(&b) {
                prop_assert!((a - b).abs() <= 1e-5 * a.abs().max(1e-3), "{loss:?} {a} {b}");
            }
            // Without one of them the points count alike.
            let mut some = all(1.0);
            some[lost] = None;
            let alike = Points::measured(x.clone(), y.clone(), &some, loss);
            prop_assert_eq!(alike, Points::new(x.clone(), y.clone()));
        }
    }
}
