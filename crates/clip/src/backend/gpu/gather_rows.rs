//! Chosen rows of a matrix.

use super::recorder::Part;
use super::{Gpu, Tensor, row_grid};

pub(super) fn record(gpu: &Gpu, x: &Tensor, rows: &[u32], out: &Tensor) {
    let pipeline = gpu
        .device
        .pipeline("gather_rows", &[include_str!("gather_rows.wgsl")], &[], 3);
    let chosen = gpu.indices(rows);
    let chosen = Part {
        buffer: &chosen,
        offset: 0,
        bytes: 4 * rows.len() as u64,
    };
    gpu.device.record(
        &pipeline,
        &[rows.len() as u32, out.quads()],
        &[x.part(), chosen, out.part()],
        row_grid(rows.len()),
    );
}
