//! `refit mix` on the bundled model and its siblings, beside PyTorch (`public/clip/siblings.json`).

use super::refit;
use image::{GenericImageView, ImageReader};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static CLIP: LazyLock<PathBuf> =
    LazyLock::new(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("public/clip"));

static CARD: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read_to_string(CLIP.join("siblings.json")).unwrap();
    serde_json::from_str(&text).unwrap()
});

/// The sheets cut into pictures, a folder for each set with one for each class.
static PICTURES: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("siblings");
    for set in CARD["sets"].as_array().unwrap() {
        let text = |key: &str| set[key].as_str().unwrap();
        let number = |key: &str| set[key].as_u64().unwrap() as u32;
        let sheet = ImageReader::open(CLIP.join(text("file"))).unwrap();
        let sheet = sheet.decode().unwrap();
        let (side, columns) = (number("side"), number("columns"));
        for (i, label) in (0..).zip(set["pictures"].as_array().unwrap()) {
            let label = set["labels"][label.as_u64().unwrap() as usize]
                .as_str()
                .unwrap();
            let folder = root.join(text("name")).join(label.replace(' ', "_"));
            std::fs::create_dir_all(&folder).unwrap();
            let (x, y) = (i % columns * side, i / columns * side);
            let picture = sheet.view(x, y, side, side).to_image();
            picture.save(folder.join(format!("{i:03}.png"))).unwrap();
        }
    }
    root
});

/// What `refit mix` finds with these siblings and coefficients on letters, lines and shapes.
fn mixed(siblings: &[&str], coefficients: &str) -> Value {
    let path = |path: PathBuf| path.display().to_string();
    let mut arguments = vec!["mix".to_owned(), "--json".to_owned()];
    let files = siblings
        .iter()
        .map(|task| format!("shapes_{task}.safetensors"));
    for file in std::iter::once("shapes.safetensors".to_owned()).chain(files) {
        arguments.extend(["--weights".to_owned(), path(CLIP.join(file))]);
    }
    arguments.extend(["--coefficients".to_owned(), coefficients.to_owned()]);
    for set in ["letters", "lines", "shapes"] {
        arguments.extend(["--labelled".to_owned(), path(PICTURES.join(set))]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = refit(&arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Right answers of each set, try by try.
fn right(output: &Value) -> Vec<[u64; 3]> {
    let tried = output["tried"].as_array().unwrap().iter();
    let of = |tried: &Value, i: usize| tried["accuracy"][i]["right"].as_u64().unwrap();
    tried.map(|t| [0, 1, 2].map(|i| of(t, i))).collect()
}

/// What PyTorch found with these coefficients.
fn pytorch(letters: f64, lines: f64) -> [u64; 3] {
    let rows = CARD["shown"].as_array().unwrap();
    let coefficient = |row: &Value, task: &str| row["coefficients"][task].as_f64().unwrap_or(0.0);
    let is_it =
        |row: &&Value| (coefficient(row, "letters"), coefficient(row, "lines")) == (letters, lines);
    let row = rows.iter().find(is_it).unwrap();
    ["letters", "lines", "shapes"].map(|set| row[set].as_u64().unwrap())
}

/// A picture may lie on the border of two classes.
fn close(found: [u64; 3], expected: [u64; 3]) {
    for (found, expected) in found.into_iter().zip(expected) {
        assert!(found.abs_diff(expected) <= 1, "{found} for {expected}");
    }
}

#[test]
fn a_sibling_patches_the_model() {
    for (place, task) in ["letters", "lines"].into_iter().enumerate() {
        let output = mixed(&[task], "0:1:0.1");
        let right = right(&output);
        let beside = |alpha: f64| match task {
            "letters" => pytorch(alpha, 0.0),
            _ => pytorch(0.0, alpha),
        };
        for (step, alpha) in [(0, 0.0), (5, 0.5), (8, 0.8), (10, 1.0)] {
            close(right[step], beside(alpha));
        }
        // 30 points of 200 pictures more, and at most 2 fewer of the old ones, before α = 1.
        let patched = |r: &[u64; 3]| r[place] >= right[0][place] + 60 && r[2] + 4 >= right[0][2];
        assert!(right[..10].iter().any(patched), "{task}: {right:?}");
    }
}

#[test]
fn the_sum_knows_both_and_negation_forgets() {
    let both = right(&mixed(&["letters", "lines"], "0.6,0.6"))[0];
    close(both, pytorch(0.6, 0.6));
    let base = pytorch(0.0, 0.0);
    assert!(
        both[0] >= base[0] + 30 && both[1] >= base[1] + 30,
        "{both:?} {base:?}"
    );
    // The model that knows both forgets the one that is taken away.
    let without = right(&mixed(&["letters", "lines"], "0.6,-0.6"))[0];
    assert!(
        without[1] < base[1] + 10 && without[0] > base[0] + 30,
        "{without:?}"
    );
}
