//! Our optimum and standard errors beside SciPy's, on stored cases.
//!
//! `tests/reference/*.json` were made by the scripts beside them (SciPy 1.17.1) from the same
//! measurements: the released 3,200-start search, the frontiers by an independent
//! reimplementation, and many-start references on synthetic data.
use refit_fit::law::Law;
use refit_fit::{Fit, Loss, Status, fit};
use serde_json::Value;

use crate::reference::{apart, list, number, numbers, read};

/// Fits a stored case; its squared error must not exceed SciPy's.
fn no_worse(law: Law, case: &Value) -> Fit {
    let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
    let ours = fit(law, Loss::Squares, &x, &y).expect("fits");
    let theirs = number(&case["mse"]);
    assert!(
        ours.mse <= theirs * (1.0 + 1e-6),
        "{} against {theirs}: {case:#}",
        ours.mse
    );
    ours
}

#[test]
fn no_worse_than_the_released_search() {
    let reference = read("scipy_fits.json");
    let mut compared = 0;
    for case in list(&reference, "fits") {
        let ours = no_worse(Law::Saturation, case);
        let (theirs, id) = (number(&case["mse"]), &case["id"]);
        // Where SciPy ended in the same optimum, inside the bounds, all else agrees too. Its
        // own tolerance is 1e-8 of the squared error, 1e-4 of a standard error.
        let same = apart(theirs, ours.mse) < 1e-9 && ours.status == Status::Converged;
        if !same {
            continue;
        }
        compared += 1;
        let pcov: Vec<Vec<f64>> = list(case, "pcov").iter().map(numbers).collect();
        let b = number(&case["parameters"]["B"]);
        // SciPy's covariance is in (A, B, −α, E); the error of ln B is that of B over B.
        let errors = [
            pcov[0][0].sqrt(),
            pcov[1][1].sqrt() / b,
            pcov[2][2].sqrt(),
            pcov[3][3].sqrt(),
        ];
        for (j, name) in ["A", "ln_B", "alpha", "E"].iter().enumerate() {
            let ours_error = ours.standard_errors[j].expect("inside the bounds");
            assert!(
                apart(ours_error, errors[j]) < 1e-3,
                "{id} {name}: standard error {ours_error} against {}",
                errors[j]
            );
            let gap = (ours.parameters[j] - number(&case["parameters"][name])).abs();
            assert!(gap < 1e-3 * ours_error, "{id} {name}: off by {gap}");
        }
    }
    // The rest lie on a bound, or SciPy's search stopped short.
    let all = list(&reference, "fits").len();
    println!("{compared} of {all} compared");
    assert!(compared * 4 >= all * 3, "{compared} of {all}");
}

#[test]
fn no_worse_than_many_starts_on_synthetic_data() {
    let reference = read("laws_small.json");
    for case in list(&reference["synthetic"], "datasets") {
        no_worse(Law::Saturation, case);
    }
}

#[test]
fn no_worse_than_many_starts_on_every_frontier() {
    let reference = read("global_optima.json");
    for case in list(&reference, "fits") {
        no_worse(Law::Saturation, case);
    }
}

#[test]
fn without_e_no_worse_either() {
    let reference = read("laws_small.json");
    for case in list(&reference, "power_law_without_e") {
        no_worse(Law::ShiftedPower, case);
    }
}

#[test]
fn straight_lines_are_the_regression() {
    let reference = read("laws_small.json");
    for case in list(&reference, "openclip_lines") {
        let powers = |key: &str| -> Vec<f64> {
            numbers(&case[key]).iter().map(|v| 10f64.powf(*v)).collect()
        };
        let ours = fit(
            Law::Power,
            Loss::LogSquares,
            &powers("log10_gmacs"),
            &powers("log10_error"),
        )
        .expect("fits");
        assert!(apart(ours.parameters[0], number(&case["beta"])) < 1e-9);
        assert!(apart(ours.parameters[1], number(&case["slope"])) < 1e-9);
        let error = ours.standard_errors[1].expect("degrees of freedom");
        assert!(apart(error, number(&case["slope_standard_error"])) < 1e-6);
        let intercept = number(&case["intercept_standard_error"]);
        let error = ours.standard_errors[0].expect("degrees of freedom");
        let through = error / (ours.parameters[0] * std::f64::consts::LN_10);
        assert!(apart(through, intercept) < 1e-6);
    }
}
