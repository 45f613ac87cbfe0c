//! What a CLIP looks like, read off the shapes of its tensors.

use super::weights::WeightsError;
use super::weights::names::Part;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The nonlinearity between the two layers of each block's perceptron. No shape tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// With the exact normal distribution: LAION's, DataComp's and all scaling-law models.
    #[default]
    Gelu,
    /// x σ(1.702 x): OpenAI's, LAION-400M's and MetaCLIP's models.
    QuickGelu,
}

impl Activation {
    /// Of a published checkpoint, by a part of its file's or repository's name.
    pub fn of_checkpoint(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let any = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if any(&["openai", "laion400m", "metaclip", "quickgelu"]) {
            Some(Activation::QuickGelu)
        } else if any(&[
            "laion2b",
            "datacomp",
            "commonpool",
            "scaling-laws",
            "samples-",
        ]) {
            Some(Activation::Gelu)
        } else {
            None
        }
    }
}

/// A tower's transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transformer {
    pub width: usize,
    pub layers: usize,
    pub heads: usize,
    /// Width inside each block's perceptron.
    pub hidden: usize,
}

/// A CLIP with a vision transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Numbers of an embedding.
    pub embedding: usize,
    /// Side of a patch, in pixels.
    pub patch: usize,
    /// Patches along a side of the picture.
    pub grid: usize,
    pub vision: Transformer,
    /// Tokens that a text may have.
    pub context: usize,
    pub vocabulary: usize,
    pub text: Transformer,
    pub activation: Activation,
}

/// What shapes do not tell, from a model's configuration file; `None` where it is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    pub activation: Option<Activation>,
    pub vision_heads: Option<usize>,
    pub text_heads: Option<usize>,
}

impl Configuration {
    /// From open_clip's `open_clip_config.json` or transformers' `config.json`.
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Tower {
            width: Option<usize>,
            heads: Option<usize>,
            head_width: Option<usize>,
            num_attention_heads: Option<usize>,
            hidden_act: Option<String>,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Model {
            quick_gelu: Option<bool>,
            vision_cfg: Option<Tower>,
            text_cfg: Option<Tower>,
            vision_config: Option<Tower>,
            text_config: Option<Tower>,
            model_cfg: Option<Box<Model>>,
        }
        let mut model: Model = serde_json::from_str(json)?;
        if let Some(inner) = model.model_cfg.take() {
            model = *inner;
        }
        let heads = |tower: &Tower| {
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

/// What a tensor is for, which says how a backend keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Of a linear map, a row for each output.
    Linear,
    /// Of a linear map, a row for each input.
    Projection,
    /// Anything else.
    Values,
}

/// A tensor that the architecture asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub shape: Vec<usize>,
    pub role: Role,
}

impl Architecture {
    /// Side of the picture, in pixels.
    pub fn picture(&self) -> usize {
        self.patch * self.grid
    }

    /// From the shapes of tensors under open_clip's names.
    pub(crate) fn infer(
        shapes: &BTreeMap<String, Vec<usize>>,
        configuration: &Configuration,
        fallback: Activation,
    ) -> Result<Self, WeightsError> {
        let shape = |name: &str, dimensions: usize| {
            let Some(shape) = shapes.get(name) else {
                return Err(WeightsError::Missing {
                    names: vec![name.to_owned()],
                });
            };
            if shape.len() != dimensions || shape.contains(&0) {
                return Err(wrong(format!("{name} is {shape:?}")));
            }
            Ok(shape.as_slice())
        };
        let transformer = |prefix: &str, width: usize, head: usize, heads: Option<usize>| {
            let blocks = format!("{prefix}transformer.resblocks.");
            let block = |name: &String| name.strip_prefix(&blocks)?.split('.').next()?.parse().ok();
            let layers = shapes
                .keys()
                .filter_map(block)
                .max()
                .map_or(0, |last: usize| {
                    // More blocks than tensors: named as missing, one by one, they would fill memory.
                    last.min(shapes.len()) + 1
                });
            let heads = heads.unwrap_or(width / head);
            if heads == 0 || !width.is_multiple_of(heads) {
                return Err(wrong(format!(
                    "{heads} heads do not divide the width {width}"
                )));
            }
            Ok(Transformer {
                width,
                layers,
                heads,
                hidden: shape(&format!("{blocks}0.mlp.c_fc.weight"), 2)?[0],
            })
        };
        let conv = shape("visual.conv1.weight", 4)?;
        let (width, patch) = (conv[0], conv[2]);
        let tokens = shape("visual.positional_embedding", 2)?[0];
        let grid = (tokens - 1).isqrt();
        if grid == 0 || grid * grid + 1 != tokens {
            return Err(wrong(format!(
                "{tokens} positions are no square of patches"
            )));
        }
        let [vocabulary, text_width] = *shape("token_embedding.weight", 2)? else {
            return Err(wrong("no token embedding".to_owned()));
        };
        Ok(Architecture {
            embedding: shape("visual.proj", 2)?[1],
            patch,
            grid,
            vision: transformer(
                "visual.",
                width,
                vision_head(width),
                configuration.vision_heads,
            )?,
            context: shape("positional_embedding", 2)?[0],
            vocabulary,
            text: transformer("", text_width, 64, configuration.text_heads)?,
            activation: configuration.activation.unwrap_or(fallback),
        })
    }

