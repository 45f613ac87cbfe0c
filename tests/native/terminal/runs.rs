//! `refit runs`, and runs in other commands.

use crate::runs::made;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("runs-{name}"));
    fs::write(&path, bytes).unwrap();
    path
}

fn refit(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_refit"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn runs_are_told_and_written() {
    let path = file("zeroshot.csv.gz", &made::gzip(made::zeroshot().as_bytes()));
    let written = file("written.csv", b"");
    let (path, out) = (path.to_str().unwrap(), written.to_str().unwrap());
    let (good, text, _) = refit(&["runs", path, "--write", out]);
    assert!(good);
    assert!(
        text.contains("the openclip study's zeroshot_results.csv, CSV, gzip"),
        "{text}"
    );
    assert!(
        text.contains("1312 rows, 1312 kept with 3712 numbers"),
        "{text}"
    );
    let (good, json, _) = refit(&["runs", out, "--json"]);
    assert!(good);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["count"], 3712);
    let rows = made::rows(crate::bundled_table("zeroshot")).iter();
    let expected = rows
        .filter(|m| (m.dataset.as_str(), m.metric.as_str()) == ("imagenet1k", "acc1"))
        .count();
    assert_eq!(json[0]["numbers"]["imagenet1k"]["acc1"], expected);
    assert_eq!(json[0]["study"], "openclip");
}

#[test]
fn a_fit_takes_own_runs() {
    let mut text = "group;compute;top1\n".to_owned();
    for i in 0..12 {
        let compute = 10f64.powf(8.0 + f64::from(i) / 3.0);
        let accuracy = 100.0 * (1.0 - 20.0 * compute.powf(-0.2) - 0.1);
        text += &format!("mine;{compute};{accuracy:.12}\n").replace('.', ",");
    }
    let path = file("own.csv", text.as_bytes());
    let path = path.to_str().unwrap();
    let (good, json, told) = refit(&[
        "fit",
        "--runs",
        path,
        "--family",
        "mine",
        "--pretrain",
        "yours",
        "--frontier",
        "pareto",
        "--json",
    ]);
    assert!(good, "{told}");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["points"], 12);
    let alpha = json["parameters"]["alpha"].as_f64().unwrap();
    assert!((alpha - 0.2).abs() < 1e-3, "{json}");
    // Without a study the file is one; beside a study its own laws are what they are.
    let (_, alone, _) = refit(&["fit", "--runs", path, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&alone).unwrap()["points"], 12);
    let (_, with, _) = refit(&["fit", "--study", "comparison", "--runs", path]);
    let (_, without, _) = refit(&["fit", "--study", "comparison"]);
    assert_eq!(with, without);
}

#[test]
fn what_cannot_be_read_fails_with_its_reason() {
    let path = file("empty.csv", b"");
    let path = path.to_str().unwrap();
    let (good, text, _) = refit(&["runs", path]);
    assert!(!good && text.contains("The file is empty."), "{text}");
    let (good, _, told) = refit(&["fit", "--runs", path]);
    assert!(!good && told.contains("The file is empty."), "{told}");
    let path = file("strange.csv", b"a,b\n1,2\n");
    let path = path.to_str().unwrap();
    let (good, text, _) = refit(&["runs", path]);
    assert!(
        !good && text.contains("No column says how much compute a run took"),
        "{text}"
    );
    let (good, text, _) = refit(&[
        "runs",
        path,
        "--map",
        "compute=a",
        "--map",
        "error=b:percent",
    ]);
    assert!(
        good && text.contains("1 rows, 1 kept with 1 numbers"),
        "{text}"
    );
    let (good, _, told) = refit(&["runs", path, "--map", "colour=a"]);
    assert!(!good && told.contains("is not a mapping"), "{told}");
}
