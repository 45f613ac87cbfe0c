//! Attention of single queries over rows of a cache.

use super::recorder::BufferSlice;
use super::{Gpu, GpuTensor, QUAD, attention, row_grid};

pub(super) fn record(
    gpu: &Gpu,
    queries: &GpuTensor,
    cache: &GpuTensor,
    visible: &[u32],
    heads: usize,
    out: &GpuTensor,
) {
    let head = out.columns / heads;
    if let Err(error) = attention::check(head) {
        return gpu.device.fail(error);
    }
    let constants = [("QUADS", (head / QUAD) as u32)];
    let sources = [include_str!("cached_attention.wgsl")];
    let pipeline = gpu
        .device
        .pipeline("cached_attention", &sources, &constants, 4);
    let indices = gpu.indices(visible);
    let indices = BufferSlice {
        buffer: &indices,
        offset: 0,
        bytes: 4 * visible.len() as u64,
    };
    let [rows, ..] = row_grid(out.rows);
    gpu.device.record(
        &pipeline,
        &[
            out.rows as u32,
            out.quads(),
            queries.quads(),
            (visible.len() / out.rows) as u32,
        ],
        &[queries.slice(), cache.slice(), indices, out.slice()],
        [rows, heads as u32, 1],
    );
}
