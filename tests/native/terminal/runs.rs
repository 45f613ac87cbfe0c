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

#[test]
fn a_table_of_architectures_tells_other_files_their_compute() {
    let profile = file(
        "profile.csv",
        b"model,image_size,image_width,text_width,embed_dim,mparams,image_mparams,text_mparams,gflops,image_gflops,text_gflops\n\
        ViT-B-32,224,768,512,512,151.28,87.85,63.43,999,8.82,5.96\n\
        ViT-X-99,224,768,512,512,151.28,87.85,63.43,20,8.82,5.96\n\
        coca_ViT-X-99,224,768,512,512,253.56,89.16,63.43,30,9.19,5.96\n",
    );
    let table = file(
        "of-architectures.csv",
        b"model,samples_seen,imagenet1k top1\nViT-X-99,3e9,0.5\ncoca_ViT-X-99,3e9,0.6\nViT-B-32,3e9,0.7\n",
    );
    let (profile, table) = (profile.to_str().unwrap(), table.to_str().unwrap());
    let (good, text, _) = refit(&["runs", profile]);
    assert!(good, "{text}");
    assert!(
        text.contains("open_clip's table of architectures"),
        "{text}"
    );
    assert!(
        text.contains("3 architectures and no measurement"),
        "{text}"
    );
    assert!(
        text.contains(
            "image_width: numbers from 768 to 768; the name is not recognised (not used)"
        )
    );
    // Before it or after, and a study's own architectures stay as they are.
    for order in [[profile, table], [table, profile]] {
        let (good, json, _) = refit(&["runs", order[0], order[1], "--json"]);
        assert!(good, "{json}");
        let outputs: Value = serde_json::from_str(&json).unwrap();
        let of_table = outputs
            .as_array()
            .unwrap()
            .iter()
            .find(|o| o["count"] == 3)
            .unwrap();
        let compute = |i: usize| of_table["first"][i]["compute"].as_f64().unwrap();
        assert_eq!((compute(0), compute(1)), (20.0 * 3e9, 30.0 * 3e9));
        assert!(compute(2) < 20.0 * 3e9, "{}", compute(2));
    }
    let (_, text, _) = refit(&["runs", table]);
    assert!(text.contains("2 runs are kept without compute"), "{text}");
    // Measurements beside its columns are measurements.
    let both = file(
        "profile-and-runs.csv",
        b"model,image_size,mparams,image_mparams,text_mparams,gflops,imagenet1k top1\nViT-B-32,224,151.28,87.85,63.43,14.78,0.6\n",
    );
    let (_, text, _) = refit(&["runs", both.to_str().unwrap(), "--map", "samples=3e9"]);
    assert!(text.contains("imagenet1k acc1: 1"), "{text}");
}

#[test]
fn a_recognised_file_is_told_its_samples() {
    let path = file(
        "path.json",
        br#"{"dataset": "wds/imagenet1k", "model": "ViT-B-32", "pretrained": "logs/run7/checkpoints/epoch_32.pt", "task": "zeroshot_classification", "metrics": {"acc1": 0.6}, "language": "en"}"#,
    );
    let path = path.to_str().unwrap();
    let (good, text, _) = refit(&["runs", path]);
    assert!(!good);
    assert!(
        text.contains("“run7/epoch_32.pt” does not say how many samples were seen"),
        "{text}"
    );
    assert!(text.contains("--map samples=3e9"), "{text}");
    let (good, json, _) = refit(&["runs", path, "--map", "samples=3e9", "--json"]);
    assert!(good, "{json}");
    let output: Value = serde_json::from_str(&json).unwrap();
    let first = &output[0]["first"][0];
    assert_eq!(first["run"], "run7/epoch_32.pt");
    assert_eq!(first["samples_seen"], 3e9);
    assert_eq!(first["compute"], 7.4 * 3e9);
}

#[test]
fn a_sheet_is_chosen_by_its_name() {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, accuracy) in [("Old", 0.25), ("New", 0.5)] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        sheet.write_row(0, 0, ["name", "gflops", "acc1"]).unwrap();
        sheet.write(1, 0, "a").unwrap();
        sheet.write(1, 1, 1e8).unwrap();
        sheet.write(1, 2, accuracy).unwrap();
    }
    let path = file("book.xlsx", &book.save_to_buffer().unwrap());
    let path = path.to_str().unwrap();
    for (arguments, value, sentence) in [
        (
            &["runs", path, "--json"][..],
            0.25,
            "Sheet “Old” is read; “New” is not.",
        ),
        (
            &["runs", path, "--json", "--sheet", "New"],
            0.5,
            "Sheet “New” is read; “Old” is not.",
        ),
    ] {
        let (good, json, _) = refit(arguments);
        assert!(good, "{json}");
        let output: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(output[0]["first"][0]["value"], value);
        assert_eq!(output[0]["notices"][0], sentence);
        assert_eq!(output[0]["format"], "Excel workbook");
    }
    let csv = file("no-book.csv", b"name,acc1\na,0.5\n");
    let (good, _, told) = refit(&["runs", csv.to_str().unwrap(), "--sheet", "Old"]);
    assert!(!good);
    assert!(
        told.contains("--sheet is for an Excel workbook, which this is not"),
        "{told}"
    );
    let (good, text, _) = refit(&["runs", path, "--sheet", "May"]);
    assert!(!good);
    assert!(
        text.contains("The workbook has no sheet “May”; it has “Old”, “New”."),
        "{text}"
    );
}
