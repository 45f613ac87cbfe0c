//! `refit probe` on drawn pictures, with the bundled model, and heads in `refit classify`.

use image::{Rgb, RgbImage};
use refit_fit::random::Random;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const CLASSES: [&str; 3] = ["circle", "square", "triangle"];
/// Pictures of each class.
const EACH: usize = 20;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A shape in a colour, somewhere on white, a bit noisy.
fn drawn(class: &str, random: &mut Random) -> RgbImage {
    let colours = [[220, 40, 40], [40, 90, 220], [40, 160, 60], [20, 20, 20]];
    let colour = colours[random.below(4)];
    let radius = 12.0 + 12.0 * random.uniform();
    let [x, y] = [(); 2].map(|()| radius + (80.0 - 2.0 * radius) * random.uniform());
    RgbImage::from_fn(80, 80, |at_x, at_y| {
        let (dx, dy) = (f64::from(at_x) - x, f64::from(at_y) - y);
        let is_inside = match class {
            "circle" => dx.hypot(dy) < radius,
            "square" => dx.abs().max(dy.abs()) < 0.85 * radius,
            _ => dy < 0.7 * radius && dy > 1.9 * dx.abs() - radius,
        };
        let noise = random.below(12) as u8;
        match is_inside {
            true => Rgb(colour.map(|c| c + noise)),
            false => Rgb([255 - noise; 3]),
        }
    })
}

/// Folders of a folder for each class, and CSVs.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("probe");
    let mut random = Random::new(7, 0);
    let mut list = "file,class\n".to_owned();
    for class in CLASSES {
        for i in 0..EACH {
            let picture = drawn(class, &mut random);
            for set in ["shapes", "test"] {
                let path = folder.join(set).join(class);
                std::fs::create_dir_all(&path).unwrap();
                picture.save(path.join(format!("{i}.png"))).unwrap();
            }
            list.push_str(&format!("shapes/{class}/{i}.png,a {class}\n"));
        }
    }
    std::fs::write(folder.join("list.csv"), list).unwrap();
    let copy = |from: &str, to: &str| {
        let to = folder.join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(folder.join("shapes").join(from), to).unwrap();
    };
    for i in 0..3 {
        copy("circle/0.png", &format!("same/a/{i}.png"));
        copy("circle/0.png", &format!("same/b/{i}.png"));
        copy(&format!("circle/{i}.png"), &format!("alone/circle/{i}.png"));
    }
    for class in CLASSES {
        copy(&format!("{class}/0.png"), &format!("single/{class}/0.png"));
    }
    // As people have them: parts of a data set, and what systems and archives put beside the files.
    for class in CLASSES {
        for part in ["train", "val"] {
            copy(
                &format!("{class}/1.png"),
                &format!("parts/{part}/{class}/1.png"),
            );
        }
        copy(&format!("{class}/1.png"), &format!("messy/{class}/1.PNG"));
        copy(
            &format!("{class}/2.png"),
            &format!("messy/{class}/old/2.png"),
        );
        copy(
            &format!("{class}/1.png"),
            &format!("messy/__MACOSX/{class}/._1.png"),
        );
        std::fs::write(folder.join(format!("messy/{class}/Thumbs.db")), "").unwrap();
    }
    std::fs::write(folder.join("messy/.DS_Store"), "").unwrap();
    copy("circle/1.png", "messy/beside.png");
    let rows = CLASSES.map(|class| format!("7;.\\{class}\\1.PNG;{class}\n"));
    let table = format!("fold;path;label\n{}", rows.concat());
    std::fs::write(folder.join("messy/table.csv"), table).unwrap();
    std::fs::create_dir_all(folder.join("empty/circle")).unwrap();
    copy("square/0.png", "empty/square/0.png");
    folder
});

