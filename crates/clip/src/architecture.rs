//! The sizes of a CLIP or a MaMMUT, inferred from the shapes of its tensors.

mod configuration;
mod cost;

pub use configuration::Configuration;

use super::weights::WeightsError;
use super::weights::names::Slice;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The nonlinearity between the two layers of each block's MLP. The shapes do not tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// x Φ(x), with the exact normal distribution: the models of LAION, DataComp and the
    /// scaling-law studies.
    #[default]
    Gelu,
    /// x σ(1.702 x): the models of OpenAI, LAION-400M and MetaCLIP.
    QuickGelu,
}

impl Activation {
    /// The activation of a published checkpoint, recognised by a part of the name of its file or
    /// repository.
    pub fn of_checkpoint(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let any = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if any(&["openai", "laion400m", "metaclip", "quickgelu"]) {
            Some(Activation::QuickGelu)
        } else if any(&[
            "laion2b",
            "mammut",
            "shapes.safetensors",
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

/// The sizes of a tower's transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformerConfig {
    /// Numbers of a token.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Attention heads of a block, `width / heads` wide each.
    pub heads: usize,
    /// Numbers of a token inside each block's MLP.
    pub hidden: usize,
}

/// What a MaMMUT has besides two towers: its text tower is a decoder too, which attends to the image
/// through layers of cross-attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecoderConfig {
    /// Layers of cross-attention, evenly spread over the text tower: the first after the first
    /// block.
    pub layers: usize,
    /// Whether the blocks before them have MLPs of their own.
    pub has_mlps: bool,
}

/// The sizes of a CLIP with a vision transformer, or of a MaMMUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Numbers of an embedding.
    pub embedding: usize,
    /// Side of a patch, in pixels.
    pub patch: usize,
    /// Patches along a side of the image.
    pub grid: usize,
    /// The image tower.
    pub vision: TransformerConfig,
    /// The most tokens of a text, start and end included.
    pub context: usize,
    /// Tokens in the vocabulary.
    pub vocabulary: usize,
    /// The text tower.
    pub text: TransformerConfig,
    /// The activation of both towers' MLPs.
    pub activation: Activation,
    /// MaMMUT's decoder; a CLIP has none.
    pub decoder: Option<DecoderConfig>,
}

/// What a tensor is for, which decides how a backend stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The matrix of a linear map, `[outputs, inputs]`.
    Linear,
    /// The matrix of a linear map, `[inputs, outputs]`.
    Projection,
    /// Anything else.
    Values,
}

/// A tensor of the architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub shape: Vec<usize>,
    pub role: Role,
}

impl Architecture {
    /// Side of the square images that the model takes, in pixels.
    pub fn image_size(&self) -> usize {
        self.patch * self.grid
    }

    /// Whether this block of the text tower has an MLP.
    pub(crate) fn has_mlp(&self, block: usize) -> bool {
        self.cross_attention_after(block).is_none() || self.decoder.is_some_and(|d| d.has_mlps)
    }

    /// The layer of cross-attention after a block of the text tower.
    pub(crate) fn cross_attention_after(&self, block: usize) -> Option<usize> {
        let every = self.text.layers / self.decoder?.layers;
        block.is_multiple_of(every).then_some(block / every)
    }

    /// Whether only captions need this tensor.
    pub(crate) fn is_for_captions(&self, name: &str) -> bool {
        let names = ["map_viz2txt_kv", "text_projection"];
        self.decoder.is_some() && (names.contains(&name) || name.starts_with("cross_attn."))
    }

