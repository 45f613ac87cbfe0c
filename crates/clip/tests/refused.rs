//! Files that are no checkpoint, checkpoints that are not whole, and other models: each by its name.

use crate::containers::{bytes, error, load, tensors};
use crate::formula::{FormulaFile, Tensor};
use refit_clip::weights::source::SourceError;
use refit_clip::weights::{TensorProblem, WeightsError};

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
    assert_eq!(error(&bytes("no_tensors.pt")), WeightsError::NoStateDict);
    assert_eq!(error(&bytes("optimizer.pt")), WeightsError::OptimizerState);
    let gated = br#"{"error":"Access to model a/b is restricted."}"#;
    for (file, said) in [
        (&b"GGUF\x03\0\0\0\0\0\0\0\0\0"[..], "this is a GGUF file"),
        (
            b"\x08\x08\x12\x07pytorch\x1a\x052.1.0",
            "this is an ONNX model",
        ),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0", "this is an HDF5 file"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "this is a picture"),
        (b"\x80\x04\x95\x1a\0\0\0", "this is a Python pickle"),
        (gated, "Access to model a/b is restricted."),
        (b"Access to model a/b is restricted.\n", "server’s answer"),
        (
            br#"{"weight_map": {"a": "b"}}"#,
            "the index of a checkpoint",
        ),
        (br#"{"vision_cfg": {}}"#, "a JSON file"),
    ] {
        let found = error(file).to_string();
        assert!(found.contains(said), "{found}");
    }
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
        ("visual.trunk.attn_pool.latent", "SigLIP"),
        ("vision_model.head.probe", "SigLIP"),
        ("visual.layer1.0.conv1.weight", "CLIP with a ResNet"),
        ("visual.trunk.stem.0.weight", "CLIP with a ConvNeXt"),
        ("visual.trunk.stem.0.conv_kxk.0.conv.weight", "MobileCLIP"),
        ("image_encoder.model.patch_embed.proj.weight", "MobileCLIP"),
        (
            "visual.trunk.patch_embed.backbone.0.conv.weight",
            "MobileCLIP",
        ),
        (
            "visual.trunk.patch_embed.backbone.stem.conv1.weight",
            "CLIP with a ViTamin",
        ),
        ("visual.trunk.blocks.0.attn.q_proj.weight", "EVA-CLIP"),
        ("visual.trunk.blocks.0.attn.q_bias", "EVA-CLIP"),
        ("visual.blocks.0.attn.q_proj.weight", "EVA-CLIP"),
        (
            "text.transformer.embeddings.word_embeddings.weight",
            "CLIP with a text tower of transformers (XLM-RoBERTa or another)",
        ),
        (
            "visual.transformer.resblocks.0.ls_1.gamma",
            "CLIP with layer scale",
        ),
        (
            "visual.transformer.resblocks.0.attn.lora_A.weight",
            "set of LoRA matrices",
        ),
        ("model.diffusion_model.x", "Stable Diffusion model"),
    ] {
        for prefix in ["", "state_dict.module."] {
            // Behind a prefix it is found by its logit scale.
            if name.starts_with("model.") && !prefix.is_empty() {
                continue;
            }
            let names = ["logit_scale", name].map(|name| format!("{prefix}{name}"));
            let found = error(&file_of(&[(&names[0], "[]", 1), (&names[1], "[2]", 2)]));
            let WeightsError::OtherModel { kind: found, .. } = found else {
                panic!("{name}: {found}");
            };
            assert_eq!(found, kind, "{name}");
        }
    }
    for (image, text, vocabulary, kind) in [
        (
            "vision_model.head.probe",
            "text_model.embeddings.",
            256_000,
            "SigLIP 2,",
        ),
        (
            "visual.trunk.attn_pool.q",
            "text.",
            250_000,
            "SigLIP of many languages,",
        ),
        (
            "visual.trunk.attn_pool.q",
            "text.",
            49_408,
            "CLIP with a Perception Encoder",
        ),
        ("visual.transformer.x", "", 32_000, "CLIPA,"),
        ("visual.transformer.x", "", 250_100, "MetaCLIP 2,"),
    ] {
        let embedding = format!("{text}token_embedding.weight");
        let shape = format!("[{vocabulary},0]");
        let file = file_of(&[
            ("visual.conv1.weight", "[2]", 2),
            ("visual.class_embedding", "[2]", 2),
            (image, "[2]", 2),
            (&embedding, &shape, 0),
        ]);
        let found = error(&file).to_string();
        assert!(found.starts_with(&format!("this is a {kind}")), "{found}");
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
