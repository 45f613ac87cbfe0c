//! Lines of accuracy against accuracy and rank correlations beside SciPy
//! (`tests/reference/accuracy_line.json`).
use crate::reference::{apart, list, number, numbers, read, text};
use proptest::prelude::*;
use refit_fit::FitError;
use refit_fit::rank::{NoRanks, RankCorrelation, kendall, spearman};
use refit_fit::robustness::{AccuracyLine, Axis, NoLine};
use serde_json::Value;
use std::error::Error;

fn points(reference: &Value, case: &Value) -> Vec<(f64, f64)> {
    let data = &reference["data"][text(case, "data")];
    let (x, y) = (numbers(&data["x"]), numbers(&data["y"]));
    x.into_iter().zip(y).collect()
}

fn ends(value: &Value) -> Option<(f64, f64)> {
    value
        .as_array()
        .map(|ends| (number(&ends[0]), number(&ends[1])))
}

#[test]
fn axes_are_scipys() {
    let reference = read("accuracy_line.json");
    let axes = &reference["axes"];
    // A fraction near 1 is read within a last place, which is much of what it lacks.
    let near = |ours: f64, theirs: f64, p: f64| {
        (ours - theirs).abs() < 1e-10 * theirs.abs().max(1.0) + 4e-16 / (1.0 - p)
    };
    for (axis, to, back) in [
        (Axis::Logit, "logit", "expit"),
        (Axis::Probit, "probit", "cdf"),
    ] {
        for (p, theirs) in numbers(&axes["fraction"])
            .into_iter()
            .zip(numbers(&axes[to]))
        {
            let ours = axis.forward(p).unwrap();
            assert!(near(ours, theirs, p), "{axis:?} {p}: {ours} for {theirs}");
        }
        for (v, theirs) in numbers(&axes["value"])
            .into_iter()
            .zip(numbers(&axes[back]))
        {
            let ours = axis.back(v);
            assert!(
                apart(ours, theirs) < 1e-10,
                "{axis:?} {v}: {ours} for {theirs}"
            );
        }
    }
}

#[test]
fn lines_are_scipys() {
    let reference = read("accuracy_line.json");
    for case in list(&reference, "lines") {
        let models = points(&reference, case);
        let axis = Axis::ALL.into_iter().find(|a| a.id() == text(case, "axis"));
        let line = AccuracyLine::fit(axis.unwrap(), &models).unwrap();
        let id = format!("{} {}", text(case, "data"), text(case, "axis"));
        let close = |ours: f64, theirs: &Value| {
            let theirs = number(theirs);
            assert!(apart(ours, theirs) < 1e-8, "{id}: {ours} for {theirs}");
        };
        let Line {
            slope,
            intercept,
            r_squared,
            scatter,
        } = parts(&line);
        close(slope.0, &case["slope"]);
        close(slope.1, &case["slope_error"]);
        close(intercept.0, &case["intercept"]);
        close(intercept.1, &case["intercept_error"]);
        close(r_squared, &case["r_squared"]);
        close(scatter, &case["scatter"]);
        for expected in list(case, "expected") {
            let ours = line.expected(number(&expected["x"])).unwrap();
            close(ours.value, &expected["value"]);
            for (ours, theirs) in [(ours.mean, "mean"), (ours.single, "single")] {
                let ours = ours.unwrap();
                close(ours.0, &expected[theirs][0]);
                close(ours.1, &expected[theirs][1]);
            }
        }
        for (model, theirs) in models.iter().zip(numbers(&case["effective_robustness"])) {
            let ours = line.effective_robustness(model.0, model.1).unwrap();
            assert!((ours - theirs).abs() < 1e-10, "{id}: {ours} for {theirs}");
        }
    }
}

struct Line {
    slope: (f64, f64),
    intercept: (f64, f64),
    r_squared: f64,
    scatter: f64,
}

fn parts(line: &AccuracyLine) -> Line {
    let of = |e: refit_fit::line::Estimate| (e.value, e.standard_error.expect("of many"));
    Line {
        slope: of(line.line.slope),
        intercept: of(line.line.intercept),
        r_squared: line.line.r_squared.expect("R²"),
        scatter: line.line.scatter.expect("of many"),
    }
}

