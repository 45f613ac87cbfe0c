//! The configuration files of open_clip and transformers, as JSON.

use super::super::Activation;
use super::Configuration;
use crate::preprocess::{Interpolation, PreprocessingOptions, ResizeMode};
use serde::Deserialize;

/// A setting that cannot be had here.
pub(super) struct Unsupported(pub(super) String);

fn unsupported(setting: impl Into<String>) -> Unsupported {
    Unsupported(setting.into())
}

/// A configuration file, whichever it is: all that is looked for in any.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct FileJson {
    // open_clip's `open_clip_config.json`, or the model configuration in it alone.
    model_cfg: Option<ModelJson>,
    preprocess_cfg: Option<PreprocessJson>,
    #[serde(flatten)]
    model: ModelJson,
    // transformers' `preprocessor_config.json`, or `processor_config.json` around it.
    image_processor: Option<ProcessorJson>,
    #[serde(flatten)]
    processor: ProcessorJson,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ModelJson {
    quick_gelu: Option<bool>,
    vision_cfg: Option<TowerJson>,
    text_cfg: Option<TowerJson>,
    multimodal_cfg: Option<serde_json::Value>,
    // transformers' `config.json`.
    model_type: Option<String>,
    vision_config: Option<TowerJson>,
    text_config: Option<TowerJson>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TowerJson {
    width: Option<usize>,
    heads: Option<usize>,
    head_width: Option<usize>,
    pool_type: Option<String>,
    no_causal_mask: Option<bool>,
    act_kwargs: Option<serde_json::Map<String, serde_json::Value>>,
    norm_kwargs: Option<serde_json::Map<String, serde_json::Value>>,
    cross_attn_ratio: Option<usize>,
    num_attention_heads: Option<usize>,
    hidden_act: Option<String>,
    layer_norm_eps: Option<f64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PreprocessJson {
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
    interpolation: Option<String>,
    resize_mode: Option<String>,
    fill_color: Option<u8>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ProcessorJson {
    image_mean: Option<[f32; 3]>,
    image_std: Option<[f32; 3]>,
    /// Pillow's number of an interpolation.
    resample: Option<u8>,
    size: Option<SizeJson>,
    crop_size: Option<SizeJson>,
    image_processor_type: Option<String>,
    feature_extractor_type: Option<String>,
    do_resize: Option<bool>,
    do_center_crop: Option<bool>,
    do_normalize: Option<bool>,
    do_rescale: Option<bool>,
    rescale_factor: Option<f64>,
}

#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(untagged)]
enum SizeJson {
    Side(usize),
    Shortest { shortest_edge: usize },
    Longest { longest_edge: usize },
    Both { height: usize, width: usize },
}

impl FileJson {
    /// What the file says.
    pub(super) fn configuration(self) -> Result<Configuration, Unsupported> {
        let mut configuration = match self.model_cfg.unwrap_or(self.model) {
            model if model.vision_cfg.is_some() => model.open_clip()?,
            model => model.transformers()?,
        };
        configuration.preprocessing = match (self.preprocess_cfg, self.image_processor) {
            (Some(settings), _) => settings.options()?,
            (None, Some(processor)) => processor.options()?,
            (None, None) => self.processor.options()?,
        };
        Ok(configuration)
    }
}

impl ModelJson {
    fn open_clip(self) -> Result<Configuration, Unsupported> {
        let vision = self.vision_cfg.unwrap_or_default();
        let text = self.text_cfg.unwrap_or_default();
        // A MaMMUT pools otherwise, which its tensors tell.
        let is_mammut = self.multimodal_cfg.is_some() || text.cross_attn_ratio.is_some();
        if !is_mammut {
            let pools = [(&vision, "tok", "vision"), (&text, "argmax", "text")];
            for (tower, usual, name) in pools {
                if let Some(pool) = tower.pool_type.as_deref().filter(|pool| *pool != usual) {
                    return Err(unsupported(format!("pool_type {pool} of the {name} tower")));
                }
            }
            if text.no_causal_mask == Some(true) {
                return Err(unsupported("no_causal_mask"));
            }
        }
        for tower in [&vision, &text] {
            for (name, settings) in [
                ("act_kwargs", &tower.act_kwargs),
                ("norm_kwargs", &tower.norm_kwargs),
            ] {
                if let Some(settings) = settings.as_ref().filter(|settings| !settings.is_empty()) {
                    let settings = serde_json::Value::Object(settings.clone());
                    return Err(unsupported(format!("{name} {settings}")));
                }
            }
        }
        let heads = |tower: &TowerJson| {
            let by_width = tower.width.zip(tower.head_width.filter(|head| *head > 0));
            tower.heads.or(by_width.map(|(width, head)| width / head))
        };
        Ok(Configuration {
            activation: Some(match self.quick_gelu {
                Some(true) => Activation::QuickGelu,
                _ => Activation::Gelu,
            }),
            vision_heads: heads(&vision),
            text_heads: heads(&text),
            ..Configuration::default()
        })
    }

    /// transformers writes only what differs from its defaults (`configuration_clip.py`).
    fn transformers(self) -> Result<Configuration, Unsupported> {
        let is_clip = match self.model_type.as_deref() {
            Some(kind) => kind == "clip",
            None => self.vision_config.is_some(),
        };
        if !is_clip {
            return Ok(Configuration::default());
        }
        let vision = self.vision_config.unwrap_or_default();
        let text = self.text_config.unwrap_or_default();
        let activation = |tower: &TowerJson| match tower.hidden_act.as_deref() {
            None | Some("quick_gelu") => Ok(Activation::QuickGelu),
            Some("gelu") => Ok(Activation::Gelu),
            Some(other) => Err(unsupported(format!("hidden_act {other}"))),
        };
        for tower in [&vision, &text] {
            if let Some(eps) = tower.layer_norm_eps.filter(|eps| *eps != 1e-5) {
                return Err(unsupported(format!("layer_norm_eps {eps}")));
            }
        }
        let (of_vision, of_text) = (activation(&vision)?, activation(&text)?);
        if of_vision != of_text {
            return Err(unsupported("towers with different activations"));
        }
        Ok(Configuration {
            activation: Some(of_vision),
            vision_heads: Some(vision.num_attention_heads.unwrap_or(12)),
            text_heads: Some(text.num_attention_heads.unwrap_or(8)),
            ..Configuration::default()
        })
    }
}

impl PreprocessJson {
    fn options(self) -> Result<PreprocessingOptions, Unsupported> {
        Ok(PreprocessingOptions {
            resize: None,
            mode: match self.resize_mode.as_deref() {
                None => None,
                Some("shortest") => Some(ResizeMode::Shortest),
                Some("longest") => Some(ResizeMode::Longest),
                Some("squash") => Some(ResizeMode::Squash),
                Some(other) => return Err(unsupported(format!("resize_mode {other}"))),
            },
            interpolation: match self.interpolation.as_deref() {
                None => None,
                // open_clip draws one only in training.
                Some("bicubic" | "random") => Some(Interpolation::Bicubic),
                Some("bilinear") => Some(Interpolation::Bilinear),
                Some("nearest") => Some(Interpolation::Nearest),
                Some(other) => return Err(unsupported(format!("interpolation {other}"))),
            },
            mean: self.mean,
            std: self.std,
            fill: self.fill_color,
        })
    }
}

impl ProcessorJson {
    fn options(self) -> Result<PreprocessingOptions, Unsupported> {
        let says_nothing = self.size.is_none() && self.image_mean.is_none();
        if says_nothing {
            return Ok(PreprocessingOptions::default());
        }
        for (setting, is_on) in [
            ("do_resize false", self.do_resize),
            ("do_rescale false", self.do_rescale),
        ] {
            if is_on == Some(false) {
                return Err(unsupported(setting));
            }
        }
        let factor = self.rescale_factor.unwrap_or(1.0 / 255.0);
        if (factor - 1.0 / 255.0).abs() > 1e-9 {
            return Err(unsupported(format!("rescale_factor {factor}")));
        }
        // Classes for CLIP take one number for the shorter side, others for both.
        let class = self.image_processor_type.or(self.feature_extractor_type);
        let is_clip = class.is_none_or(|class| class.starts_with("CLIP"));
        let crops = self.do_center_crop.unwrap_or(is_clip);
        let (mode, resize) = match self.size {
            None => (None, None),
            Some(SizeJson::Side(side)) if !is_clip => (Some(ResizeMode::Squash), Some(side)),
            Some(
                SizeJson::Side(side)
                | SizeJson::Shortest {
                    shortest_edge: side,
                },
            ) if crops => (Some(ResizeMode::Shortest), Some(side)),
            Some(SizeJson::Both { height, width }) if height == width => {
                (Some(ResizeMode::Squash), Some(height))
            }
            Some(SizeJson::Longest { longest_edge }) => {
                return Err(unsupported(format!("longest_edge {longest_edge}")));
            }
            Some(SizeJson::Both { height, width }) => {
                return Err(unsupported(format!("images of {width} × {height} pixels")));
            }
            Some(
                SizeJson::Side(side)
                | SizeJson::Shortest {
                    shortest_edge: side,
                },
            ) => {
                return Err(unsupported(format!("shortest_edge {side} without a crop")));
            }
        };
        let is_plain = self.do_normalize == Some(false);
        Ok(PreprocessingOptions {
            resize,
            mode,
            interpolation: match self.resample {
                None => None,
                Some(0) => Some(Interpolation::Nearest),
                Some(2) => Some(Interpolation::Bilinear),
                Some(3) => Some(Interpolation::Bicubic),
                Some(other) => return Err(unsupported(format!("resample {other}"))),
            },
            mean: if is_plain {
                Some([0.0; 3])
            } else {
                self.image_mean
            },
            std: if is_plain {
                Some([1.0; 3])
            } else {
                self.image_std
            },
            fill: None,
        })
    }
}
