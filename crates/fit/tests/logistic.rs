//! Logistic regression beside scikit-learn's on stored cases (`tests/reference/logistic.py`), and its properties.

use crate::labelled::{Case, Made};
use crate::reference::{apart, list, number, numbers, read, text};
use proptest::prelude::*;
use refit_fit::logistic::{
    Examples, Experiment, Features, Head, LogisticError, Precision, Shots, choose, largest, summary,
};
use refit_fit::random::Random;
use serde_json::Value;
use std::ops::ControlFlow;

/// A stored case's vectors and classes.
fn made(case: &Value) -> Made {
    let size = |key: &str| number(&case[key]) as usize;
    Made::new(&Case {
        vectors: size("vectors"),
        width: size("width"),
        classes: size("classes"),
        seed: size("seed") as u64,
        separation: number(&case["separation"]),
        decay: number(&case["decay"]),
        skew: number(&case["skew"]),
        unit: case["unit"] == true,
    })
}

fn go_on(_: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn solve(features: &Features, labels: &[usize], classes: usize, penalty: f64) -> (f64, Head) {
    let rows: Vec<usize> = (0..features.count()).collect();
    let examples = Examples::new(features, &rows, labels, classes).expect("examples");
    let solution = examples
        .solve(penalty, Precision::FULL, None, &mut go_on)
        .expect("a solution");
    assert!(solution.converged, "{} iterations", solution.iterations);
    (solution.loss, features.head(&solution.weights))
}

#[test]
fn optima_are_scikit_learns() {
    let reference = read("logistic.json");
    let largest_case = std::fs::read("tests/reference/logistic.f32").unwrap();
    let mut seen = 0;
    for case in list(&reference, "cases") {
        let name = format!("{}, penalty {}", text(case, "name"), case["penalty"]);
        let Made { vectors, labels } = made(case);
        let size = |key: &str| number(&case[key]) as usize;
        let (width, classes) = (size("width"), size("classes"));
        let features = Features::new(&vectors, width).unwrap();
        let (loss, head) = solve(&features, &labels, classes, number(&case["penalty"]));
        let gap = apart(loss, number(&case["loss"]));
        assert!(gap < 1e-8, "{name}: loss {loss} for {}", case["loss"]);
        let coefficients = match text(case, "name") {
            "largest" => {
                let bytes = largest_case.as_chunks().0.iter();
                bytes.map(|b| f64::from(f32::from_le_bytes(*b))).collect()
            }
            _ => numbers(&case["coefficients"]),
        };
        assert_eq!(head.coefficients.len(), classes * width);
        let size = coefficients.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
        let intercepts = numbers(&case["intercepts"]);
        let theirs = coefficients.iter().chain(&intercepts);
        for (ours, theirs) in head.coefficients.iter().chain(&head.intercepts).zip(theirs) {
            let difference = (ours - theirs).abs();
            assert!(difference < 1e-5 * size, "{name}: {ours} for {theirs}");
        }
        seen += 1;
    }
    assert_eq!(seen, 15);
}

/// Vectors around a centre for each class.
fn clouds(
    classes: usize,
    each: usize,
    width: usize,
    apart: f64,
    seed: u64,
) -> (Vec<f32>, Vec<usize>) {
    let mut random = Random::new(seed, 0);
    let centres: Vec<f64> = (0..classes * width)
        .map(|_| apart * random.normal())
        .collect();
    let labels: Vec<usize> = (0..classes * each).map(|i| i % classes).collect();
    let of = labels
        .iter()
        .flat_map(|label| &centres[label * width..][..width]);
    (
        of.map(|centre| (centre + random.normal()) as f32).collect(),
        labels,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// At the optimum the gradient vanishes, which is computed here from the definition. Its bounds hold for vectors
    /// around their mean: in the vectors' own coordinates the intercepts' gradient counts among the coefficients'.
    #[test]
    fn the_optimum_is_one(
        classes in 2usize..5, each in 1usize..8, width in 1usize..12,
        apart in 0.0..3.0, exponent in -3.0..2.0, seed: u64,
    ) {
        let (vectors, labels) = clouds(classes, each, width, apart, seed);
        let Ok(features) = Features::new(&vectors, width) else { return Ok(()) };
        let penalty = 10f64.powf(exponent);
        let (loss, head) = solve(&features, &labels, classes, penalty);
        let count = labels.len() as f64;
        let mean = |j: usize| vectors.chunks(width).map(|x| f64::from(x[j])).sum::<f64>() / count;
        let mean: Vec<f64> = (0..width).map(mean).collect();
        let mut gradient: Vec<f64> = head.coefficients.iter().map(|w| penalty * w).collect();
        let (mut of_intercepts, mut curvature) = (vec![0.0; classes], vec![0.0; classes]);
        let mut own = 0.5 * penalty * head.coefficients.iter().map(|w| w * w).sum::<f64>();
        for (x, label) in vectors.chunks(width).zip(&labels) {
            let logit = |c: usize| -> f64 {
                let row = &head.coefficients[c * width..][..width];
                row.iter().zip(x).map(|(w, x)| w * f64::from(*x)).sum::<f64>() + head.intercepts[c]
            };
            let powers: Vec<f64> = (0..classes).map(|c| logit(c).exp()).collect();
            let total: f64 = powers.iter().sum();
            own -= (powers[*label] / total).ln();
            for c in 0..classes {
                let probability = powers[c] / total;
                let residual = probability - f64::from(u8::from(c == *label));
                of_intercepts[c] += residual;
                curvature[c] += probability * (1.0 - probability);
                let row = gradient[c * width..][..width].iter_mut();
                for (g, (x, mean)) in row.zip(x.iter().zip(&mean)) {
                    *g += residual * (f64::from(*x) - mean);
                }
            }
        }
        prop_assert!((own - loss).abs() < 1e-7 * loss.max(1.0), "{own} {loss}");
        // A rotation changes coefficients, but no row's length.
        let length = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
        let size = head.coefficients.chunks(width).map(length).fold(1.0, f64::max);
        let rounding = 1e-12 * count;
        prop_assert!(length(&gradient) < 1.01e-6 * penalty * size + rounding, "{gradient:?}");
        for (g, c) in of_intercepts.iter().zip(&curvature) {
            prop_assert!(g.abs() < 1.01e-6 * size * c.max(penalty) + rounding, "{g} {c}");
        }
        prop_assert!(head.intercepts.iter().sum::<f64>().abs() < 1e-9);
    }

    /// A start elsewhere leads to the same place.
    #[test]
    fn the_start_does_not_matter(seed: u64) {
        let (vectors, labels) = clouds(3, 10, 6, 1.0, seed);
        let features = Features::new(&vectors, 6).unwrap();
        let rows: Vec<usize> = (0..30).collect();
        let examples = Examples::new(&features, &rows, &labels, 3).unwrap();
        let at = |penalty, start: Option<&_>| {
            examples.solve(penalty, Precision::FULL, start, &mut go_on).unwrap()
        };
        let weak = at(0.01, None);
        let (warm, cold) = (at(1.0, Some(&weak.weights)), at(1.0, None));
        prop_assert!((warm.loss / cold.loss - 1.0).abs() < 1e-9);
    }
}

#[test]
fn bad_examples_are_refused() {
    let refused = |vectors: &[f32], width| Features::new(vectors, width).unwrap_err();
    assert_eq!(refused(&[1.0, 2.0, 1.0, 2.0], 2), LogisticError::Constant);
    assert_eq!(
        refused(&[1.0, 2.0, f32::NAN, 2.0], 2),
        LogisticError::NotFinite { row: 1 }
    );
    assert_eq!(
        refused(&[1.0, 2.0, 3.0], 2),
        LogisticError::Width { have: 3, need: 2 }
    );
    assert_eq!(refused(&[], 2), LogisticError::Width { have: 0, need: 2 });
    let features = Features::new(&[1.0, 2.0, 3.0], 1).unwrap();
    let examples = |rows: &[usize], classes| {
        Examples::new(&features, rows, &[0, 0, 1], classes)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(examples(&[0, 1], 2), LogisticError::OneClass);
    assert_eq!(examples(&[], 2), LogisticError::OneClass);
    let empty = LogisticError::TooFew {
        class: 2,
        have: 0,
        need: 1,
    };
    assert_eq!(examples(&[0, 2], 3), empty);
    let examples = Examples::new(&features, &[0, 1, 2], &[0, 0, 1], 2).unwrap();
    for penalty in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = examples.solve(penalty, Precision::FULL, None, &mut go_on);
        assert_eq!(refused.unwrap_err(), LogisticError::Strength);
    }
    let stop = examples.solve(1.0, Precision::FULL, None, &mut |_| ControlFlow::Break(()));
    assert_eq!(stop.unwrap_err(), LogisticError::Stopped);
}

fn experiment<'a>(
    features: &'a Features,
    labels: &'a [usize],
    train: &'a [usize],
) -> Experiment<'a> {
    Experiment {
        features,
        labels,
        classes: 3,
        train,
        test: None,
        other: None,
    }
}

