//! Sequences of images.

use super::{Gpu, GpuTensor, row_grid};

pub(super) fn record(
    gpu: &Gpu,
    patches: &GpuTensor,
    class_embedding: &GpuTensor,
    positional_embedding: &GpuTensor,
    out: &GpuTensor,
) {
    let sources = [include_str!("embed_patches.wgsl")];
    let pipeline = gpu.device.pipeline("embed_patches", &sources, &[], 4);
    gpu.device.record(
        &pipeline,
        &[
            out.rows as u32,
            out.quads(),
            positional_embedding.rows as u32,
        ],
        &[
            patches.slice(),
            class_embedding.slice(),
            positional_embedding.slice(),
            out.slice(),
        ],
        row_grid(out.rows),
    );
}
