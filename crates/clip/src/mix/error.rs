//! Why models cannot be mixed.

use super::MOST;
use crate::architecture::Activation;
use crate::error::ClipError;
use std::error::Error;
use std::fmt;

/// Why models cannot be mixed. Displays as a fact that names the file, and the tensor if it is one.
#[derive(Clone, Debug, PartialEq)]
pub enum MixError {
    /// No other model, or too many.
    Count {
        /// How many.
        found: usize,
    },
    /// A file cannot be read.
    File {
        /// Its name.
        file: String,
        /// What is wrong with it.
        error: ClipError,
    },
    /// A file lacks a tensor of the base.
    Missing {
        /// The tensor, by open_clip's name.
        tensor: String,
        /// The file.
        file: String,
        /// The base.
        base: String,
    },
    /// A file has a tensor that the base lacks.
    Extra {
        /// The tensor, by open_clip's name.
        tensor: String,
        /// The file.
        file: String,
        /// The base.
        base: String,
    },
    /// A tensor has another shape than the base's.
    Shape {
        /// The tensor, by open_clip's name.
        tensor: String,
        /// The file.
        file: String,
        /// Its shape there.
        found: Vec<usize>,
        /// The base.
        base: String,
        /// Its shape there.
        expected: Vec<usize>,
    },
    /// Another activation than the base's.
    Activation {
        /// The file.
        file: String,
        /// Its activation.
        found: Activation,
        /// The base.
        base: String,
        /// The base's activation.
        expected: Activation,
    },
    /// Another number of attention heads than the base's.
    Heads {
        /// "image" or "text".
        tower: &'static str,
        /// The file.
        file: String,
        /// Its heads.
        found: usize,
        /// The base.
        base: String,
        /// The base's heads.
        expected: usize,
    },
    /// The base is a difference of two models.
    BaseIsDifference {
        /// The file.
        file: String,
    },
    /// Not one finite coefficient for each of the other models.
    Coefficients {
        /// Those that were given.
        found: Vec<f64>,
        /// How many models there are.
        expected: usize,
    },
}

impl MixError {
    pub(super) fn file(file: &str, error: impl Into<ClipError>) -> Self {
        MixError::File {
            file: file.to_owned(),
            error: error.into(),
        }
    }
}

impl fmt::Display for MixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MixError::Count { found: 0 } => f.write_str("there is no model to mix with the base"),
            MixError::Count { found } => write!(
                f,
                "{found} models are to be mixed into the base, and at most {MOST} can be"
            ),
            MixError::File { file, error } => write!(f, "“{file}”: {error}"),
            MixError::Missing { tensor, file, base } => {
                write!(f, "“{file}” lacks the tensor {tensor}, which “{base}” has")
            }
            MixError::Extra { tensor, file, base } => {
                write!(f, "“{file}” has a tensor {tensor}, which “{base}” lacks")
            }
            MixError::Shape {
                tensor,
                file,
                found,
                base,
                expected,
            } => write!(
                f,
                "the tensor {tensor} has the shape {found:?} in “{file}” and {expected:?} in “{base}”"
            ),
            MixError::Activation {
                file,
                found,
                base,
                expected,
            } => write!(f, "“{file}” uses {found}, and “{base}” {expected}"),
            MixError::Heads {
                tower,
                file,
                found,
                base,
                expected,
            } => write!(
                f,
                "the {tower} tower of “{file}” has {found} attention heads, and that of “{base}” {expected}"
            ),
            MixError::BaseIsDifference { file } => {
                write!(f, "“{file}” is a difference of two models, not a base")
            }
            MixError::Coefficients { found, expected } => {
                let found: Vec<String> = found.iter().map(f64::to_string).collect();
                write!(
                    f,
                    "{expected} models need a finite coefficient each, and these are given: {}",
                    found.join(", ")
                )
            }
        }
    }
}

impl Error for MixError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            MixError::File { error, .. } => error.source(),
            _ => None,
        }
    }
}

/// What a reader should know of a model that was mixed; displays as a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MixNote {
    /// It is known to want its images prepared in another way than the base.
    Preprocessing {
        /// The file.
        file: String,
        /// The base, whose way is taken.
        base: String,
    },
    /// It has no whole text tower, so that its image tower alone is read.
    ImageAlone {
        /// The file.
        file: String,
    },
}

impl fmt::Display for MixNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MixNote::Preprocessing { file, base } => write!(
                f,
                "“{file}” prepares images in another way than “{base}”, whose way is taken"
            ),
            MixNote::ImageAlone { file } => write!(
                f,
                "“{file}” has no whole text tower; its image tower is mixed"
            ),
        }
    }
}
