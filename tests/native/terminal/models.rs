//! `refit classify` and `refit embed` as a user calls them.

use crate::formula::{FormulaFile, image as formula_image};
use crate::gpu;
use crate::tiny::{tiny, tiny_mammut};
use image::{Rgb, RgbImage};
use pollster::block_on;
use refit_clip::backend::gpu::DeviceOptions;
use refit_clip::weights::source::Source;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A tiny model with the real vocabulary, its configuration, and two pictures.
pub(super) static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clip");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, tensors) in [
        ("tiny.safetensors", tiny(49408, 77)),
        ("mammut.safetensors", tiny_mammut(49408, 77)),
    ] {
        let mut file = FormulaFile::new(tensors);
        let mut bytes = vec![0; file.size() as usize];
        block_on(file.read(0, &mut bytes)).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let config =
        r#"{"model_cfg": {"vision_cfg": {"width": 8, "head_width": 4}, "text_cfg": {"heads": 2}}}"#;
    std::fs::write(folder.join("open_clip_config.json"), config).unwrap();
    for (k, width, height) in [(0, 40, 30), (1, 9, 50)] {
        let bytes = formula_image(k, width, height);
        let picture = RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let at = 3 * (y as usize * width + x as usize);
            Rgb([bytes[at], bytes[at + 1], bytes[at + 2]])
        });
        picture.save(folder.join(format!("{k}.png"))).unwrap();
    }
    more_files(&folder);
    folder
});

/// Whole, damaged and other files in a folder of its own, labels, templates, a configuration.
fn more_files(folder: &Path) {
    let inner = folder.join("folder/inner");
    std::fs::create_dir_all(&inner).unwrap();
    let jpeg = RgbImage::from_fn(64, 48, |x, y| {
        Rgb([4 * x as u8, 5 * y as u8, (x * y) as u8])
    });
    jpeg.save(inner.join("whole.jpg")).unwrap();
    let bytes = std::fs::read(inner.join("whole.jpg")).unwrap();
    let outer = folder.join("folder");
    std::fs::write(outer.join("half.jpg"), &bytes[..bytes.len() / 2]).unwrap();
    std::fs::write(outer.join("empty.jpg"), b"").unwrap();
    std::fs::write(outer.join("notes.txt"), b"no picture").unwrap();
    let labels = "cat\n\n\"red, square\"\r\n a \"b\" \n";
    std::fs::write(folder.join("labels.txt"), labels).unwrap();
    std::fs::write(folder.join("templates.txt"), "{} here\na {}.\n").unwrap();
    let inception = r#"{"model_cfg": {"vision_cfg": {"width": 8, "head_width": 4}, "text_cfg": {"heads": 2}}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resize_mode": "squash"}}"#;
    std::fs::write(folder.join("inception.json"), inception).unwrap();
}

/// Whether it went well, what it printed, what it said about it.
pub(super) fn refit(arguments: &[&str]) -> (bool, String, String) {
    run(&mut command(arguments))
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_refit"));
    command.current_dir(&*FOLDER).args(arguments);
    command
}