#[test]
fn more_shots_teach_more_and_a_seed_repeats_itself() {
    let (vectors, labels) = clouds(3, 40, 20, 0.5, 5);
    let features = Features::new(&vectors, 20).unwrap();
    let rows: Vec<usize> = (0..120).collect();
    let experiment = experiment(&features, &labels, &rows);
    let shots = [
        Shots::Of(1),
        Shots::Of(8),
        Shots::Of(32),
        Shots::Of(40),
        Shots::All,
    ];
    let mut heard = Vec::new();
    let mut run = |seed| {
        let watch = &mut |done, total| {
            heard.push((done, total));
            ControlFlow::Continue(())
        };
        experiment.run(&shots, 4, seed, watch).unwrap()
    };
    let curve = run(1);
    assert_eq!(curve, run(1));
    assert_ne!(curve, run(2));
    assert!(heard.contains(&(0, 16)) && heard.contains(&(15, 16)));
    // 40 shots of 40 leave none to test on.
    let lacking = LogisticError::TooFew {
        class: 0,
        have: 40,
        need: 41,
    };
    assert_eq!(curve.skipped[0].reason, lacking);
    assert_eq!(
        (curve.skipped[0].shots, curve.skipped.len()),
        (Shots::Of(40), 1)
    );
    let tested: Vec<usize> = curve.points.iter().map(|p| p.draws[0].tested).collect();
    assert_eq!(tested, [117, 96, 24, 24]);
    assert_eq!(curve.points[3].examples, 96);
    let mean = |point: usize| {
        let draws: Vec<f64> = curve.points[point].draws.iter().map(|d| d.taught).collect();
        summary(&draws, 1).mean
    };
    assert!(
        mean(0) > 0.4 && mean(1) > mean(0) + 0.1 && mean(2) > mean(1),
        "{curve:?}"
    );
    // One example of each class cannot be held out.
    assert_eq!(curve.points[0].draws[0].chosen.folds, 0);
    assert_eq!(curve.points[1].draws[0].chosen.folds, 5);
}

