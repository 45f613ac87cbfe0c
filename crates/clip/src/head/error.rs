//! Why a file holds no head.

use crate::weights::WeightsError;
use refit_npy::NpyError;
use std::error::Error;
use std::fmt;

/// Why a head cannot be read or used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// The file's tensors cannot be read.
    Weights(WeightsError),
    /// A JSON that is no head.
    Json {
        /// What is wrong with it.
        reason: String,
    },
    /// A `.npy` that cannot be read.
    Npy(NpyError),
    /// Tensors that are no linear layer, nor several in a row.
    NotLinear {
        /// The first tensor that does not fit, with its shape.
        tensor: String,
    },
    /// No tensor that could be a layer's weights.
    Empty,
    /// A number that is infinite or NaN.
    NotFinite,
    /// Names and rows of weights are not as many.
    Labels {
        /// Names.
        names: usize,
        /// Rows.
        rows: usize,
    },
    /// It takes vectors of another width.
    Width {
        /// Numbers of the model's embeddings.
        model: usize,
        /// Numbers of the vectors that it takes.
        head: usize,
        /// How many such vectors it has.
        rows: usize,
    },
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadError::Weights(error) => write!(f, "{error}"),
            HeadError::Json { reason } => write!(f, "the JSON is no head: {reason}"),
            HeadError::Npy(error) => write!(f, "the .npy cannot be read: {error}"),
            HeadError::NotLinear { tensor } => {
                write!(
                    f,
                    "the tensor {tensor} is no part of a stack of linear layers"
                )
            }
            HeadError::Empty => write!(f, "there is no matrix of weights in the file"),
            HeadError::NotFinite => write!(f, "a weight is not a finite number"),
            HeadError::Labels { names, rows } => {
                write!(f, "there are {names} names for {rows} rows of weights")
            }
            HeadError::Width { model, head, .. } => write!(
                f,
                "the head takes vectors of {head} numbers, and the model’s embeddings have {model}"
            ),
        }
    }
}

impl Error for HeadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            HeadError::Weights(error) => error.source(),
            HeadError::Npy(error) => Some(error),
            _ => None,
        }
    }
}

impl From<WeightsError> for HeadError {
    fn from(error: WeightsError) -> Self {
        HeadError::Weights(error)
    }
}

impl From<NpyError> for HeadError {
    fn from(error: NpyError) -> Self {
        HeadError::Npy(error)
    }
}
