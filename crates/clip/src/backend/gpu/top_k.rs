//! The largest numbers of each row.

use super::recorder::Part;
use super::{Gpu, Tensor, row_grid};

pub(super) fn record(gpu: &Gpu, x: &Tensor, asked: &[u32], out: &Tensor) {
    let sources = [include_str!("reduce.wgsl"), include_str!("top_k.wgsl")];
    let pipeline = gpu.device.pipeline("top_k", &sources, &[], 3);
    let indices = gpu.indices(asked);
    let indices = Part {
        buffer: &indices,
        offset: 0,
        bytes: 4 * asked.len() as u64,
    };
    gpu.device.record(
        &pipeline,
        &[x.rows as u32, x.quads(), out.quads() - 1],
        &[x.part(), indices, out.part()],
        row_grid(x.rows),
    );
}
