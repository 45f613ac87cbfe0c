//! MaMMUT's text tower as a decoder: causal self-attention over the tokens so far and, after some
//! blocks, cross-attention to the image.
//!
//! Keys and values of tokens are computed once and stay in a [`KvCache`] on the backend, one row
//! for each token. A sequence is a list of row numbers, so that the hypotheses of a beam search
//! share their common tokens and nothing is ever moved.

use crate::architecture::{Architecture, TransformerConfig};
use crate::backend::{Backend, ComputeError, Epilogue, TopK};
use crate::image_tower::ImageTower;
use crate::parameters::Parameters;
use crate::preprocess::PixelValues;
use crate::text_tower::TextTower;
use crate::transformer::{Block, LayerNorm, Scratch};
use crate::weights::WeightsError;

/// Rows of logits that are computed at a time: each is as long as the vocabulary.
const LOGIT_ROWS: usize = 64;

/// A layer of cross-attention.
struct CrossAttention<B: Backend> {
    /// Normalises the image's tokens (`ln_1_kv`).
    image_norm: LayerNorm<B>,
    block: Block<B>,
}

/// The parts of a MaMMUT that only captions need.
pub(crate) struct Decoder<B: Backend> {
    /// From the image tower's width to the text tower's (`map_viz2txt_kv`).
    image_projection: B::Weights,
    /// For each block of the text tower, the layer of cross-attention after it, if there is one.
    cross_attention: Vec<Option<CrossAttention<B>>>,
    /// From the text tower's width to the logits of the vocabulary.
    logit_projection: B::Weights,
    vocabulary: usize,
}

/// An image's keys and values for each layer of cross-attention, `[rows, 2·width]` each.
pub(crate) struct ImageKv<B: Backend> {
    layers: Vec<Option<B::Tensor>>,
    rows: usize,
}

/// Keys and values of tokens for each block's self-attention, `[capacity, 2·width]` each.
pub(crate) struct KvCache<B: Backend> {
    layers: Vec<B::Tensor>,
    used: usize,
}

/// A token that a decode step appends to a sequence.
pub(crate) struct StepToken {
    pub(crate) id: u32,
    /// Its position in its sequence.
    pub(crate) position: u32,
}

impl<B: Backend> KvCache<B> {
    /// A cache for `capacity` tokens.
    pub(crate) fn new(
        backend: &B,
        config: TransformerConfig,
        capacity: usize,
    ) -> Result<Self, ComputeError> {
        let layers = (0..config.layers).map(|_| backend.empty(capacity, 2 * config.width));
        Ok(KvCache {
            layers: layers.collect::<Result<_, _>>()?,
            used: 0,
        })
    }

    /// The row of the next token that is appended.
    pub(crate) fn next_row(&self) -> u32 {
        self.used as u32
    }
}

impl<B: Backend> Decoder<B> {
    pub(crate) fn new(
        parameters: &mut Parameters<B>,
        architecture: &Architecture,
    ) -> Result<Self, WeightsError> {
        let cross_attention = |block: usize| {
            let Some(layer) = architecture.cross_attention_after(block) else {
                return Ok(None);
            };
            let prefix = format!("cross_attn.{layer}");
            let image_norm = LayerNorm::new(parameters, &format!("{prefix}.ln_1_kv"))?;
            let block = Block::new(parameters, &prefix, true)?;
            Ok(Some(CrossAttention { image_norm, block }))
        };
        let layers = (0..architecture.text.layers).map(cross_attention);
        Ok(Decoder {
            cross_attention: layers.collect::<Result<_, WeightsError>>()?,
            image_projection: parameters.take_weights("map_viz2txt_kv")?,
            logit_projection: parameters.take_weights("text_projection")?,
            vocabulary: architecture.vocabulary,
        })
    }

