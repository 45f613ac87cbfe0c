//! Damaged checkpoints: an error, but no panic. `PROPTEST_CASES=1000000` is a long run, best with
//! `--test-threads=1`.

pub(crate) mod mutation;

use crate::containers::{bytes, load, options};
use mutation::{Seed, survives, try_all};
use pollster::block_on;
use proptest::prelude::*;
use refit_clip::architecture::{Configuration, telling_name};
use refit_clip::preprocess::{Channels, Image, preprocess};
use refit_clip::weights::Checkpoint;
use refit_clip::weights::files::CheckpointFiles;
use refit_clip::weights::shards::ShardIndex;
use refit_clip::weights::source::{Joined, Source};
use refit_clip::{CheckpointInfo, LoadOptions};

/// Reads what describes a checkpoint, then its tensors.
fn read(source: &mut impl Source) {
    let _ = block_on(CheckpointInfo::read(source, &options()));
    let Ok(checkpoint) = block_on(Checkpoint::open(source)) else {
        return;
    };
    let mut values = Vec::new();
    for entry in &checkpoint.entries {
        let _ = block_on(Checkpoint::read(source, entry, &mut values, |_| ()));
    }
}

/// Files of the tests' containers. An archive is described by its pickle, the others at their start.
fn seeds(names: &[&str]) -> Vec<Seed> {
    let seed = |name: &&str| {
        let bytes = bytes(name);
        let pickle = bytes.windows(8).position(|part| part == b"data.pkl");
        let start = pickle.unwrap_or(0);
        let described = start..bytes.len().min(start + 7000);
        Seed { bytes, described }
    };
    names.iter().map(seed).collect()
}

fn checkpoints_survive(names: &[&str]) {
    survives(&seeds(names), |mut file| read(&mut file));
}

#[test]
fn safetensors_survive() {
    checkpoints_survive(&[
        "open_clip.safetensors",
        "open_clip_f64.safetensors",
        "logit_bias.safetensors",
        "transformers.safetensors",
    ]);
}

#[test]
fn archives_survive() {
    checkpoints_survive(&["state_dict.pt", "views.pt", "one_storage.pt", "averaged.pt"]);
}

#[test]
fn whole_modules_survive() {
    checkpoints_survive(&["whole.pt", "namespace.pt"]);
}

#[test]
fn torchscript_survives() {
    checkpoints_survive(&["script.pt", "openai.pt"]);
}

#[test]
fn files_before_pytorch_1_6_survive() {
    checkpoints_survive(&["legacy.pt"]);
}

#[test]
fn deflated_archives_survive() {
    checkpoints_survive(&["deflated.pt"]);
}

#[test]
fn parts_survive() {
    let names = [1, 2].map(|part| format!("model-0000{part}-of-00002.safetensors"));
    let parts = [1, 2].map(|part| format!("pytorch_model-0000{part}-of-00002.bin"));
    for [first, second] in [names, parts] {
        let second = bytes(&second);
        survives(&seeds(&[&first]), |file| {
            read(&mut Joined::new(vec![file, &second]));
            read(&mut Joined::new(vec![&second, file]));
        });
    }
}

#[test]
fn indices_survive() {
    let index = br#"{"metadata": {"total_size": 8}, "weight_map": {"a": "x-00002-of-00002.bin", "b": "x-00001-of-00002.bin"}}"#;
    survives(&[Seed::whole(index.to_vec())], |file| {
        if let Ok(index) = ShardIndex::read(file) {
            let _ = index.parts(&[String::from_utf8_lossy(file).into_owned()]);
            assert!(index.parts(&index.files).is_ok());
        }
    });
}

/// Configuration files of each kind, whose bytes are damaged.
#[test]
fn configurations_survive() {
    let files = configuration_files().map(|file| Seed::whole(file.to_string().into_bytes()));
    survives(&files, |file| {
        let _ = Configuration::read(&String::from_utf8_lossy(file));
    });
}

