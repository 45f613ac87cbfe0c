//! Heads as PyTorch and NumPy write them (`tests/reference/heads.py`), as written here, and what is refused.

use crate::damage::mutation::{Seed, survives};
use pollster::block_on;
use refit_clip::head::HeadModel;
use refit_clip::{Head, HeadError, Scoring};
use serde_json::Value;
use std::path::Path;

fn bytes(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/heads");
    std::fs::read(folder.join(name)).unwrap()
}

fn read_bytes(bytes: &[u8], name: &str) -> Result<Head, HeadError> {
    block_on(Head::read(&mut &*bytes, name))
}

fn read(name: &str) -> Result<Head, HeadError> {
    read_bytes(&bytes(name), name)
}

/// The vector that PyTorch was asked about, and what it said.
fn said(name: &str) -> (Vec<f32>, Vec<f32>) {
    let json: Value = serde_json::from_str(include_str!("reference/heads.json")).unwrap();
    let numbers = |key: &str| {
        let all = json[key].as_array().unwrap().iter();
        all.map(|x| x.as_f64().unwrap() as f32).collect()
    };
    (numbers("vector"), numbers(name))
}

fn scores(head: &Head, said_by: &str, within: f32) {
    let (vector, expected) = said(said_by);
    let ours = head.classes(12).unwrap().scores(&vector);
    assert_eq!(ours.len(), expected.len());
    for (ours, expected) in ours.iter().zip(&expected) {
        let gap = (ours - expected).abs();
        assert!(
            gap < within * expected.abs().max(1.0),
            "{ours} for {expected}"
        );
    }
}

#[test]
fn linear_layers_say_what_pytorch_says() {
    for (name, labels, stacked) in [
        ("score", vec!["score"], 0),
        ("classes", vec!["output 1", "output 2", "output 3"], 0),
        ("stack", vec!["score"], 6),
    ] {
        let head = read(&format!("{name}.pth")).unwrap();
        assert_eq!(
            (head.name.as_str(), head.width, head.stacked),
            (name, 12, stacked)
        );
        assert_eq!(head.labels, labels);
        assert_eq!(head.classes(12).unwrap().is_score(), labels.len() == 1);
        scores(&head, name, 2e-6);
    }
}

#[test]
fn the_head_of_a_whole_classifier_is_found() {
    for name in ["classifier.pt", "classifier_state.pt"] {
        scores(&read(name).unwrap(), "classifier", 2e-6);
    }
}

#[test]
fn class_embeddings_are_brought_to_length_1() {
    for (name, within) in [("f16", 1e-3), ("f32", 1e-6), ("f64_by_column", 1e-6)] {
        let head = read(&format!("{name}.npy")).unwrap();
        assert_eq!((head.labels.len(), &head.scoring), (2, &Scoring::Cosine));
        scores(&head, "cosines", within);
    }
    // A matrix of rows of length 1 in a PyTorch file is the same.
    let units = read("units.pt").unwrap();
    assert_eq!(
        (units.scoring.clone(), units.rescaled),
        (Scoring::Cosine, false)
    );
    scores(&units, "cosines", 1e-6);
    assert!(read("f32.npy").unwrap().assumptions("", "")[1].contains("brought to length 1"));
    let one = read("one.npy").unwrap();
    assert_eq!((one.labels.len(), one.width), (1, 12));
}

#[test]
fn a_written_head_is_read_back() {
    let mut linear = read("classes.pth").unwrap();
    linear.labels = ["cat", "a \"red\" dog", "Vögel"]
        .map(str::to_owned)
        .to_vec();
    linear.model = Some(HeadModel {
        name: "ViT-B/32".to_owned(),
        identity: "a checkpoint".to_owned(),
    });
    for head in [linear, read("f32.npy").unwrap()] {
        assert_eq!(
            read_bytes(head.to_json().as_bytes(), "any.json").unwrap(),
            head
        );
        assert_eq!(
            read_bytes(&head.to_safetensors(), "any.safetensors").unwrap(),
            head
        );
    }
}

#[test]
fn what_is_no_head_is_refused() {
    let refused = |name: &str| read(name).unwrap_err().to_string();
    assert!(refused("convolution.pth").contains("weight [2, 1, 3, 3]"));
    assert!(refused("apart.pth").contains("1.weight [2, 5]"));
    assert!(
        refused("nan.pth").contains("weight"),
        "{}",
        refused("nan.pth")
    );
    assert!(refused("arrays.npz").contains("an archive of NumPy arrays"));
    assert!(refused("integers.npy").contains("<i8"));
    assert!(refused("three.npy").contains("no vector and no matrix"));
    let cut = &bytes("f32.npy")[..150];
    assert!(
        read_bytes(cut, "")
            .unwrap_err()
            .to_string()
            .contains("ends before")
    );
    let head = read("classes.pth").unwrap();
    let width = HeadError::Width {
        model: 512,
        head: 12,
        rows: 3,
    };
    assert_eq!(head.classes(512).unwrap_err(), width);
    let named = Head {
        labels: vec!["cat".to_owned()],
        ..head
    };
    let error = read_bytes(named.to_json().as_bytes(), "").unwrap_err();
    assert_eq!(error, HeadError::Labels { names: 1, rows: 3 });
    for text in ["{}", "{", "{\"format\": \"refit-head-9\"}"] {
        let error = read_bytes(text.as_bytes(), "").unwrap_err();
        assert!(matches!(error, HeadError::Json { .. }), "{error}");
    }
    assert!(read_bytes(b"", "").is_err() && read_bytes(b"no head at all", "").is_err());
}

#[test]
fn heads_survive_damage() {
    let written = read("classes.pth").unwrap();
    let mut seeds: Vec<Seed> = ["stack.pth", "f16.npy", "f64_by_column.npy"]
        .map(|name| Seed::whole(bytes(name)))
        .to_vec();
    seeds.push(Seed::whole(written.to_json().into_bytes()));
    seeds.push(Seed::whole(written.to_safetensors()));
    survives(&seeds, |file| {
        if let Ok(head) = read_bytes(file, "damaged") {
            let classes = head.classes(head.width).unwrap();
            assert_eq!(classes.labels.len(), classes.vectors.len());
        }
    });
}
