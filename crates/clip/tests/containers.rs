//! One tiny model in every container (`tests/reference/containers.py`), and what is refused.

use crate::formula::{FormulaFile, Tensor};
use crate::tiny::tiny;
use pollster::block_on;
use proptest::prelude::*;
use refit_clip::architecture::Configuration;
use refit_clip::backend::cpu::Cpu;
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::Tokens;
use refit_clip::weights::source::{Source, SourceError};
use refit_clip::weights::{TensorProblem, WeightsError};
use refit_clip::{ClipError, LoadOptions, Model, Progress};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/containers")
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// The tiny model's tensors.
fn tensors() -> Vec<Tensor> {
    tiny(12, 6)
}

fn load(source: &mut impl Source) -> Result<Model<Cpu>, ClipError> {
    let options = LoadOptions {
        configuration: Configuration {
            vision_heads: Some(2),
            text_heads: Some(4),
            ..Configuration::default()
        },
        ..LoadOptions::default()
    };
    let mut last = Progress { bytes: 0, total: 0 };
    let model = block_on(Model::load(Cpu::default(), source, options, |progress| {
        assert!(progress.bytes > last.bytes && progress.bytes <= progress.total);
        last = progress;
    }))?;
    assert!(last.bytes > 0);
    Ok(model)
}

/// Embeddings of one image and one text.
fn embeddings(model: &Model<Cpu>) -> Vec<f32> {
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

fn error(bytes: &[u8]) -> WeightsError {
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
    use refit_clip::weights::source::FileSource;
    let mut file = FileSource::open(&folder().join("training.pt")).unwrap();
    assert!(load(&mut file).is_ok());
    let missing = FileSource::open(Path::new("nothing.pt")).unwrap_err();
    let name = "nothing.pt".to_owned();
    assert_eq!(missing, SourceError::NotFound { name });
}

#[test]
fn other_files_are_named() {
    assert_eq!(
        error(b"<!DOCTYPE html><title>404</title>"),
        WeightsError::Source(SourceError::WebPage)
    );
    assert_eq!(
        error(b"\n <html lang=en>"),
        WeightsError::Source(SourceError::WebPage)
    );
    let pointer = error(b"version https://git-lfs.github.com/spec/v1\noid sha256:0");
    assert_eq!(pointer, WeightsError::LfsPointer);
    assert_eq!(error(b""), WeightsError::UnknownFormat);
    assert_eq!(
        error(b"GGUF\x03\0\0\0\0\0\0\0\0\0"),
        WeightsError::UnknownFormat
    );
    assert_eq!(error(&bytes("legacy.pt")), WeightsError::LegacyTorch);
    assert_eq!(error(&bytes("script.pt")), WeightsError::TorchScript);
    assert_eq!(error(&bytes("no_tensors.pt")), WeightsError::NoStateDict);
    let name = "argparse.Namespace".to_owned();
    assert_eq!(
        error(&bytes("namespace.pt")),
        WeightsError::RefusedGlobal { name }
    );
    assert!(matches!(
        error(&bytes("transposed.pt")),
        WeightsError::Tensor {
            problem: TensorProblem::NotContiguous,
            ..
        }
    ));
}

/// A safetensors file with this header and so many bytes of data.
fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.resize(file.len() + data, 0);
    file
}

/// A whole file of tensors with these names and shapes.
fn file_of(tensors: &[(&str, &str, usize)]) -> Vec<u8> {
    let mut end = 0;
    let fields = tensors.iter().map(|(name, shape, count)| {
        let start = end;
        end += 4 * count;
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}"#)
    });
    let header = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
    safetensors(&header, end)
}

