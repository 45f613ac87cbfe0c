//! Attention of single queries over rows of a cache.

use super::recorder::Part;
use super::{Gpu, QUAD, Tensor, attention, row_grid};

pub(super) fn record(
    gpu: &Gpu,
    queries: &Tensor,
    cache: &Tensor,
    seen: &[u32],
    heads: usize,
    out: &Tensor,
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
    let indices = gpu.indices(seen);
    let indices = Part {
        buffer: &indices,
        offset: 0,
        bytes: 4 * seen.len() as u64,
    };
    let [rows, ..] = row_grid(out.rows);
    gpu.device.record(
        &pipeline,
        &[
            out.rows as u32,
            out.quads(),
            queries.quads(),
            (seen.len() / out.rows) as u32,
        ],
        &[queries.part(), cache.part(), indices, out.part()],
        [rows, heads as u32, 1],
    );
}
