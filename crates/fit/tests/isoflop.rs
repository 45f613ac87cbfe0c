//! IsoFLOP profiles and envelopes beside NumPy (`tests/reference/compute_optimal.json`), on Hoffmann
//! et al.'s points, Llama 3's and synthetic curves.
use crate::optimal::chinchilla;
use crate::reference::{apart, list, number, numbers, read, text};
use refit_fit::envelope::{TrainingCurve, envelope};
use refit_fit::isoflop::{IsoFlop, Reason, Run, budgets, isoflop, nearest_budgets};
use refit_fit::line::{Estimate, PowerLaw};
use serde_json::Value;

fn close(ours: f64, theirs: &Value, id: &str) {
    let theirs = number(theirs);
    assert!(apart(ours, theirs) < 1e-7, "{id}: {ours} for {theirs}");
}

fn law_is(ours: &PowerLaw, theirs: &Value, id: &str) {
    let ends = |e: Estimate| e.interval.expect("an interval");
    close(ours.exponent().value, &theirs["exponent"], id);
    close(ends(ours.exponent()).0, &theirs["low"], id);
    close(ends(ours.exponent()).1, &theirs["high"], id);
    close(ours.coefficient().value, &theirs["coefficient"], id);
    close(ends(ours.coefficient()).0, &theirs["coefficient_low"], id);
    close(ends(ours.coefficient()).1, &theirs["coefficient_high"], id);
    close(ours.line.r_squared.expect("R²"), &theirs["r_squared"], id);
}

#[test]
fn isoflop_profiles_are_numpys() {
    let reference = read("compute_optimal.json");
    for case in list(&reference, "isoflop") {
        let id = text(case, "series");
        let ours: IsoFlop = if id == "chinchilla" {
            let runs = chinchilla(false);
            let named = numbers(&case["named"]);
            let (budgets, none) = nearest_budgets(&runs, &named, 0.1).unwrap();
            assert_eq!(
                runs.len() - none.len(),
                number(&case["in_a_budget"]) as usize
            );
            isoflop(&runs, &budgets).unwrap()
        } else {
            let [c, n, d, y] = ["c", "n", "d", "y"].map(|key| numbers(&case["runs"][key]));
            let run = |i: usize| Run {
                compute: c[i],
                parameters: n[i],
                samples: d[i],
                loss: y[i],
            };
            let runs: Vec<Run> = (0..c.len()).map(run).collect();
            let budgets = budgets(&runs, 0.05).unwrap();
            assert!(budgets.iter().all(|b| b.spread == 1.0), "{budgets:?}");
            isoflop(&runs, &budgets).unwrap()
        };
        let theirs = list(case, "optima");
        assert_eq!(ours.optima.len(), theirs.len(), "{id}");
        assert_eq!(ours.left_out.len(), list(case, "left_out").len(), "{id}");
        for (ours, theirs) in ours.optima.iter().zip(theirs) {
            let id = format!("{id} at {}", ours.compute);
            close(ours.compute, &theirs["c"], &id);
            assert_eq!(ours.runs as u64, theirs["runs"].as_u64().unwrap(), "{id}");
            close(ours.loss, &theirs["n"]["value"], &id);
            for (ours, theirs) in [
                (ours.parameters, &theirs["n"]),
                (ours.samples, &theirs["d"]),
            ] {
                close(ours.value, &theirs["at"], &id);
                let ends = ours.interval.unwrap();
                close(ends.0, &theirs["low"], &id);
                close(ends.1, &theirs["high"], &id);
            }
            let outside = |key: &str| theirs[key]["outside"] == Value::Bool(true);
            assert_eq!(ours.extrapolated, outside("n") || outside("d"), "{id}");
        }
        law_is(&ours.parameters.unwrap(), &case["N"], id);
        law_is(&ours.samples.unwrap(), &case["D"], id);
    }
}