/// Configuration files whose settings are others, and a model that has them.
#[test]
fn odd_settings_survive() {
    let checkpoint = bytes("open_clip.safetensors");
    let files = configuration_files();
    let number = any::<f64>().prop_map(|n| serde_json::json!(n));
    let odd = [
        "null",
        "true",
        "[]",
        "{}",
        "0",
        "-1",
        "1e999",
        "0.5",
        "\"\"",
        "[0.5, 0, 1e-40]",
        "32",
        "18446744073709551615",
        "\"longest\"",
        "\"nearest\"",
        "{\"shortest_edge\": 0}",
        "{\"height\": 1, \"width\": 1}",
        "\"clip\"",
        "\"gelu\"",
        "1000000000000",
    ];
    let odd = odd
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok());
    let odd: Vec<serde_json::Value> = odd.collect();
    let value = prop_oneof![3 => prop::sample::select(odd), 1 => number];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), value), 1..4);
    try_all(
        (0..files.len(), 0..files.len(), changes),
        |(a, b, changes)| {
            let mut chosen = [files[a].clone(), files[b].clone()];
            for (index, value) in changes {
                let mut settings = Vec::new();
                for file in &mut chosen {
                    collect(file, &mut settings);
                }
                let chosen = index.index(settings.len());
                *settings.swap_remove(chosen) = value;
            }
            let names = [Configuration::FILES[a % 4], Configuration::FILES[b % 4]];
            let files = names.iter().zip(&chosen);
            let files = files.map(|(name, json)| ((*name).to_owned(), json.to_string()));
            if let Ok(configuration) = Configuration::of_files(files) {
                let options = LoadOptions {
                    configuration,
                    ..LoadOptions::default()
                };
                let info = block_on(CheckpointInfo::read(&mut &checkpoint[..], &options));
                if let Ok(info) = info {
                    let _ = (info.assumptions(), info.identity());
                    let image = Image::new(5, 3, Channels::Gray, &[7; 15]).unwrap();
                    let pixels = preprocess(&image, &info.preprocessing);
                    assert!(pixels.planes.iter().all(|value| value.is_finite()));
                }
            }
        },
    );
}

fn configuration_files() -> [serde_json::Value; 4] {
    use serde_json::json;
    [
        json!({"model_cfg": {"embed_dim": 8, "quick_gelu": true, "vision_cfg": {"width": 8, "head_width": 4, "image_size": 4, "pool_type": "tok", "act_kwargs": {}}, "text_cfg": {"heads": 4, "width": 12, "no_causal_mask": false}}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic", "resize_mode": "squash", "fill_color": 0, "size": [4, 4]}}),
        json!({"model_type": "clip", "vision_config": {"hidden_act": "gelu", "num_attention_heads": 2, "layer_norm_eps": 1e-5, "hidden_size": 8}, "text_config": {"hidden_act": "gelu", "num_attention_heads": 4}}),
        json!({"crop_size": {"height": 4, "width": 4}, "do_center_crop": true, "do_normalize": true, "do_rescale": true, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6], "resample": 3, "size": {"shortest_edge": 5}, "image_processor_type": "CLIPImageProcessor"}),
        json!({"image_processor": {"crop_size": 4, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6], "resample": 2, "size": 5, "rescale_factor": 0.00392156862745098}}),
    ]
}

/// All settings in a file, the nested ones too.
fn collect<'a>(value: &'a mut serde_json::Value, all: &mut Vec<&'a mut serde_json::Value>) {
    if value.as_object().is_none_or(|fields| fields.is_empty()) {
        all.push(value);
    } else if let Some(fields) = value.as_object_mut() {
        for value in fields.values_mut() {
            collect(value, all);
        }
    }
}

/// Names with prefixes in any nesting, of several states, of no state.
#[test]
fn prefixed_names_survive() {
    let parts = [
        "module",
        "_orig_mod",
        "model",
        "clip_model",
        "state_dict",
        "state_dict_ema",
        "",
        ".",
        "visual",
        "conv1",
        "weight",
        "visual.conv1.weight",
        "logit_scale",
        "logit_bias",
        "vision_model.embeddings.patch_embedding.weight",
        "token_embedding.weight",
        "ema",
        "é",
        "transformer.resblocks",
        "18446744073709551615",
        "visual.trunk.stem",
        "text",
        "lora_A",
    ];
    let name = prop::collection::vec(prop::sample::select(parts.to_vec()), 1..6);
    let name = name.prop_map(|parts| parts.join("."));
    let key = prop::option::of(prop::sample::select(parts.to_vec()));
    let names = prop::collection::vec(name, 0..12);
    try_all((names, key), |(names, key)| {
        let file = safetensors(&names);
        let options = LoadOptions {
            weights_key: key.map(str::to_owned),
            ..options()
        };
        let _ = block_on(CheckpointInfo::read(&mut &file[..], &options));
        let checkpoint = block_on(Checkpoint::open(&mut &file[..])).expect("a whole file");
        let count = checkpoint.entries.len();
        if let Ok(state) = checkpoint.choose(key) {
            assert!(state.entries.len() + state.left_out.len() <= count);
        }
    });
}

