//! The image tower: a image's patches as tokens after one of its class. What becomes of the class
//! token is a CLIP's answer, the mean of all a MaMMUT's.

use super::architecture::Architecture;
use super::load::Parameters;
use super::preprocess::PixelValues;
use super::transformer::{Norm, Transformer};
use super::weights::WeightsError;
use crate::backend::{Backend, ComputeError, Epilogue};

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

    /// Unit vectors, one a image, of images of the right size.
    pub fn encode(&self, backend: &B, images: &[PixelValues]) -> Result<B::Tensor, ComputeError> {
        let tokens = self.tokens();
        let class_rows: Vec<u32> = (0..images.len()).map(|i| (i * tokens) as u32).collect();
        let x = if self.is_mean {
            let all = self.run(backend, images, None)?;
            let mut means = backend.empty(images.len(), self.width)?;
            backend.mean(&all, tokens, &mut means);
            means
        } else {
            self.run(backend, images, Some(&class_rows))?
        };
        let mut normed = backend.empty(images.len(), self.width)?;
        self.ln_post.apply(backend, &x, &mut normed);
        let mut units = backend.empty(images.len(), self.embedding)?;
        backend.linear(
            &normed,
            &self.projection,
            None,
            Epilogue::Nothing,
            &mut units,
        );
        backend.normalize(&mut units);
        Ok(units)
    }

    /// Tokens of a image.
    pub fn tokens(&self) -> usize {
        self.grid * self.grid + 1
    }

    /// What becomes of images' tokens, or of those that are `wanted`.
    pub fn run(
        &self,
        backend: &B,
        images: &[PixelValues],
        wanted: Option<&[u32]>,
    ) -> Result<B::Tensor, ComputeError> {
        let values: Vec<f32> = images.iter().flat_map(|p| self.unfold(p)).collect();
        let numbers = 3 * self.patch * self.patch;
        let rows = values.len() / numbers;
        let patches = backend.tensor(numbers, values)?;
        let mut embedded = backend.empty(rows, self.width)?;
        backend.linear(
            &patches,
            &self.patches,
            None,
            Epilogue::Nothing,
            &mut embedded,
        );

        let tokens = self.tokens();
        let rows = images.len() * tokens;
        let mut sequences = backend.empty(rows, self.width)?;
        backend.embed_patches(&embedded, &self.class, &self.positions, &mut sequences);
        let mut x = backend.empty(rows, self.width)?;
        self.ln_pre.apply(backend, &sequences, &mut x);
        self.transformer
            .run(backend, x, rows, tokens, false, wanted)
    }

    /// A image's patches, row by row; of each its planes, as the convolution's weights lie.
    fn unfold(&self, image: &PixelValues) -> Vec<f32> {
        let (patch, size) = (self.patch, image.size);
        let mut values = Vec::with_capacity(image.planes.len());
        for (row, column) in (0..self.grid * self.grid).map(|i| (i / self.grid, i % self.grid)) {
            for plane in image.planes.chunks_exact(size * size) {
                for y in row * patch..(row + 1) * patch {
                    let start = y * size + column * patch;
                    values.extend_from_slice(&plane[start..start + patch]);
                }
            }
        }
        values
    }
}
