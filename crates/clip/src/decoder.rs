//! A MaMMUT's text tower as a writer: each token sees those before it and, through layers of
//! cross-attention, the image.
//!
//! Keys and values of tokens are computed once and kept on the backend, a row each. A sequence is
//! the list of its rows, so that sequences share what they have in common and none is ever moved.

use super::architecture::{Architecture, Transformer as Shape};
use super::image_tower::Vision;
use super::load::Parameters;
use super::preprocess::PixelValues;
use super::text_tower::Text;
use super::transformer::{Block, Norm, Scratch};
use super::weights::WeightsError;
use crate::backend::{Backend, ComputeError, Epilogue, TopK};

/// Rows of logits at a time: a row is as long as the vocabulary.
const LOGITS: usize = 64;

/// Looks at the image after a block of the tower.
struct Cross<B: Backend> {
    /// Of the image's tokens.
    norm: Norm<B>,
    block: Block<B>,
}

pub(super) struct Decoder<B: Backend> {
    /// From the width of the image tower to that of the text tower.
    map: B::Weights,
    /// Epilogue each block of the text tower, where there is one.
    crosses: Vec<Option<Cross<B>>>,
    /// To the logits of the vocabulary's tokens.
    words: B::Weights,
    vocabulary: usize,
}

/// A image's keys and values, as each layer of cross-attention sees them.
pub(super) struct Seen<B: Backend> {
    layers: Vec<Option<B::Tensor>>,
    rows: usize,
}

/// Keys and values of tokens, as each block of the tower sees them.
pub(super) struct Written<B: Backend> {
    layers: Vec<B::Tensor>,
    used: usize,
}

/// A token to be appended to a sequence.
pub(super) struct Token {
    pub id: u32,
    pub position: u32,
}

impl<B: Backend> Written<B> {
    /// Room for so many tokens.
    pub fn new(backend: &B, shape: Shape, capacity: usize) -> Result<Self, ComputeError> {
        let layers = (0..shape.layers).map(|_| backend.empty(capacity, 2 * shape.width));
        Ok(Written {
            layers: layers.collect::<Result<_, _>>()?,
            used: 0,
        })
    }

    /// The row of the next token.
    pub fn next(&self) -> u32 {
        self.used as u32
    }
}

impl<B: Backend> Decoder<B> {
    pub fn take(
        parameters: &mut Parameters<B>,
        architecture: &Architecture,
    ) -> Result<Self, WeightsError> {
        let cross = |block: usize| {
            let Some(layer) = architecture.crossed(block) else {
                return Ok(None);
            };
            let prefix = format!("cross_attn.{layer}");
            let norm = Norm::take(parameters, &format!("{prefix}.ln_1_kv"))?;
            let block = Block::take(parameters, &prefix, true)?;
            Ok(Some(Cross { norm, block }))
        };
        let crosses = (0..architecture.text.layers).map(cross);
        Ok(Decoder {
            crosses: crosses.collect::<Result<_, WeightsError>>()?,
            map: parameters.weights("map_viz2txt_kv")?,
            words: parameters.weights("text_projection")?,
            vocabulary: architecture.vocabulary,
        })
    }

    /// Looks at a image of the right size.
    pub fn look(
        &self,
        backend: &B,
        vision: &Vision<B>,
        shape: Shape,
        image: &PixelValues,
    ) -> Result<Seen<B>, ComputeError> {
        let rows = vision.tokens();
        let tokens = vision.run(backend, std::slice::from_ref(image), None)?;
        let mut mapped = backend.empty(rows, shape.width)?;
        backend.linear(&tokens, &self.map, None, Epilogue::Nothing, &mut mapped);
        let mut normed = backend.empty(rows, shape.width)?;
        let mut qkv = backend.empty(rows, 3 * shape.width)?;
        let mut layers = Vec::with_capacity(self.crosses.len());
        for cross in &self.crosses {
            let Some(Cross { norm, block }) = cross else {
                layers.push(None);
                continue;
            };
            norm.apply(backend, &mapped, &mut normed);
            block.keys_and_values(backend, &normed, &mut qkv);
            let mut layer = backend.empty(rows, 2 * shape.width)?;
            backend.append_kv(&qkv, 0, &mut layer);
            layers.push(Some(layer));
        }
        Ok(Seen { layers, rows })
    }

    /// Appends tokens. Each has an equal share of `sees`, the rows of the tokens that it sees, its
    /// own among them; rows are counted in the order in which tokens were appended. What comes
    /// back holds a row for each token.
    pub fn write(
        &self,
        backend: &B,
        text: &Text<B>,
        seen: &Seen<B>,
        written: &mut Written<B>,
        tokens: &[Token],
        sees: &[u32],
    ) -> Result<B::Tensor, ComputeError> {
        let transformer = &text.transformer;
        let Shape { width, heads, .. } = transformer.shape;
        let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
        let places: Vec<u32> = tokens.iter().map(|token| token.position).collect();
        let mut positions = backend.empty(ids.len(), width)?;
        backend.gather_rows(&text.positions, &places, &mut positions);
        let mut x = backend.empty(ids.len(), width)?;
        backend.embed_tokens(&ids, ids.len(), &text.table, &positions, &mut x);

        let image: Vec<u32> = (0..ids.len()).flat_map(|_| 0..seen.rows as u32).collect();
        let mut scratch = Scratch::new(backend, ids.len(), transformer.shape)?;
        let activation = transformer.activation;
        let layers = self.crosses.iter().zip(&seen.layers);
        let own = transformer.blocks.iter().zip(&mut written.layers);
        for ((block, own), (cross, layer)) in own.zip(layers) {
            block.project(backend, &x, &mut scratch);
            backend.append_kv(&scratch.qkv, written.used, own);
            backend.cached_attention(&scratch.qkv, own, sees, heads, &mut scratch.attended);
            block.add(backend, activation, &mut x, &mut scratch);
            if let (Some(cross), Some(layer)) = (cross, layer) {
                // Only its queries are taken: the keys and values are the image's.
                cross.block.project(backend, &x, &mut scratch);
                backend.cached_attention(&scratch.qkv, layer, &image, heads, &mut scratch.attended);
                cross.block.add(backend, activation, &mut x, &mut scratch);
            }
        }
        written.used += ids.len();
        let mut normed = backend.empty(ids.len(), width)?;
        text.ln_final.apply(backend, &x, &mut normed);
        Ok(normed)
    }

    /// Which tokens may follow each of those that were written: the `count` likeliest, and how
    /// likely the one is that is `asked` for. All else stays on the backend.
    pub async fn follow(
        &self,
        backend: &B,
        width: usize,
        written: &B::Tensor,
        asked: &[u32],
        count: usize,
    ) -> Result<Vec<TopK>, ComputeError> {
        let count = count.min(self.vocabulary);
        let mut tops = Vec::with_capacity(asked.len());
        for (i, asked) in asked.chunks(LOGITS).enumerate() {
            let rows: Vec<u32> = (0..asked.len())
                .map(|row| (i * LOGITS + row) as u32)
                .collect();
            let mut some = backend.empty(rows.len(), width)?;
            backend.gather_rows(written, &rows, &mut some);
            let mut logits = backend.empty(rows.len(), self.vocabulary)?;
            backend.linear(&some, &self.words, None, Epilogue::Nothing, &mut logits);
            let mut top = backend.empty(rows.len(), TopK::columns(count))?;
            backend.top_k(&logits, asked, &mut top);
            tops.extend(TopK::read(&backend.download(&top).await?, count));
        }
        Ok(tops)
    }
}
