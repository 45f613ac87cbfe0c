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
    /// One of its numbers is larger than any of float16.
    TooLarge {
        /// Which number, in the order in which they are stored.
        index: usize,
    },
}

impl fmt::Display for TensorProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TensorProblem::Dtype { found } => write!(
                f,
                "is stored as {found}, and only float32, float64, float16, bfloat16 and int8 with scales can be read"
            ),
            TensorProblem::OutOfRange => f.write_str("lies outside the file"),
            TensorProblem::Overlaps { other } => write!(f, "shares bytes with {other}"),
            TensorProblem::Size { found, expected } => {
                write!(f, "has {found} bytes where its shape needs {expected}")
            }
            TensorProblem::NotFinite { index } => {
                write!(f, "is not a finite number at index {index}")
            }
            TensorProblem::Shape { found, expected } => {
                write!(f, "has the shape {found:?} where {expected:?} is expected")
            }
            TensorProblem::Twice => f.write_str("is in the file twice"),
            TensorProblem::TooLarge { index } => {
                write!(f, "has a number at index {index} that float16 cannot hold")
            }
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
    /// A file of another kind.
    OtherFile {
        /// What it is, with an article.
        kind: &'static str,
    },
    /// What a server said instead of sending the file: that a repository is gated, for example.
    Answer {
        /// What it said.
        said: String,
    },
    /// The index of a checkpoint in several files, alone.
    Index,
    /// Parts of a checkpoint that its index names and that are not there.
    MissingParts {
        /// Their names.
        names: Vec<String>,
    },
    /// No checkpoint is among the files.
    NoFile,
    /// Several checkpoints are among the files.
    SeveralFiles {
        /// Their names.
        names: Vec<String>,
    },
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
    /// A pack's `pack.json` is not what the format says.
    Pack {
        /// What is wrong with it.
        cause: Cause,
    },
    /// The archive has no dictionary of tensors.
    NoStateDict,
    /// An optimizer's state without a model.
    OptimizerState,
    /// There are no weights under the key that was asked for.
    NoState {
        /// The key.
        key: String,
        /// Where there are some.
        found: Vec<String>,
    },
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
        /// What would be needed to run it.
        lacks: &'static str,
    },
    /// The configuration asks for something that no model here has.
    Unsupported {
        /// The setting with its value, as in the file.
        setting: String,
    },
    /// The memory has no room for a tensor.
    NoMemory {
        /// The bytes that it needs.
        bytes: u64,
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
            WeightsError::OtherFile { kind } => write!(f, "this is {kind}"),
            WeightsError::Answer { said } => {
                write!(f, "this is no checkpoint, but a server’s answer: “{said}”")
            }
            WeightsError::Index => f.write_str(
                "this is the index of a checkpoint in several files, not the checkpoint",
            ),
            WeightsError::NoFile => f.write_str("there is no checkpoint among these files"),
            WeightsError::SeveralFiles { names } => {
                write!(f, "there are several checkpoints here: {}", list(names))
            }
            WeightsError::MissingParts { names } => {
                write!(f, "of the checkpoint’s files there is no {}", list(names))
            }
            WeightsError::UnknownFormat => {
                f.write_str("this is neither a safetensors file nor a PyTorch archive")
            }
            WeightsError::HeaderTooLong { length, size } => write!(
                f,
                "the header claims {length} bytes of a file of {size} bytes"
            ),
            WeightsError::Header { .. } => f.write_str("the header cannot be read"),
            WeightsError::Pack { .. } => f.write_str("the file pack.json cannot be read"),
            WeightsError::Archive { reason } => {
                write!(f, "the archive cannot be read ({reason})")
            }
            WeightsError::Pickle { at, reason } => write!(
                f,
                "the archive's pickle cannot be read (byte {at}: {reason})"
            ),
            WeightsError::NoStateDict => f.write_str("the archive has no dictionary of tensors"),
            WeightsError::OptimizerState => {
                f.write_str("this is an optimizer’s state, without the model")
            }
            WeightsError::NoState { key, found } => {
                write!(f, "the checkpoint has no weights under {key}")?;
                match found.split_last() {
                    None => Ok(()),
                    Some((last, [])) => write!(f, ", but under {}", named(last)),
                    Some((last, more)) => {
                        let more: Vec<&str> = more.iter().map(|name| named(name)).collect();
                        write!(f, ", but under {} and {}", more.join(", "), named(last))
                    }
                }
            }
            WeightsError::Tensor { name, problem } => write!(f, "the tensor {name} {problem}"),
            WeightsError::OtherModel { kind, lacks } => {
                let article = match kind.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) {
                    true => "an",
                    false => "a",
                };
                write!(
                    f,
                    "this is {article} {kind}, which cannot be run here: it needs {lacks}"
                )
            }
            WeightsError::Unsupported { setting } => write!(
                f,
                "the configuration asks for {setting}, which cannot be done here"
            ),
            WeightsError::NoMemory { bytes } => {
                write!(f, "the memory has no room for a tensor of {bytes} bytes")
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
            WeightsError::Header { cause } | WeightsError::Pack { cause } => Some(cause.as_error()),
            _ => None,
        }
    }
}

/// A prefix as it is shown.
fn named(prefix: &str) -> &str {
    match prefix {
        "" => "no key",
        _ => prefix,
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
