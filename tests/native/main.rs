//! The library and the terminal, natively: verdicts, charts, resampling, frontiers, a reader's tables.
#![cfg(not(target_arch = "wasm32"))]
// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod addresses;
mod chart;
mod claims;
#[path = "../../crates/clip/tests/formula.rs"]
mod formula;
#[path = "../../crates/clip/tests/formula_source.rs"]
mod formula_source;
mod frontiers;
#[path = "../../crates/clip/tests/gpu.rs"]
mod gpu;
mod resampling;
mod runs;
mod terminal;
#[path = "../../crates/clip/tests/tiny.rs"]
mod tiny;
