//! `cargo bench --bench fit`, or `cargo xtask bench` for the same beside Chromium and SciPy.

// A benchmark that cannot go on stops.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[cfg(not(target_arch = "wasm32"))]
mod workload;

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    let mut criterion = criterion::Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(2))
        .configure_from_args();
    for work in workload::all(true) {
        criterion.bench_function(&work.name, |b| b.iter(|| (work.run)()));
    }
    criterion.final_summary();
}

#[cfg(target_arch = "wasm32")]
fn main() {}
