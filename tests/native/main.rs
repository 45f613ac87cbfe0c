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
mod home;
mod read;
mod resampling;
mod runs;
mod studies;
mod terminal;
#[path = "../../crates/clip/tests/tiny.rs"]
mod tiny;

/// A bundled table.
fn bundled_table(id: &str) -> refit::study::Table {
    refit::study::Table::find(id).expect(id)
}

/// A bundled study.
fn bundled_study(id: &str) -> refit::study::Study {
    refit::study::Study::find(id).expect(id)
}

/// The rows of a bundled table, from the disk.
fn rows_of(table: refit::study::Table) -> Vec<refit::study::Measurement> {
    let path = table.path();
    let text = std::fs::read_to_string(&path).expect(&path);
    refit::study::read_measurements(table.study(), &path, &text).expect("well formed")
}
