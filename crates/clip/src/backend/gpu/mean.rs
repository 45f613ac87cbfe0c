//! Means over sequences.

use super::{Gpu, Tensor, row_grid};

pub(super) fn record(gpu: &Gpu, x: &Tensor, tokens: usize, out: &Tensor) {
    let pipeline = gpu
        .device
        .pipeline("mean", &[include_str!("mean.wgsl")], &[], 2);
    gpu.device.record(
        &pipeline,
        &[out.rows as u32, out.quads(), tokens as u32],
        &[x.part(), out.part()],
        row_grid(out.rows),
    );
}
