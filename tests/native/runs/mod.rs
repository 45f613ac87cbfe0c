//! Tables of a reader's own runs: every format, the released files, and all that can be wrong.
//!
//! The released files are made here from the bundled rows, with the columns that their authors
//! gave them.
mod bad;
mod joining;
pub(crate) mod made;
mod mapped;
mod pieces;
mod published;
mod released;
mod shapes;
mod unpacked;
mod workbooks;
mod written;
