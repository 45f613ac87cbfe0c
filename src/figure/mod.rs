//! Figures: an analysis as a chart ([`picture`]), and the papers' own as ready-made analyses
//! ([`PAPERS`]); compute-optimal samples ([`samples_scene`]).

mod allocation;
pub mod export;
mod papers;
mod scene;

pub use allocation::{Samples, samples_scene};
pub use papers::{Absent, Figure, NOT_DRAWN, PAPERS};
pub use scene::{AnalysisChart, Dot, SeriesRole, picture, shape};
