//! The built page, driven from outside: `cargo xtask test --only browser`.

// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod accessibility;
mod bench;
mod captions;
mod details;
mod harness;
mod home;
mod locate;
mod mix;
#[path = "models/main.rs"]
mod models;
mod page;
mod pair_heads;
mod pair_index;
mod pair_measures;
mod pair_tables;
mod pairs;
mod papers;
mod reading;
mod studies;
mod teach;
mod user_runs;