#[test]
fn rank_correlations_are_scipys() {
    let reference = read("accuracy_line.json");
    for case in list(&reference, "ranks") {
        let points = points(&reference, case);
        let check = |ours: RankCorrelation, name: &str| {
            let theirs = number(&case[name]);
            assert!((ours.coefficient - theirs).abs() < 1e-12, "{case} {ours:?}");
            let interval = ends(&case[format!("{name}_interval")]);
            assert_eq!(ours.interval.is_some(), interval.is_some(), "{case}");
            if let (Some(ours), Some(theirs)) = (ours.interval, interval) {
                assert!((ours.0 - theirs.0).abs() < 1e-9, "{case} {ours:?}");
                assert!((ours.1 - theirs.1).abs() < 1e-9, "{case} {ours:?}");
            }
        };
        check(spearman(&points).unwrap(), "spearman");
        check(kendall(&points).unwrap(), "kendall");
    }
}

#[test]
fn what_has_no_line_or_order_is_said() {
    let error = AccuracyLine::fit(Axis::Logit, &[(0.5, 0.4), (0.7, 1.0)]).unwrap_err();
    assert_eq!(error.to_string(), "Point 2 has no place on the axes.");
    let cause = error.source().unwrap().to_string();
    assert_eq!(
        cause,
        "1 has no logit: a fraction must lie between 0 and 1."
    );
    // Percentages are not fractions.
    let error = AccuracyLine::fit(Axis::Linear, &[(0.5, 0.4), (70.0, 0.6)]).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert_eq!(cause, "70 is not a fraction from 0 to 1.");
    assert!(AccuracyLine::fit(Axis::Linear, &[(0.0, 0.0), (1.0, 1.0)]).is_ok());
    let error = AccuracyLine::fit(Axis::Probit, &[(0.5, 0.4), (0.5, 0.6)]).unwrap_err();
    let same = FitError::TooFewInputs { have: 1, need: 2 };
    assert_eq!(error, NoLine::Fit(same));
    // Two models give a line, but no interval.
    let line = AccuracyLine::fit(Axis::Probit, &[(0.5, 0.4), (0.8, 0.6)]).unwrap();
    assert_eq!(line.expected(0.6).unwrap().mean, None);
    // A model's accuracy under the shift may be 0 or 1.
    assert!(line.effective_robustness(0.6, 0.0).unwrap() < 0.0);

    let few = [(1.0, 2.0), (2.0, 3.0), (3.0, 4.0)];
    assert_eq!(spearman(&few), Err(NoRanks::TooFew { have: 3 }));
    assert_eq!(kendall(&[(1.0, 2.0); 5]), Err(NoRanks::AllEqual));
    let hole = [(1.0, 2.0), (2.0, f64::NAN), (3.0, 4.0), (4.0, 5.0)];
    assert_eq!(spearman(&hole), Err(NoRanks::NotFinite { index: 1 }));
}

proptest! {
    #[test]
    fn an_axis_and_back_is_the_fraction(p in 1e-9f64..1.0) {
        for axis in Axis::ALL {
            let again = axis.back(axis.forward(p).unwrap());
            prop_assert!((again - p).abs() < 1e-9 * p, "{axis:?} {p} {again}");
        }
    }

    #[test]
    fn only_the_order_matters_to_ranks(
        points in prop::collection::vec((-5i8..5, -5i8..5), 4..40),
    ) {
        let points: Vec<(f64, f64)> =
            points.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect();
        let bent: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.exp(), y.powi(3))).collect();
        let turned: Vec<(f64, f64)> = points.iter().map(|(x, y)| (*x, -y)).collect();
        for of in [spearman, kendall] {
            prop_assert_eq!(of(&points), of(&bent));
            if let (Ok(a), Ok(b)) = (of(&points), of(&turned)) {
                prop_assert!((a.coefficient + b.coefficient).abs() < 1e-12);
            }
        }
    }
}
