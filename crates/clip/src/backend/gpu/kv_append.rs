//! Keys and values to a cache.

use super::{Gpu, Tensor, row_grid};

pub(super) fn record(gpu: &Gpu, qkv: &Tensor, at: usize, cache: &Tensor) {
    let pipeline = gpu
        .device
        .pipeline("kv_append", &[include_str!("kv_append.wgsl")], &[], 2);
    gpu.device.record(
        &pipeline,
        &[qkv.rows as u32, cache.quads() / 2, at as u32],
        &[qkv.part(), cache.part()],
        row_grid(qkv.rows),
    );
}
