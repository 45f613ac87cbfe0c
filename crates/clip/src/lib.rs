//! CLIP and MaMMUT models: text and images to unit vectors whose products say how well they agree;
//! a MaMMUT also writes what it sees ([`caption`]).
//!
//! [`tokenizer`] and [`preprocess`] prepare what goes in, [`weights`] reads checkpoints as they
//! were published, [`architecture`] is read off their shapes, and [`Model`] runs the two towers on
//! any [`Backend`](crate::backend::Backend). Answers equal open_clip's to float32's rounding.

pub mod architecture;
pub mod backend;
#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod caption;
pub mod classes;
pub mod confusion;
mod decoder;
mod error;
mod image_tower;
mod load;
mod model;
mod parameters;
pub mod preprocess;
pub mod repack;
mod text_tower;
pub mod tokenizer;
mod transformer;
pub mod weights;

pub use classes::{Classes, softmax};
pub use error::{Cause, ClipError};
pub use load::{LoadOptions, Progress};
pub use model::Model;
