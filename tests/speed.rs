//! The native benchmark's work in Chromium, for `cargo xtask bench`: built as the published page
//! is, it leaves its times in the page as JSON.
#![cfg(target_arch = "wasm32")]
// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "../benches/workload/mod.rs"]
mod workload;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Runs, and for how long at most, in milliseconds.
const RUNS: usize = 25;
const LONGEST: f64 = 8_000.0;

#[wasm_bindgen_test]
fn speed() {
    let window = web_sys::window().unwrap();
    let performance = window.performance().unwrap();
    let mut lines = Vec::new();
    for work in workload::all(true) {
        let mut times = Vec::new();
        let start = performance.now();
        while times.len() < RUNS && (times.is_empty() || performance.now() - start < LONGEST) {
            let before = performance.now();
            assert!((work.run)().is_finite());
            times.push(performance.now() - before);
        }
        times.sort_by(f64::total_cmp);
        lines.push(format!("\"{}\": {}", work.name, times[times.len() / 2]));
    }
    let document = window.document().unwrap();
    let element = document.create_element("pre").unwrap();
    element.set_id("speed");
    element.set_text_content(Some(&format!("{{{}}}", lines.join(","))));
    document.body().unwrap().append_child(&element).unwrap();
}
