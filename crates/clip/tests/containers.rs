//! One tiny model in every container (`tests/reference/containers.py`), and what is refused.

use crate::formula::{FormulaFile, Tensor};
use crate::tiny::tiny;
use pollster::block_on;
use refit_clip::architecture::{Activation, Configuration};
use refit_clip::backend::cpu::Cpu;
use refit_clip::preprocess::{PixelValues, ResizeMode};
use refit_clip::tokenizer::Tokens;
use refit_clip::weights::shards::ShardIndex;
use refit_clip::weights::source::{FileSource, Joined, Source, SourceError};
use refit_clip::weights::{Format, WeightsError};
use refit_clip::{CheckpointInfo, ClipError, Evidence, LoadOptions, Model, Progress};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/containers")
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// The tiny model's tensors.
pub(crate) fn tensors() -> Vec<Tensor> {
    tiny(12, 6)
}

pub(crate) fn options() -> LoadOptions {
    LoadOptions {
        configuration: Configuration {
            vision_heads: Some(2),
            text_heads: Some(4),
            ..Configuration::default()
        },
        ..LoadOptions::default()
    }
}

pub(crate) fn load(source: &mut impl Source) -> Result<Model<Cpu>, ClipError> {
    let options = options();
    let mut last = Progress { bytes: 0, total: 0 };
    let model = block_on(Model::load(Cpu::default(), source, options, |progress| {
        assert!(progress.bytes > last.bytes && progress.bytes <= progress.total);
        last = progress;
    }))?;
    assert!(last.bytes > 0);
    Ok(model)
}

/// Embeddings of one image and one text.
pub(crate) fn embeddings(model: &Model<Cpu>) -> Vec<f32> {
    let planes = (0..48).map(|i| (i as f32 * 0.37).sin()).collect();
    let images = block_on(model.encode_images(&[PixelValues { size: 4, planes }])).unwrap();
    let ids = vec![10, 3, 5, 1, 11];
    let text = Tokens {
        ids,
        truncated: 0,
        mojibake: false,
    };
    let texts = block_on(model.encode_texts(&[text])).unwrap();
    [images.concat(), texts.concat()].concat()
}

