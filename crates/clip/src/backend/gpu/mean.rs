//! Means over sequences.

use super::{Gpu, GpuTensor, row_grid};

pub(super) fn record(gpu: &Gpu, x: &GpuTensor, tokens: usize, out: &GpuTensor) {
    let pipeline = gpu
        .device
        .pipeline("mean", &[include_str!("mean.wgsl")], &[], 2);
    gpu.device.record(
        &pipeline,
        &[out.rows as u32, out.quads(), tokens as u32],
        &[x.slice(), out.slice()],
        row_grid(out.rows),
    );
}
