//! `refit optimal` on the studies' tables, beside NumPy and SciPy
//! (`crates/fit/tests/reference/compute_optimal.py`).

use super::{refit, said};
use serde_json::Value;

fn optimal(arguments: &[&str]) -> Value {
    let arguments = [&["optimal", "--json"], arguments].concat();
    serde_json::from_str(&said(&arguments)).expect("JSON")
}

fn reference() -> Value {
    let text = std::fs::read_to_string("crates/fit/tests/reference/compute_optimal.json");
    serde_json::from_str(&text.expect("the reference")).expect("JSON")
}

fn close(ours: &Value, theirs: &Value) {
    let (ours, theirs) = (
        ours.as_f64().expect("ours"),
        theirs.as_f64().expect("theirs"),
    );
    assert!((ours / theirs - 1.0).abs() < 1e-6, "{ours} for {theirs}");
}

#[test]
fn isoflop_minima_and_exponents_are_numpys() {
    let reference = reference();
    let series = reference["isoflop"].as_array().expect("a list");
    for (name, arguments) in [
        ("chinchilla", &["--study", "chinchilla"][..]),
        (
            "llama3 raw_loss",
            &[
                "--study",
                "chinchilla",
                "--table",
                "llama3",
                "--family",
                "Llama 3 (raw_loss)",
            ],
        ),
        (
            "llama3 exp_loss",
            &[
                "--study",
                "chinchilla",
                "--table",
                "llama3",
                "--family",
                "Llama 3 (exp_loss)",
            ],
        ),
    ] {
        let theirs = series.iter().find(|s| s["series"] == name).expect(name);
        let ours = &optimal(arguments)["isoflop"];
        let (optima, expected) = (
            &ours["optima"],
            theirs["optima"].as_array().expect("minima"),
        );
        assert_eq!(
            optima.as_array().map(Vec::len),
            Some(expected.len()),
            "{name}"
        );
        for (ours, theirs) in optima.as_array().into_iter().flatten().zip(expected) {
            close(&ours["compute"], &theirs["c"]);
            close(&ours["parameters"]["value"], &theirs["n"]["at"]);
            close(&ours["samples"]["value"], &theirs["d"]["at"]);
        }
        close(&ours["a"]["value"], &theirs["N"]["exponent"]);
        close(&ours["b"]["value"], &theirs["D"]["exponent"]);
        close(&ours["a"]["interval"][0], &theirs["N"]["low"]);
    }
}

#[test]
fn three_approaches_agree_about_chinchilla() {
    let found = optimal(&["--study", "chinchilla", "--at", "5.76e23"]);
    for approach in ["frontier", "isoflop", "parametric"] {
        let found = &found[approach];
        let a = found["a"]["value"].as_f64().expect("a");
        // Hoffmann et al. print 0.50, 0.49 and 0.46, the replication 0.51 of the third.
        assert!((0.49..0.53).contains(&a), "{approach}: {a}");
        // The model itself had 70e9 parameters and 1.4e12 tokens.
        let ratio = found["at"][0]["samples_per_parameter"].as_f64();
        assert!(
            ratio.is_some_and(|r| (15.0..25.0).contains(&r)),
            "{approach}: {ratio:?}"
        );
    }
    let law = &found["parametric"];
    close(&law["cost"]["k"], &Value::from(6.0));
    assert!(
        law["a"]["interval"].is_null(),
        "the delta method does not hold"
    );
}

#[test]
fn a_bootstrap_gives_the_third_approach_its_intervals() {
    let found = optimal(&[
        "--study",
        "chinchilla",
        "--table",
        "llama3",
        "--family",
        "Llama 3 (raw_loss)",
        "--bootstrap",
        "--resamples",
        "200",
    ]);
    let law = &found["parametric"];
    let (a, ends) = (&law["a"]["value"], &law["a"]["interval"]);
    let number = |v: &Value| v.as_f64().expect("a number");
    assert!(
        number(&ends[0]) < number(a) && number(a) < number(&ends[1]),
        "{law}"
    );
    assert_eq!(law["resampling"]["count"], 200);
}

#[test]
fn what_has_no_profile_is_told() {
    let said = said(&["optimal"]);
    assert!(
        said.contains("budgets left out: A parabola needs runs of three different sizes, not 1."),
        "{said}"
    );
    let output = refit(&["optimal", "--table", "plotted_means"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("tells compute, parameters and samples"),
        "{errors}"
    );
}
