//! `refit locate` with the bundled models, on drawn pictures whose things' places are known.

use image::{GenericImageView, ImageReader, Rgb, RgbImage};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A picture with a green circle and a yellow triangle, which both models find by both methods (on how
/// many they do is measured in `crates/clip/tests/locate.rs`), one of one colour, one that is no
/// picture, and a wide one with an orange disc on the right, out of the model’s sight.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("locate");
    std::fs::create_dir_all(&folder).unwrap();
    let reference = root().join("crates/clip/tests/reference");
    let sheet = ImageReader::open(reference.join("places.webp")).unwrap();
    let sheet = sheet.decode().unwrap();
    let side = 80;
    let picture = |i: u32, name: &str| {
        let (x, y) = (i % 20 * side, i / 20 * side);
        let picture = sheet.view(x, y, side, side).to_image();
        picture.save(folder.join(name)).unwrap();
    };
    picture(TWO, "two.png");
    picture(TWO, "again.png");
    let gray = RgbImage::from_pixel(60, 60, Rgb([90; 3]));
    gray.save(folder.join("gray.png")).unwrap();
    std::fs::write(folder.join("notes.png"), "no picture").unwrap();
    let wide = RgbImage::from_fn(240, 80, |x, y| {
        match (f64::from(x) - 200.0).hypot(f64::from(y) - 40.0) < 20.0 {
            true => Rgb([250, 140, 20]),
            false => Rgb([30, 60, 200 + (x % 3) as u8]),
        }
    });
    wide.save(folder.join("wide.png")).unwrap();
    folder
});

