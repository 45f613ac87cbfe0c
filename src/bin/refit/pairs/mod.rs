//! `refit index`, `refit search` and `refit filter`: pairs of pictures and texts.

mod embed;
pub(crate) mod filter;
mod folder;
pub(crate) mod index;
mod inputs;
mod prepare;
mod progress;
pub(crate) mod search;