fn run(command: &mut Command) -> (bool, String, String) {
    let output = command.output().unwrap();
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
fn pictures_are_captioned() {
    let caption = |more: &[&str]| {
        let arguments = [
            "caption",
            "--weights",
            "mammut.safetensors",
            "--tokens",
            "8",
        ];
        let (ok, output, errors) = refit(&[&arguments[..], more].concat());
        assert!(ok, "{errors}");
        output
    };
    let json = |more: &[&str]| -> Value {
        serde_json::from_str(&caption(&[more, &["--json", "0.png", "1.png"]].concat())).unwrap()
    };
    let greedy = json(&[]);
    assert_eq!(greedy["architecture"]["decoder"]["layers"], 1);
    let beams = json(&["--beams", "4", "--length-penalty", "0"]);
    for (greedy, beams) in [0, 1].map(|i| (&greedy["pictures"][i], &beams["pictures"][i])) {
        assert_eq!(greedy["ids"].as_array().unwrap().len(), 8);
        assert!(greedy["tokens_per_second"].as_f64().unwrap() > 0.0);
        let log = |caption: &Value| caption["log_likelihood"].as_f64().unwrap();
        assert!(log(beams) >= log(greedy) && log(greedy) < 0.0);
    }
    let drawn = ["--sample", "0.9", "--seed", "3", "0.png"];
    let words = |output: String| output.lines().nth(1).unwrap().to_owned();
    assert_eq!(words(caption(&drawn)), words(caption(&drawn)));

    let arguments = [
        "classify",
        "--weights",
        "mammut.safetensors",
        "--by-caption",
        "--labels",
        "cat,dog",
        "--json",
        "0.png",
    ];
    let (ok, output, errors) = refit(&arguments);
    assert!(ok, "{errors}");
    let output: Value = serde_json::from_str(&output).unwrap();
    let labels = output["pictures"][0]["labels"].as_array().unwrap();
    let shares = labels
        .iter()
        .map(|l| l["by_caption"]["probability"].as_f64());
    assert!((shares.map(Option::unwrap).sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn what_is_wrong_is_said() {
    for (arguments, said) in [
        (
            &["embed", "--weights", "tiny.safetensors"][..],
            "nothing to embed",
        ),
        (
            &["caption", "--weights", "tiny.safetensors", "0.png"],
            "This is a CLIP, which compares",
        ),
        (
            &[
                "caption",
                "--weights",
                "mammut.safetensors",
                "--beams",
                "99",
                "0.png",
            ],
            "99 beams are not between",
        ),
        (
            &["embed", "--weights", "none.pt", "0.png"],
            "There is no file none.pt",
        ),
        (
            &["embed", "--weights", "0.png", "0.png"],
            "This is a picture; choose a .safetensors",
        ),
        (
            &["embed", "--weights", "tiny.safetensors", "tiny.safetensors"],
            "tiny.safetensors: this is no picture that is known here; JPEG, PNG,",
        ),
        (
            &["model", "folder"],
            "There is no checkpoint among these files",
        ),
        (
            &["model", "tiny.safetensors", "--weights-key", "ema"],
            "no weights under ema, but under no key",
        ),
        (
            &["embed", "--weights", "tiny.safetensors", "nothing*.png"],
            "no file matches nothing*.png",
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
        (
            &[
                "embed",
                "--weights",
                "tiny.safetensors",
                "--dtype",
                "f16",
                "0.png",
            ],
            "f16 needs a GPU",
        ),
    ] {
        let (ok, _, errors) = refit(arguments);
        assert!(!ok && errors.contains(said), "{arguments:?}: {errors}");
    }
}

const ON_THE_GPU: [&str; 9] = [
    "embed",
    "--weights",
    "tiny.safetensors",
    "--json",
    "--text",
    "a cat",
    "0.png",
    "--backend",
    "gpu",
];

#[test]
fn the_gpu_says_what_the_processor_says() {
    let Some(gpu) = gpu::open(DeviceOptions::default()) else {
        return;
    };
    let (ok, json, errors) = refit(&ON_THE_GPU[..7]);
    assert!(ok, "{errors}");
    let expected: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(expected["device"]["backend"], "cpu");
    for (dtype, tolerance) in [("f32", 1e-6), ("f16", 1e-2)] {
        if dtype == "f16" && !gpu.adapter().has_f16 {
            continue;
        }
        let arguments = [&ON_THE_GPU[..], &["--dtype", dtype]].concat();
        let (ok, json, errors) = refit(&arguments);
        assert!(ok, "{errors}");
        let stands_in = errors.contains("a software renderer");
        assert_eq!(stands_in, gpu.adapter().is_software, "{errors}");
        let found: Value = serde_json::from_str(&json).unwrap();
        let device = &found["device"];
        assert_eq!(device["backend"], "gpu");
        assert_eq!(device["adapter"], gpu.adapter().name.as_str());
        assert_eq!(device["dtype"], dtype);
        for kind in ["pictures", "texts"] {
            let numbers = |output: &Value| -> Vec<f64> {
                let embedding = output[kind][0]["embedding"].as_array().unwrap();
                embedding.iter().map(|x| x.as_f64().unwrap()).collect()
            };
            for (a, b) in numbers(&found).iter().zip(numbers(&expected)) {
                assert!((a - b).abs() <= tolerance, "{dtype} {kind}: {a} {b}");
            }
        }
    }
}

/// As on a machine without a driver for any GPU.
#[test]
fn a_missing_gpu_is_said() {
    let mut command = command(&ON_THE_GPU);
    for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        command.env(variable, "/nowhere.json");
    }
    let (ok, _, errors) = run(&mut command);
    assert!(
        !ok && errors.contains("No GPU can be used here"),
        "{errors}"
    );
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn the_bundled_model_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("public/clip");
    let card = std::fs::read_to_string(folder.join("shapes.json")).unwrap();
    let card: Value = serde_json::from_str(&card).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let samples = card["samples"].as_array().unwrap();
    let label = text(&samples[0]["label"]);
    let labels: Vec<String> = samples.iter().map(|s| text(&s["label"])).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_refit"))
        .current_dir(&folder)
        .args(["classify", "--weights", "shapes.safetensors", "--template"])
        .args([text(&card["template"]), "--labels".to_owned()])
        .args([labels.join(","), text(&samples[0]["file"])])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    let first = text.lines().nth(1).unwrap();
    assert!(first.ends_with(&label), "{text}");
    // Its file's name tells the activation.
    assert!(!errors.contains("activation"), "{errors}");
}
