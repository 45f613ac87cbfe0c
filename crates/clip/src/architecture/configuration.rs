//! Configuration files that are published with checkpoints.

use super::Activation;
use serde::Deserialize;

/// What the shapes of tensors do not tell, from a model's configuration file; `None` where the file
/// does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The activation of both towers' MLPs.
    pub activation: Option<Activation>,
    /// Attention heads of the image tower.
    pub vision_heads: Option<usize>,
    /// Attention heads of the text tower.
    pub text_heads: Option<usize>,
}

impl Configuration {
    /// Reads open_clip's `open_clip_config.json` or transformers' `config.json`.
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct TowerJson {
            width: Option<usize>,
            heads: Option<usize>,
            head_width: Option<usize>,
            num_attention_heads: Option<usize>,
            hidden_act: Option<String>,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct ModelJson {
            quick_gelu: Option<bool>,
            vision_cfg: Option<TowerJson>,
            text_cfg: Option<TowerJson>,
            vision_config: Option<TowerJson>,
            text_config: Option<TowerJson>,
            model_cfg: Option<Box<ModelJson>>,
        }
        let mut model: ModelJson = serde_json::from_str(json)?;
        if let Some(inner) = model.model_cfg.take() {
            model = *inner;
        }
        let heads = |tower: &TowerJson| {
            let by_width = tower.width.zip(tower.head_width.filter(|head| *head > 0));
            let heads = tower.num_attention_heads.or(tower.heads);
            heads.or(by_width.map(|(width, head)| width / head))
        };
        let is_open_clip = model.vision_cfg.is_some();
        let vision = model.vision_cfg.or(model.vision_config).unwrap_or_default();
        let text = model.text_cfg.or(model.text_config).unwrap_or_default();
        let activation = match vision.hidden_act.as_deref() {
            Some("quick_gelu") => Some(Activation::QuickGelu),
            Some("gelu") => Some(Activation::Gelu),
            _ if model.quick_gelu == Some(true) => Some(Activation::QuickGelu),
            _ if is_open_clip => Some(Activation::Gelu),
            _ => None,
        };
        Ok(Configuration {
            activation,
            vision_heads: heads(&vision),
            text_heads: heads(&text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_of_both_kinds_are_read() {
        let read = |json| Configuration::read(json).unwrap();
        let openai = r#"{"model_cfg": {"quick_gelu": true, "vision_cfg": {"width": 768}, "text_cfg": {"heads": 8}}}"#;
        let openai = read(openai);
        assert_eq!(openai.activation, Some(Activation::QuickGelu));
        assert_eq!((openai.vision_heads, openai.text_heads), (None, Some(8)));
        let huge =
            r#"{"embed_dim": 1024, "vision_cfg": {"width": 1280, "head_width": 80, "layers": 32}}"#;
        let huge = read(huge);
        assert_eq!(huge.activation, Some(Activation::Gelu));
        assert_eq!(huge.vision_heads, Some(16));
        let transformers = r#"{"vision_config": {"hidden_act": "quick_gelu", "num_attention_heads": 12}, "text_config": {}}"#;
        let transformers = read(transformers);
        assert_eq!(transformers.activation, Some(Activation::QuickGelu));
        assert_eq!(transformers.vision_heads, Some(12));
        assert_eq!(read("{}"), Configuration::default());
        assert!(Configuration::read("[1").is_err());
    }
}
