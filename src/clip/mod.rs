//! CLIP models: text and pictures to unit vectors whose products say how well they agree.

pub mod preprocess;
pub mod tokenizer;