/// A file with a number under each of the names.
fn safetensors(names: &[String]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    for (at, name) in names.iter().enumerate() {
        let tensor =
            serde_json::json!({"dtype": "F16", "shape": [1], "data_offsets": [2 * at, 2 * at + 2]});
        header.insert(name.clone(), tensor);
    }
    let header = serde_json::Value::Object(header).to_string();
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), &vec![0; 2 * names.len()]].concat()
}

/// What is neither safetensors nor PyTorch's, by its first bytes.
#[test]
fn other_files_survive() {
    let starts: [&[u8]; 18] = [
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x80\x02",
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
        b"\x20\0\0\0\0\0\0\0{",
        b"GGUF",
        b"\x89HDF",
        b"\x93NUMPY",
        b"\x1f\x8b",
        b"\x08\x08\x12\x07pytorch",
        b"\x08\x08\x3a",
        b"\x1c\0\0\0TFL3",
        b"{\"error\": ",
        b"{\"weight_map\": {",
        b"access to model ",
        b"<!doctype html>",
        b"version https://git-lfs",
        b"",
    ];
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    try_all(
        (prop::sample::select(starts.to_vec()), noise),
        |(start, noise)| {
            let file = [start, &noise].concat();
            let found = block_on(CheckpointInfo::read(&mut &file[..], &options()));
            assert!(found.is_err());
        },
    );
}

/// Files that were chosen together, and addresses, by their names.
#[test]
fn file_names_survive() {
    let parts = [
        "model",
        "-00001",
        "-of-",
        "00002",
        ".safetensors",
        ".bin",
        ".index.json",
        ".pt",
        "config.json",
        "open_clip_",
        "pytorch_model",
        "é",
        "..",
        "/",
        "https://huggingface.co/",
        "?x#y",
        "resolve/",
        "a/b/",
    ];
    let name = prop::collection::vec(prop::sample::select(parts.to_vec()), 0..6);
    let names = prop::collection::vec(name.prop_map(|parts| parts.concat()), 0..5);
    try_all(names, |names| {
        for name in &names {
            let _ = (telling_name(name), ShardIndex::of_part(name));
        }
        match CheckpointFiles::among(&names) {
            Ok(CheckpointFiles::Files(places)) => assert!(places.iter().all(|i| *i < names.len())),
            Ok(CheckpointFiles::Index(place)) => assert!(ShardIndex::is_index(&names[place])),
            Err(_) => {}
        }
    });
}

/// Found by the tests above: the length of a header was taken for the start of another file.
#[test]
fn a_length_is_no_text() {
    let names = ["visual.conv1.weight".to_owned()];
    let file = safetensors(&names);
    let header = &file[8..file.len() - 2];
    // A space and a brace; a brace and a zero; ONNX's first bytes; gzip's.
    for length in [0x7b20, 0x017b, 0x12_0108, 0x8b1f] {
        let mut padded = header.to_vec();
        padded.resize(length, b' ');
        let file = [&(length as u64).to_le_bytes(), &padded[..], &[0; 2]].concat();
        let checkpoint = block_on(Checkpoint::open(&mut &file[..]));
        assert_eq!(checkpoint.unwrap().entries.len(), 1, "{length:#x}");
    }
}

/// Tensors that would fill the memory, or whose numbers cannot be counted.
#[test]
fn a_tensor_without_end_is_refused() {
    for dtype in ["I64", "U4", "F32"] {
        let header = format!(
            r#"{{"a": {{"dtype": "{dtype}", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}}}}"#
        );
        let length = (header.len() as u64).to_le_bytes();
        let file = [&length, header.as_bytes()].concat();
        let checkpoint = block_on(Checkpoint::open(&mut &file[..]));
        let error = checkpoint.unwrap_err().to_string();
        assert!(error.contains("tensor a has 0 bytes"), "{error}");
    }
}

#[test]
fn no_truncation_loads() {
    for name in [
        "open_clip.safetensors",
        "state_dict.pt",
        "training.pt",
        "transformers.bin",
        "deflated.pt",
        "legacy.pt",
        "script.pt",
        "whole.pt",
    ] {
        let bytes = bytes(name);
        let ends = (0..bytes.len()).step_by(97);
        for end in ends.chain(bytes.len() - 60..bytes.len()) {
            let cut = load(&mut &bytes[..end]);
            assert!(cut.is_err(), "{name} cut at {end} loads");
        }
    }
}
