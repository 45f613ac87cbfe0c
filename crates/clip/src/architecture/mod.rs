//! The sizes of a CLIP or a MaMMUT, inferred from the shapes of its tensors.

mod configuration;
mod cost;
mod infer;
mod known;
mod parameters;

pub use configuration::{Configuration, ConfigurationError};
pub(crate) use infer::Inferred;
pub(crate) use known::known;
pub use known::telling_name;
pub(crate) use parameters::{Parameter, Role};

use crate::backend::Epilogue;
use crate::weights::names::Slice;
use serde::{Deserialize, Serialize};
use std::fmt;

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
    pub(crate) fn epilogue(self) -> Epilogue {
        match self {
            Activation::Gelu => Epilogue::Gelu,
            Activation::QuickGelu => Epilogue::QuickGelu,
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Activation::Gelu => "GELU",
            Activation::QuickGelu => "QuickGELU",
        })
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

impl Architecture {
    /// Side of the square images that the model takes, in pixels.
    pub fn image_size(&self) -> usize {
        self.patch * self.grid
    }

    /// Whether an image's embedding is of the mean of all its tokens, as MaMMUT's is, not of the class
    /// token.
    pub fn pools_by_mean(&self) -> bool {
        self.decoder.is_some()
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
    use super::infer::vision_head;
    use super::*;
    use std::collections::BTreeMap;

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
            let told = Inferred::new(&shapes, &Configuration::default()).unwrap();
            assert_eq!(told.architecture, architecture, "{family} {name}");
            assert!(!told.assumes_heads(), "{family} {name}");
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
}
