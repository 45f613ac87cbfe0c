//! The largest numbers of each row.

use super::recorder::BufferSlice;
use super::{Gpu, GpuTensor, row_grid};

pub(super) fn record(gpu: &Gpu, x: &GpuTensor, targets: &[u32], out: &GpuTensor) {
    let sources = [include_str!("reduce.wgsl"), include_str!("top_k.wgsl")];
    // One workgroup reads a row as long as a vocabulary.
    let threads = if gpu.device.is_software { 64 } else { 256 };
    let constants = [("THREADS", threads)];
    let pipeline = gpu.device.pipeline("top_k", &sources, &constants, 3);
    let indices = gpu.indices(targets);
    let indices = BufferSlice {
        buffer: &indices,
        offset: 0,
        bytes: 4 * targets.len() as u64,
    };
    gpu.device.record(
        &pipeline,
        &[x.rows as u32, x.quads(), out.quads() - 1],
        &[x.slice(), indices, out.slice()],
        row_grid(x.rows),
    );
}