fn refit(arguments: &[&str]) -> (bool, String, String) {
    let model = root().join("public/clip/shapes.safetensors");
    let (command, rest) = arguments.split_first().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_refit"))
        .current_dir(&*FOLDER)
        .args([command, "--weights", model.to_str().unwrap()])
        .args(rest)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn json(arguments: &[&str]) -> Value {
    let (is_well, out, errors) = refit(&[arguments, &["--json"]].concat());
    assert!(is_well, "{errors}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn shapes_are_learnt_from_a_few() {
    let probe = ["probe", "--train", "shapes", "--shots", "1,4,all,20"];
    let taught = json(&probe);
    assert_eq!(taught, json(&probe));
    let other = json(&[&probe[..], &["--seed", "2"]].concat());
    assert_ne!(taught["points"], other["points"]);
    assert_eq!(taught["classes"], serde_json::json!(CLASSES));
    let points = taught["points"].as_array().unwrap();
    let mean = |point: usize, of: &str| points[point][of]["mean"].as_f64().unwrap();
    // Drawn pictures are what the model knows; a third would be chance.
    assert!(mean(0, "taught") > 0.4, "{taught}");
    assert!(
        mean(1, "taught") > 0.5 && mean(2, "taught") > mean(0, "taught") + 0.1,
        "{taught}"
    );
    assert!(
        mean(2, "zero_shot") > 0.5 && mean(2, "mixed") > 0.6,
        "{taught}"
    );
    assert_eq!(
        (&points[1]["tested"], &points[2]["tested"]),
        (&48.into(), &12.into())
    );
    assert_eq!(points[2]["draws"].as_array().unwrap().len(), 5);
    assert_eq!(points[0]["shots"], serde_json::json!({"of": 1}));
    let skipped = &taught["skipped"][0];
    assert_eq!(skipped["shots"], serde_json::json!({"of": 20}));
    let reason = skipped["reason"].as_str().unwrap();
    assert!(
        reason.contains(
            "20 shots need 21 pictures of each class, one of them to test on; “circle” has 20."
        ),
        "{reason}"
    );
}

#[test]
fn a_test_set_and_a_list_of_files_do_too() {
    let shots = ["--shots", "2,20,21", "--repeats", "2"];
    let taught = json(
        &[
            &["probe", "--train", "shapes", "--test", "test"],
            &shots[..],
        ]
        .concat(),
    );
    assert_eq!(taught["test_pictures"], 60);
    assert_eq!(taught["points"][1]["tested"], 60);
    // Those that were taught are known.
    assert!(taught["points"][1]["taught"]["mean"].as_f64().unwrap() > 0.9);
    let (is_well, text, errors) = refit(&[&["probe", "--train", "list.csv"], &shots[..]].concat());
    let reason = taught["skipped"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("21 shots need 21 pictures of each class; “circle” has 20."),
        "{reason}"
    );
    assert!(is_well, "{errors}");
    assert!(
        errors.contains("Read “file” as the file, “class” as the class."),
        "{errors}"
    );
    assert!(text.contains("60 pictures of 3 classes"), "{text}");
    assert!(
        text.contains("left out: 20 shots need 21 pictures"),
        "{text}"
    );
}

#[test]
fn a_set_of_the_transfer_study_has_its_points_beside() {
    let taught = json(&[
        "probe",
        "--train",
        "shapes",
        "--shots",
        "1",
        "--set",
        "CIFAR-100",
    ]);
    let published = taught["published"].as_array().unwrap();
    let laion = published
        .iter()
        .find(|p| p["pretrain"] == "LAION2.7m")
        .unwrap();
    assert!(laion["points"].as_array().unwrap().len() > 5, "{laion}");
    let other = json(&["probe", "--train", "shapes", "--shots", "1"]);
    assert!(other["published"].is_null());
}

#[test]
fn a_written_head_classifies() {
    for name in ["head.json", "head.safetensors"] {
        let (is_well, _, errors) = refit(&[
            "probe",
            "--train",
            "shapes",
            "--shots",
            "1",
            "--repeats",
            "1",
            "--write",
            name,
        ]);
        assert!(is_well, "{errors}");
        let said = json(&[
            "classify",
            "--head",
            name,
            "shapes/square/3.png",
            "shapes/circle/1.png",
        ]);
        let first = |i: usize| said["pictures"][i]["labels"][0].clone();
        assert_eq!(
            [first(0)["label"].clone(), first(1)["label"].clone()],
            ["square", "circle"]
        );
        assert!(first(0)["probability"].as_f64().unwrap() > 0.4, "{said}");
    }
    let (is_well, _, errors) = refit(&[
        "probe", "--train", "shapes", "--shots", "1", "--write", "head.txt",
    ]);
    assert!(
        !is_well && errors.contains(".json or .safetensors"),
        "{errors}"
    );
    // Of one picture of each class both have a half.
    let written = |name: &str, mixed: &[&str]| {
        let single = [
            "probe", "--train", "single", "--shots", "all", "--write", name,
        ];
        assert!(refit(&[&single[..], mixed].concat()).0);
        std::fs::read(FOLDER.join(name)).unwrap()
    };
    assert!(written("mixed.json", &["--mixed"]) != written("alone.json", &[]));
}

#[test]
fn what_lies_beside_the_pictures_is_left_out_and_said() {
    let shots = ["--shots", "1", "--repeats", "1"];
    let (is_well, out, errors) = refit(&[&["probe", "--train", "messy"], &shots[..]].concat());
    assert!(
        is_well && out.contains("6 pictures of 3 classes"),
        "{out}{errors}"
    );
    assert!(
        errors.contains("in no class’s folder: beside.png."),
        "{errors}"
    );
    // Three Thumbs.db and three of the archive, .DS_Store, and the table.
    assert!(
        errors.contains("Left out, no pictures: ") && errors.contains(" and 7 more"),
        "{errors}"
    );
    let (_, _, errors) = refit(&[&["probe", "--train", "parts/val"], &shots[..]].concat());
    assert!(!errors.contains("parts of"), "{errors}");
    let table = [&["probe", "--train", "messy/table.csv"], &shots[..]].concat();
    let (_, out, errors) = refit(&table);
    assert!(out.contains("3 pictures of 3 classes"), "{out}{errors}");
    assert!(
        errors.contains("Read “path” as the file, “label” as the class."),
        "{errors}"
    );
}

#[test]
fn what_cannot_be_taught_is_said() {
    for (train, sentence) in [
        ("alone", "All pictures are of one class, “circle”"),
        ("same", "All pictures have the same embedding"),
        ("empty", "“circle” has no picture of 1 that are needed"),
        ("parts", "The folders train, val are parts of a data set"),
        ("shapes/circle", "there is no folder of pictures in it"),
        ("nowhere", "nowhere"),
    ] {
        let (is_well, _, errors) = refit(&["probe", "--train", train]);
        assert!(!is_well && errors.contains(sentence), "{train}: {errors}");
    }
    // One picture of each class teaches a head, which nothing is left to test.
    let (is_well, text, errors) = refit(&["probe", "--train", "single", "--shots", "1,all"]);
    assert!(is_well, "{errors}");
    assert!(text.contains("“circle” has one"), "{text}");
    assert!(
        text.contains("C = 1, since a class with one picture"),
        "{text}"
    );
    let (is_well, _, errors) = refit(&["probe", "--train", "shapes", "--shots", "1,zwei"]);
    assert!(
        !is_well && errors.contains("“zwei” is no number of shots"),
        "{errors}"
    );
    let (is_well, _, errors) = refit(&["probe", "--train", "single", "--test", "alone2"]);
    assert!(!is_well && errors.contains("alone2"), "{errors}");
    let (is_well, _, errors) = refit(&["probe", "--train", "alone", "--test", "shapes"]);
    assert!(!is_well && errors.contains("“square”"), "{errors}");
}

#[test]
fn heads_that_do_not_fit_are_refused() {
    let heads = root().join("crates/clip/tests/reference/heads");
    for (name, sentence) in [
        (
            "score.pth",
            "takes vectors of 12 numbers, and the model’s embeddings have 128",
        ),
        ("convolution.pth", "no part of a stack of linear layers"),
        ("nan.pth", "weight"),
        ("integers.npy", "<i8"),
    ] {
        let head = heads.join(name);
        let arguments = [
            "classify",
            "--head",
            head.to_str().unwrap(),
            "shapes/square/3.png",
        ];
        let (is_well, _, errors) = refit(&arguments);
        assert!(!is_well && errors.contains(sentence), "{name}: {errors}");
    }
}
