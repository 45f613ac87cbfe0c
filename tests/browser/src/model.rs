//! Models whose weights are a formula. Their predictions mean nothing, but the page must agree with
//! the terminal on a small one, and with open_clip on one of full size.

#[path = "../../../crates/clip/tests/formula.rs"]
#[expect(dead_code, reason = "the browser draws the images")]
mod formula;

pub use formula::FormulaFile;

use formula::Tensor;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Width of the small model's towers, in numbers.
const WIDTH: usize = 64;
const HIDDEN: usize = 4 * WIDTH;
const LAYERS: usize = 2;
/// Tokens of CLIP's own vocabulary.
const VOCABULARY: usize = 49408;

/// The folder with `small.safetensors`, and a file that is not a model.
pub fn folder() -> &'static Path {
    // Tests run at the same time: the first writes, the others wait.
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/models"));
        fs::create_dir_all(folder).expect("a folder for models");
        for (name, content) in [
            ("small.safetensors", small_file(32)),
            ("text.safetensors", b"no model at all".to_vec()),
        ] {
            fs::write(folder.join(name), content).expect("a model");
        }
        folder.to_owned()
    });
    &FOLDER
}

/// The small model with embeddings of 512 numbers, as those of a ViT-B/32.
pub fn wide() -> PathBuf {
    let path = folder().join("wide.safetensors");
    fs::write(&path, small_file(512)).expect("a model");
    path
}

fn small_file(embedding: usize) -> Vec<u8> {
    let file = FormulaFile::new(small(embedding));
    let mut bytes = vec![0; file.size() as usize];
    assert!(file.fill(0, &mut bytes));
    bytes
}

/// A ViT-B/32 of 605 MB, with open_clip's results for images and prompts
/// (`crates/clip/tests/reference/formula_models.py`).
#[derive(Deserialize)]
pub struct Reference {
    /// For each image: its number in the formula, width and height.
    pub pictures: Vec<[usize; 3]>,
    pub prompts: Vec<String>,
    pub text_embeddings: Vec<Vec<f64>>,
    /// Of each image, over all prompts.
    pub probabilities: Vec<Vec<f64>>,
    tensors: Vec<Shape>,
}

#[derive(Deserialize)]
struct Shape {
    name: String,
    shape: Vec<usize>,
}

/// The name under which the site serves its file, which is not on disk.
pub const FULL_SIZE: &str = "ViT-B-32.safetensors";

pub fn reference() -> Reference {
    let text = include_str!("../../../crates/clip/tests/reference/formula_ViT-B-32.json");
    serde_json::from_str(text).expect("the reference")
}

/// The file of that model.
pub(crate) fn full_size() -> &'static FormulaFile {
    static FILE: LazyLock<FormulaFile> = LazyLock::new(|| {
        let shapes = reference().tensors;
        let tensors = shapes.iter().map(|t| Tensor::new(&t.name, &t.shape));
        FormulaFile::new(tensors.collect())
    });
    &FILE
}

/// `embedding`: numbers of an embedding.
fn small(embedding: usize) -> Vec<Tensor> {
    let mut all = Vec::new();
    let mut add = |name: &str, shape: &[usize]| all.push(Tensor::new(name, shape));
    for prefix in ["visual.", ""] {
        for i in 0..LAYERS {
            for (name, shape) in [
                ("ln_1.weight", &[WIDTH][..]),
                ("ln_1.bias", &[WIDTH]),
                ("attn.in_proj_weight", &[3 * WIDTH, WIDTH]),
                ("attn.in_proj_bias", &[3 * WIDTH]),
                ("attn.out_proj.weight", &[WIDTH, WIDTH]),
                ("attn.out_proj.bias", &[WIDTH]),
                ("ln_2.weight", &[WIDTH]),
                ("ln_2.bias", &[WIDTH]),
                ("mlp.c_fc.weight", &[HIDDEN, WIDTH]),
                ("mlp.c_fc.bias", &[HIDDEN]),
                ("mlp.c_proj.weight", &[WIDTH, HIDDEN]),
                ("mlp.c_proj.bias", &[WIDTH]),
            ] {
                add(&format!("{prefix}transformer.resblocks.{i}.{name}"), shape);
            }
        }
    }
    for (name, shape) in [
        ("visual.ln_pre.weight", &[WIDTH][..]),
        ("visual.ln_pre.bias", &[WIDTH]),
        ("visual.ln_post.weight", &[WIDTH]),
        ("visual.ln_post.bias", &[WIDTH]),
        ("ln_final.weight", &[WIDTH]),
        ("ln_final.bias", &[WIDTH]),
        ("visual.conv1.weight", &[WIDTH, 3, 32, 32]),
        ("visual.class_embedding", &[WIDTH]),
        ("visual.positional_embedding", &[5, WIDTH]),
        ("visual.proj", &[WIDTH, embedding]),
        ("token_embedding.weight", &[VOCABULARY, WIDTH]),
        ("positional_embedding", &[77, WIDTH]),
        ("text_projection", &[WIDTH, embedding]),
        ("logit_scale", &[]),
    ] {
        add(name, shape);
    }
    all
}