    /// Infers the architecture from the shapes of tensors under open_clip's names.
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
        let count = |prefix: &str| {
            let block = |name: &String| name.strip_prefix(prefix)?.split('.').next()?.parse().ok();
            let last: Option<usize> = shapes.keys().filter_map(block).max();
            // More blocks than tensors: named as missing, one by one, they would fill memory.
            last.map_or(0, |last| last.min(shapes.len()) + 1)
        };
        let decoder = match shapes.contains_key("map_viz2txt_kv") {
            true => Some(DecoderConfig {
                layers: count("cross_attn."),
                has_mlps: shapes.contains_key("transformer.resblocks.0.mlp.c_fc.weight"),
            }),
            false => None,
        };
        let transformer = |prefix: &str, width: usize, head: usize, heads: Option<usize>| {
            let blocks = format!("{prefix}transformer.resblocks.");
            let layers = count(&blocks);
            // A MaMMUT's first block may lack one.
            let mlp = |i: &usize| shapes.contains_key(&format!("{blocks}{i}.mlp.c_fc.weight"));
            let mlp = (0..layers).find(mlp).unwrap_or(0);
            let heads = heads.unwrap_or(width / head);
            if heads == 0 || !width.is_multiple_of(heads) {
                return Err(wrong(format!(
                    "{heads} heads do not divide the width {width}"
                )));
            }
            Ok(TransformerConfig {
                width,
                layers,
                heads,
                hidden: shape(&format!("{blocks}{mlp}.mlp.c_fc.weight"), 2)?[0],
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
        let embedding = shape("visual.proj", 2)?[1];
        let text = transformer("", text_width, 64, configuration.text_heads)?;
        if let Some(DecoderConfig { layers, .. }) = decoder {
            if layers == 0 {
                shape("cross_attn.0.attn.in_proj_weight", 2)?;
            }
            if layers == 0 || !text.layers.is_multiple_of(layers) {
                return Err(wrong(format!(
                    "{layers} layers of cross-attention cannot be spread over {} blocks",
                    text.layers
                )));
            }
            if embedding != text_width {
                return Err(wrong(format!(
                    "images give {embedding} numbers and texts {text_width}"
                )));
            }
        }
        Ok(Architecture {
            embedding,
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
            text,
            activation: configuration.activation.unwrap_or(fallback),
            decoder,
        })
    }

    /// Every tensor of such a model.
    pub(crate) fn parameters(&self) -> BTreeMap<String, Parameter> {
        let mut all = BTreeMap::new();
        let mut add = |name: String, role: Role, shape: &[usize]| {
            let shape = shape.to_vec();
            all.insert(name, Parameter { shape, role });
        };
        let mut add_block = |prefix: String, tower: &TransformerConfig, norms: &[&str], has_mlp| {
            let (width, hidden) = (tower.width, tower.hidden);
            let mut add = |name: &str, role: Role, shape: &[usize]| {
                add(format!("{prefix}.{name}"), role, shape);
            };
            for norm in norms {
                add(&format!("{norm}.weight"), Role::Values, &[width]);
                add(&format!("{norm}.bias"), Role::Values, &[width]);
            }
            add("attn.in_proj_weight", Role::Linear, &[3 * width, width]);
            add("attn.in_proj_bias", Role::Values, &[3 * width]);
            add("attn.out_proj.weight", Role::Linear, &[width, width]);
            add("attn.out_proj.bias", Role::Values, &[width]);
            if has_mlp {
                add("ln_2.weight", Role::Values, &[width]);
                add("ln_2.bias", Role::Values, &[width]);
                add("mlp.c_fc.weight", Role::Linear, &[hidden, width]);
                add("mlp.c_fc.bias", Role::Values, &[hidden]);
                add("mlp.c_proj.weight", Role::Linear, &[width, hidden]);
                add("mlp.c_proj.bias", Role::Values, &[width]);
            }
        };
        for i in 0..self.vision.layers {
            let prefix = format!("visual.transformer.resblocks.{i}");
            add_block(prefix, &self.vision, &["ln_1"], true);
        }
        for i in 0..self.text.layers {
            let prefix = format!("transformer.resblocks.{i}");
            add_block(prefix, &self.text, &["ln_1"], self.has_mlp(i));
        }
        for i in 0..self.decoder.map_or(0, |decoder| decoder.layers) {
            let prefix = format!("cross_attn.{i}");
            add_block(prefix, &self.text, &["ln_1", "ln_1_kv"], true);
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
            (
                "text_projection",
                Role::Projection,
                // A MaMMUT's is from its words to the vocabulary.
                &[
                    text,
                    self.decoder.map_or(self.embedding, |_| self.vocabulary),
                ],
            ),
            ("logit_scale", Role::Values, &[]),
        ] {
            add(name.to_owned(), role, shape);
        }
        if self.decoder.is_some() {
            let map = "map_viz2txt_kv".to_owned();
            add(map, Role::Projection, &[vision, text]);
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

/// The shape that open_clip's tensor has if this tensor is a slice of it, or is it transposed.
pub(crate) fn joint_shape(shape: &[usize], slice: Slice, transposed: bool) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let (Slice::Qkv(_), Some(rows)) = (slice, shape.first_mut()) {
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

    type Size = (&'static str, &'static str, [usize; 2], [usize; 2], bool);

    /// Models of the comparison study: family, name, widths of the towers, their layers, and
    /// whether all blocks of a MaMMUT have MLPs. The large ones and B/16 have, which their
    /// parameters tell: six more MLPs than where the first of two blocks lacks one.
    const SIZES: [Size; 24] = [
        ("clip", "ViT-S-32", [384, 384], [12, 12], false),
        ("clip", "ViT-S-16", [384, 384], [12, 12], false),
        ("clip", "ViT-S-14", [384, 384], [12, 12], false),
        ("clip", "ViT-M-32", [512, 512], [12, 12], false),
        ("clip", "ViT-M-16", [512, 512], [12, 12], false),
        ("clip", "ViT-M-14", [512, 512], [12, 12], false),
        ("clip", "ViT-B-32", [768, 512], [12, 12], false),
        ("clip", "ViT-B-16", [768, 512], [12, 12], false),
        ("clip", "ViT-L-32", [1024, 768], [24, 12], false),
        ("clip", "ViT-L-16", [1024, 768], [24, 12], false),
        ("clip", "ViT-L-14", [1024, 768], [24, 12], false),
        ("clip", "ViT-H-14", [1280, 1024], [32, 24], false),
        ("mammut", "ViT-S-32", [384, 384], [12, 12], false),
        ("mammut", "ViT-S-16", [384, 384], [12, 12], false),
        ("mammut", "ViT-S-14", [384, 384], [12, 12], false),
        ("mammut", "ViT-M-32", [512, 512], [12, 12], false),
        ("mammut", "ViT-M-16", [512, 512], [12, 12], false),
        ("mammut", "ViT-M-14", [512, 512], [12, 12], false),
        ("mammut", "ViT-B-32", [768, 512], [12, 12], false),
        ("mammut", "ViT-B-16", [768, 768], [12, 12], true),
        ("mammut", "ViT-L-32", [1024, 768], [24, 12], true),
        ("mammut", "ViT-L-16", [1024, 768], [24, 12], true),
        ("mammut", "ViT-L-14", [1024, 768], [24, 12], true),
        ("mammut", "ViT-H-14", [1280, 1024], [32, 24], true),
    ];

    /// Models of both families have the tables' parameters, and are told by their shapes alone.
    #[test]
    fn the_studies_sizes_are_told_by_their_shapes() {
        let table = std::fs::read_to_string("../../data/comparison/architectures.csv").unwrap();
        let mut rows = table
            .lines()
            .map(|line| line.split(',').collect::<Vec<_>>());
        let header = rows.next().unwrap();
        let rows: Vec<_> = rows.collect();
        let cell = |row: &[&str], column: &str| {
            let at = header.iter().position(|name| *name == column).unwrap();
            row[at].to_owned()
        };
        for (family, name, [vision, text], [deep, shallow], has_mlps) in SIZES {
            let tower = |width: usize, layers: usize, head: usize| TransformerConfig {
                width,
                layers,
                heads: width / head,
                hidden: 4 * width,
            };
            let patch = name.rsplit('-').next().unwrap().parse().unwrap();
            let architecture = Architecture {
                embedding: text,
                patch,
                grid: 224 / patch,
                vision: tower(vision, deep, vision_head(vision)),
                context: 77,
                vocabulary: 49408,
                text: tower(text, shallow, 64),
                activation: Activation::Gelu,
                decoder: (family == "mammut").then_some(DecoderConfig {
                    layers: shallow / 2,
                    has_mlps,
                }),
            };
            let parameters = architecture.parameters().into_iter();
            let shapes: BTreeMap<_, _> = parameters.map(|(k, p)| (k, p.shape)).collect();
            let told = Architecture::infer(&shapes, &Configuration::default(), Activation::Gelu);
            assert_eq!(told, Ok(architecture), "{family} {name}");
            let count: usize = shapes.values().map(|s| s.iter().product::<usize>()).sum();
            let is_it = |row: &&Vec<&str>| {
                cell(row, "family") == family && cell(row, "architecture") == name
            };
            let row = rows.iter().find(is_it).unwrap();
            let expected: f64 = cell(row, "mparams").parse().unwrap();
            let off = (count as f64 / 1e6 - expected).abs();
            assert!(off < 0.006, "{family} {name}: {count} for {expected}");
        }
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