/// Its number on the sheet.
const TWO: u32 = 51;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether it went well, what it printed, what it said about it.
fn locate(model: &str, arguments: &[&str]) -> (bool, String, String) {
    let model = root().join("public/clip").join(model);
    let output = Command::new(env!("CARGO_BIN_EXE_refit"))
        .current_dir(&*FOLDER)
        .args(["locate", "--weights", model.to_str().unwrap()])
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

fn json(model: &str, arguments: &[&str]) -> Value {
    let (is_well, out, errors) = locate(model, &[arguments, &["--json"]].concat());
    assert!(is_well, "{errors}");
    serde_json::from_str(&out).unwrap()
}

/// Left, top, right and bottom of the things on a picture of the sheet, by their names.
fn things(picture: u32) -> Vec<(String, [f64; 4])> {
    let text = include_str!("../../../crates/clip/tests/reference/places.json");
    let places: Value = serde_json::from_str(text).unwrap();
    let things = places["pictures"][picture as usize].as_array().unwrap();
    let thing = |thing: &Value| {
        let side = |i: usize| thing["box"][i].as_f64().unwrap();
        (
            thing["name"].as_str().unwrap().to_owned(),
            [0, 1, 2, 3].map(side),
        )
    };
    things.iter().map(thing).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn each_of_two_things_is_found() {
    let things = things(TWO);
    let prompts = things
        .iter()
        .map(|(name, _)| format!("a photo of a {name}."));
    let prompts: Vec<String> = prompts.collect();
    let texts = ["--text", &prompts[0], "--text", &prompts[1]];
    for model in ["shapes.safetensors", "shapes_mammut.safetensors"] {
        for method in [
            &["--method", "gradient"][..],
            &["--method", "tiles", "--tiles", "8"],
        ] {
            let found = json(model, &[&texts, method, &["two.png"]].concat());
            let picture = &found["pictures"][0];
            assert_eq!(
                (&picture["width"], &picture["height"]),
                (&80.into(), &80.into())
            );
            for (place, (name, [left, top, right, bottom])) in
                picture["texts"].as_array().unwrap().iter().zip(&things)
            {
                let (x, y) = (number(&place["peak"]["x"]), number(&place["peak"]["y"]));
                let is_inside = (left..right).contains(&&x) && (top..bottom).contains(&&y);
                assert!(is_inside, "{model} {method:?} {name}: {x}, {y}");
                // The box of the largest region has the peak, and half of it is the threshold.
                let of = |key: &str| number(&place["box"][key]);
                assert!(
                    (of("left")..of("left") + of("width")).contains(&x),
                    "{place}"
                );
                assert!(
                    (of("top")..of("top") + of("height")).contains(&y),
                    "{place}"
                );
                assert_eq!(place["threshold_from"], "half-of-highest");
                let half = number(&place["peak"]["value"]) / 2.0;
                assert!((number(&place["threshold"]) - half).abs() < 1e-6);
                let values = place["map"]["values"].as_array().unwrap();
                assert!(values.iter().all(|value| number(value) >= 0.0));
            }
        }
    }
}

#[test]
fn a_prompt_may_have_templates() {
    let (name, _) = &things(TWO)[0];
    let prompt = format!("a photo of a {name}.");
    let whole = json("shapes.safetensors", &["--text", &prompt, "two.png"]);
    let template = ["--text", name, "--template", "a photo of a {}.", "two.png"];
    let filled = json("shapes.safetensors", &template);
    let map = |found: &Value| found["pictures"][0]["texts"][0]["map"].clone();
    assert_eq!(map(&whole), map(&filled));
    assert_eq!(whole["method"], "gradient");
}

#[test]
fn maps_are_written_over_the_picture() {
    let text = ["--text", "a photo of a circle."];
    let (is_well, said, errors) = locate(
        "shapes.safetensors",
        &[
            &text[..],
            &[
                "--method", "tiles", "--tiles", "6", "--write", "map.png", "wide.png",
            ],
        ]
        .concat(),
    );
    assert!(is_well, "{errors}");
    assert!(
        said.starts_with("wide.png (240 × 80)\n  a photo of a circle.: strongest at "),
        "{said}"
    );
    let map = ImageReader::open(FOLDER.join("map.png")).unwrap();
    let map = map.decode().unwrap().into_rgb8();
    assert_eq!(map.dimensions(), (240, 80));
    // What the gradient does not cover is dark, on either side of the middle.
    let (is_well, _, errors) = locate(
        "shapes.safetensors",
        &[
            &text[..],
            &["--text", "a photo", "--write", "g.png", "wide.png"],
        ]
        .concat(),
    );
    assert!(is_well, "{errors}");
    let map = ImageReader::open(FOLDER.join("g-1.png")).unwrap();
    let map = map.decode().unwrap().into_rgb8();
    for x in [0, 79, 160, 239] {
        assert_eq!(map.get_pixel(x, 2).0[..2], [14, 27], "{x}");
    }
    assert!(FOLDER.join("g-2.png").exists() && !FOLDER.join("g.png").exists());
}

#[test]
fn a_threshold_decides_what_is_there() {
    let text = ["--text", "a photo of a shape.", "two.png", "--threshold"];
    let high = json("shapes.safetensors", &[&text[..], &["100"]].concat());
    let place = &high["pictures"][0]["texts"][0];
    assert_eq!(
        (&place["box"], &place["threshold_from"]),
        (&Value::Null, &"chosen".into())
    );
    let low = json("shapes.safetensors", &[&text[..], &["0"]].concat());
    let width = number(&low["pictures"][0]["texts"][0]["box"]["width"]);
    assert!(width > 40.0, "{width}");
    let (_, said, _) = locate("shapes.safetensors", &[&text[..], &["100"]].concat());
    assert!(said.contains("; nothing is above 100.000"), "{said}");
}

#[test]
fn what_has_no_answer_is_said() {
    for (arguments, sentence) in [
        (&["--text", " ", "two.png"][..], "a text is empty"),
        (
            &["--text", "a", "--tiles", "3", "two.png"],
            "--tiles is for --method tiles alone",
        ),
        (
            &[
                "--text", "a", "--method", "tiles", "--tiles", "17", "two.png",
            ],
            "17 tiles along a side",
        ),
        (
            &["--text", "a", "--threshold=-1", "two.png"],
            "a threshold of -1",
        ),
        (
            &["--text", "a", "--template", "b", "two.png"],
            "no place for the label",
        ),
        (
            &["--text", "a", "--write", "map.xyz", "two.png"],
            "map.xyz: ",
        ),
        (&["two.png"], "--text"),
    ] {
        let (is_well, _, errors) = locate("shapes.safetensors", arguments);
        assert!(
            !is_well && errors.contains(sentence),
            "{arguments:?}: {errors}"
        );
    }
    // A picture that cannot be answered for does not stop the others.
    for method in ["gradient", "tiles"] {
        let rest = [
            "gray.png",
            "notes.png",
            "two.png",
            "--json",
            "--method",
            method,
        ];
        let arguments = [&["--text", "a photo of a ring."], &rest[..]].concat();
        let (is_well, out, errors) = locate("shapes.safetensors", &arguments);
        assert!(!is_well);
        assert!(
            errors.contains("gray.png: What the model sees of the image has one colour"),
            "{errors}"
        );
        assert!(errors.contains("2 of 3 pictures have no map"), "{errors}");
        let found: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(found["pictures"].as_array().unwrap().len(), 1);
        assert_eq!(found["failed"].as_array().unwrap().len(), 2);
    }
}
