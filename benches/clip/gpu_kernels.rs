//! Single kernels on a GPU: how long each takes by its clock when it runs again and again, and by
//! the host's clock, with recording and submitting.

use pollster::block_on;
use refit_clip::backend::gpu::{Gpu, Precision};
use refit_clip::backend::{Backend, Epilogue, Split, TopK, WeightLayout};
use std::time::Instant;

/// Times that a kernel runs in a pass.
const REPEATS: usize = 50;
const PASSES: usize = 5;

/// Rows, inputs and outputs of products in MaMMUT's decode steps, and in ViT-B/32 for 1, 8 and 64
/// pictures.
const PRODUCTS: [[usize; 3]; 11] = [
    [1, 512, 1536],
    [1, 2048, 512],
    [1, 512, 49408],
    [50, 768, 2304],
    [50, 768, 768],
    [50, 3072, 768],
    [400, 768, 2304],
    [400, 3072, 768],
    [3200, 768, 2304],
    [3200, 768, 768],
    [3200, 3072, 768],
];
/// Sequences, tokens and heads of 64, and whether tokens see only those before them.
const ATTENTION: [(usize, usize, usize, bool); 4] = [
    (1, 50, 12, false),
    (64, 50, 12, false),
    (1, 77, 8, true),
    (64, 77, 8, true),
];
/// Rows of a cache that one query of 8 heads of 64 attends to.
const CACHED: [usize; 2] = [10, 50];
const NORMED: [[usize; 2]; 3] = [[1, 512], [50, 768], [3200, 768]];
const VOCABULARY: usize = 49408;
const PICTURES: [usize; 2] = [1, 32];

/// Prints the table.
pub(crate) fn print(gpu: &Gpu, precision: Precision) {
    println!(
        "\n| {} {precision:?} | µs, its clock | µs, the host's | TFLOP/s | GB/s of weights |\n|---|---|---|---|---|",
        gpu.adapter().name
    );
    for shape in PRODUCTS {
        product(gpu, precision, shape);
    }
    for (sequences, tokens, heads, causal) in ATTENTION {
        let width = 64 * heads;
        let qkv = tensor(gpu, sequences * tokens, 3 * width);
        let mut out = gpu.empty(sequences * tokens, width).unwrap();
        let name = format!("attention, {sequences} × {tokens}, {heads} heads");
        row(gpu, &name, || {
            gpu.attention(&qkv, tokens, heads, causal, &mut out);
        });
    }
    for length in CACHED {
        let (queries, cache) = (tensor(gpu, 1, 3 * 512), tensor(gpu, length, 2 * 512));
        let visible: Vec<u32> = (0..length as u32).collect();
        let mut out = gpu.empty(1, 512).unwrap();
        row(gpu, &format!("attention to a cache of {length}"), || {
            gpu.cached_attention(&queries, &cache, &visible, 8, &mut out);
        });
    }
    for [rows, columns] in NORMED {
        let (x, weight) = (tensor(gpu, rows, columns), tensor(gpu, 1, columns));
        let mut out = gpu.empty(rows, columns).unwrap();
        row(gpu, &format!("layer norm, {rows} × {columns}"), || {
            gpu.layer_norm(&x, &weight, &weight, &mut out);
        });
    }
    let logits = tensor(gpu, 1, VOCABULARY);
    let mut top = gpu.empty(1, TopK::columns(2)).unwrap();
    row(gpu, "the two largest of a vocabulary", || {
        gpu.top_k(&logits, &[7], &mut top);
    });
    for count in PICTURES {
        let values = numbers(count * 3 * 224 * 224);
        let time = crate::median(|| {
            let uploaded = gpu.tensor(3072, values.clone()).unwrap();
            block_on(gpu.finish()).unwrap();
            drop(uploaded);
        });
        println!("| upload, {count} pictures | | {:.0} | | |", 1e3 * time);
    }
}

fn product(gpu: &Gpu, precision: Precision, [rows, inputs, outputs]: [usize; 3]) {
    let (x, bias) = (tensor(gpu, rows, inputs), tensor(gpu, 1, outputs));
    let layout = WeightLayout::InputsByOutputs;
    let values = numbers(inputs * outputs);
    let weights = gpu
        .weights(inputs, outputs, layout, Split::Whole, &values)
        .unwrap();
    let mut out = gpu.empty(rows, outputs).unwrap();
    let (device, host) = time(gpu, || {
        gpu.linear(&x, &weights, Some(&bias), Epilogue::Nothing, &mut out);
    });
    let bytes = match precision {
        Precision::F32 => 4,
        Precision::F16 => 2,
    };
    let rate = 2e-6 * (rows * inputs * outputs) as f64 / device;
    let bandwidth = 1e-3 * (bytes * inputs * outputs) as f64 / device;
    println!(
        "| product, {rows} × {inputs} × {outputs} | {device:.1} | {host:.1} | {rate:.2} | {bandwidth:.0} |"
    );
}

fn row(gpu: &Gpu, name: &str, dispatch: impl FnMut()) {
    let (device, host) = time(gpu, dispatch);
    println!("| {name} | {device:.1} | {host:.1} | | |");
}

/// Microseconds of one of many dispatches, by the GPU's clock and by the host's: of the passes the
/// one that is in the middle by the former.
fn time(gpu: &Gpu, mut dispatch: impl FnMut()) -> (f64, f64) {
    let probe = tensor(gpu, 1, 4);
    let mut times = Vec::new();
    for pass in 0..=PASSES {
        let start = Instant::now();
        (0..REPEATS).for_each(|_| dispatch());
        block_on(gpu.download(&probe)).unwrap();
        let host = start.elapsed().as_secs_f64();
        let device = gpu.take_seconds().unwrap_or(f64::NAN);
        // The first compiles.
        if pass > 0 {
            times.push([device, host].map(|seconds| 1e6 * seconds / REPEATS as f64));
        }
    }
    times.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [device, host] = times[PASSES / 2];
    (device, host)
}

fn tensor(gpu: &Gpu, rows: usize, columns: usize) -> <Gpu as Backend>::Tensor {
    gpu.tensor(columns, numbers(rows * columns)).unwrap()
}

/// Between −0.05 and 0.05.
fn numbers(count: usize) -> Vec<f32> {
    let number = |i: usize| (i * 7919 % 1009) as f32 / 10_090.0 - 0.05;
    (0..count).map(number).collect()
}
