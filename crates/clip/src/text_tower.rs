//! The text tower (`TextTransformer` in open_clip's `transformer.py`). CLIP's is causal, and the
//! embedding comes from the end-of-text token. MaMMUT's encodes texts without a mask and takes the
//! mean of all tokens; as a decoder ([`crate::decoder`]) it is causal too.

use crate::architecture::Architecture;
use crate::backend::{Backend, ComputeError, Epilogue};
use crate::parameters::Parameters;
use crate::tokenizer::Tokens;
use crate::transformer::{LayerNorm, Transformer};
use crate::weights::WeightsError;

pub(crate) struct TextTower<B: Backend> {
    /// `[vocabulary, width]`.
    pub(crate) token_embedding: B::Tensor,
    /// `[context, width]`.
    pub(crate) positional_embedding: B::Tensor,
    pub(crate) transformer: Transformer<B>,
    pub(crate) ln_final: LayerNorm<B>,
    pooling: Pooling<B>,
}

/// How a text's tokens become one embedding.
enum Pooling<B: Backend> {
    /// The end-of-text token's output, projected to the embedding.
    EndOfText {
        projection: B::Weights,
        embedding: usize,
    },
    /// The mean over all `context` tokens, padding included.
    Mean { context: usize },
}

impl<B: Backend> TextTower<B> {
    pub(crate) fn new(
        parameters: &mut Parameters<B>,
        architecture: &Architecture,
    ) -> Result<Self, WeightsError> {
        let (config, activation) = (architecture.text, architecture.activation);
        let has_mlp = |i| architecture.has_mlp(i);
        Ok(TextTower {
            token_embedding: parameters.take_tensor("token_embedding.weight")?,
            positional_embedding: parameters.take_tensor("positional_embedding")?,
            transformer: Transformer::new(parameters, "", config, activation, has_mlp)?,
            ln_final: LayerNorm::new(parameters, "ln_final")?,
            pooling: match architecture.decoder {
                Some(_) => Pooling::Mean {
                    context: architecture.context,
                },
                None => Pooling::EndOfText {
                    projection: parameters.take_weights("text_projection")?,
                    embedding: architecture.embedding,
                },
            },
        })
    }

    /// Embeddings `[texts, embedding]`, each of length 1.
    pub(crate) fn encode(&self, backend: &B, texts: &[Tokens]) -> Result<B::Tensor, ComputeError> {
        let mut embeddings = match &self.pooling {
            Pooling::EndOfText {
                projection,
                embedding,
            } => {
                let normed = self.run_to_ends(backend, texts)?;
                let mut embeddings = backend.empty(texts.len(), *embedding)?;
                backend.linear(
                    &normed,
                    projection,
                    None,
                    Epilogue::Nothing,
                    &mut embeddings,
                );
                embeddings
            }
            Pooling::Mean { context } => {
                let width = self.transformer.config.width;
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
        backend.normalize(&mut embeddings);
        Ok(embeddings)
    }

    /// The causal tower's output at each text's end, `[texts, width]`. Sequences are cut after the
    /// longest text's end, which changes nothing: no token sees those after it.
    fn run_to_ends(&self, backend: &B, texts: &[Tokens]) -> Result<B::Tensor, ComputeError> {
        let ends: Vec<usize> = texts.iter().map(|text| end_of_text(&text.ids)).collect();
        let tokens = ends.iter().max().map_or(1, |end| end + 1);
        let (x, rows) = self.embed(backend, texts, tokens)?;
        let row = |(i, end): (usize, &usize)| (i * tokens + end) as u32;
        let end_rows: Vec<u32> = ends.iter().enumerate().map(row).collect();
        let x = self
            .transformer
            .run(backend, x, rows, tokens, true, Some(&end_rows))?;
        let mut normed = backend.empty(texts.len(), self.transformer.config.width)?;
        self.ln_final.apply(backend, &x, &mut normed);
        Ok(normed)
    }

    /// Sequences of `tokens` embeddings, cut or padded with token 0, and their number of rows.
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
        let mut x = backend.empty(ids.len(), self.transformer.config.width)?;
        backend.embed_tokens(
            &ids,
            tokens,
            &self.token_embedding,
            &self.positional_embedding,
            &mut x,
        );
        Ok((x, ids.len()))
    }
}

/// The position of the end-of-text token: the first of the highest id (`text_global_pool` with
/// "argmax" in open_clip).
fn end_of_text(ids: &[u32]) -> usize {
    let highest = ids.iter().max();
    ids.iter().position(|id| Some(id) == highest).unwrap_or(0)
}
