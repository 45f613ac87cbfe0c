//! Why a model cannot be loaded, or does not answer.

use crate::backend::ComputeError;
use crate::locate::MAX_TILES;
use crate::weights::WeightsError;
use crate::weights::source::SourceError;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a model cannot be loaded, or does not answer.
///
/// As all errors of this crate, it displays as a fact, in lower case and without a full stop, and
/// names an error of another library as its [`source`](Error::source). [`ClipError::Weights`] and
/// [`ClipError::Compute`] are transparent: they display as the error inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipError {
    /// The checkpoint cannot be used.
    Weights(WeightsError),
    /// The backend cannot compute.
    Compute(ComputeError),
    /// An image was preprocessed for another model.
    ImageSize {
        /// The image's side, in pixels.
        found: usize,
        /// The side that the model takes, in pixels.
        expected: usize,
    },
    /// A text has more tokens than the model takes.
    TextTooLong {
        /// The text's tokens.
        tokens: usize,
        /// The most tokens that the model takes.
        context: usize,
    },
    /// A token is not in the model's vocabulary.
    UnknownToken {
        /// The token.
        id: u32,
        /// The number of tokens in the vocabulary.
        vocabulary: usize,
    },
    /// The model is a MaMMUT, but its decoder was not loaded.
    DecoderNotLoaded,
    /// Options of [`Decoding`](crate::caption::Decoding) that make no sense.
    Decoding {
        /// What is wrong with them.
        reason: String,
    },
    /// No labels, or no templates.
    NoLabels,
    /// A template without `{}` for the label.
    Template {
        /// The template.
        template: String,
    },
    /// An image of one colour, as far as the model sees it, in which no place differs from another.
    OneColour,
    /// An image that cannot be cut into so many tiles.
    Tiles {
        /// The tiles along a side.
        side: usize,
        /// The image's width, in pixels.
        width: usize,
        /// The image's height, in pixels.
        height: usize,
    },
    /// The model computes something that is no number, for this input.
    NotFinite,
}

impl fmt::Display for ClipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClipError::Weights(error) => error.fmt(f),
            ClipError::Compute(error) => error.fmt(f),
            ClipError::ImageSize { found, expected } => write!(
                f,
                "the image was prepared at {found} × {found} pixels, and the model takes {expected} × {expected}"
            ),
            ClipError::TextTooLong { tokens, context } => {
                write!(
                    f,
                    "the text has {tokens} tokens, and the model takes {context}"
                )
            }
            ClipError::UnknownToken { id, vocabulary } => write!(
                f,
                "token {id} is not in the model's vocabulary of {vocabulary} tokens"
            ),
            ClipError::DecoderNotLoaded => f.write_str("the model was loaded without its decoder"),
            ClipError::Decoding { reason } => {
                write!(f, "a caption cannot be decoded like this: {reason}")
            }
            ClipError::NoLabels => f.write_str("there are no labels"),
            ClipError::Template { template } => {
                write!(f, "the template “{template}” has no place for the label")
            }
            ClipError::OneColour => {
                f.write_str("what the model sees of the image has one colour, so that no place in it differs from another")
            }
            ClipError::Tiles {
                side,
                width,
                height,
            } => write!(
                f,
                "an image of {width} × {height} pixels cannot be cut into {side} × {side} tiles; 2 to {MAX_TILES} along a side are possible, of a pixel or more"
            ),
            ClipError::NotFinite => f.write_str("the model’s answer to this image is not a number"),
        }
    }
}

impl Error for ClipError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ClipError::Weights(error) => error.source(),
            ClipError::Compute(error) => error.source(),
            _ => None,
        }
    }
}

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

/// An error of another library as the cause of one of this crate's: the input and output of the
/// operating system, JSON, a browser. Two causes are equal if they display alike.
#[derive(Clone, Debug)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    /// From an error or, where a library has none, from a text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Cause(error.into().into())
    }

    pub(crate) fn as_error(&self) -> &(dyn Error + 'static) {
        &*self.0
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Eq for Cause {}
