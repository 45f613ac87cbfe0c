//! Captions: what a MaMMUT says about an image, and how likely it finds a given caption.

mod search;

pub use search::Decoding;

use crate::backend::{Backend, PADDING, TopK};
use crate::decoder::{Decoder, ImageKv, KvCache, StepToken};
use crate::error::ClipError;
use crate::model::Model;
use crate::preprocess::PixelValues;
use crate::tokenizer::Tokens;
use crate::weights::WeightsError;
use search::Search;
use std::ops::ControlFlow;

/// A caption that a model generated.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    /// Token ids without start and end of text;
    /// [`Tokenizer::decode`](crate::tokenizer::Tokenizer::decode) makes a text of them.
    pub ids: Vec<u32>,
    /// The natural logarithm of the caption's probability, including the end-of-text token's if
    /// `has_ended`.
    pub log_likelihood: f64,
    /// The model ended the caption; otherwise it reached the limit or was stopped.
    pub has_ended: bool,
}

/// A possible next token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The token.
    pub id: u32,
    /// Its logit.
    pub logit: f32,
    /// The natural logarithm of its probability.
    pub log_probability: f32,
}

impl<B: Backend> Model<B> {
    fn decoder(&self) -> Result<&Decoder<B>, ClipError> {
        match &self.decoder {
            Some(decoder) => Ok(decoder),
            None if self.architecture.decoder.is_some() => Err(ClipError::DecoderNotLoaded),
            None => Err(WeightsError::NoDecoder.into()),
        }
    }

    fn image_kv(&self, decoder: &Decoder<B>, image: &PixelValues) -> Result<ImageKv<B>, ClipError> {
        self.check_images(std::slice::from_ref(image))?;
        let config = self.architecture.text;
        Ok(decoder.image_kv(&self.backend, &self.image_tower, config, image)?)
    }

    /// Generates a caption of at most `tokens` tokens. After each step `progress` receives the best
    /// token ids so far and may end the caption there; dropping the future stops it too.
    pub async fn caption(
        &self,
        image: &PixelValues,
        decoding: Decoding,
        tokens: usize,
        mut progress: impl AsyncFnMut(&[u32]) -> ControlFlow<()>,
    ) -> Result<Caption, ClipError> {
        decoding.check()?;
        let decoder = self.decoder()?;
        let architecture = &self.architecture;
        let tokens = tokens.min(architecture.context);
        let image_kv = self.image_kv(decoder, image)?;
        let (start, end) = start_and_end(architecture.vocabulary);
        let mut search = Search::new(decoding, start, end);
        let capacity = search.beams() * tokens;
        let mut cache = KvCache::new(&self.backend, architecture.text, capacity)?;
        for position in 0..tokens as u32 {
            let mut last = Vec::with_capacity(search.open.len());
            let mut visible = Vec::new();
            for (row, hypothesis) in (cache.next_row()..).zip(&mut search.open) {
                hypothesis.rows.push(row);
                visible.extend(&hypothesis.rows);
                let id = hypothesis.ids[position as usize];
                last.push(StepToken { id, position });
            }
            let output = decoder.step(
                &self.backend,
                &self.text_tower,
                &image_kv,
                &mut cache,
                &last,
                &visible,
            )?;
            let (width, targets) = (architecture.text.width, vec![end; last.len()]);
            let count = search.candidates();
            let tops = decoder.next_tokens(&self.backend, width, &output, &targets, count);
            search.advance(&tops.await?);
            let Some(best) = search.open.first() else {
                break;
            };
            if progress(&best.ids[1..]).await.is_break() {
                break;
            }
        }
        Ok(search.finish())
    }

    /// For each token of a text, from start to end of text, the `count` most likely next tokens.
    /// The last token, which nothing follows, is left out.
    pub async fn candidates(
        &self,
        image: &PixelValues,
        text: &Tokens,
        count: usize,
    ) -> Result<Vec<Vec<Candidate>>, ClipError> {
        let image_kv = self.image_kv(self.decoder()?, image)?;
        let tops = self
            .score_texts(&image_kv, std::slice::from_ref(text), count)
            .await?;
        let candidates = |top: TopK| {
            let candidate = |(id, logit): &(u32, f32)| Candidate {
                id: *id,
                logit: *logit,
                log_probability: logit - top.log_sum_exp,
            };
            top.entries.iter().map(candidate).collect()
        };
        Ok(tops.into_iter().flatten().map(candidates).collect())
    }

    /// The log-likelihood of each text as a caption of the image: the natural logarithm of its
    /// probability, end of text included.
    pub async fn log_likelihoods(
        &self,
        image: &PixelValues,
        texts: &[Tokens],
    ) -> Result<Vec<f64>, ClipError> {
        let image_kv = self.image_kv(self.decoder()?, image)?;
        let mut all = Vec::with_capacity(texts.len());
        for texts in texts.chunks(self.backend.batch(self.architecture.context)) {
            for tops in self.score_texts(&image_kv, texts, 1).await? {
                let terms = tops
                    .iter()
                    .map(|top| f64::from(top.target - top.log_sum_exp));
                all.push(terms.sum());
            }
        }
        Ok(all)
    }

    /// Runs whole texts through the decoder in one step. For each token but the last of each text,
    /// the `count` most likely next tokens and the logit of the one that follows.
    async fn score_texts(
        &self,
        image_kv: &ImageKv<B>,
        texts: &[Tokens],
        count: usize,
    ) -> Result<Vec<Vec<TopK>>, ClipError> {
        self.check_texts(texts)?;
        let decoder = self.decoder()?;
        let lengths: Vec<usize> = texts
            .iter()
            .map(|t| t.ids.len().saturating_sub(1))
            .collect();
        let (rows, longest) = (
            lengths.iter().sum(),
            lengths.iter().copied().max().unwrap_or(0),
        );
        if rows == 0 {
            return Ok(vec![Vec::new(); texts.len()]);
        }
        let mut tokens = Vec::with_capacity(rows);
        let mut targets = Vec::with_capacity(rows);
        let mut visible = Vec::with_capacity(rows * longest);
        for text in texts {
            let first = tokens.len();
            for (i, pair) in text.ids.windows(2).enumerate() {
                let row = |j: usize| if j <= i { (first + j) as u32 } else { PADDING };
                visible.extend((0..longest).map(row));
                targets.push(pair[1]);
                tokens.push(StepToken {
                    id: pair[0],
                    position: i as u32,
                });
            }
        }
        let config = self.architecture.text;
        let mut cache = KvCache::new(&self.backend, config, rows)?;
        let output = decoder.step(
            &self.backend,
            &self.text_tower,
            image_kv,
            &mut cache,
            &tokens,
            &visible,
        )?;
        let tops = decoder.next_tokens(&self.backend, config.width, &output, &targets, count);
        let mut tops = tops.await?.into_iter();
        Ok(lengths
            .iter()
            .map(|n| tops.by_ref().take(*n).collect())
            .collect())
    }
}

/// The tokens for start and end of a text: a vocabulary's last two.
fn start_and_end(vocabulary: usize) -> (u32, u32) {
    (vocabulary as u32 - 2, vocabulary as u32 - 1)
}
