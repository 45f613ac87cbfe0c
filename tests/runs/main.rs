//! Tables of a reader's own runs: every format, the released files, and all that can be wrong.
//!
//! The released files are made here from the bundled rows, with the columns that their authors
//! gave them.
#![cfg(not(target_arch = "wasm32"))]

mod bad;
mod joining;
mod made;
mod mapped;
mod pieces;
mod released;
mod terminal;
mod unpacked;
