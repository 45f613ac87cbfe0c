//! A model's sizes, inferred from the shapes of its tensors.

use super::{Activation, Architecture, Configuration, DecoderConfig, TransformerConfig};
use crate::weights::WeightsError;
use std::collections::BTreeMap;

/// What shapes and a configuration tell. The activation is still to be found out.
pub(crate) struct Inferred {
    pub(crate) architecture: Architecture,
    /// The widths of towers whose heads neither the configuration tells nor a published model of
    /// this width: of the image tower, of the text tower.
    pub(crate) assumed_heads: [Option<usize>; 2],
}

impl Inferred {
    /// Infers the architecture from the shapes of tensors under open_clip's names.
    pub(crate) fn new(
        shapes: &BTreeMap<String, Vec<usize>>,
        configuration: &Configuration,
    ) -> Result<Self, WeightsError> {
        let shapes = Shapes(shapes);
        let conv = shapes.get("visual.conv1.weight", 4)?;
        let (width, patch) = (conv[0], conv[2]);
        let tokens = shapes.get("visual.positional_embedding", 2)?[0];
        let grid = (tokens - 1).isqrt();
        if grid == 0 || grid * grid + 1 != tokens {
            return Err(wrong(format!(
                "{tokens} positions are no square of patches"
            )));
        }
        let [vocabulary, text_width] = *shapes.get("token_embedding.weight", 2)? else {
            return Err(wrong("no token embedding".to_owned()));
        };
        let embedding = shapes.get("visual.proj", 2)?[1];
        let (vision_heads, text_heads) = (configuration.vision_heads, configuration.text_heads);
        let text = shapes.transformer("", text_width, 64, text_heads)?;
        let decoder = shapes.decoder(text, embedding)?;
        let assumed = |width, heads: Option<usize>, known: &[usize]| {
            (heads.is_none() && !known.contains(&width)).then_some(width)
        };
        Ok(Inferred {
            architecture: Architecture {
                embedding,
                patch,
                grid,
                vision: shapes.transformer("visual.", width, vision_head(width), vision_heads)?,
                context: shapes.get("positional_embedding", 2)?[0],
                vocabulary,
                text,
                activation: Activation::default(),
                decoder,
            },
            assumed_heads: [
                assumed(width, vision_heads, &VISION_WIDTHS),
                assumed(text_width, text_heads, &TEXT_WIDTHS),
            ],
        })
    }

    #[cfg(test)]
    pub(crate) fn assumes_heads(&self) -> bool {
        self.assumed_heads.iter().any(Option::is_some)
    }
}

/// Widths of the towers of open_clip's `model_configs/`, whose heads are known.
const VISION_WIDTHS: [usize; 11] = [256, 384, 512, 640, 768, 896, 1024, 1280, 1408, 1664, 1792];
const TEXT_WIDTHS: [usize; 7] = [256, 384, 512, 640, 768, 1024, 1280];

/// The shapes of tensors, by open_clip's names.
struct Shapes<'a>(&'a BTreeMap<String, Vec<usize>>);

impl Shapes<'_> {
    /// The shape of a tensor, which must have so many dimensions, none of them 0.
    fn get(&self, name: &str, dimensions: usize) -> Result<&[usize], WeightsError> {
        let Some(shape) = self.0.get(name) else {
            return Err(WeightsError::Missing {
                names: vec![name.to_owned()],
            });
        };
        if shape.len() != dimensions || shape.contains(&0) {
            return Err(wrong(format!("{name} is {shape:?}")));
        }
        Ok(shape)
    }

    /// One more than the highest number that follows `prefix`.
    fn layers(&self, prefix: &str) -> usize {
        let layer = |name: &String| name.strip_prefix(prefix)?.split('.').next()?.parse().ok();
        let last: Option<usize> = self.0.keys().filter_map(layer).max();
        // More layers than tensors: the list of what is missing would fill the memory.
        last.map_or(0, |last| last.min(self.0.len()) + 1)
    }

    /// The tower under `prefix`; its heads are `head` wide if their number is not known.
    fn transformer(
        &self,
        prefix: &str,
        width: usize,
        head: usize,
        heads: Option<usize>,
    ) -> Result<TransformerConfig, WeightsError> {
        let blocks = format!("{prefix}transformer.resblocks.");
        let layers = self.layers(&blocks);
        let mlp = |block: usize| format!("{blocks}{block}.mlp.c_fc.weight");
        // A MaMMUT's first block may have none.
        let first = (0..layers).find(|block| self.0.contains_key(&mlp(*block)));
        let heads = heads.unwrap_or((width / head).max(1));
        if heads == 0 || !width.is_multiple_of(heads) {
            return Err(wrong(format!(
                "{heads} heads do not divide the width {width}"
            )));
        }
        Ok(TransformerConfig {
            width,
            layers,
            heads,
            hidden: self.get(&mlp(first.unwrap_or(0)), 2)?[0],
        })
    }

    /// A MaMMUT's decoder.
    fn decoder(
        &self,
        text: TransformerConfig,
        embedding: usize,
    ) -> Result<Option<DecoderConfig>, WeightsError> {
        if !self.0.contains_key("map_viz2txt_kv") {
            return Ok(None);
        }
        let layers = self.layers("cross_attn.");
        if layers == 0 {
            self.get("cross_attn.0.attn.in_proj_weight", 2)?;
        }
        if layers == 0 || !text.layers.is_multiple_of(layers) {
            return Err(wrong(format!(
                "{layers} layers of cross-attention cannot be spread over {} blocks",
                text.layers
            )));
        }
        if embedding != text.width {
            return Err(wrong(format!(
                "images give {embedding} numbers and texts {}",
                text.width
            )));
        }
        Ok(Some(DecoderConfig {
            layers,
            has_mlps: self
                .0
                .contains_key("transformer.resblocks.0.mlp.c_fc.weight"),
        }))
    }
}

/// Width of a vision tower's heads: 64, but for four large models of open_clip.
pub(super) fn vision_head(width: usize) -> usize {
    match width {
        1280 => 80,
        1408 => 88,
        1664 => 104,
        1792 => 112,
        _ => 64,
    }
}

fn wrong(reason: String) -> WeightsError {
    WeightsError::Architecture { reason }
}
