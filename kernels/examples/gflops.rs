//! Prints the rate of the product on the shapes of ViT-B/32: `cargo run --release -p refit-kernels --example gflops`.

use refit_kernels::{After, Matrix, Stored, multiply};
use std::time::Instant;

fn main() {
    for (rows, inputs, outputs) in [
        (50, 768, 2304),
        (50, 768, 3072),
        (50, 3072, 768),
        (400, 768, 3072),
    ] {
        let a = vec![0.5; rows * inputs];
        let b = vec![0.25; inputs * outputs];
        let matrix = Matrix::pack(inputs, outputs, Stored::OutputsByInputs, &b, inputs);
        let mut c = vec![0.0; rows * outputs];
        let mut best = f64::INFINITY;
        for _ in 0..20 {
            let begun = Instant::now();
            multiply(&a, inputs, &matrix, &[], After::Nothing, &mut c, outputs);
            best = best.min(begun.elapsed().as_secs_f64());
        }
        let rate = 2.0 * (rows * inputs * outputs) as f64 / best / 1e9;
        println!(
            "{rows} x {inputs} x {outputs}: {:.2} ms, {rate:.1} GFLOP/s",
            1e3 * best
        );
    }
}
