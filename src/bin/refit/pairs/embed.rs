//! Pairs to vectors, in batches.

use super::prepare::Prepared;
use crate::model;
use pollster::block_on;
use refit_clip::backend::Backend;
use refit_clip::classes::cosine;
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::{Tokenizer, Tokens};
use refit_clip::{ClipError, Model};
use refit_pairs::metadata::{About, Row};
use std::path::Path;

/// A model that embeds pairs.
pub(crate) struct Embedder<B: Backend> {
    pub(crate) model: Model<B>,
    tokenizer: Tokenizer,
    waiting: Vec<Prepared>,
    /// Texts that did not fit into the context.
    pub(crate) truncated: u64,
}

/// A pair with its vectors, of length 1.
pub(crate) struct Embedded {
    pub(crate) pair: Prepared,
    pub(crate) image: Vec<f32>,
    pub(crate) text: Vec<f32>,
    pub(crate) score: f32,
}

/// Pairs that are embedded at once.
const BATCH: usize = 32;

impl<B: Backend> Embedder<B> {
    pub(crate) fn new(model: Model<B>) -> Result<Self, String> {
        let tokenizer = model::tokenizer(&model)?;
        Ok(Embedder {
            model,
            tokenizer,
            waiting: Vec::new(),
            truncated: 0,
        })
    }

    /// Takes a pair; gives a batch once one is full.
    pub(crate) fn push(&mut self, pair: Prepared) -> Result<Vec<Embedded>, String> {
        self.waiting.push(pair);
        match self.waiting.len() < BATCH {
            true => Ok(Vec::new()),
            false => self.flush(),
        }
    }

    /// Embeds what waits.
    pub(crate) fn flush(&mut self) -> Result<Vec<Embedded>, String> {
        let mut pairs = std::mem::take(&mut self.waiting);
        let pixels: Vec<PixelValues> = pairs.iter_mut().filter_map(|p| p.pixels.take()).collect();
        let tokens: Vec<Tokens> = pairs
            .iter()
            .map(|p| self.tokenizer.encode(&p.text))
            .collect();
        self.truncated += tokens.iter().filter(|tokens| tokens.truncated > 0).count() as u64;
        let sentence = |error: ClipError| model::sentence(error);
        let images = block_on(self.model.encode_images(&pixels)).map_err(sentence)?;
        let texts = block_on(self.model.encode_texts(&tokens)).map_err(sentence)?;
        let embedded = pairs.into_iter().zip(images.into_iter().zip(texts));
        let embedded = embedded.map(|(pair, (image, text))| Embedded {
            score: cosine(&image, &text) as f32,
            pair,
            image,
            text,
        });
        Ok(embedded.collect())
    }
}

impl Embedded {
    /// The row of the pair in an index's metadata.
    pub(crate) fn row(&self, source: &Path) -> Row {
        let pair = &self.pair;
        let about = About {
            picture: &pair.picture,
            text: &pair.text,
            score: Some(self.score),
            bytes: pair.bytes,
            key: &pair.key,
            source: &source.file_name().unwrap_or_default().to_string_lossy(),
            size: pair.size,
        };
        about.row(pair.metadata.clone())
    }
}
