//! Figures: an analysis as a chart ([`picture`]), and the papers' own as ready-made analyses
//! ([`PAPERS`]); compute-optimal samples ([`samples_scene`]).

mod allocation;
pub mod export;
mod papers;
mod picture;

pub use allocation::{Samples, samples_scene};
pub use papers::{Absent, Figure, NOT_DRAWN, PAPERS};
pub use picture::{Dot, Picture, Role, picture, shape};
