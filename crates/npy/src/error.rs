//! Why a `.npy` cannot be read.

use std::fmt;

/// Why a `.npy` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NpyError {
    /// Its first bytes are others.
    NotNpy,
    /// The header goes on after the bytes that were given.
    ShortHeader,
    /// There are fewer numbers than the shape says.
    Short,
    /// A version of the format after 3.
    Version {
        /// The version.
        version: u8,
    },
    /// The header is not the dictionary that it should be.
    Header,
    /// An array of Python objects.
    Pickled,
    /// Numbers of another kind.
    Dtype {
        /// As NumPy writes the kind.
        descr: String,
        /// What could be read.
        wanted: &'static str,
    },
    /// Another number of dimensions than a matrix has.
    Shape {
        /// The shape.
        shape: Vec<u64>,
    },
    /// A matrix without a number.
    Empty,
}

impl fmt::Display for NpyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NpyError::NotNpy => write!(f, "it does not begin as one"),
            NpyError::ShortHeader => write!(f, "it ends before its header does"),
            NpyError::Short => write!(f, "it ends before its numbers do"),
            NpyError::Version { version } => write!(f, "its version, {version}, is not known"),
            NpyError::Header => write!(f, "its header cannot be read"),
            NpyError::Pickled => write!(
                f,
                "it holds pickled Python objects, which run code when they are read"
            ),
            NpyError::Dtype { descr, wanted } => {
                write!(f, "its numbers are {descr}, not {wanted}")
            }
            NpyError::Shape { shape } => {
                let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
                let shape = shape.join(" × ");
                write!(f, "it is no vector and no matrix: its shape is {shape}")
            }
            NpyError::Empty => write!(f, "it holds no numbers"),
        }
    }
}

impl std::error::Error for NpyError {}
