//! Properties of every fit, whatever the data.
use proptest::prelude::*;
use refit_fit::law::{Domain, Form, Law, Surface};
use refit_fit::{FitError, Interval, Loss, Status, fit};

/// Every law under every loss.
fn every() -> impl Iterator<Item = (Law, Loss)> {
    let of = |law| Loss::ALL.into_iter().map(move |loss| (law, loss));
    Law::ALL.into_iter().flat_map(of)
}

/// Computes over many decades.
fn grid(n: usize, from: f64, to: f64) -> Vec<f64> {
    let at = |i: usize| from + (to - from) * i as f64 / (n - 1) as f64;
    (0..n).map(|i| 10f64.powf(at(i))).collect()
}

proptest! {
    // Every law under every loss is 25 fits a case.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn parameters_come_back_from_noiseless_points(
        ln_b in 16.5f64..20.5, alpha in 0.1f64..0.5, e in 0.02f64..0.4, top in 0.4f64..1.0, n in 12usize..40,
    ) {
        let x = grid(n, 6.5, 12.0);
        let a = (top - 0.01) * (x[0] + ln_b.exp()).powf(alpha);
        let truth = [a, ln_b, alpha, e];
        let y: Vec<f64> = x.iter().map(|&c| Law::Saturation.value(&truth, c)).collect();
        let found = fit(Law::Saturation, Loss::Squares, &x, &y).unwrap();
        prop_assert!(found.mse < 1e-20, "{:?}", found);
        for (ours, truth) in found.parameters.iter().zip(truth) {
            prop_assert!((ours / truth - 1.0).abs() < 1e-4, "{:?} for {:?}", found.parameters, truth);
        }
    }

    #[test]
    fn the_unit_of_compute_does_not_matter(
        noise in prop::collection::vec(-0.01f64..0.01, 20), unit in -9.0f64..9.0,
    ) {
        let x = grid(20, 7.0, 12.0);
        let truth = [60.0, 18.4, 0.23, 0.11];
        let y: Vec<f64> = x.iter().zip(&noise)
            .map(|(&c, d)| Law::Saturation.value(&truth, c) + d).collect();
        let scaled: Vec<f64> = x.iter().map(|c| c * 10f64.powf(unit)).collect();
        for (law, loss) in every() {
            let (a, b) = (fit(law, loss, &x, &y).unwrap(), fit(law, loss, &scaled, &y).unwrap());
            let gap = (a.objective / b.objective - 1.0).abs();
            prop_assert!(gap < 1e-7, "{law:?} {loss:?} {} {}", a.objective, b.objective);
        }
    }

    #[test]
    fn the_order_of_points_does_not_matter(
        points in prop::collection::vec((6.0f64..13.0, -0.02f64..0.02), 8..30).prop_shuffle(),
    ) {
        let split = |points: &[(f64, f64)]| -> (Vec<f64>, Vec<f64>) {
            let at = |(c, noise): &(f64, f64)| {
                let c = 10f64.powf(*c);
                (c, Law::Saturation.value(&[60.0, 18.4, 0.23, 0.11], c) + noise)
            };
            points.iter().map(at).unzip()
        };
        let mut sorted = points.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ((x, y), (u, v)) = (split(&points), split(&sorted));
        for (law, loss) in every() {
            match (fit(law, loss, &x, &y), fit(law, loss, &u, &v)) {
                // What did not converge, stopped somewhere.
                (Ok(a), Ok(b)) if [&a, &b].iter().any(|f| f.status == Status::IterationLimit) => {}
                (Ok(a), Ok(b)) => prop_assert!(
                    (a.objective - b.objective).abs() <= 1e-7 * b.objective.max(1e-12),
                    "{law:?} {loss:?} {} {}", a.objective, b.objective
                ),
                (a, b) => prop_assert_eq!(a.is_err(), b.is_err()),
            }
        }
    }

    #[test]
    fn every_law_comes_back_from_its_own_points(
        ln_b in 17.0f64..20.0, alpha in 0.1f64..0.5, e in 0.05f64..0.3, n in 15usize..40,
    ) {
        let x = grid(n, 6.5, 12.0);
        for law in Law::ALL {
            let truth = match law {
                Law::Saturation => vec![0.7 * (x[0] + ln_b.exp()).powf(alpha), ln_b, alpha, e],
                Law::ShiftedPower => vec![0.9 * (x[0] + ln_b.exp()).powf(alpha), ln_b, alpha],
                Law::OffsetPower => vec![0.7 * x[0].powf(alpha), alpha, e],
                Law::Power => vec![0.9 * x[0].powf(alpha), -alpha],
                Law::Logistic => vec![1.0 - e, ln_b, 2.0 * alpha],
            };
            let y: Vec<f64> = x.iter().map(|&c| law.value(&truth, c)).collect();
            for loss in Loss::ALL {
                let found = fit(law, loss, &x, &y).unwrap();
                for (ours, truth) in found.parameters.iter().zip(&truth) {
                    prop_assert!(
                        (ours / truth - 1.0).abs() < 1e-4,
                        "{law:?} {loss:?}: {:?} for {truth:?}", found.parameters
                    );
                }
            }
        }
    }

    #[test]
    fn losses_in_nats_over_flop_come_back(
        ln_b in 40.0f64..46.0, alpha in 0.05f64..0.5, e in 1.5f64..2.5, n in 15usize..40,
    ) {
        let x = grid(n, 17.0, 22.0);
        for law in Law::ALL.into_iter().filter(|law| *law != Law::Logistic) {
            let truth = match law {
                Law::Saturation => vec![2.5 * (x[0] + ln_b.exp()).powf(alpha), ln_b, alpha, e],
                Law::ShiftedPower => vec![5.0 * (x[0] + ln_b.exp()).powf(alpha), ln_b, alpha],
                Law::OffsetPower => vec![2.5 * x[0].powf(alpha), alpha, e],
                _ => vec![5.0 * x[0].powf(alpha), -alpha],
            };
            let y: Vec<f64> = x.iter().map(|&c| law.value(&truth, c)).collect();
            for loss in Loss::ALL.into_iter().filter(|l| !matches!(l, Loss::Binomial { .. })) {
                let found = fit(law, loss, &x, &y).unwrap();
                for (ours, truth) in found.parameters.iter().zip(&truth) {
                    prop_assert!(
                        (ours / truth - 1.0).abs() < 1e-4,
                        "{law:?} {loss:?}: {:?} for {truth:?}", found.parameters
                    );
                }
            }
        }
    }

    #[test]
    fn a_law_of_two_variables_comes_back(
        a in 0.5f64..4.0, alpha in 0.2f64..0.8, b in 0.5f64..4.0, beta in 0.1f64..0.5, e in 0.05f64..0.3,
    ) {
        let mut x = Vec::new();
        for n in [20.0, 60.0, 150.0, 400.0, 1000.0] {
            x.extend([3.0, 30.0, 300.0, 3000.0, 30_000.0].map(|d| [n, d]));
        }
        let truth = [e, a, alpha, b, beta];
        let y: Vec<f64> = x.iter().map(|x| Surface::Additive.evaluate(&truth, *x)).collect();
        for loss in [Loss::Squares, Loss::LogSquares, Loss::Huber { delta: 1e-3 }] {
            let found = fit(Surface::Additive, loss, &x, &y).unwrap();
            for (ours, truth) in found.parameters.iter().zip(truth) {
                prop_assert!((ours / truth - 1.0).abs() < 1e-3, "{loss:?} {:?} for {truth:?}", found.parameters);
            }
        }
    }

    #[test]
    fn bounds_are_kept(points in prop::collection::vec((6.0f64..13.0, 0.001f64..1.0), 5..25)) {
        let (x, y): (Vec<f64>, Vec<f64>) =
            points.iter().map(|(c, e)| (10f64.powf(*c), *e)).unzip();
        for (law, loss) in every() {
            let Ok(found) = fit(law, loss, &x, &y) else { continue };
            for (p, parameter) in found.parameters.iter().zip(law.parameters()) {
                let inside = match parameter.domain {
                    Domain::Real => !p.is_nan(),
                    Domain::Positive => *p >= 0.0,
                    Domain::Fraction => (0.0..=1.0).contains(p),
                };
                prop_assert!(inside, "{law:?} {loss:?} {:?}", found.parameters);
            }
            // The two intervals are of one standard error: t of n − p degrees of freedom of it, and
            // ln t of 296, which is smaller.
            let [student_t, log_t] = Interval::ALL.map(|i| found.predict(1e12, i));
            if let (Some(low), Some(high)) = (student_t.low, student_t.high) {
                prop_assert!(!low.is_nan() && !high.is_nan(), "{student_t:?}");
                let inside = log_t.low.zip(log_t.high);
                let inside = inside.is_some_and(|(l, h)| low <= l && h <= high);
                prop_assert!(inside, "{law:?} {loss:?} {student_t:?} {log_t:?}");
            }
        }
    }
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let x = grid(5, 7.0, 11.0);
    let y = [0.9, 0.8, 0.7, 0.6, 0.5];
    let error = |x: &[f64], y: &[f64]| fit(Law::Saturation, Loss::Squares, x, y).unwrap_err();
    assert_eq!(
        error(&x[..3], &y[..3]),
        FitError::TooFewPoints { have: 3, need: 4 }
    );
    assert_eq!(error(&x, &[0.5; 5]), FitError::AllEqual);
    assert_eq!(
        error(&[1e9; 5], &y),
        FitError::TooFewInputs { have: 1, need: 4 }
    );
    assert_eq!(
        error(&x, &[0.9, f64::NAN, 0.7, 0.6, 0.5]),
        FitError::NotFinite { index: 1 }
    );
    let zero = [0.0, 1e8, 1e9, 1e10, 1e11];
    assert_eq!(error(&zero, &y), FitError::NotPositive { index: 0 });
    assert!(
        error(&zero, &y)
            .to_string()
            .starts_with("Point 1 does not lie at a finite number above zero")
    );
}

#[test]
fn what_needs_fractions_refuses_a_loss_in_nats() {
    let (x, y) = (grid(6, 17.0, 22.0), [0.9, 3.1, 2.8, 2.5, 2.3, 2.2]);
    let binomial = Loss::Binomial { images: 50_000 };
    for (law, loss) in [(Law::Logistic, Loss::Squares), (Law::Power, binomial)] {
        let error = fit(law, loss, &x, &y).unwrap_err();
        let (index, value) = (1, 3.1);
        assert_eq!(
            error,
            FitError::NotAFraction {
                index,
                error: value
            }
        );
        assert_eq!(
            error.to_string(),
            "Point 2 has the error 3.1; this law or loss needs fractions from 0 to 1."
        );
    }
    let xs: Vec<[f64; 2]> = x.iter().map(|x| [*x, x.sqrt()]).collect();
    assert!(fit(Surface::Additive, binomial, &xs, &y).is_err());
    assert!(fit(Law::Power, Loss::Squares, &x, &y).is_ok());
    let hole = [0.9, f64::NAN, 0.8, 0.7, 0.6, 0.5];
    let error = fit(Law::Logistic, Loss::Squares, &x, &hole).unwrap_err();
    assert_eq!(error, FitError::NotFinite { index: 1 });
}
