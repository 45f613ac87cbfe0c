//! Sequences of tokens. A large model's table is larger than some devices bind at once, so it is
//! gone through part by part.

use super::recorder::Part;
use super::{Gpu, Tensor, row_grid};

/// Rows of a part are a multiple of this, so that every part begins where a binding may: after a
/// multiple of 256 bytes, the most that a device asks for.
const UNIT: u64 = 64;

pub(super) fn record(
    gpu: &Gpu,
    ids: &[u32],
    tokens: usize,
    table: &Tensor,
    positions: &Tensor,
    out: &Tensor,
) {
    let sources = [include_str!("embed_tokens.wgsl")];
    let pipeline = gpu.device.pipeline("embed_tokens", &sources, &[], 4);
    let indices = gpu.indices(ids);
    let row_bytes = table.bytes / table.rows as u64;
    let whole = gpu.device.binding_bytes / row_bytes / UNIT * UNIT;
    let step = whole.max(UNIT).min(table.rows as u64);
    for first in (0..table.rows as u64).step_by(step as usize) {
        let count = step.min(table.rows as u64 - first);
        let part = first as u32..(first + count) as u32;
        if !ids.iter().any(|id| part.contains(id)) {
            continue;
        }
        let indices = Part {
            buffer: &indices,
            offset: 0,
            bytes: 4 * ids.len() as u64,
        };
        let table = Part {
            buffer: &table.buffer,
            offset: first * row_bytes,
            bytes: count * row_bytes,
        };
        gpu.device.record(
            &pipeline,
            &[
                ids.len() as u32,
                out.quads(),
                tokens as u32,
                part.start,
                count as u32,
            ],
            &[indices, table, positions.part(), out.part()],
            row_grid(ids.len()),
        );
    }
}
