//! Multi-head attention, fused: scores are nowhere stored.

use super::{Gpu, GpuTensor, QUAD};
use crate::backend::ComputeError;

/// The widest head of which a thread holds its share.
const WIDEST: usize = 128;

/// Whether heads of this width can be computed.
pub(super) fn check(head: usize) -> Result<(), ComputeError> {
    if head.is_multiple_of(QUAD) && head <= WIDEST {
        return Ok(());
    }
    let what = format!("its heads are {head} wide: not a multiple of {QUAD} up to {WIDEST}");
    Err(ComputeError::Unsupported { what })
}

pub(super) fn record(
    gpu: &Gpu,
    qkv: &GpuTensor,
    tokens: usize,
    heads: usize,
    causal: bool,
    out: &GpuTensor,
) {
    let head = out.columns / heads;
    if let Err(error) = check(head) {
        return gpu.device.fail(error);
    }
    let sources = [include_str!("block.wgsl"), include_str!("attention.wgsl")];
    let constants = [("QUADS", (head / QUAD) as u32)];
    let pipeline = gpu.device.pipeline("attention", &sources, &constants, 2);
    gpu.device.record(
        &pipeline,
        &[tokens as u32, out.quads(), u32::from(causal)],
        &[qkv.slice(), out.slice()],
        [
            tokens.div_ceil(32) as u32,
            heads as u32,
            (out.rows / tokens) as u32,
        ],
    );
}
