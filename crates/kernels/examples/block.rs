//! How long each operation of ViT-B/32's twelve blocks takes on one thread, the best of five runs:
//! `cargo run --release -p refit-kernels --example block`.

use refit_kernels::{Epilogue, Matrix, WeightLayout, attention, layer_norm, multiply};
use std::time::Instant;

const WIDTH: usize = 768;
const TOKENS: usize = 50;
const LAYERS: usize = 12;

/// From −0.01 to 0.01.
fn numbers(n: usize) -> Vec<f32> {
    (0..n)
        .map(|i| ((i * 7919) % 1000) as f32 / 5e4 - 0.01)
        .collect()
}

fn matrix(inputs: usize, outputs: usize) -> Matrix {
    let values = numbers(inputs * outputs);
    Matrix::pack(
        inputs,
        outputs,
        WeightLayout::OutputsByInputs,
        &values,
        inputs,
    )
}

fn main() {
    let layer = |_| {
        let [qkv, out] = [3 * WIDTH, WIDTH].map(|outputs| matrix(WIDTH, outputs));
        let [up, down] = [(WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH)].map(|(a, b)| matrix(a, b));
        [qkv, out, up, down]
    };
    let layers: Vec<[Matrix; 4]> = (0..LAYERS).map(layer).collect();
    let (gain, bias) = (vec![1.0; WIDTH], numbers(WIDTH));
    println!("images: norms, qkv, attention, out, up, down: milliseconds; together");
    for images in [1, 8] {
        let rows = TOKENS * images;
        let x = numbers(rows * WIDTH);
        let [mut normed, mut seen, mut sums] = [(); 3].map(|()| vec![0.0; rows * WIDTH]);
        let mut mixed = vec![0.0; 3 * rows * WIDTH];
        let mut hidden = vec![0.0; 4 * rows * WIDTH];
        let mut best = [f64::INFINITY; 6];
        for _ in 0..5 {
            let mut times = [0.0; 6];
            let mut begun = Instant::now();
            let mut lap = |time: &mut f64| {
                *time += 1e3 * begun.elapsed().as_secs_f64();
                begun = Instant::now();
            };
            for [qkv, out, up, down] in &layers {
                layer_norm(&x, &gain, &bias, &mut normed);
                layer_norm(&x, &gain, &bias, &mut normed);
                lap(&mut times[0]);
                let nothing = Epilogue::Nothing;
                multiply(&normed, WIDTH, qkv, &[], nothing, &mut mixed, 3 * WIDTH);
                lap(&mut times[1]);
                let sequences = mixed.chunks(3 * TOKENS * WIDTH);
                for (mixed, seen) in sequences.zip(seen.chunks_mut(TOKENS * WIDTH)) {
                    attention(mixed, WIDTH, WIDTH / 64, false, seen);
                }
                lap(&mut times[2]);
                multiply(&seen, WIDTH, out, &[], Epilogue::Add, &mut sums, WIDTH);
                lap(&mut times[3]);
                multiply(
                    &normed,
                    WIDTH,
                    up,
                    &[],
                    Epilogue::Gelu,
                    &mut hidden,
                    4 * WIDTH,
                );
                lap(&mut times[4]);
                multiply(
                    &hidden,
                    4 * WIDTH,
                    down,
                    &[],
                    Epilogue::Add,
                    &mut sums,
                    WIDTH,
                );
                lap(&mut times[5]);
            }
            for (best, time) in best.iter_mut().zip(times) {
                *best = best.min(time);
            }
        }
        let all: f64 = best.iter().sum();
        println!("{images}: {best:.1?}; {all:.0}");
    }
}
