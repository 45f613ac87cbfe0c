//! `refit pack` as a user calls it, and its packs as other commands read them.

use super::models::{FOLDER, refit};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The page's small CLIP as a pack of each kind, by its name. Written once: tests run at the same time.
static PACKS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("packs");
    let _ = std::fs::remove_dir_all(&folder);
    let samples = shapes("samples");
    for dtype in ["f16", "int8"] {
        let out = folder.join(dtype);
        pack(&[
            "--weights",
            &shapes("shapes.safetensors"),
            "--dtype",
            dtype,
            "--out",
            out.to_str().unwrap(),
            "--shard",
            "1MB",
            "--images",
            &samples,
            "--classes",
            "captions-of-the-samples",
            "labels.txt",
            "--licence",
            "MIT",
        ]);
    }
    folder
});

fn shapes(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("public/clip");
    folder.join(name).to_str().unwrap().to_owned()
}

fn pack(arguments: &[&str]) -> String {
    let (ok, said, errors) = refit(&[&["pack"], arguments].concat());
    assert!(ok, "{errors}");
    said
}

/// A pack's description.
fn manifest(name: &str) -> Value {
    let json = std::fs::read(PACKS.join(name).join("pack.json")).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// A copy of a pack that a test may damage.
fn copy(name: &str) -> PathBuf {
    let folder = PACKS.join("damaged").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for file in std::fs::read_dir(PACKS.join("int8")).unwrap() {
        let file = file.unwrap().path();
        std::fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    folder
}

/// What `refit embed` says of a text.
fn embedded(weights: &Path) -> (bool, String, String) {
    let weights = weights.to_str().unwrap();
    refit(&[
        "embed",
        "--weights",
        weights,
        "--text",
        "a red circle",
        "--json",
    ])
}

#[test]
fn a_pack_says_what_it_is_and_what_was_measured() {
    for (name, dtype, width) in [("f16", "f16", 2), ("int8", "int8", 1)] {
        let manifest = manifest(name);
        assert_eq!(manifest["format"], "refit-pack-1");
        assert_eq!(manifest["dtype"], dtype);
        assert_eq!(manifest["licence"], "MIT");
        assert_eq!(manifest["source"], Value::Null);
        let parameters = manifest["parameters"].as_u64().unwrap();
        let mut weights = 0;
        let mut order = Vec::new();
        for file in manifest["files"].as_array().unwrap() {
            let path = PACKS.join(name).join(file["name"].as_str().unwrap());
            let bytes = std::fs::metadata(path).unwrap().len();
            assert_eq!(file["bytes"], bytes);
            if ["image", "text"].contains(&file["holds"].as_str().unwrap()) {
                assert!(bytes <= 1_000_000, "{file}");
                weights += bytes;
                order.push(file["holds"].as_str().unwrap());
            }
        }
        assert!(order.is_sorted(), "image tower first: {order:?}");
        // Vectors, scales and headers are the rest.
        let share = weights as f64 / (width * parameters) as f64;
        assert!((1.0..1.08).contains(&share), "{share}");
        let measured = &manifest["measured"];
        let largest = |set: &Value| set["largest"].as_f64().unwrap();
        let images = measured["images"].as_array().unwrap();
        assert_eq!((images.len(), &images[0]["count"]), (2, &10.into()));
        let bound = if name == "f16" { 0.0 } else { 0.02 };
        for set in images.iter().chain(measured["texts"].as_array().unwrap()) {
            // The bundled model is published in float16, which a pack of float16 keeps to the bit.
            assert!(largest(set) <= bound, "{set}");
            assert_eq!(largest(set) == 0.0, name == "f16");
        }
        let top = &measured["top1"][0];
        assert_eq!((&top["count"], &top["same"]), (&10.into(), &10.into()));
        assert_eq!(top["classes"], "Captions of the samples");
        let classes = manifest["classes"].as_array().unwrap();
        assert_eq!(classes[0]["file"], "classes-captions-of-the-samples.npy");
        assert_eq!(classes[0]["labels"].as_array().unwrap().len(), 10);
        assert_eq!(classes[1]["name"], "labels");
    }
}

#[test]
fn a_pack_answers_as_any_checkpoint() {
    let numbers = |weights: &Path| {
        let (ok, json, errors) = embedded(weights);
        assert!(ok, "{errors}");
        let told: Value = serde_json::from_str(&json).unwrap();
        let all = told["texts"][0]["embedding"].as_array().unwrap().iter();
        all.map(|v| v.as_f64().unwrap() as f32)
            .collect::<Vec<f32>>()
    };
    let original = numbers(Path::new(&shapes("shapes.safetensors")));
    assert_eq!(numbers(&PACKS.join("f16")), original);
    let int8 = PACKS.join("int8");
    let packed = numbers(&int8);
    let differences = packed.iter().zip(&original).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0f32, f32::max);
    assert!(largest > 0.0 && largest < 0.02, "{largest}");
    // By its index or any of its shards, too.
    assert_eq!(numbers(&int8.join("model.safetensors.index.json")), packed);
    let (ok, said, errors) = refit(&["model", int8.to_str().unwrap()]);
    assert!(ok, "{errors}");
    assert!(
        said.contains("I8") && said.contains("from the configuration"),
        "{said}"
    );
    // The class embeddings are those that the pack's model gives.
    let vectors = std::fs::read(int8.join("classes-captions-of-the-samples.npy")).unwrap();
    let vectors = refit_npy::read_matrix(&vectors).unwrap();
    assert_eq!((vectors.rows, vectors.columns), (10, packed.len()));
    let text = "a photo of four black stars.";
    let weights = int8.to_str().unwrap();
    let (ok, json, errors) = refit(&["embed", "--weights", weights, "--text", text, "--json"]);
    assert!(ok, "{errors}");
    let told: Value = serde_json::from_str(&json).unwrap();
    for (i, value) in told["texts"][0]["embedding"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        assert!((value.as_f64().unwrap() as f32 - vectors.values[i]).abs() < 1e-6);
    }
    // Packed again, from int8 to float16.
    let again = PACKS.join("again");
    let out = again.to_str().unwrap();
    let weights = int8.to_str().unwrap();
    pack(&[
        "--weights",
        weights,
        "--dtype",
        "f16",
        "--out",
        out,
        "--classes",
        "none",
    ]);
    let differences = numbers(&again);
    let differences = differences.iter().zip(&packed).map(|(a, b)| (a - b).abs());
    assert!(differences.fold(0f32, f32::max) < 2e-3);
}

#[test]
fn a_shard_that_is_missing_short_or_another_is_named() {
    let shard = "model-00002-of-";
    let path = |folder: &Path| {
        let files = std::fs::read_dir(folder).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        let is_it = |file: &PathBuf| {
            let name = file.file_name().unwrap().to_str().unwrap();
            name.starts_with(shard)
        };
        files.find(is_it).unwrap()
    };
    let folder = copy("missing");
    std::fs::remove_file(path(&folder)).unwrap();
    let (ok, _, errors) = embedded(&folder);
    assert!(
        !ok && errors.contains(&format!("there is no {shard}")),
        "{errors}"
    );

    let folder = copy("short");
    let bytes = std::fs::read(path(&folder)).unwrap();
    std::fs::write(path(&folder), &bytes[..bytes.len() - 1000]).unwrap();
    let (ok, _, errors) = embedded(&folder);
    let sentence = format!("bytes where pack.json says {}", bytes.len());
    assert!(
        !ok && errors.contains(&sentence) && errors.contains("The file model-00002-of-"),
        "{errors}"
    );

    let folder = copy("another");
    let mut bytes = std::fs::read(path(&folder)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path(&folder), bytes).unwrap();
    let (ok, _, errors) = embedded(&folder);
    assert!(
        !ok && errors.contains("another SHA-256 than pack.json says"),
        "{errors}"
    );
    assert!(errors.contains("The file model-00002-of-"), "{errors}");

    let folder = copy("description");
    std::fs::write(folder.join("pack.json"), "{\"format\": \"refit-pack-9\"}").unwrap();
    let (ok, _, errors) = embedded(&folder);
    assert!(
        !ok && errors.contains("the format refit-pack-9 is not known"),
        "{errors}"
    );
    std::fs::write(folder.join("pack.json"), "{\"format\": \"refit-pack-1\"").unwrap();
    let (ok, _, errors) = embedded(&folder);
    assert!(
        !ok && errors.contains("pack.json cannot be read"),
        "{errors}"
    );
}

#[test]
fn top_1_is_measured_on_labelled_pictures() {
    let folder = FOLDER.join("to-pack");
    for (class, file) in [
        ("four_black_stars", "007.png"),
        ("five red circles", "014.png"),
    ] {
        let class = folder.join(class);
        std::fs::create_dir_all(&class).unwrap();
        std::fs::copy(shapes(&format!("samples/{file}")), class.join(file)).unwrap();
    }
    let out = PACKS.join("labelled");
    let json = pack(&[
        "--weights",
        &shapes("shapes.safetensors"),
        "--dtype",
        "int8",
        "--out",
        out.to_str().unwrap(),
        "--labelled",
        folder.to_str().unwrap(),
        "--classes",
        "none",
        "--json",
    ]);
    let told: Value = serde_json::from_str(&json).unwrap();
    let top = &told["measured"]["top1"][0];
    assert_eq!((&top["count"], &top["same"]), (&2.into(), &2.into()));
    assert_eq!(top["right"], serde_json::json!([2, 2]));
}

#[test]
fn what_cannot_be_packed_is_said_before_anything_is_written() {
    let nothing = PACKS.join("nothing");
    let out = nothing.to_str().unwrap();
    let weights = &shapes("shapes.safetensors");
    let full = PACKS.join("f16");
    for (arguments, sentence) in [
        (
            &["--out", out, "--dtype", "int4"][..],
            "invalid value 'int4'",
        ),
        (
            &["--out", out, "--dtype", "f16", "--shard", "big"],
            "is no unit",
        ),
        (
            &["--out", out, "--dtype", "f16", "--shard", "10KB"],
            "give a larger --shard",
        ),
        (
            &["--out", out, "--dtype", "f16", "--classes", "cats"],
            "lists are captions",
        ),
        (
            &["--out", out, "--dtype", "f16", "--id", "x"],
            "is no id in data/checkpoints.csv",
        ),
        (
            &[
                "--out",
                out,
                "--dtype",
                "f16",
                "--images",
                "folder/inner/none",
            ],
            "no such file or folder",
        ),
        (
            &["--out", full.to_str().unwrap(), "--dtype", "f16"],
            "new or empty folder",
        ),
    ] {
        let (ok, _, errors) = refit(&[&["pack", "--weights", weights], arguments].concat());
        assert!(!ok && errors.contains(sentence), "{arguments:?}: {errors}");
        assert!(!nothing.exists(), "{arguments:?}");
    }
}
