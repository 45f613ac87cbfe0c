//! `refit mix` as a user calls it.

use super::models::{FOLDER, refit};
use crate::formula::{FormulaFile, image as formula_image};
use crate::tiny::tiny;
use image::{Rgb, RgbImage};
use pollster::block_on;
use refit_clip::weights::source::Source;
use serde_json::Value;
use std::sync::LazyLock;

/// Another model of the tiny one's architecture, and labelled pictures, in the folder. Written once: tests run at the same time.
static PREPARED: LazyLock<()> = LazyLock::new(|| {
    let tensors = tiny(49408, 77).into_iter().map(|tensor| tensor.of("1/"));
    let mut file = FormulaFile::new(tensors.collect());
    let mut bytes = vec![0; file.size() as usize];
    block_on(file.read(0, &mut bytes)).unwrap();
    std::fs::write(FOLDER.join("other.safetensors"), bytes).unwrap();
    for (class, first) in [("cat", 0), ("big_dog", 10)] {
        let folder = FOLDER.join("labelled").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for k in first..first + 5 {
            let bytes = formula_image(k, 20, 20);
            let picture = RgbImage::from_fn(20, 20, |x, y| {
                let at = 3 * (y as usize * 20 + x as usize);
                Rgb([bytes[at], bytes[at + 1], bytes[at + 2]])
            });
            picture.save(folder.join(format!("{k}.png"))).unwrap();
        }
    }
});

fn mix(arguments: &[&str]) -> (bool, String, String) {
    LazyLock::force(&PREPARED);
    let all = ["mix", "--weights", "tiny.safetensors", "--weights"];
    refit(&[&all, arguments].concat())
}

/// The accuracy that `refit classify` has on the same pictures.
fn classified(weights: &str) -> usize {
    let (ok, json, errors) = refit(&[
        "classify",
        "--weights",
        weights,
        "--labels",
        "big dog,cat",
        "--json",
        "labelled",
    ]);
    assert!(ok, "{errors}");
    let output: Value = serde_json::from_str(&json).unwrap();
    let pictures = output["pictures"].as_array().unwrap();
    let is_right = |picture: &&Value| {
        let label = picture["labels"][0]["label"].as_str().unwrap();
        let name = picture["picture"].as_str().unwrap();
        name.contains(&label.replace(' ', "_"))
    };
    assert_eq!(pictures.len(), 10);
    pictures.iter().filter(is_right).count()
}

#[test]
fn a_sweep_goes_from_one_model_to_the_other() {
    let arguments = [
        "other.safetensors",
        "--tower",
        "all",
        "--coefficients",
        "0:1:0.25",
        "--labelled",
        "labelled",
    ];
    let (ok, json, errors) = mix(&[&arguments[..], &["--json"]].concat());
    assert!(ok, "{errors}");
    let output: Value = serde_json::from_str(&json).unwrap();
    let set = &output["sets"][0];
    assert_eq!(set["labels"], serde_json::json!(["big dog", "cat"]));
    assert_eq!(
        (&set["pictures"], &set["held_out"]),
        (&10.into(), &4.into())
    );
    let tried = output["tried"].as_array().unwrap();
    assert_eq!(tried.len(), 5);
    assert_eq!(tried[1]["coefficients"], serde_json::json!([0.25]));
    let right = |i: usize| tried[i]["accuracy"][0]["right"].as_u64().unwrap() as usize;
    assert_eq!(right(0), classified("tiny.safetensors"));
    assert_eq!(right(4), classified("other.safetensors"));
    for tried in tried {
        let of = &tried["accuracy"][0];
        let share = of["right"].as_f64().unwrap() / 10.0;
        assert_eq!(of["accuracy"].as_f64(), Some(share));
        let bound = |i: usize| of["wilson_95"][i].as_f64().unwrap();
        assert!(bound(0) <= share && share <= bound(1) && bound(0) < bound(1));
    }
    let best = &output["best"];
    assert_eq!(best["held_out"][0]["total"], 4);
    assert_eq!(best["rest"][0]["total"], 6);
    let (ok, text, _) = mix(&arguments);
    assert!(ok && text.contains("coefficients 0.75") && text.contains("best on every second"));
}

#[test]
fn a_mixture_is_written_and_runs() {
    let one = ["other.safetensors", "--tower", "all", "--coefficients", "1"];
    let (ok, text, errors) = mix(&[&one[..], &["--write", "mixed.safetensors"]].concat());
    assert!(ok, "{errors}");
    assert!(
        text.contains("wrote mixed.safetensors: coefficients 1"),
        "{text}"
    );
    let embedded = |weights: &str| {
        let of = ["embed", "--weights", weights, "--text", "a cat", "0.png"];
        let (ok, text, errors) = refit(&of);
        assert!(ok, "{errors}");
        text
    };
    let (mixed, other) = (embedded("mixed.safetensors"), embedded("other.safetensors"));
    assert_eq!(mixed, other);
    assert_ne!(mixed, embedded("tiny.safetensors"));
    let (ok, _, errors) = mix(&[
        "other.safetensors",
        "--coefficients",
        "1",
        "--write",
        "other.safetensors",
    ]);
    assert!(!ok && errors.contains("one of the models"), "{errors}");
}

#[test]
fn soups_are_cooked() {
    let of = |coefficients: &str| {
        let (ok, json, errors) = mix(&[
            "other.safetensors",
            "--weights",
            "tiny.safetensors",
            "--coefficients",
            coefficients,
            "--labelled",
            "labelled",
            "--json",
        ]);
        assert!(ok, "{errors}");
        let output: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(output["tried"].as_array().unwrap().len(), 1);
        let shares = output["tried"][0]["coefficients"].as_array().unwrap();
        shares
            .iter()
            .map(|s| s.as_f64().unwrap())
            .collect::<Vec<f64>>()
    };
    assert_eq!(of("mean"), [0.5, 0.5]);
    let greedy = of("greedy");
    assert!([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]].contains(&[greedy[0], greedy[1]]));
}

#[test]
fn what_cannot_be_mixed_is_said() {
    let said = |arguments: &[&str]| {
        let (ok, _, errors) = mix(arguments);
        assert!(!ok, "{arguments:?}");
        errors
    };
    let labelled = ["--labelled", "labelled"];
    let errors = said(&[&["mammut.safetensors"][..], &labelled].concat());
    assert!(
        errors.contains("tensor text_projection has the shape [8, 49408] in “mammut.safetensors” and [8, 4] in “tiny.safetensors”; models of one architecture"),
        "{errors}"
    );
    let errors = said(
        &[
            &["other.safetensors", "--coefficients", "0.5,0.5"][..],
            &labelled,
        ]
        .concat(),
    );
    assert!(errors.contains("2 coefficients and 1 models"), "{errors}");
    let errors = said(&["other.safetensors"]);
    assert!(errors.contains("--labelled to measure"), "{errors}");
    let errors = said(&["other.safetensors", "--write", "mixed.safetensors"]);
    assert!(
        errors.contains("Of 11 coefficients one is written"),
        "{errors}"
    );
    let errors = said(&["other.safetensors", "--labelled", "folder"]);
    assert!(errors.contains("at least two"), "{errors}");
    let errors = said(&["nothing.safetensors", "--labelled", "labelled"]);
    assert!(errors.contains("nothing.safetensors"), "{errors}");
    let errors = said(&[
        "other.safetensors",
        "--coefficients",
        "1:0:1",
        "--write",
        "x",
    ]);
    assert!(errors.contains("FROM:TO:STEP"), "{errors}");
}
