//! Why a checkpoint cannot be used.

use super::source::SourceError;
use crate::error::Cause;
use std::error::Error;
use std::fmt;

/// What is wrong with one tensor; displays as what follows its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TensorProblem {
    /// Its numbers are stored in a type that cannot be read.
    Dtype {
        /// The type, by its name in the file.
        found: String,
    },
    /// Its bytes are outside the file.
    OutOfRange,
    /// Some of its bytes are another tensor's too.
    Overlaps {
        /// The other tensor.
        other: String,
    },
    /// Its shape needs another number of bytes than it has.
    Size {
        /// The bytes that it has.
        found: u64,
        /// The bytes that its shape needs.
        expected: u64,
    },
    /// Its numbers are not next to each other in the file.
    NotContiguous,
    /// One of its numbers is infinite or not a number.
    NotFinite {
        /// Which number, in the order in which they are stored.
        index: usize,
    },
    /// Its shape is not the one that the architecture gives it.
    Shape {
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that the architecture gives it.
        expected: Vec<usize>,
    },
    /// The file has it twice, under this name and another.
    Twice,
}

impl fmt::Display for TensorProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TensorProblem::Dtype { found } => write!(
                f,
                "is stored as {found}, and only float32, float16 and bfloat16 can be read"
            ),
            TensorProblem::OutOfRange => f.write_str("lies outside the file"),
            TensorProblem::Overlaps { other } => write!(f, "shares bytes with {other}"),
            TensorProblem::Size { found, expected } => {
                write!(f, "has {found} bytes where its shape needs {expected}")
            }
            TensorProblem::NotContiguous => f.write_str("is a view that is not contiguous"),
            TensorProblem::NotFinite { index } => {
                write!(f, "is not a finite number at index {index}")
            }
            TensorProblem::Shape { found, expected } => {
                write!(f, "has the shape {found:?} where {expected:?} is expected")
            }
            TensorProblem::Twice => f.write_str("is in the file twice"),
        }
    }
}

/// Why a checkpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightsError {
    /// Its bytes cannot be read; displays as the error inside.
    Source(SourceError),
    /// A pointer of git-lfs instead of the file.
    LfsPointer,
    /// A file that `torch.save` wrote before PyTorch 1.6.
    LegacyTorch,
    /// A TorchScript archive, which is a program with weights.
    TorchScript,
    /// Neither safetensors nor a PyTorch archive.
    UnknownFormat,
    /// The safetensors header is longer than the file, or than any header is.
    HeaderTooLong {
        /// The header's length, in bytes.
        length: u64,
        /// The file's length, in bytes.
        size: u64,
    },
    /// The safetensors header is not what the format says.
    Header {
        /// What is wrong with it.
        cause: Cause,
    },
    /// The PyTorch archive is not what the format says.
    Archive {
        /// What is wrong with it.
        reason: String,
    },
    /// The archive's pickle is not what the format says, or has an unknown instruction.
    Pickle {
        /// The byte at which reading stopped.
        at: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The pickle wants to call something that no checkpoint needs.
    RefusedGlobal {
        /// Its name in Python.
        name: String,
    },
    /// The archive has no dictionary of tensors.
    NoStateDict,
    /// One tensor cannot be used.
    Tensor {
        /// Its name in the file.
        name: String,
        /// What is wrong with it.
        problem: TensorProblem,
    },
    /// A model of another kind.
    OtherModel {
        /// The kind.
        kind: &'static str,
    },
    /// Tensors that the architecture has and the file does not, by open_clip's names.
    Missing {
        /// Their names.
        names: Vec<String>,
    },
    /// Tensors that the file has and the architecture does not.
    Unexpected {
        /// Their names in the file.
        names: Vec<String>,
    },
    /// Captions are wanted of a model without a decoder.
    NoDecoder,
    /// Shapes that no architecture has.
    Architecture {
        /// What is wrong with them.
        reason: String,
    },
}

impl WeightsError {
    pub(crate) fn tensor(name: &str, problem: TensorProblem) -> Self {
        WeightsError::Tensor {
            name: name.to_owned(),
            problem,
        }
    }
}

impl From<SourceError> for WeightsError {
    fn from(error: SourceError) -> Self {
        WeightsError::Source(error)
    }
}

impl fmt::Display for WeightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WeightsError::Source(error) => error.fmt(f),
            WeightsError::LfsPointer => {
                f.write_str("this is git-lfs's pointer to a checkpoint, not the checkpoint")
            }
            WeightsError::LegacyTorch => {
                f.write_str("this file is in the format of PyTorch before 1.6")
            }
            WeightsError::TorchScript => {
                f.write_str("this is a TorchScript archive, which is a program")
            }
            WeightsError::UnknownFormat => {
                f.write_str("this is neither a safetensors file nor a PyTorch archive")
            }
            WeightsError::HeaderTooLong { length, size } => write!(
                f,
                "the header claims {length} bytes of a file of {size} bytes"
            ),
            WeightsError::Header { .. } => f.write_str("the header cannot be read"),
            WeightsError::Archive { reason } => {
                write!(f, "the archive cannot be read ({reason})")
            }
            WeightsError::Pickle { at, reason } => write!(
                f,
                "the archive's pickle cannot be read (byte {at}: {reason})"
            ),
            WeightsError::RefusedGlobal { name } => {
                write!(f, "the archive's pickle calls {name}, which is not allowed")
            }
            WeightsError::NoStateDict => f.write_str("the archive has no dictionary of tensors"),
            WeightsError::Tensor { name, problem } => write!(f, "the tensor {name} {problem}"),
            WeightsError::OtherModel { kind } => {
                write!(f, "this is a {kind} checkpoint, which cannot be run here")
            }
            WeightsError::Missing { names } => {
                write!(f, "the checkpoint lacks {}", list(names))
            }
            WeightsError::Unexpected { names } => write!(
                f,
                "the checkpoint has tensors that neither CLIP nor MaMMUT has: {}",
                list(names)
            ),
            WeightsError::NoDecoder => f.write_str(
                "this is a CLIP, which compares images with texts and does not write any",
            ),
            WeightsError::Architecture { reason } => {
                write!(f, "neither CLIP nor MaMMUT has such shapes: {reason}")
            }
        }
    }
}

impl Error for WeightsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            WeightsError::Source(error) => error.source(),
            WeightsError::Header { cause } => Some(cause.as_error()),
            _ => None,
        }
    }
}

/// The first few names, and how many more there are.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
