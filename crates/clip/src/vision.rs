//! The image tower: a picture's patches as tokens after one of its class. What becomes of the class
//! token is a CLIP's answer, the mean of all a MaMMUT's.

use super::architecture::Architecture;
use super::load::Parameters;
use super::preprocess::Pixels;
use super::transformer::{Norm, Transformer};
use super::weights::WeightsError;
use crate::compute::{After, Backend, ComputeError};

pub(super) struct Vision<B: Backend> {
    patch: usize,
    grid: usize,
    width: usize,
    embedding: usize,
    patches: B::Weights,
    class: B::Tensor,
    positions: B::Tensor,
    ln_pre: Norm<B>,
    transformer: Transformer<B>,
    ln_post: Norm<B>,
    projection: B::Weights,
    /// The answer is the mean of all tokens.
    is_mean: bool,
}

impl<B: Backend> Vision<B> {
    pub fn take(
        parameters: &mut Parameters<B>,
        architecture: &Architecture,
    ) -> Result<Self, WeightsError> {
        let activation = architecture.activation;
        Ok(Vision {
            patch: architecture.patch,
            grid: architecture.grid,
            width: architecture.vision.width,
            embedding: architecture.embedding,
            patches: parameters.weights("visual.conv1.weight")?,
            class: parameters.tensor("visual.class_embedding")?,
            positions: parameters.tensor("visual.positional_embedding")?,
            ln_pre: Norm::take(parameters, "visual.ln_pre")?,
            transformer: Transformer::take(
                parameters,
                "visual.",
                architecture.vision,
                activation,
                |_| true,
            )?,
            ln_post: Norm::take(parameters, "visual.ln_post")?,
            projection: parameters.weights("visual.proj")?,
            is_mean: architecture.decoder.is_some(),
        })
    }

    /// Unit vectors, one a picture, of pictures of the right size.
    pub fn encode(&self, backend: &B, pictures: &[Pixels]) -> Result<B::Tensor, ComputeError> {
        let tokens = self.tokens();
        let class_rows: Vec<u32> = (0..pictures.len()).map(|i| (i * tokens) as u32).collect();
        let x = if self.is_mean {
            let all = self.run(backend, pictures, None)?;
            let mut means = backend.empty(pictures.len(), self.width)?;
            backend.mean(&all, tokens, &mut means);
            means
        } else {
            self.run(backend, pictures, Some(&class_rows))?
        };
        let mut normed = backend.empty(pictures.len(), self.width)?;
        self.ln_post.apply(backend, &x, &mut normed);
        let mut units = backend.empty(pictures.len(), self.embedding)?;
        backend.linear(&normed, &self.projection, None, After::Nothing, &mut units);
        backend.normalize(&mut units);
        Ok(units)
    }

    /// Tokens of a picture.
    pub fn tokens(&self) -> usize {
        self.grid * self.grid + 1
    }

    /// What becomes of pictures' tokens, or of those that are `wanted`.
    pub fn run(
        &self,
        backend: &B,
        pictures: &[Pixels],
        wanted: Option<&[u32]>,
    ) -> Result<B::Tensor, ComputeError> {
        let values: Vec<f32> = pictures.iter().flat_map(|p| self.unfold(p)).collect();
        let numbers = 3 * self.patch * self.patch;
        let rows = values.len() / numbers;
        let patches = backend.tensor(numbers, values)?;
        let mut embedded = backend.empty(rows, self.width)?;
        backend.linear(&patches, &self.patches, None, After::Nothing, &mut embedded);

        let tokens = self.tokens();
        let rows = pictures.len() * tokens;
        let mut sequences = backend.empty(rows, self.width)?;
        backend.embed_patches(&embedded, &self.class, &self.positions, &mut sequences);
        let mut x = backend.empty(rows, self.width)?;
        self.ln_pre.apply(backend, &sequences, &mut x);
        self.transformer
            .run(backend, x, rows, tokens, false, wanted)
    }

    /// A picture's patches, row by row; of each its planes, as the convolution's weights lie.
    fn unfold(&self, picture: &Pixels) -> Vec<f32> {
        let (patch, size) = (self.patch, picture.size);
        let mut values = Vec::with_capacity(picture.planes.len());
        for (row, column) in (0..self.grid * self.grid).map(|i| (i / self.grid, i % self.grid)) {
            for plane in picture.planes.chunks_exact(size * size) {
                for y in row * patch..(row + 1) * patch {
                    let start = y * size + column * patch;
                    values.extend_from_slice(&plane[start..start + patch]);
                }
            }
        }
        values
    }
}