    /// Every tensor of such a model.
    pub(crate) fn parameters(&self) -> BTreeMap<String, Parameter> {
        let mut all = BTreeMap::new();
        let mut add = |name: String, role: Role, shape: &[usize]| {
            let shape = shape.to_vec();
            all.insert(name, Parameter { shape, role });
        };
        for (prefix, tower) in [("visual.", &self.vision), ("", &self.text)] {
            let (width, hidden) = (tower.width, tower.hidden);
            for i in 0..tower.layers {
                let mut add = |name: &str, role: Role, shape: &[usize]| {
                    add(
                        format!("{prefix}transformer.resblocks.{i}.{name}"),
                        role,
                        shape,
                    );
                };
                for norm in ["ln_1", "ln_2"] {
                    add(&format!("{norm}.weight"), Role::Values, &[width]);
                    add(&format!("{norm}.bias"), Role::Values, &[width]);
                }
                add("attn.in_proj_weight", Role::Linear, &[3 * width, width]);
                add("attn.in_proj_bias", Role::Values, &[3 * width]);
                add("attn.out_proj.weight", Role::Linear, &[width, width]);
                add("attn.out_proj.bias", Role::Values, &[width]);
                add("mlp.c_fc.weight", Role::Linear, &[hidden, width]);
                add("mlp.c_fc.bias", Role::Values, &[hidden]);
                add("mlp.c_proj.weight", Role::Linear, &[width, hidden]);
                add("mlp.c_proj.bias", Role::Values, &[width]);
            }
        }
        let (vision, text) = (self.vision.width, self.text.width);
        for (norm, width) in [
            ("visual.ln_pre", vision),
            ("visual.ln_post", vision),
            ("ln_final", text),
        ] {
            add(format!("{norm}.weight"), Role::Values, &[width]);
            add(format!("{norm}.bias"), Role::Values, &[width]);
        }
        let tokens = self.grid * self.grid + 1;
        for (name, role, shape) in [
            (
                "visual.conv1.weight",
                Role::Linear,
                &[vision, 3, self.patch, self.patch][..],
            ),
            ("visual.class_embedding", Role::Values, &[vision]),
            (
                "visual.positional_embedding",
                Role::Values,
                &[tokens, vision],
            ),
            ("visual.proj", Role::Projection, &[vision, self.embedding]),
            (
                "token_embedding.weight",
                Role::Values,
                &[self.vocabulary, text],
            ),
            ("positional_embedding", Role::Values, &[self.context, text]),
            ("text_projection", Role::Projection, &[text, self.embedding]),
            ("logit_scale", Role::Values, &[]),
        ] {
            add(name.to_owned(), role, shape);
        }
        all
    }
}

/// Width of a vision tower's heads: 64, but for three large ones of open_clip.
fn vision_head(width: usize) -> usize {
    match width {
        1280 => 80,
        1408 => 88,
        1664 => 104,
        _ => 64,
    }
}

fn wrong(reason: String) -> WeightsError {
    WeightsError::Architecture { reason }
}

/// The shape of open_clip's tensor that this part of it implies.
pub(crate) fn whole_shape(shape: &[usize], part: Part, transposed: bool) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let (Part::Third(_), Some(rows)) = (part, shape.first_mut()) {
        *rows = rows.saturating_mul(3);
    }
    if transposed {
        shape.reverse();
    }
    shape
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

    #[test]
    fn published_checkpoints_tell_their_activation() {
        for (name, activation) in [
            (
                "timm/vit_base_patch32_clip_224.openai",
                Some(Activation::QuickGelu),
            ),
            ("ViT-B-32__laion400m_e32.pt", Some(Activation::QuickGelu)),
            ("CLIP-ViT-B-32-laion2B-s34B-b79K", Some(Activation::Gelu)),
            (
                "Model-B-32_Data-80M_Samples-13B_lr-1e-3_bs-88k.pt",
                Some(Activation::Gelu),
            ),
            ("open_clip_model.safetensors", None),
        ] {
            assert_eq!(Activation::of_checkpoint(name), activation, "{name}");
        }
    }
}
