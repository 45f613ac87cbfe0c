//! Figures: an analysis as a chart ([`picture`]), and those that a study
//! describes ([`Figure`]); compute-optimal samples ([`samples_scene`]) and IsoFLOP profiles
//! ([`isoflop_scene`]); accuracy against accuracy ([`transfer_scene`]).

mod allocation;
mod dotted;
pub mod export;
mod isoflop;
mod papers;
mod scene;
mod transfer;

pub use allocation::{Samples, samples_scene};
pub use isoflop::isoflop_scene;
pub use papers::Figure;
pub use scene::{AnalysisChart, Dot, SeriesRole, picture, shape};
pub use transfer::transfer_scene;