    /// Computes the keys and values of an image of the model's size; `config` is the text tower's.
    pub(crate) fn image_kv(
        &self,
        backend: &B,
        tower: &ImageTower<B>,
        config: TransformerConfig,
        image: &PixelValues,
    ) -> Result<ImageKv<B>, ComputeError> {
        let rows = tower.tokens();
        let tokens = tower.run(backend, std::slice::from_ref(image), None)?;
        let mut projected = backend.empty(rows, config.width)?;
        backend.linear(
            &tokens,
            &self.image_projection,
            None,
            Epilogue::Nothing,
            &mut projected,
        );
        let mut normed = backend.empty(rows, config.width)?;
        let mut qkv = backend.empty(rows, 3 * config.width)?;
        let mut layers = Vec::with_capacity(self.cross_attention.len());
        for layer in &self.cross_attention {
            let Some(CrossAttention { image_norm, block }) = layer else {
                layers.push(None);
                continue;
            };
            image_norm.apply(backend, &projected, &mut normed);
            block.project_normed(backend, &normed, &mut qkv);
            let mut kv = backend.empty(rows, 2 * config.width)?;
            backend.append_kv(&qkv, 0, &mut kv);
            layers.push(Some(kv));
        }
        Ok(ImageKv { layers, rows })
    }

    /// A decode step: appends tokens to the cache and returns the tower's output `[tokens, width]`.
    /// `visible` lists the cache rows that each token attends to, its own among them, equally many
    /// for each token; rows are numbered in the order in which tokens are appended.
    pub(crate) fn step(
        &self,
        backend: &B,
        text: &TextTower<B>,
        image: &ImageKv<B>,
        cache: &mut KvCache<B>,
        tokens: &[StepToken],
        visible: &[u32],
    ) -> Result<B::Tensor, ComputeError> {
        let transformer = &text.transformer;
        let TransformerConfig { width, heads, .. } = transformer.config;
        let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
        let positions: Vec<u32> = tokens.iter().map(|token| token.position).collect();
        let mut positional = backend.empty(ids.len(), width)?;
        backend.gather_rows(&text.positional_embedding, &positions, &mut positional);
        let mut x = backend.empty(ids.len(), width)?;
        backend.embed_tokens(&ids, ids.len(), &text.token_embedding, &positional, &mut x);

        let image_rows: Vec<u32> = (0..ids.len()).flat_map(|_| 0..image.rows as u32).collect();
        let mut scratch = Scratch::new(backend, ids.len(), transformer.config)?;
        let activation = transformer.activation;
        let cross = self.cross_attention.iter().zip(&image.layers);
        let own = transformer.blocks.iter().zip(&mut cache.layers);
        for ((block, kv), (cross, image_kv)) in own.zip(cross) {
            block.project_qkv(backend, &x, &mut scratch);
            backend.append_kv(&scratch.qkv, cache.used, kv);
            backend.cached_attention(&scratch.qkv, kv, visible, heads, &mut scratch.attended);
            block.add_to_residual(backend, activation, &mut x, &mut scratch);
            if let (Some(cross), Some(image_kv)) = (cross, image_kv) {
                // Of the projection only the queries are used: keys and values are the image's.
                cross.block.project_qkv(backend, &x, &mut scratch);
                let Scratch { qkv, attended, .. } = &mut scratch;
                backend.cached_attention(qkv, image_kv, &image_rows, heads, attended);
                cross
                    .block
                    .add_to_residual(backend, activation, &mut x, &mut scratch);
            }
        }
        cache.used += ids.len();
        let mut normed = backend.empty(ids.len(), width)?;
        text.ln_final.apply(backend, &x, &mut normed);
        Ok(normed)
    }

    /// For each row of a step's output, the `count` most likely next tokens and the logit of the
    /// row's target. The other logits stay on the backend.
    pub(crate) async fn next_tokens(
        &self,
        backend: &B,
        width: usize,
        output: &B::Tensor,
        targets: &[u32],
        count: usize,
    ) -> Result<Vec<TopK>, ComputeError> {
        let count = count.min(self.vocabulary);
        let all = targets.len();
        let mut tops = Vec::with_capacity(all);
        for (i, targets) in targets.chunks(LOGIT_ROWS).enumerate() {
            let rows = targets.len();
            let some = if rows == all {
                None
            } else {
                let from = (i * LOGIT_ROWS) as u32;
                let these: Vec<u32> = (from..from + rows as u32).collect();
                let mut some = backend.empty(rows, width)?;
                backend.gather_rows(output, &these, &mut some);
                Some(some)
            };
            let mut logits = backend.empty(rows, self.vocabulary)?;
            backend.linear(
                some.as_ref().unwrap_or(output),
                &self.logit_projection,
                None,
                Epilogue::Nothing,
                &mut logits,
            );
            let mut top = backend.empty(rows, TopK::columns(count))?;
            backend.top_k(&logits, targets, &mut top);
            tops.extend(TopK::read(&backend.download(&top).await?, count));
        }
        Ok(tops)
    }
}
