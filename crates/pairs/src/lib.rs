#![doc = include_str!("../README.md")]
//!
//! # From bytes to a subset
//!
//! 1. **Pairs.** [`TarReader`] takes an archive's bytes in pieces; [`Samples`] takes the files of a folder;
//!    [`records::Records`] reads a table with paths and texts. Out come [`Pair`]s and [`Problem`]s.
//! 2. **Vectors.** The caller embeds each pair's picture and text (`refit-clip`). [`index`] says which files of a
//!    clip-retrieval folder are its parts, and [`metadata`] writes their rows.
//! 3. **Search.** [`search::query`] makes a vector of what was asked; [`search::TopK`] scans slices of the files.
//! 4. **Filter.** [`Facts`] are what is known of a pair; [`filter::filter`] says what each [`filter::Rule`] takes out, and
//!    what is left. [`Duplicates`] finds near duplicates first.
//! 5. **Subset.** `refit_npy::write_uids`, or [`metadata::write`].
//!
//! Nothing here opens a file or starts a thread.
#![warn(missing_docs)]

mod duplicates;
mod facts;
pub mod filter;
pub mod index;
pub mod metadata;
mod problem;
pub mod records;
mod sample;
pub mod search;
mod tar;

pub use duplicates::{Block, Duplicates};
pub use facts::{Facts, Source, Told};
pub use problem::{Problem, Trouble};
pub use sample::{Found, Ignored, Pair, Part, Picture, Samples, part_of};
pub use tar::{NotTar, TarReader};
