//! One program, since each links everything.
#![cfg(not(target_arch = "wasm32"))]
// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod archives;
mod damage;
mod filters;
mod index;
#[path = "../../clip/tests/damage/mutation.rs"]
mod mutation;
mod search;
mod tables;

use serde_json::Value;
use std::path::PathBuf;

/// A stored reference.
pub(crate) fn path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    folder.join(name)
}

pub(crate) fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect(name)
}

/// What `pairs.py` wrote down.
pub(crate) fn told(name: &str) -> Value {
    serde_json::from_slice(&file(name)).unwrap()
}

/// SplitMix64's outputs from one place on.
pub(crate) fn splitmix(start: u64) -> impl Iterator<Item = u64> {
    (start..).map(|n| {
        let z = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    })
}

/// Numbers from −1 to 1 that float32 has.
pub(crate) fn uniform(start: u64, count: usize) -> Vec<f64> {
    let numbers = splitmix(start).take(count);
    let numbers = numbers.map(|z| (z >> 40) as f64 / f64::from(1 << 23) - 1.0);
    numbers.collect()
}
