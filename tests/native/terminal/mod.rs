//! What the terminal says, and that it ignores nothing in silence.
mod files;
mod locate;
mod mix;
mod models;
mod optimal;
mod pack;
mod pair_tables;
mod pairs;
mod probe;
mod runs;
mod siblings;
mod study;

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

pub(crate) fn refit(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_refit"));
    command.args(arguments).output().expect("the program runs")
}

pub(crate) fn said(arguments: &[&str]) -> String {
    let output = refit(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_budget_of_gpu_time_is_answered() {
    let text = said(&[
        "fit",
        "--family",
        "clip",
        "--at",
        "64 H100 for 48 h at 35 %",
        "--json",
    ]);
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    let budget = &told["budgets"][0];
    let number = |key: &str| budget[key].as_f64().unwrap();
    // 64 · 989e12 · 172,800 s · 0.35, of which a third is the forward pass, in GFLOPs.
    assert!((number("training_flops") / 3.82809e21 - 1.0).abs() < 1e-4);
    assert!((number("compute") / 1.27603e12 - 1.0).abs() < 1e-4);
    // The budget is spent: forward GFLOPs of a sample times samples.
    assert_eq!(budget["architecture"], "ViT-L-16");
    assert!((number("samples") / 9.64e9 - 1.0).abs() < 1e-2, "{budget}");
    assert!((told["predictions"][0]["error"].as_f64().unwrap() - 0.2156).abs() < 1e-3);
    let said = said(&["fit", "--family", "clip", "--at", "our next run = 1e12"]);
    assert!(said.contains("train with 1.0000e12 GFLOPs: "), "{said}");
}

#[test]
fn what_a_command_cannot_use_is_an_error() {
    for (arguments, sentence) in [
        (&["compare", "--at", "foo"][..], "“foo” is neither"),
        (
            &["surface", "--at", "ViT-X at 3B"],
            "“ViT-X” is not an architecture",
        ),
        (&["surface", "--axis", "samples"], "does not use --axis"),
        (&["surface", "--law", "power"], "does not use --law"),
        (
            &["surface", "--frontier", "minima"],
            "does not use --frontier",
        ),
        (
            &["compare", "--interval", "released"],
            "does not use --interval",
        ),
        (
            &["bootstrap", "--interval", "released"],
            "does not use --interval",
        ),
        (&["laws", "--at", "1e12"], "does not use --at"),
        (&["laws", "--beyond", "nan"], "not a compute above zero"),
        (&["laws", "--beyond", "1e30"], "No run lies beyond"),
        (
            &["laws", "--hold-out", "models", "--beyond", "1e9"],
            "--beyond is for --hold-out beyond alone",
        ),
        (
            &[
                "laws",
                "--table",
                "plotted_frontier",
                "--hold-out",
                "models",
            ],
            "do not specify their models",
        ),
        (
            &["compare", "--family", "clip", "--family", "clip"],
            "this command is about 2 series, these choices have 1",
        ),
    ] {
        let output = refit(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(errors.contains(sentence), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_model_is_compared_at_the_compute_of_each_family() {
    let said = said(&["compare", "--at", "ViT-L-14 at 12.8B", "--resamples", "200"]);
    for line in ["ViT-L-14 at 12.8B, CLIP", "ViT-L-14 at 12.8B, MaMMUT"] {
        assert!(said.contains(line), "{line} in {said}");
    }
}

#[test]
fn a_split_needs_no_law_of_compute() {
    // Too few runs for the law over compute, enough for that over parameters and samples.
    let said = said(&["surface", "--threshold", "1e9", "--at", "1e10"]);
    assert!(said.contains("at 1.00e10"), "{said}");
}

#[test]
fn the_released_search_is_not_said_to_find_the_best_fit_of_another_loss() {
    let said = said(&[
        "fit",
        "--table",
        "plotted_frontier",
        "--family",
        "clip",
        "--law",
        "shifted-power",
        "--loss",
        "log-squares",
        "--released-search",
    ]);
    assert!(
        said.contains("The two minimise different losses."),
        "{said}"
    );
}

#[test]
fn few_points_are_warned_of() {
    let said = said(&["compare", "--study", "openclip", "--resamples", "200"]);
    for count in [5, 3] {
        let warning = format!("There were only {count} to draw from");
        assert!(said.contains(&warning), "{warning} in {said}");
    }
}

#[test]
fn laws_are_scored_on_the_same_points() {
    let json = said(&[
        "laws",
        "--study",
        "openclip",
        "--hold-out",
        "scales",
        "--pretrain",
        "LAION",
        "--json",
    ]);
    let ranked: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let ranked = ranked.as_array().expect("laws");
    let points: Vec<_> = ranked.iter().map(|law| &law["points"]).collect();
    assert!(points.iter().all(|p| *p == points[0]), "{points:?}");
    // A law of four parameters cannot do without every one of five points.
    assert!(ranked.iter().any(|law| law["failures"] != 0));
    let said = said(&[
        "laws",
        "--study",
        "openclip",
        "--hold-out",
        "scales",
        "--pretrain",
        "LAION",
    ]);
    assert!(
        said.contains("could not be fitted to the rest in"),
        "{said}"
    );
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_refit"))
        .args(["verify", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut first = String::new();
    let pipe = child.stdout.take().expect("a pipe");
    BufReader::new(pipe).read_line(&mut first).expect("a line");
    let output = child.wait_with_output().expect("an end");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
}
