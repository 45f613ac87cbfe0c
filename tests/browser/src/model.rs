//! A small CLIP whose weights are a formula: what it says means nothing, but the terminal and the
//! page must say the same.

use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Width of both towers, in numbers.
const WIDTH: usize = 64;
const HIDDEN: usize = 4 * WIDTH;
const LAYERS: usize = 2;
const EMBEDDING: usize = 32;
/// Tokens of CLIP's own vocabulary.
const VOCABULARY: usize = 49408;

/// The folder with `small.safetensors`, and damaged kin of it.
pub fn folder() -> &'static Path {
    // Tests run at the same time: the first writes, the others wait.
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/models"));
        fs::create_dir_all(folder).expect("a folder for models");
        for (name, content) in [
            ("small.safetensors", safetensors()),
            ("text.safetensors", b"no model at all".to_vec()),
        ] {
            fs::write(folder.join(name), content).expect("a model");
        }
        folder.to_owned()
    });
    &FOLDER
}

/// Of one tensor: its name, its shape, and what its numbers lie around and how far.
type Tensor = (String, Vec<usize>, f32, f32);

fn tensors() -> Vec<Tensor> {
    let mut all: Vec<Tensor> = Vec::new();
    let mut add = |name: String, shape: &[usize], offset, scale| {
        all.push((name, shape.to_vec(), offset, scale));
    };
    for prefix in ["visual.", ""] {
        for i in 0..LAYERS {
            let mut add = |name: &str, shape: &[usize], offset| {
                let inputs = *shape.last().expect("a shape") as f32;
                let scale = if shape.len() == 2 {
                    (3.0 / inputs).sqrt()
                } else {
                    0.1
                };
                add(
                    format!("{prefix}transformer.resblocks.{i}.{name}"),
                    shape,
                    offset,
                    scale,
                );
            };
            for norm in ["ln_1", "ln_2"] {
                add(&format!("{norm}.weight"), &[WIDTH], 1.0);
                add(&format!("{norm}.bias"), &[WIDTH], 0.0);
            }
            add("attn.in_proj_weight", &[3 * WIDTH, WIDTH], 0.0);
            add("attn.in_proj_bias", &[3 * WIDTH], 0.0);
            add("attn.out_proj.weight", &[WIDTH, WIDTH], 0.0);
            add("attn.out_proj.bias", &[WIDTH], 0.0);
            add("mlp.c_fc.weight", &[HIDDEN, WIDTH], 0.0);
            add("mlp.c_fc.bias", &[HIDDEN], 0.0);
            add("mlp.c_proj.weight", &[WIDTH, HIDDEN], 0.0);
            add("mlp.c_proj.bias", &[WIDTH], 0.0);
        }
    }
    for norm in ["visual.ln_pre", "visual.ln_post", "ln_final"] {
        add(format!("{norm}.weight"), &[WIDTH], 1.0, 0.1);
        add(format!("{norm}.bias"), &[WIDTH], 0.0, 0.1);
    }
    let projection = (3.0 / WIDTH as f32).sqrt();
    for (name, shape, offset, scale) in [
        ("visual.conv1.weight", &[WIDTH, 3, 32, 32][..], 0.0, 0.03),
        ("visual.class_embedding", &[WIDTH], 0.0, 0.3),
        ("visual.positional_embedding", &[5, WIDTH], 0.0, 0.3),
        ("visual.proj", &[WIDTH, EMBEDDING], 0.0, projection),
        ("token_embedding.weight", &[VOCABULARY, WIDTH], 0.0, 0.5),
        ("positional_embedding", &[77, WIDTH], 0.0, 0.1),
        ("text_projection", &[WIDTH, EMBEDDING], 0.0, projection),
        ("logit_scale", &[], 2.5, 0.0),
    ] {
        add(name.to_owned(), shape, offset, scale);
    }
    all
}

fn safetensors() -> Vec<u8> {
    let mut fields = serde_json::Map::new();
    let mut bytes = Vec::new();
    let mut state = 1u64;
    for (name, shape, offset, scale) in tensors() {
        let start = bytes.len();
        for _ in 0..shape.iter().product::<usize>() {
            // Knuth's linear congruential generator.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let uniform = (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
            bytes.extend_from_slice(&(offset + scale * uniform).to_le_bytes());
        }
        let place = [start, bytes.len()];
        fields.insert(
            name,
            json!({"dtype": "F32", "shape": shape, "data_offsets": place}),
        );
    }
    let mut header = serde_json::Value::Object(fields).to_string();
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend(bytes);
    file
}