pub(crate) fn error(bytes: &[u8]) -> WeightsError {
    match load(&mut &bytes[..]) {
        Err(ClipError::Weights(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it loads"),
    }
}

#[test]
fn every_container_holds_the_same_model() {
    let model = load(&mut FormulaFile::new(tensors())).unwrap();
    let exact = embeddings(&model);
    for (name, bound) in [
        ("open_clip.safetensors", 0.0),
        ("state_dict.pt", 0.0),
        ("training.pt", 0.0),
        ("transformers.safetensors", 0.0),
        ("transformers.bin", 0.0),
        ("open_clip_f16.safetensors", 2e-3),
        ("custom_text_f16.pt", 2e-3),
        ("open_clip_bf16.safetensors", 2e-2),
        ("open_clip_f64.safetensors", 0.0),
        ("views.pt", 0.0),
        ("one_storage.pt", 0.0),
        ("deflated.pt", 0.0),
        ("legacy.pt", 0.0),
        ("namespace.pt", 0.0),
        ("whole.pt", 0.0),
        ("script.pt", 0.0),
        ("compiled.pt", 0.0),
        ("averaged.pt", 0.0),
        ("logit_bias.safetensors", 0.0),
    ] {
        let model = load(&mut bytes(name).as_slice()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(
            (model.scale() - 100.0).abs() < 2.0,
            "{name}: {}",
            model.scale()
        );
        for (ours, exact) in embeddings(&model).iter().zip(&exact) {
            assert!((ours - exact).abs() <= bound, "{name}: {ours} for {exact}");
        }
    }
}

#[test]
fn a_file_on_disk_is_a_source() {
    let mut file = FileSource::open(&folder().join("training.pt")).unwrap();
    assert!(load(&mut file).is_ok());
    let missing = FileSource::open(Path::new("nothing.pt")).unwrap_err();
    let name = "nothing.pt".to_owned();
    assert_eq!(missing, SourceError::NotFound { name });
}

/// The parts of a checkpoint that an index names, one after the other.
fn parts(index: &str) -> Joined<FileSource> {
    let files = ShardIndex::read(&bytes(index)).unwrap().files;
    let open = |name: &String| FileSource::open(&folder().join(name)).unwrap();
    Joined::new(files.iter().map(open).collect())
}

#[test]
fn a_checkpoint_in_several_files_is_one() {
    let exact = embeddings(&load(&mut bytes("transformers.safetensors").as_slice()).unwrap());
    for index in [
        "model.safetensors.index.json",
        "pytorch_model.bin.index.json",
    ] {
        let model = load(&mut parts(index)).unwrap_or_else(|e| panic!("{index}: {e}"));
        assert_eq!(embeddings(&model), exact, "{index}");
    }
    // One of two alone.
    let half = error(&bytes("model-00001-of-00002.safetensors"));
    assert!(half.to_string().contains("alone"), "{half}");
}

fn info(name: &str, options: &LoadOptions) -> CheckpointInfo {
    let bytes = bytes(name);
    block_on(CheckpointInfo::read(&mut bytes.as_slice(), options)).unwrap()
}

#[test]
fn one_of_several_states_is_taken_and_said() {
    let plain = info("averaged.pt", &LoadOptions::default());
    assert_eq!(plain.prefix, "state_dict");
    assert_eq!(plain.other_states, ["state_dict_ema"]);
    // Towers of 8 numbers have no room for a head of 64.
    assert_eq!(plain.assumed_heads, [Some(8), Some(8)]);
    let said: Vec<String> = plain.assumptions().iter().map(|a| a.to_string()).collect();
    assert!(
        said.iter().any(|s| s.contains("state_dict_ema")),
        "{said:?}"
    );
    let options = LoadOptions {
        weights_key: Some("state_dict_ema".to_owned()),
        ..options()
    };
    let mut file: &[u8] = &bytes("averaged.pt");
    let model = block_on(Model::load(Cpu::default(), &mut file, options, |_| {})).unwrap();
    assert_eq!(model.info().prefix, "state_dict_ema");
    // ln 100 × 1.01.
    assert!((model.scale().ln() - 4.651_2).abs() < 1e-3);
    let options = LoadOptions {
        weights_key: Some("ema".to_owned()),
        ..LoadOptions::default()
    };
    let mut file: &[u8] = &bytes("averaged.pt");
    let error = block_on(CheckpointInfo::read(&mut file, &options)).unwrap_err();
    assert!(
        error.to_string().contains("no weights under ema"),
        "{error}"
    );
}

#[test]
fn a_checkpoint_is_described_without_its_numbers() {
    let compiled = info("compiled.pt", &options());
    assert_eq!(compiled.prefix, "model._orig_mod.module.clip_model");
    assert_eq!(compiled.left_out, ["loss.weight"]);
    assert_eq!(
        (compiled.format, compiled.parameters),
        (Format::Torch, 2801)
    );
    assert_eq!(compiled.activation_from, Evidence::Assumed);
    assert_eq!(compiled.assumed_heads, [None, None]);
    let script = info("script.pt", &LoadOptions::default());
    assert_eq!(script.format, Format::TorchScript);
    let named = LoadOptions {
        name: "ViT-B-32.pt".to_owned(),
        ..LoadOptions::default()
    };
    let script = info("script.pt", &named);
    assert_eq!(script.architecture.activation, Activation::QuickGelu);
    assert_eq!(script.activation_from, Evidence::Name);
    let openai = info("openai.pt", &LoadOptions::default());
    assert_eq!(openai.architecture.activation, Activation::QuickGelu);
    assert_eq!(openai.activation_from, Evidence::Checkpoint);
    assert_eq!(info("legacy.pt", &options()).format, Format::LegacyTorch);
    let f64s = info("open_clip_f64.safetensors", &options());
    assert_eq!(f64s.dtypes, ["F64"]);
}

#[test]
fn what_a_configuration_says_goes_before_names_and_marks() {
    let configuration = Configuration::read(
        r#"{"vision_cfg": {"width": 8, "head_width": 4}, "text_cfg": {"heads": 4}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "resize_mode": "squash"}}"#,
    );
    let options = LoadOptions {
        configuration: configuration.unwrap(),
        name: "quickgelu.pt".to_owned(),
        ..LoadOptions::default()
    };
    let openai = info("openai.pt", &options);
    assert_eq!(openai.architecture.activation, Activation::Gelu);
    assert_eq!(openai.activation_from, Evidence::Configuration);
    assert_eq!(openai.preprocessing.mean, [0.5; 3]);
    assert_eq!(openai.preprocessing.mode, ResizeMode::Squash);
    assert_eq!(openai.preprocessing.size, 4);
    let chosen = LoadOptions {
        activation: Some(Activation::QuickGelu),
        ..options
    };
    assert_eq!(info("openai.pt", &chosen).activation_from, Evidence::Chosen);
    let refused = LoadOptions {
        configuration: Configuration::read(r#"{"vision_cfg": {"pool_type": "avg"}}"#).unwrap(),
        ..LoadOptions::default()
    };
    let mut file: &[u8] = &bytes("openai.pt");
    let error = block_on(CheckpointInfo::read(&mut file, &refused)).unwrap_err();
    assert!(error.to_string().contains("pool_type avg"), "{error}");
}

#[test]
fn a_bias_of_a_sigmoid_loss_is_read() {
    let model = load(&mut bytes("logit_bias.safetensors").as_slice()).unwrap();
    assert_eq!(model.bias(), Some(-10.0));
    assert_eq!(
        load(&mut bytes("state_dict.pt").as_slice()).unwrap().bias(),
        None
    );
}
