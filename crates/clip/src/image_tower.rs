//! The image tower: a vision transformer over an image's patches and a class token
//! (`VisionTransformer` in open_clip's `transformer.py`). CLIP's embedding comes from the class
//! token, MaMMUT's from the mean of all tokens.

use crate::architecture::Architecture;
use crate::backend::{Backend, ComputeError, Epilogue, reserve};
use crate::parameters::Parameters;
use crate::preprocess::PixelValues;
use crate::transformer::{LayerNorm, Transformer};
use crate::weights::WeightsError;

pub(crate) struct ImageTower<B: Backend> {
    /// Side of a patch, in pixels.
    patch: usize,
    /// Patches along a side.
    grid: usize,
    width: usize,
    embedding: usize,
    /// The convolution as a linear map: 3·patch² inputs, `width` outputs.
    patch_weights: B::Weights,
    class_embedding: B::Tensor,
    positional_embedding: B::Tensor,
    ln_pre: LayerNorm<B>,
    transformer: Transformer<B>,
    ln_post: LayerNorm<B>,
    projection: B::Weights,
    /// The embedding is of the mean of all tokens, not of the class token.
    pools_by_mean: bool,
}

impl<B: Backend> ImageTower<B> {
    pub(crate) fn new(
        parameters: &mut Parameters<B>,
        architecture: &Architecture,
    ) -> Result<Self, WeightsError> {
        let activation = architecture.activation;
        Ok(ImageTower {
            patch: architecture.patch,
            grid: architecture.grid,
            width: architecture.vision.width,
            embedding: architecture.embedding,
            patch_weights: parameters.take_weights("visual.conv1.weight")?,
            class_embedding: parameters.take_tensor("visual.class_embedding")?,
            positional_embedding: parameters.take_tensor("visual.positional_embedding")?,
            ln_pre: LayerNorm::new(parameters, "visual.ln_pre")?,
            transformer: Transformer::new(
                parameters,
                "visual.",
                architecture.vision,
                activation,
                |_| true,
            )?,
            ln_post: LayerNorm::new(parameters, "visual.ln_post")?,
            projection: parameters.take_weights("visual.proj")?,
            pools_by_mean: architecture.pools_by_mean(),
        })
    }

    /// Embeddings `[images, embedding]`, each of length 1, of images of the model's size.
    pub(crate) fn encode(
        &self,
        backend: &B,
        images: &[PixelValues],
    ) -> Result<B::Tensor, ComputeError> {
        let tokens = self.tokens();
        let class_rows: Vec<u32> = (0..images.len()).map(|i| (i * tokens) as u32).collect();
        let pooled = if self.pools_by_mean {
            let all = self.run(backend, images, None)?;
            let mut means = backend.empty(images.len(), self.width)?;
            backend.mean(&all, tokens, &mut means);
            means
        } else {
            self.run(backend, images, Some(&class_rows))?
        };
        let mut normed = backend.empty(images.len(), self.width)?;
        self.ln_post.apply(backend, &pooled, &mut normed);
        let mut embeddings = backend.empty(images.len(), self.embedding)?;
        backend.linear(
            &normed,
            &self.projection,
            None,
            Epilogue::Nothing,
            &mut embeddings,
        );
        backend.normalize(&mut embeddings);
        Ok(embeddings)
    }

    /// Tokens of an image: its patches and the class token.
    pub(crate) fn tokens(&self) -> usize {
        self.grid * self.grid + 1
    }

    /// The transformer's output `[images·tokens, width]`, or only the `output_rows` of it.
    pub(crate) fn run(
        &self,
        backend: &B,
        images: &[PixelValues],
        output_rows: Option<&[u32]>,
    ) -> Result<B::Tensor, ComputeError> {
        let x = self.embed(backend, images)?;
        let (rows, tokens) = (images.len() * self.tokens(), self.tokens());
        self.transformer
            .run(backend, x, rows, tokens, false, output_rows)
    }

    /// What the transformer's last block takes, `[tokens, width]`, of one image.
    pub(crate) fn run_to_last(
        &self,
        backend: &B,
        image: &PixelValues,
    ) -> Result<B::Tensor, ComputeError> {
        let x = self.embed(backend, std::slice::from_ref(image))?;
        let tokens = self.tokens();
        self.transformer.run_to_last(backend, x, tokens, tokens)
    }

    /// The transformer's input `[images·tokens, width]`.
    fn embed(&self, backend: &B, images: &[PixelValues]) -> Result<B::Tensor, ComputeError> {
        let numbers = 3 * self.patch * self.patch;
        let rows = images.len() * self.grid * self.grid;
        let mut values = reserve(rows * numbers)?;
        for image in images {
            self.unfold(image, &mut values);
        }
        let patches = backend.tensor(numbers, values)?;
        let mut embedded = backend.empty(rows, self.width)?;
        backend.linear(
            &patches,
            &self.patch_weights,
            None,
            Epilogue::Nothing,
            &mut embedded,
        );

        let rows = images.len() * self.tokens();
        let mut sequences = backend.empty(rows, self.width)?;
        backend.embed_patches(
            &embedded,
            &self.class_embedding,
            &self.positional_embedding,
            &mut sequences,
        );
        let mut x = backend.empty(rows, self.width)?;
        self.ln_pre.apply(backend, &sequences, &mut x);
        Ok(x)
    }

    /// Appends an image's patches `[grid², 3·patch²]`, each plane by plane as the convolution's
    /// weights are stored.
    fn unfold(&self, image: &PixelValues, values: &mut Vec<f32>) {
        let (patch, size) = (self.patch, image.size);
        for (row, column) in (0..self.grid * self.grid).map(|i| (i / self.grid, i % self.grid)) {
            for plane in image.planes.chunks_exact(size * size) {
                for y in row * patch..(row + 1) * patch {
                    let start = y * size + column * patch;
                    values.extend_from_slice(&plane[start..start + patch]);
                }
            }
        }
    }
}
