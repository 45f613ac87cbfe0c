//! The library beside SciPy, and on whatever numbers there are.
#![cfg(not(target_arch = "wasm32"))]
// Helpers of tests fail as tests do.
#![allow(clippy::expect_used)]

mod fit;
mod hostile;
mod intervals;
mod isoflop;
mod labelled;
mod logistic;
mod losses;
mod optimal;
mod reference;
mod robustness;
mod scipy;
mod trf;
mod weights;
