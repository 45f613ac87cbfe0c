//! The text tower: a causal transformer whose answer stands at the end-of-text token.

use super::architecture::Architecture;
use super::load::Parameters;
use super::tokenizer::Tokens;
use super::transformer::{Norm, Transformer};
use super::weights::WeightsError;
use crate::compute::{After, Backend, ComputeError};

pub(super) struct Text<B: Backend> {
    width: usize,
    embedding: usize,
    table: B::Tensor,
    positions: B::Tensor,
    transformer: Transformer<B>,
    ln_final: Norm<B>,
    projection: B::Weights,
}

impl<B: Backend> Text<B> {
    pub fn take(
        parameters: &mut Parameters<B>,
        architecture: &Architecture,
    ) -> Result<Self, WeightsError> {
        let (shape, activation) = (architecture.text, architecture.activation);
        Ok(Text {
            width: shape.width,
            embedding: architecture.embedding,
            table: parameters.tensor("token_embedding.weight")?,
            positions: parameters.tensor("positional_embedding")?,
            transformer: Transformer::take(parameters, "", shape, activation, true)?,
            ln_final: Norm::take(parameters, "ln_final")?,
            projection: parameters.weights("text_projection")?,
        })
    }

    /// Unit vectors, one a text. Sequences are cut after the longest text's end, which changes
    /// nothing: no token sees what follows it.
    pub fn encode(&self, backend: &B, texts: &[Tokens]) -> Result<B::Tensor, ComputeError> {
        let ends: Vec<usize> = texts.iter().map(|text| end(&text.ids)).collect();
        let tokens = ends.iter().max().map_or(1, |end| end + 1);
        let padded = |text: &Tokens| {
            let ids = text.ids.iter().copied().chain(std::iter::repeat(0));
            ids.take(tokens).collect::<Vec<u32>>()
        };
        let ids: Vec<u32> = texts.iter().flat_map(padded).collect();
        let mut x = backend.empty(ids.len(), self.width)?;
        backend.embed_tokens(&ids, tokens, &self.table, &self.positions, &mut x);

        let at = |(i, end): (usize, &usize)| (i * tokens + end) as u32;
        let end_rows: Vec<u32> = ends.iter().enumerate().map(at).collect();
        let x = self
            .transformer
            .run(backend, x, ids.len(), tokens, &end_rows)?;
        let mut normed = backend.empty(texts.len(), self.width)?;
        self.ln_final.apply(backend, &x, &mut normed);
        let mut units = backend.empty(texts.len(), self.embedding)?;
        backend.linear(&normed, &self.projection, None, After::Nothing, &mut units);
        backend.normalize(&mut units);
        Ok(units)
    }
}

/// Where the answer stands: at the first of the highest id, as open_clip has it.
fn end(ids: &[u32]) -> usize {
    let highest = ids.iter().max();
    ids.iter().position(|id| Some(id) == highest).unwrap_or(0)
}
