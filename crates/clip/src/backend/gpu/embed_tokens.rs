//! Sequences of tokens. A large model's table is larger than some devices bind at once, so it is
//! gone through part by part.

use super::recorder::BufferSlice;
use super::{Gpu, GpuTensor, row_grid};

/// Rows of a part are a multiple of this, so that every part begins where a binding may: after a
/// multiple of 256 bytes, the most that a device asks for.
const UNIT: u64 = 64;

pub(super) fn record(
    gpu: &Gpu,
    ids: &[u32],
    tokens: usize,
    token_embedding: &GpuTensor,
    positional_embedding: &GpuTensor,
    out: &GpuTensor,
) {
    let sources = [include_str!("embed_tokens.wgsl")];
    let pipeline = gpu.device.pipeline("embed_tokens", &sources, &[], 4);
    let indices = gpu.indices(ids);
    let row_bytes = token_embedding.bytes / token_embedding.rows as u64;
    let whole = gpu.device.binding_bytes / row_bytes / UNIT * UNIT;
    let step = whole.max(UNIT).min(token_embedding.rows as u64);
    for first in (0..token_embedding.rows as u64).step_by(step as usize) {
        let count = step.min(token_embedding.rows as u64 - first);
        let part = first as u32..(first + count) as u32;
        if !ids.iter().any(|id| part.contains(id)) {
            continue;
        }
        let indices = BufferSlice {
            buffer: &indices,
            offset: 0,
            bytes: 4 * ids.len() as u64,
        };
        let embedding_part = BufferSlice {
            buffer: &token_embedding.buffer,
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
            &[
                indices,
                embedding_part,
                positional_embedding.slice(),
                out.slice(),
            ],
            row_grid(ids.len()),
        );
    }
}
