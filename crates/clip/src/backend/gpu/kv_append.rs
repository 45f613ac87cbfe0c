//! Keys and values to a cache.

use super::{Gpu, GpuTensor, row_grid};

pub(super) fn record(gpu: &Gpu, qkv: &GpuTensor, at: usize, cache: &GpuTensor) {
    let pipeline = gpu
        .device
        .pipeline("kv_append", &[include_str!("kv_append.wgsl")], &[], 2);
    gpu.device.record(
        &pipeline,
        &[qkv.rows as u32, cache.quads() / 2, at as u32],
        &[qkv.slice(), cache.slice()],
        row_grid(qkv.rows),
    );
}
