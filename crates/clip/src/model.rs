//! The whole model: images and texts to unit vectors, zero-shot classes, probabilities.

use super::architecture::Architecture;
use super::classes::Classes;
use super::decoder::Decoder;
use super::image_tower::Vision;
use super::preprocess::PixelValues;
use super::text_tower::Text;
use super::tokenizer::{Tokenizer, Tokens};
use super::weights::WeightsError;
use super::weights::source::SourceError;
use crate::backend::{Backend, ComputeError};
use std::fmt;

/// Images or texts that are computed at once; more would only take more memory.
pub(super) const BATCH: usize = 16;

/// Why a model gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipError {
    Weights(WeightsError),
    Compute(ComputeError),
    /// A image was prepared for another model.
    PictureSize {
        found: usize,
        expected: usize,
    },
    /// A text has more tokens than this model takes.
    TextTooLong {
        tokens: usize,
        context: usize,
    },
    /// A token is not in this model's vocabulary.
    UnknownToken {
        id: u32,
        vocabulary: usize,
    },
    /// The model can write captions, but what writes them was not loaded.
    DecoderNotLoaded,
    /// Captions cannot be searched for like this.
    Decoding {
        reason: String,
    },
    NoLabels,
    /// A template without a place for the label.
    Template {
        template: String,
    },
}

impl fmt::Display for ClipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClipError::Weights(error) => write!(f, "{error}"),
            ClipError::Compute(error) => write!(f, "{error}"),
            ClipError::PictureSize { found, expected } => write!(
                f,
                "The image was prepared at {found} × {found} pixels, and this model takes {expected} × {expected}; prepare it again."
            ),
            ClipError::TextTooLong { tokens, context } => write!(
                f,
                "The text has {tokens} tokens and this model takes {context}; shorten it."
            ),
            ClipError::UnknownToken { id, vocabulary } => write!(
                f,
                "Token {id} is not in this model's vocabulary of {vocabulary}; it was trained with another tokenizer."
            ),
            ClipError::DecoderNotLoaded => write!(
                f,
                "The model was loaded without what writes captions; load it again, for captions."
            ),
            ClipError::Decoding { reason } => write!(f, "No caption can be written so: {reason}."),
            ClipError::NoLabels => write!(f, "There are no labels; give at least one."),
            ClipError::Template { template } => write!(
                f,
                "The template “{template}” has no place for the label; write {{}} where it belongs."
            ),
        }
    }
}

impl std::error::Error for ClipError {}

impl From<WeightsError> for ClipError {
    fn from(error: WeightsError) -> Self {
        ClipError::Weights(error)
    }
}

impl From<SourceError> for ClipError {
    fn from(error: SourceError) -> Self {
        ClipError::Weights(WeightsError::Source(error))
    }
}

impl From<ComputeError> for ClipError {
    fn from(error: ComputeError) -> Self {
        ClipError::Compute(error)
    }
}

/// A CLIP or a MaMMUT on a backend.
pub struct Model<B: Backend> {
    pub(super) architecture: Architecture,
    pub(super) vision: Vision<B>,
    pub(super) text: Text<B>,
    /// Where captions were asked for.
    pub(super) decoder: Option<Decoder<B>>,
    /// The logarithm of the factor from cosine to logit.
    pub(super) logit_scale: f32,
    pub(super) backend: B,
}

impl<B: Backend> Model<B> {
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// The factor from cosine to logit.
    pub fn scale(&self) -> f32 {
        self.logit_scale.exp()
    }

    /// Unit vectors of images.
    pub async fn encode_images(&self, images: &[PixelValues]) -> Result<Vec<Vec<f32>>, ClipError> {
        self.check_images(images)?;
        let mut all = Vec::with_capacity(images.len());
        for batch in images.chunks(BATCH) {
            let units = self.vision.encode(&self.backend, batch)?;
            self.collect(&units, &mut all).await?;
        }
        Ok(all)
    }

    /// Unit vectors of texts.
    pub async fn encode_texts(&self, texts: &[Tokens]) -> Result<Vec<Vec<f32>>, ClipError> {
        self.check_texts(texts)?;
        let mut all = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let units = self.text.encode(&self.backend, batch)?;
            self.collect(&units, &mut all).await?;
        }
        Ok(all)
    }

    pub(super) fn check_images(&self, images: &[PixelValues]) -> Result<(), ClipError> {
        let expected = self.architecture.image_size();
        match images.iter().find(|image| image.size != expected) {
            Some(&PixelValues { size: found, .. }) => {
                Err(ClipError::PictureSize { found, expected })
            }
            None => Ok(()),
        }
    }

    pub(super) fn check_texts(&self, texts: &[Tokens]) -> Result<(), ClipError> {
        let Architecture {
            context,
            vocabulary,
            ..
        } = self.architecture;
        for text in texts {
            let tokens = text.ids.len();
            if tokens > context {
                return Err(ClipError::TextTooLong { tokens, context });
            }
            if let Some(&id) = text.ids.iter().find(|id| **id as usize >= vocabulary) {
                return Err(ClipError::UnknownToken { id, vocabulary });
            }
        }
        Ok(())
    }

    async fn collect(&self, units: &B::Tensor, all: &mut Vec<Vec<f32>>) -> Result<(), ClipError> {
        let values = self.backend.download(units).await?;
        all.extend(
            values
                .chunks_exact(self.architecture.embedding)
                .map(<[f32]>::to_vec),
        );
        Ok(())
    }

    /// Zero-shot classes: a label's direction is the mean over templates ("a photo of a {}.") of
    /// the unit vectors of its prompts.
    pub async fn classes(
        &self,
        tokenizer: &Tokenizer,
        labels: &[String],
        templates: &[String],
    ) -> Result<Classes, ClipError> {
        if labels.is_empty() || templates.is_empty() {
            return Err(ClipError::NoLabels);
        }
        if let Some(wrong) = templates.iter().find(|t| !t.contains("{}")) {
            let template = wrong.clone();
            return Err(ClipError::Template { template });
        }
        let prompts = labels.iter().flat_map(|label| {
            let prompt = |template: &String| tokenizer.encode(&template.replace("{}", label));
            templates.iter().map(prompt).collect::<Vec<_>>()
        });
        let prompts: Vec<Tokens> = prompts.collect();
        let units = self.encode_texts(&prompts).await?;
        Ok(Classes::of(labels, &units))
    }

    /// How a image's unit vector is shared out among classes; sums to 1.
    pub fn probabilities(&self, image: &[f32], classes: &Classes) -> Vec<f32> {
        classes.probabilities(image, self.scale())
    }
}
