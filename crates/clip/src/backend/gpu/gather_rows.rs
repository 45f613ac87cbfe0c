//! Chosen rows of a matrix.

use super::recorder::BufferSlice;
use super::{Gpu, GpuTensor, row_grid};

pub(super) fn record(gpu: &Gpu, x: &GpuTensor, rows: &[u32], out: &GpuTensor) {
    let pipeline = gpu
        .device
        .pipeline("gather_rows", &[include_str!("gather_rows.wgsl")], &[], 3);
    let chosen = gpu.indices(rows);
    let chosen = BufferSlice {
        buffer: &chosen,
        offset: 0,
        bytes: 4 * rows.len() as u64,
    };
    gpu.device.record(
        &pipeline,
        &[rows.len() as u32, out.quads()],
        &[x.slice(), chosen, out.slice()],
        row_grid(rows.len()),
    );
}
