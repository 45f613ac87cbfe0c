//! Why a backend cannot compute.

use std::fmt;

/// Why a backend cannot compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComputeError {
    /// No GPU can be used.
    NoDevice {
        /// What the driver or the browser says.
        reason: String,
    },
    /// The device lacks something that the model needs.
    Unsupported {
        /// What it lacks.
        what: String,
    },
    /// A matrix is larger than the device allows.
    TooLarge {
        /// The matrix's size, in bytes.
        bytes: u64,
        /// The device's limit, in bytes.
        limit: u64,
    },
    /// The device has no memory left for a tensor.
    OutOfMemory {
        /// The bytes that it was asked for.
        bytes: u64,
    },
    /// The device went away, and everything on it with it.
    Lost {
        /// What the driver or the browser says.
        reason: String,
    },
    /// A worker that computes a part of the model does not answer any more.
    WorkerLost {
        /// What it said last, or the browser.
        reason: String,
    },
    /// The device refused an operation: a mistake in this crate or in the driver.
    Refused {
        /// What the driver or the browser says.
        reason: String,
    },
}

impl fmt::Display for ComputeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ComputeError::NoDevice { reason } => write!(f, "no GPU can be used here ({reason})"),
            ComputeError::Unsupported { what } => {
                write!(f, "this GPU cannot run the model: {what}")
            }
            ComputeError::TooLarge { bytes, limit } => write!(
                f,
                "a matrix of {bytes} bytes is larger than this device takes ({limit} bytes)"
            ),
            ComputeError::OutOfMemory { bytes } => {
                write!(f, "the device has no room for {bytes} more bytes")
            }
            ComputeError::Lost { reason } => write!(f, "the device was lost ({reason})"),
            ComputeError::WorkerLost { reason } => {
                write!(
                    f,
                    "a worker that computed a part of the model was lost ({reason})"
                )
            }
            ComputeError::Refused { reason } => {
                write!(f, "the device refused an operation ({reason})")
            }
        }
    }
}

impl std::error::Error for ComputeError {}
