#![doc = include_str!("../README.md")]
//!
//! # From bytes to a caption
//!
//! 1. **Bytes.** A [`Source`](weights::source::Source) reads bytes by position: a slice, a file
//!    on disk, a server ([`weights::http`]), a file that a user chose in a browser.
//! 2. **Tensors.** [`Checkpoint`](weights::Checkpoint) lists the tensors of a file with their
//!    names and shapes, and reads one at a time as float32.
//! 3. **Model.** [`Architecture`](architecture::Architecture) is inferred from the shapes;
//!    [`Model::load`] puts each tensor onto a [`Backend`](backend::Backend) as it comes.
//! 4. **Embedding.** A [`Tokenizer`](tokenizer::Tokenizer) or
//!    [`preprocess`](preprocess::preprocess) prepares the input; [`Model::encode_texts`] and
//!    [`Model::encode_images`] return embeddings of length 1.
//! 5. **Probabilities.** [`Model::classes`] averages the embeddings of each label's prompts;
//!    [`Model::probabilities`] is the softmax over an image's scaled cosines with them.
//! 6. **Place.** [`Model::locate`] says where in an image each label is ([`locate`]).
//! 7. **Caption.** With a MaMMUT, [`Model::caption`] generates a caption token by token, and
//!    [`Model::log_likelihoods`] scores given ones.
#![warn(missing_docs)]

pub mod architecture;
pub mod backend;
#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod caption;
pub mod classes;
pub mod confusion;
mod decoder;
mod error;
pub mod head;
mod image_tower;
mod info;
mod load;
pub mod locate;
pub mod mix;
mod model;
pub mod pack;
mod parameters;
pub mod preprocess;
pub mod repack;
mod text_tower;
pub mod tokenizer;
mod transformer;
pub mod weights;

pub use classes::{Classes, Scoring, softmax};
pub use error::{Cause, ClipError};
pub use head::{Head, HeadError};
pub use info::{Assumption, CheckpointInfo, Evidence};
pub use load::{LoadOptions, Progress};
pub use model::Model;
