//! Figures: an analysis as a chart ([`picture`]), and the papers' own as ready-made analyses
//! ([`PAPERS`]).

pub mod export;
mod papers;
mod picture;

pub use papers::{Absent, Figure, NOT_DRAWN, PAPERS};
pub use picture::{Dot, Picture, Role, picture, shape};