#[test]
fn budgets_without_an_optimum_are_listed() {
    let run = |compute: f64, n: f64, loss: f64| Run {
        compute,
        parameters: n,
        samples: compute / (6.0 * n),
        loss,
    };
    let mut runs = vec![run(1e18, 1e8, 3.0), run(1.01e18, 2e8, 2.9)];
    // Opens downward.
    runs.extend([
        run(1e19, 1e8, 2.8),
        run(1e19, 2e8, 2.9),
        run(1e19, 4e8, 2.8),
    ]);
    // Its minimum lies beyond the largest model.
    runs.extend([
        run(1e20, 1e8, 2.9),
        run(1e20, 2e8, 2.7),
        run(1e20, 4e8, 2.55),
    ]);
    runs.extend([
        run(1e21, 1e8, 2.6),
        run(1e21, 4e8, 2.3),
        run(1e21, 1.6e9, 2.6),
    ]);
    let budgets = budgets(&runs, 0.05).unwrap();
    assert_eq!(budgets.len(), 4);
    assert!((budgets[0].spread - 1.01).abs() < 1e-12, "{budgets:?}");
    let found = isoflop(&runs, &budgets).unwrap();
    let reasons: Vec<Reason> = found.left_out.iter().map(|l| l.reason).collect();
    assert_eq!(
        reasons,
        [Reason::TooFewSizes { have: 2 }, Reason::NoMinimum]
    );
    let extrapolated: Vec<bool> = found.optima.iter().map(|o| o.extrapolated).collect();
    assert_eq!(extrapolated, [true, false]);
    // A parabola through three points has no scatter to tell an interval.
    assert!(found.optima[1].parameters.interval.is_none());
    assert!((found.optima[1].parameters.value / 4e8 - 1.0).abs() < 1e-9);
    assert!(found.parameters.is_some(), "two budgets give a line");
}

#[test]
fn the_envelope_is_numpys() {
    let reference = read("compute_optimal.json");
    let theirs = &reference["envelope"];
    let curve = |value: &Value| TrainingCurve {
        parameters: number(&value["n"]),
        compute_per_sample: 6.0 * number(&value["n"]),
        points: numbers(&value["c"])
            .into_iter()
            .zip(numbers(&value["y"]))
            .collect(),
    };
    let mut curves: Vec<TrainingCurve> = list(theirs, "curves").iter().map(curve).collect();
    // A run of one point among curves has no loss at the grid's computes.
    curves.push(TrainingCurve {
        parameters: 1e9,
        compute_per_sample: 6e9,
        points: vec![(1e19, 0.1)],
    });
    let ours = envelope(&curves, 300).unwrap();
    assert_eq!((ours.frontier, &ours.left_out), (false, &vec![10]));
    let at = ours.points.iter();
    for (i, (ours, c)) in at.zip(numbers(&theirs["c"])).enumerate() {
        assert!(apart(ours.compute, c) < 1e-12, "{i}");
        assert!(apart(ours.loss, number(&theirs["l"][i])) < 1e-12, "{i}");
        assert_eq!(
            ours.curve as u64,
            theirs["curve"][i].as_u64().unwrap(),
            "{i}"
        );
        assert_eq!(ours.runs as u64, theirs["runs"][i].as_u64().unwrap(), "{i}");
        let product = 6.0 * ours.parameters * ours.samples;
        assert!(apart(product, ours.compute) < 1e-12);
    }
    assert_eq!(ours.points.len(), 300);
    for (law, key) in [(ours.parameters, "a"), (ours.samples, "b")] {
        let exponent = law.unwrap().exponent();
        assert!(
            (exponent.value - number(&theirs[key])).abs() < 1e-9,
            "{exponent:?}"
        );
        assert_eq!(exponent.interval, None, "neighbours depend on one another");
    }
}

#[test]
fn runs_of_one_point_give_their_frontier() {
    let reference = read("compute_optimal.json");
    let theirs = &reference["frontier"];
    let curve = |run: &Run| TrainingCurve {
        parameters: run.parameters,
        compute_per_sample: 6.0 * run.parameters,
        points: vec![(run.compute, run.loss)],
    };
    let curves: Vec<TrainingCurve> = chinchilla(false).iter().map(curve).collect();
    let ours = envelope(&curves, 0).unwrap();
    let kept: Vec<f64> = ours.points.iter().map(|p| p.curve as f64).collect();
    assert_eq!(kept, numbers(&theirs["kept"]));
    assert!(ours.frontier && ours.left_out.is_empty());
    law_is(&ours.parameters.unwrap(), &theirs["N"], "frontier");
    law_is(&ours.samples.unwrap(), &theirs["D"], "frontier");
}