#[test]
fn damaged_headers_are_told_apart() {
    let whole = bytes("open_clip.safetensors");
    let mut long = whole.clone();
    long[..8].copy_from_slice(&(whole.len() as u64).to_le_bytes());
    let (length, size) = (whole.len() as u64, whole.len() as u64);
    assert_eq!(error(&long), WeightsError::HeaderTooLong { length, size });
    let cut = error(&whole[..whole.len() - 1]);
    assert!(matches!(
        cut,
        WeightsError::Tensor {
            problem: TensorProblem::OutOfRange,
            ..
        }
    ));
    assert!(matches!(
        error(&safetensors("{\"a\":", 0)),
        WeightsError::Header { .. }
    ));

    let entry = |name: &str, dtype: &str, shape: &str, offsets: &str| {
        format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}"#)
    };
    let problem =
        |fields: &[String]| match error(&safetensors(&format!("{{{}}}", fields.join(",")), 16)) {
            WeightsError::Tensor { problem, .. } => problem,
            other => panic!("{other}"),
        };
    let outside = problem(&[entry("a", "F32", "[4]", "[4,20]")]);
    assert_eq!(outside, TensorProblem::OutOfRange);
    let backwards = problem(&[entry("a", "F32", "[4]", "[16,0]")]);
    assert_eq!(backwards, TensorProblem::OutOfRange);
    let size = problem(&[entry("a", "F32", "[3]", "[0,16]")]);
    assert_eq!(
        size,
        TensorProblem::Size {
            found: 16,
            expected: 12
        }
    );
    let huge = problem(&[entry(
        "a",
        "F32",
        "[4294967296,4294967296,4294967296]",
        "[0,16]",
    )]);
    assert!(matches!(huge, TensorProblem::Size { .. }));
    let overlap = [
        entry("a", "F32", "[2]", "[0,8]"),
        entry("b", "F32", "[2]", "[4,12]"),
    ];
    let other = "a".to_owned();
    assert_eq!(problem(&overlap), TensorProblem::Overlaps { other });
}

#[test]
fn missing_and_unexpected_tensors_are_named() {
    let without: Vec<Tensor> = tensors()
        .into_iter()
        .filter(|t| t.name != "visual.ln_post.bias")
        .collect();
    let load_error = |tensors: Vec<Tensor>| match load(&mut FormulaFile::new(tensors)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it loads"),
    };
    assert_eq!(
        load_error(without),
        "the checkpoint lacks visual.ln_post.bias"
    );
    let mut with = tensors();
    with.push(Tensor::new("visual.extra", &[3]));
    assert_eq!(
        load_error(with),
        "the checkpoint has tensors that neither CLIP nor MaMMUT has: visual.extra"
    );
    let mut wrong = tensors();
    let at = wrong
        .iter()
        .position(|t| t.name == "ln_final.bias")
        .unwrap();
    wrong[at] = Tensor::new("ln_final.bias", &[9]);
    assert_eq!(
        load_error(wrong),
        "the tensor ln_final.bias has the shape [9] where [8] is expected"
    );
}

#[test]
fn other_models_are_recognised() {
    for (name, kind) in [
        ("visual.attn_pool.query", "CoCa"),
        ("text_decoder.ln_final.weight", "CoCa"),
        ("logit_bias", "SigLIP"),
        ("visual.layer1.0.conv1.weight", "CLIP with a ResNet"),
    ] {
        let found = error(&file_of(&[("logit_scale", "[]", 1), (name, "[2]", 2)]));
        assert_eq!(found, WeightsError::OtherModel { kind });
    }
    let nothing = error(&file_of(&[("weight", "[2]", 2)]));
    assert!(matches!(nothing, WeightsError::Missing { .. }), "{nothing}");
}

#[test]
fn numbers_that_are_none_are_found() {
    let mut file = bytes("open_clip.safetensors");
    let at = file.len() - 4;
    file[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    let found = error(&file);
    assert!(
        matches!(
            found,
            WeightsError::Tensor {
                problem: TensorProblem::NotFinite { .. },
                ..
            }
        ),
        "{found}"
    );
}

const MUTATED: [&str; 4] = [
    "open_clip.safetensors",
    "state_dict.pt",
    "training.pt",
    "transformers.bin",
];

#[test]
fn no_truncation_panics() {
    for name in MUTATED {
        let bytes = bytes(name);
        for end in (0..bytes.len())
            .step_by(97)
            .chain(bytes.len() - 60..bytes.len())
        {
            assert!(
                load(&mut &bytes[..end]).is_err(),
                "{name} cut at {end} loads"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_damage_panics(
        file in 0..MUTATED.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        early in any::<bool>(),
    ) {
        let mut bytes = bytes(MUTATED[file]);
        // Half of the changes hit what describes the tensors.
        let part = if early { bytes.len().min(6000) } else { bytes.len() };
        for (index, byte) in changes {
            bytes[index.index(part)] = byte;
        }
        let _ = load(&mut bytes.as_slice());
    }

    #[test]
    fn no_noise_panics(
        start in prop::sample::select(vec![&b"PK\x03\x04"[..], b"\x80\x02", b"\x20\0\0\0\0\0\0\0{", b""]),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [start, &noise].concat();
        prop_assert!(load(&mut bytes.as_slice()).is_err());
    }
}
