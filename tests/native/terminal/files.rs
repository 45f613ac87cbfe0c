//! What `refit classify`, `embed` and `model` make of files: pictures, labels, checkpoints.

use super::models::{FOLDER, refit};
use serde_json::Value;

#[test]
fn a_damaged_picture_costs_only_itself() {
    let json = |pictures: &[&str]| {
        let arguments = ["embed", "--weights", "tiny.safetensors", "--json"];
        let (ok, json, errors) = refit(&[&arguments[..], pictures].concat());
        (ok, serde_json::from_str::<Value>(&json).unwrap(), errors)
    };
    let of = |output: &Value| -> Vec<String> {
        let pictures = output["pictures"].as_array().unwrap();
        let name = |picture: &Value| picture["of"].as_str().unwrap().replace('\\', "/");
        pictures.iter().map(name).collect()
    };
    let (ok, output, errors) = json(&["0.png", "folder/empty.jpg", "1.png"]);
    assert!(!ok, "a picture failed");
    assert_eq!(of(&output), ["0.png", "1.png"]);
    assert_eq!(output["failed"][0]["picture"], "folder/empty.jpg");
    assert!(
        errors.contains("folder/empty.jpg: the file is empty"),
        "{errors}"
    );
    assert!(
        errors.contains("1 of 3 pictures could not be read"),
        "{errors}"
    );
    // A JPEG whose second half is missing is answered for, with a warning.
    let (ok, output, errors) = json(&["folder/half.jpg"]);
    assert!(
        ok && errors.contains("folder/half.jpg: the file is truncated"),
        "{errors}"
    );
    assert_eq!(of(&output), ["folder/half.jpg"]);
    // Folders with what is in them, and names with stars.
    let (_, output, errors) = json(&["folder"]);
    assert_eq!(of(&output), ["folder/half.jpg", "folder/inner/whole.jpg"]);
    assert!(
        errors.contains("left out 1 files that are no pictures"),
        "{errors}"
    );
    let (ok, output, _) = json(&["[01].png", "folder/*/*.jpg"]);
    assert!(ok);
    assert_eq!(of(&output), ["0.png", "1.png", "folder/inner/whole.jpg"]);
}

#[test]
fn labels_and_templates_come_from_files_too() {
    let arguments = [
        "classify",
        "--weights",
        "tiny.safetensors",
        "--json",
        "0.png",
    ];
    let classified = |more: &[&str]| -> Value {
        let (ok, json, errors) = refit(&[&arguments[..], more].concat());
        assert!(ok, "{errors}");
        serde_json::from_str(&json).unwrap()
    };
    let labels = |output: &Value| -> Vec<String> {
        let all = output["pictures"][0]["labels"].as_array().unwrap();
        let mut all: Vec<String> = all
            .iter()
            .map(|l| l["label"].as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all
    };
    let quoted = classified(&["--labels", r#"cat,"red, square""#]);
    assert_eq!(labels(&quoted), ["cat", "red, square"]);
    assert_eq!(quoted["templates"], serde_json::json!(["a photo of a {}."]));
    let files = [
        "--labels-file",
        "labels.txt",
        "--templates-file",
        "templates.txt",
    ];
    let files = classified(&files);
    assert_eq!(labels(&files), ["a \"b\"", "cat", "red, square"]);
    assert_eq!(files["templates"], serde_json::json!(["{} here", "a {}."]));
}

#[test]
fn a_checkpoint_is_described_without_loading_it() {
    let (ok, text, errors) = refit(&["model", "tiny.safetensors"]);
    assert!(ok, "{errors}");
    for row in [
        "CLIP, 4 × 4 pixels in patches of 2, embeddings of 4",
        "image tower    width 8, 2 layers, 2 heads",
        "GELU (from the configuration)",
        "shorter side to 4, centre 4 × 4, bicubic, OpenAI’s mean and standard deviation (assumed)",
        "safetensors, F32",
        "assumed: Neither a configuration nor the name tells how images are prepared",
    ] {
        assert!(text.contains(row), "{row}: {text}");
    }
    let arguments = [
        "model",
        "tiny.safetensors",
        "--json",
        "--config",
        "inception.json",
    ];
    let (ok, json, errors) = refit(&arguments);
    assert!(ok, "{errors}");
    let described: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        described["preprocessing"]["mean"],
        serde_json::json!([0.5, 0.5, 0.5])
    );
    assert_eq!(described["preprocessing"]["mode"], "squash");
    assert_eq!(described["preprocessing_from"], "configuration");
    assert_eq!(described["assumed"], serde_json::json!([]));
    // What is said here is what a run says and does.
    let arguments = ["embed", "--weights", "tiny.safetensors", "--json", "0.png"];
    let embedding = |more: &[&str]| -> Value {
        let (ok, json, errors) = refit(&[&arguments[..], more].concat());
        assert!(ok, "{errors}");
        serde_json::from_str(&json).unwrap()
    };
    let other = embedding(&["--config", "inception.json"]);
    assert_eq!(other["preprocessing"], described["preprocessing"]);
    assert_ne!(other["pictures"], embedding(&[])["pictures"]);
}

#[test]
fn a_published_model_is_known_by_its_name() {
    let renamed = FOLDER.join("ViT-L-14__laion2b_s32b_b82k.safetensors");
    std::fs::copy(FOLDER.join("tiny.safetensors"), &renamed).unwrap();
    let arguments = ["model", "--json", "ViT-L-14__laion2b_s32b_b82k.safetensors"];
    let (ok, json, errors) = refit(&arguments);
    assert!(ok, "{errors}");
    let described: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(described["preprocessing_from"], "name");
    for moment in ["mean", "std"] {
        assert_eq!(
            described["preprocessing"][moment],
            serde_json::json!([0.5, 0.5, 0.5])
        );
    }
}
