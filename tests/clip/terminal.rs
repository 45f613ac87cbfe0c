//! `refit classify` and `refit embed` as a user calls them.

use crate::containers::tiny;
use crate::formula::{FormulaFile, picture};
use image::{Rgb, RgbImage};
use pollster::block_on;
use refit::clip::weights::source::Source;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// A tiny model with the real vocabulary, its configuration, and two pictures.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clip");
    std::fs::create_dir_all(&folder).unwrap();
    let mut file = FormulaFile::new(tiny(49408, 77));
    let mut bytes = vec![0; file.size() as usize];
    block_on(file.read(0, &mut bytes)).unwrap();
    std::fs::write(folder.join("tiny.safetensors"), bytes).unwrap();
    let config =
        r#"{"model_cfg": {"vision_cfg": {"width": 8, "head_width": 4}, "text_cfg": {"heads": 2}}}"#;
    std::fs::write(folder.join("open_clip_config.json"), config).unwrap();
    for (k, width, height) in [(0, 40, 30), (1, 9, 50)] {
        let bytes = picture(k, width, height);
        let picture = RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let at = 3 * (y as usize * width + x as usize);
            Rgb([bytes[at], bytes[at + 1], bytes[at + 2]])
        });
        picture.save(folder.join(format!("{k}.png"))).unwrap();
    }
    folder
}

fn refit(arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_refit"));
    let output = command
        .current_dir(folder())
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn pictures_are_classified_and_embedded() {
    let (ok, json, errors) = refit(&[
        "classify",
        "--weights",
        "tiny.safetensors",
        "--labels",
        "a cat, a dog,cafÃ©",
        "--json",
        "--template",
        "a photo of {}.",
        "--template",
        "{} outside",
        "0.png",
        "1.png",
    ]);
    assert!(ok, "{errors}");
    assert!(errors.contains("“cafÃ©” looks wrongly decoded"), "{errors}");
    let output: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(output["architecture"]["activation"], "gelu");
    for picture in output["pictures"].as_array().unwrap() {
        let labels = picture["labels"].as_array().unwrap();
        let shares: Vec<f64> = labels
            .iter()
            .map(|l| l["probability"].as_f64().unwrap())
            .collect();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert!(shares.is_sorted_by(|a, b| a >= b));
    }

    let arguments = [
        "embed",
        "--weights",
        "tiny.safetensors",
        "--json",
        "--text",
        "a cat",
        "0.png",
    ];
    let (ok, json, errors) = refit(&arguments);
    assert!(ok, "{errors}");
    let output: Value = serde_json::from_str(&json).unwrap();
    for kind in ["pictures", "texts"] {
        let embedding = output[kind][0]["embedding"].as_array().unwrap();
        let length: f64 = embedding.iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (arguments, said) in [
        (
            &["embed", "--weights", "tiny.safetensors"][..],
            "nothing to embed",
        ),
        (
            &["embed", "--weights", "none.pt", "0.png"],
            "There is no file none.pt",
        ),
        (
            &["embed", "--weights", "0.png", "0.png"],
            "neither a safetensors file nor",
        ),
        (
            &["embed", "--weights", "tiny.safetensors", "tiny.safetensors"],
            "tiny.safetensors: ",
        ),
        (
            &[
                "classify",
                "--weights",
                "tiny.safetensors",
                "--labels",
                "a",
                "--template",
                "b",
                "0.png",
            ],
            "has no place for the label",
        ),
    ] {
        let (ok, _, errors) = refit(arguments);
        assert!(!ok && errors.contains(said), "{arguments:?}: {errors}");
    }
}
