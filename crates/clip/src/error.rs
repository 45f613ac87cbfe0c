//! Why a model cannot be loaded, or gives no answer.

use crate::backend::ComputeError;
use crate::weights::WeightsError;
use crate::weights::source::SourceError;
use std::fmt;

/// Why a model gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipError {
    Weights(WeightsError),
    Compute(ComputeError),
    /// An image was prepared for another model.
    ImageSize {
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
            ClipError::ImageSize { found, expected } => write!(
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
