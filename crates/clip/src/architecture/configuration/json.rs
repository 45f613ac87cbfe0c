//! The configuration files of open_clip and transformers, as JSON.

use super::super::Activation;
use super::images::{PreprocessJson, ProcessorJson};
use super::{Configuration, Unsupported, unsupported};
use serde::Deserialize;

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
    // What was given to make them, which transformers lets go before them.
    vision_config_dict: Option<TowerJson>,
    text_config_dict: Option<TowerJson>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TowerJson {
    width: Option<usize>,
    heads: Option<usize>,
    head_width: Option<usize>,
    pool_type: Option<String>,
    global_average_pool: Option<bool>,
    no_causal_mask: Option<bool>,
    act_kwargs: Option<serde_json::Map<String, serde_json::Value>>,
    norm_kwargs: Option<serde_json::Map<String, serde_json::Value>>,
    cross_attn_ratio: Option<usize>,
    num_attention_heads: Option<usize>,
    hidden_act: Option<String>,
    layer_norm_eps: Option<f64>,
}

impl TowerJson {
    /// A tower of transformers, each setting from the first that has it.
    fn of(all: [Option<TowerJson>; 2]) -> Self {
        let [first, second] = all.map(Option::unwrap_or_default);
        TowerJson {
            num_attention_heads: first.num_attention_heads.or(second.num_attention_heads),
            hidden_act: first.hidden_act.or(second.hidden_act),
            layer_norm_eps: first.layer_norm_eps.or(second.layer_norm_eps),
            ..TowerJson::default()
        }
    }
}

impl FileJson {
    /// What the file says.
    pub(super) fn configuration(self) -> Result<Configuration, Unsupported> {
        let mut configuration = match self.model_cfg.unwrap_or(self.model) {
            model if model.vision_cfg.is_some() => model.open_clip()?,
            model => model.transformers()?,
        };
        if let Some(settings) = self.preprocess_cfg {
            configuration.preprocessing = settings.options()?;
            return Ok(configuration);
        }
        let processor = self.image_processor.unwrap_or(self.processor);
        configuration.image_size = processor.image_size()?;
        configuration.preprocessing = processor.options()?;
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
            if vision.global_average_pool == Some(true) {
                return Err(unsupported("global_average_pool"));
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
        let vision = TowerJson::of([self.vision_config_dict, self.vision_config]);
        let text = TowerJson::of([self.text_config_dict, self.text_config]);
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
