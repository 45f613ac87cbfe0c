//! Layer normalisation.

use super::{Gpu, GpuTensor, row_grid};

pub(super) fn record(
    gpu: &Gpu,
    x: &GpuTensor,
    weight: &GpuTensor,
    bias: &GpuTensor,
    out: &GpuTensor,
) {
    let sources = [include_str!("reduce.wgsl"), include_str!("layer_norm.wgsl")];
    let pipeline = gpu
        .device
        .pipeline("layer_norm", &sources, &[("THREADS", 64)], 4);
    gpu.device.record(
        &pipeline,
        &[out.rows as u32, out.quads()],
        &[x.slice(), weight.slice(), bias.slice(), out.slice()],
        row_grid(out.rows),
    );
}
