//! The text tower. A CLIP's is causal and answers at the end of the text; a MaMMUT's, when it
//! compares texts with images, sees all of a text at once and answers with the mean.

use super::architecture::Architecture;
use super::load::Parameters;
use super::tokenizer::Tokens;
use super::transformer::{Norm, Transformer};
use super::weights::WeightsError;
use crate::backend::{Backend, ComputeError, Epilogue};

pub(super) struct Text<B: Backend> {
    pub table: B::Tensor,
    pub positions: B::Tensor,
    pub transformer: Transformer<B>,
    pub ln_final: Norm<B>,
    answer: Answer<B>,
}

/// Where the tower's answer is read.
enum Answer<B: Backend> {
    /// At the end of the text, then projected to an embedding.
    End {
        projection: B::Weights,
        embedding: usize,
    },
    /// From all of so many tokens, those that fill the context up included.
    Mean { context: usize },
}

impl<B: Backend> Text<B> {
    pub fn take(
        parameters: &mut Parameters<B>,
        architecture: &Architecture,
    ) -> Result<Self, WeightsError> {
        let (shape, activation) = (architecture.text, architecture.activation);
        let has_mlp = |i| architecture.has_mlp(i);
        Ok(Text {
            table: parameters.tensor("token_embedding.weight")?,
            positions: parameters.tensor("positional_embedding")?,
            transformer: Transformer::take(parameters, "", shape, activation, has_mlp)?,
            ln_final: Norm::take(parameters, "ln_final")?,
            answer: match architecture.decoder {
                Some(_) => Answer::Mean {
                    context: architecture.context,
                },
                None => Answer::End {
                    projection: parameters.weights("text_projection")?,
                    embedding: architecture.embedding,
                },
            },
        })
    }

    /// Unit vectors, one a text.
    pub fn encode(&self, backend: &B, texts: &[Tokens]) -> Result<B::Tensor, ComputeError> {
        let mut units = match &self.answer {
            Answer::End {
                projection,
                embedding,
            } => {
                let normed = self.at_ends(backend, texts)?;
                let mut units = backend.empty(texts.len(), *embedding)?;
                backend.linear(&normed, projection, None, Epilogue::Nothing, &mut units);
                units
            }
            Answer::Mean { context } => {
                let width = self.transformer.shape.width;
                let (x, rows) = self.embed(backend, texts, *context)?;
                let x = self
                    .transformer
                    .run(backend, x, rows, *context, false, None)?;
                let mut normed = backend.empty(rows, width)?;
                self.ln_final.apply(backend, &x, &mut normed);
                let mut means = backend.empty(texts.len(), width)?;
                backend.mean(&normed, *context, &mut means);
                means
            }
        };
        backend.normalize(&mut units);
        Ok(units)
    }

    /// What a causal tower says at the texts' ends. Sequences are cut after the longest text's end,
    /// which changes nothing: no token sees what follows it.
    fn at_ends(&self, backend: &B, texts: &[Tokens]) -> Result<B::Tensor, ComputeError> {
        let ends: Vec<usize> = texts.iter().map(|text| end(&text.ids)).collect();
        let tokens = ends.iter().max().map_or(1, |end| end + 1);
        let (x, rows) = self.embed(backend, texts, tokens)?;
        let at = |(i, end): (usize, &usize)| (i * tokens + end) as u32;
        let end_rows: Vec<u32> = ends.iter().enumerate().map(at).collect();
        let x = self
            .transformer
            .run(backend, x, rows, tokens, true, Some(&end_rows))?;
        let mut normed = backend.empty(texts.len(), self.transformer.shape.width)?;
        self.ln_final.apply(backend, &x, &mut normed);
        Ok(normed)
    }

    /// Sequences of so many tokens, cut or filled up with zeros, and their rows.
    fn embed(
        &self,
        backend: &B,
        texts: &[Tokens],
        tokens: usize,
    ) -> Result<(B::Tensor, usize), ComputeError> {
        let padded = |text: &Tokens| {
            let ids = text.ids.iter().copied().chain(std::iter::repeat(0));
            ids.take(tokens).collect::<Vec<u32>>()
        };
        let ids: Vec<u32> = texts.iter().flat_map(padded).collect();
        let mut x = backend.empty(ids.len(), self.transformer.shape.width)?;
        backend.embed_tokens(&ids, tokens, &self.table, &self.positions, &mut x);
        Ok((x, ids.len()))
    }
}

/// Where the answer stands: at the first of the highest id, as open_clip has it.
fn end(ids: &[u32]) -> usize {
    let highest = ids.iter().max();
    ids.iter().position(|id| Some(id) == highest).unwrap_or(0)
}
