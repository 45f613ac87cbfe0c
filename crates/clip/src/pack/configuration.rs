//! What a checkpoint is, as the configuration files that are published beside one.

use crate::architecture::Activation;
use crate::info::CheckpointInfo;
use crate::preprocess::{Interpolation, Preprocessing, ResizeMode};
use serde_json::json;

/// open_clip's, which has all; and transformers' where images are resized to another side than the model takes, which
/// open_clip does not do.
pub(super) fn files(info: &CheckpointInfo) -> Vec<(&'static str, String)> {
    let architecture = &info.architecture;
    let (vision, text) = (architecture.vision, architecture.text);
    let mut model = json!({
        "embed_dim": architecture.embedding,
        "quick_gelu": architecture.activation == Activation::QuickGelu,
        "vision_cfg": {
            "image_size": architecture.image_size(),
            "patch_size": architecture.patch,
            "width": vision.width,
            "layers": vision.layers,
            "heads": vision.heads,
            "head_width": vision.width / vision.heads.max(1),
            "mlp_ratio": vision.hidden as f64 / vision.width.max(1) as f64,
        },
        "text_cfg": {
            "context_length": architecture.context,
            "vocab_size": architecture.vocabulary,
            "width": text.width,
            "heads": text.heads,
            "layers": text.layers,
            "mlp_ratio": text.hidden as f64 / text.width.max(1) as f64,
        },
    });
    if let Some(decoder) = architecture.decoder {
        model["multimodal_cfg"] = json!({
            "width": text.width,
            "heads": text.heads,
            "layers": decoder.layers,
        });
    }
    let settings = &info.preprocessing;
    if settings.resize == settings.size {
        let all = json!({"model_cfg": model, "preprocess_cfg": open_clip(settings)});
        return vec![("open_clip_config.json", format!("{all:#}\n"))];
    }
    let all = json!({"model_cfg": model});
    vec![
        ("open_clip_config.json", format!("{all:#}\n")),
        (
            "preprocessor_config.json",
            format!("{:#}\n", transformers(settings)),
        ),
    ]
}

fn open_clip(settings: &Preprocessing) -> serde_json::Value {
    json!({
        "size": settings.size,
        "mode": "RGB",
        "mean": settings.mean,
        "std": settings.std,
        "interpolation": settings.interpolation,
        "resize_mode": settings.mode,
        "fill_color": settings.fill,
    })
}

fn transformers(settings: &Preprocessing) -> serde_json::Value {
    let (size, resize) = (settings.size, settings.resize);
    let squashes = settings.mode == ResizeMode::Squash;
    json!({
        "image_processor_type": "CLIPImageProcessor",
        "image_mean": settings.mean,
        "image_std": settings.std,
        "resample": match settings.interpolation {
            Interpolation::Nearest => 0,
            Interpolation::Bilinear => 2,
            Interpolation::Bicubic => 3,
        },
        "size": if squashes {
            json!({"height": resize, "width": resize})
        } else {
            json!({"shortest_edge": resize})
        },
        "crop_size": {"height": size, "width": size},
        "do_center_crop": true,
    })
}
