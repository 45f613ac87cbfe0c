#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod error;
mod header;
mod matrix;
mod uids;

pub use error::NpyError;
pub use header::{Dtype, Header, MAGIC};
pub use matrix::{Matrix, read_matrix, write_f16, write_f32};
pub use uids::{Uid, read_uids, write_uids};