#[test]
fn a_mixture_is_as_good_as_the_better_classifier() {
    let (vectors, labels) = clouds(3, 30, 12, 0.4, 9);
    let features = Features::new(&vectors, 12).unwrap();
    let rows: Vec<usize> = (0..90).collect();
    // One that is right in all but every tenth, and one that knows nothing.
    let good = labels.iter().enumerate().flat_map(|(i, label)| {
        let answer = if i % 10 == 0 { (label + 1) % 3 } else { *label };
        (0..3).map(move |c| if c == answer { 3.0 } else { 0.0 })
    });
    let good: Vec<f64> = good.collect();
    let none = vec![0.0; 270];
    for (other, share) in [(&good, 0.0..=0.6), (&none, 0.5..=1.0)] {
        let chosen = choose(&features, &rows, &labels, 3, Some(other), 1, &mut go_on).unwrap();
        assert!(share.contains(&chosen.share), "{chosen:?}");
        let experiment = Experiment {
            other: Some(other),
            ..experiment(&features, &labels, &rows)
        };
        let curve = experiment.run(
            &[Shots::Of(10)],
            3,
            1,
            &mut |_, _| ControlFlow::Continue(()),
        );
        for draw in &curve.unwrap().points[0].draws {
            let better = draw.taught.max(draw.other.unwrap());
            assert!(draw.mixed.unwrap() > better - 0.1, "{draw:?}");
        }
    }
}

#[test]
fn a_test_set_is_all_that_is_tested_on() {
    let (vectors, labels) = clouds(3, 20, 8, 2.0, 3);
    let features = Features::new(&vectors, 8).unwrap();
    let rows: Vec<usize> = (0..60).collect();
    let experiment = Experiment {
        test: Some(&rows[30..]),
        ..experiment(&features, &labels, &rows[..30])
    };
    let shots = [Shots::Of(9), Shots::Of(10), Shots::Of(11), Shots::All];
    let curve = experiment
        .run(&shots, 3, 1, &mut |_, _| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!(curve.skipped.len(), 1);
    let draws: Vec<usize> = curve.points.iter().map(|p| p.draws.len()).collect();
    // Of all examples, which ten of each are, there is one draw.
    assert_eq!(draws, [3, 1, 1]);
    assert!(
        curve
            .points
            .iter()
            .all(|p| p.draws.iter().all(|d| d.tested == 30))
    );
    assert!(curve.points[2].draws[0].taught > 0.9);
}

#[test]
fn the_largest_logit_and_intervals() {
    assert_eq!(largest(&[1.0, 3.0, 3.0]), 1);
    assert_eq!(largest(&[f64::NAN, -1.0]), 1);
    // numpy and scipy.stats.t.interval of these, and statsmodels' Wilson interval of 8 of 10.
    let draws = summary(&[0.5, 0.6, 0.7], 10);
    assert!((draws.mean - 0.6).abs() < 1e-12 && (draws.low - 0.351_586_2).abs() < 1e-6);
    let one = summary(&[0.8], 10);
    assert!((one.low - 0.490_161_5).abs() < 1e-6 && (one.high - 0.943_317_8).abs() < 1e-6);
}
