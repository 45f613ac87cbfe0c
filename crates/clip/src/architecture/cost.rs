//! How many floating-point operations an embedding takes; a multiplication and an addition are two.

use super::{Architecture, TransformerConfig};

/// Floating-point operations of a tower.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cost {
    /// Those of linear maps, which the studies' tables count.
    linear: f64,
    /// Those of attention scores and weighted sums, which they leave out.
    attention: f64,
}

impl Architecture {
    /// Floating-point operations for the embedding of one image.
    pub fn image_operations(&self) -> f64 {
        let Cost { linear, attention } = self.image_cost();
        linear + attention
    }

    /// Floating-point operations for the embedding of one prompt of full length. A CLIP's sequence is
    /// cut after the end-of-text token and takes proportionally less; a MaMMUT's is always full.
    pub fn prompt_operations(&self) -> f64 {
        let Cost { linear, attention } = self.prompt_cost();
        linear + attention
    }

    fn image_cost(&self) -> Cost {
        let patches = (self.grid * self.grid) as f64;
        let width = self.vision.width as f64;
        let mut cost = tower(&self.vision, patches + 1.0, self.vision.layers);
        cost.linear += 2.0 * patches * width * (3 * self.patch * self.patch) as f64;
        cost.linear += 2.0 * width * self.embedding as f64;
        cost
    }

    fn prompt_cost(&self) -> Cost {
        let blocks = 0..self.text.layers;
        let mlps = blocks.filter(|block| self.has_mlp(*block)).count();
        let mut cost = tower(&self.text, self.context as f64, mlps);
        if self.decoder.is_none() {
            cost.linear += 2.0 * (self.text.width * self.embedding) as f64;
        }
        cost
    }
}

fn tower(shape: &TransformerConfig, tokens: f64, mlps: usize) -> Cost {
    let (width, layers) = (shape.width as f64, shape.layers as f64);
    let projections = 4.0 * width * width * layers;
    let mlps = 2.0 * width * (shape.hidden * mlps) as f64;
    Cost {
        linear: 2.0 * tokens * (projections + mlps),
        attention: 4.0 * tokens * tokens * width * layers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::{Activation, DecoderConfig};

    fn architecture(patch: usize, vision: (usize, usize), text: (usize, usize)) -> Architecture {
        let tower = |(width, layers): (usize, usize)| TransformerConfig {
            width,
            layers,
            heads: width / 64,
            hidden: 4 * width,
        };
        Architecture {
            embedding: text.0,
            patch,
            grid: 224 / patch,
            vision: tower(vision),
            context: 77,
            vocabulary: 49408,
            text: tower(text),
            activation: Activation::Gelu,
            decoder: None,
        }
    }

    /// The tables' compute per sample, in GFLOPs, without attention scores.
    #[test]
    fn costs_are_the_studies() {
        for (patch, vision, text, gflops) in [
            (32, (384, 12), (384, 12), 5.51),
            (16, (384, 12), (384, 12), 11.75),
            (32, (512, 12), (512, 12), 9.74),
            (32, (768, 12), (512, 12), 14.54),
            (16, (768, 12), (512, 12), 39.51),
            (32, (1024, 24), (768, 12), 43.59),
        ] {
            let architecture = architecture(patch, vision, text);
            let linear = architecture.image_cost().linear + architecture.prompt_cost().linear;
            assert!((linear / 1e9 - gflops).abs() < 0.011, "{linear} {gflops}");
        }
    }

    #[test]
    fn a_mammut_reads_with_half_of_its_mlps() {
        let mut architecture = architecture(32, (768, 12), (512, 12));
        assert!((architecture.image_operations() / 1e9 - 8.82).abs() < 0.005);
        assert!((architecture.prompt_operations() / 1e9 - 5.96).abs() < 0.005);
        architecture.decoder = Some(DecoderConfig {
            layers: 6,
            has_mlps: false,
        });
        assert!((architecture.prompt_operations() / 1e9 - 4.02).abs() < 0.005);
    }
}
