//! Every law under every loss beside SciPy's global optimum, on stored cases.
//!
//! `tests/reference/losses.json` and `surfaces.json` were made by the scripts beside them: many
//! starts, every face of the bounds, polished to convergence; standard errors by statsmodels'
//! formula.
use crate::reference::{self, apart, list, number, numbers, read, text};
use refit_fit::law::{Form, Law, Surface};
use refit_fit::{Fit, Fittable, Status, fit, objective};
use serde_json::Value;
use std::collections::BTreeSet;

/// What of our fit is not the reference's; empty where all agrees.
fn differences<F: Fittable>(ours: &Fit<F>, case: &Value, x: &[F::Input], y: &[f64]) -> Vec<String> {
    let mut off = Vec::new();
    let theirs = number(&case["objective"]);
    let ratio = ours.objective / theirs - 1.0;
    if ratio.abs() > 1e-8 || ours.status == Status::IterationLimit {
        off.push(format!("objective {ratio:+.1e}, {}", ours.status));
    }
    let parameters = case["parameters"].as_object().expect("parameters");
    // serde_json sorts keys; the references name parameters as we do, but for two of a surface.
    let named = |name: &'static str| match name {
        "alpha_N" if parameters.contains_key("alpha") => "alpha",
        "alpha_D" if parameters.contains_key("beta") => "beta",
        name => name,
    };
    // Ours must be the same function of the parameters. Null is for ln B of B = 0.
    let at = ours.law.parameters().iter();
    let at: Vec<f64> = at
        .map(|parameter| {
            parameters[named(parameter.name)]
                .as_f64()
                .unwrap_or(f64::NEG_INFINITY)
        })
        .collect();
    let same = objective(ours.law, ours.loss, &at, x, y);
    if apart(same, theirs) > 1e-8 {
        off.push(format!("at the reference's parameters {same} for {theirs}"));
    }
    let errors = case["standard_errors"]
        .as_object()
        .expect("standard errors");
    for (j, parameter) in ours.law.parameters().iter().enumerate() {
        let name = named(parameter.name);
        let value = parameters[name].as_f64();
        let error = errors[name].as_f64();
        // Where one has no standard error it is on a bound, or not determined.
        let (Some(value), Some(error)) = (value, error) else {
            continue;
        };
        // To 1e-6, or to a thousandth of what the data can tell: flat valleys end where rounding
        // errors of the objective do.
        let gap = (ours.parameters[j] - value).abs();
        if gap > 1e-6 * value.abs() && gap > 1e-3 * error {
            off.push(format!("{name} {} for {value}", ours.parameters[j]));
        }
        let ours = ours.standard_errors[j].unwrap_or(0.0);
        if apart(ours, error) > 1e-4 {
            off.push(format!("standard error of {name} {ours} for {error}"));
        }
    }
    for (key, ours) in [("aicc", ours.aicc()), ("bic", ours.bic())] {
        if let Some(theirs) = case[key].as_f64() {
            let ours = ours.unwrap_or(f64::INFINITY);
            if apart(ours, theirs) > 1e-6 {
                off.push(format!("{key} {ours} for {theirs}"));
            }
        }
    }
    if let (Some(inside), Some(zone)) = (case["inside"].as_u64(), ours.linear_zone) {
        let outside = (zone * ours.points as f64).round() as u64;
        if outside + inside != ours.points as u64 {
            off.push(format!("{outside} in the linear zone, {inside} inside"));
        }
    }
    off
}

#[test]
fn every_law_under_every_loss_is_scipys() {
    let reference = read("losses.json");
    let mut off = Vec::new();
    let mut compared = BTreeSet::new();
    for case in list(&reference, "cases") {
        let data = &reference["data"][text(case, "data")];
        let (x, y) = (numbers(&data["x"]), numbers(&data["y"]));
        let (law, loss) = (text(case, "law"), text(case, "loss"));
        compared.insert(law);
        let id = format!("{} {law} {loss}", text(case, "data"));
        let law = Law::ALL.into_iter().find(|l| l.id() == law).expect("law");
        let ours = fit(law, reference::loss(loss), &x, &y).expect(&id);
        let differences = differences(&ours, case, &x, &y);
        off.extend(differences.iter().map(|d| format!("{id}: {d}")));
    }
    assert!(off.is_empty(), "{}\n{}", off.len(), off.join("\n"));
    assert_eq!(compared.len(), Law::ALL.len(), "a law has no references");
}

#[test]
fn laws_of_two_variables_are_scipys() {
    let reference = read("surfaces.json");
    let mut off = Vec::new();
    for case in list(&reference, "cases") {
        let data = &reference["data"][text(case, "data")];
        let (n, d) = (numbers(&data["n"]), numbers(&data["d"]));
        let x: Vec<[f64; 2]> = n.into_iter().zip(d).map(|(n, d)| [n, d]).collect();
        let (law, loss) = (text(case, "law"), text(case, "loss"));
        let id = format!("{} {law} {loss}", text(case, "data"));
        let law = Surface::ALL
            .into_iter()
            .find(|l| l.id() == law)
            .expect("law");
        let loss = reference::loss(loss);
        let y = numbers(&data["y"]);
        let ours = fit(law, loss, &x, &y).expect(&id);
        let differences = differences(&ours, case, &x, &y);
        off.extend(differences.iter().map(|d| format!("{id}: {d}")));
    }
    assert!(off.is_empty(), "{}\n{}", off.len(), off.join("\n"));
}
