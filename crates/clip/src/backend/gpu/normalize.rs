//! Rows to unit vectors.

use super::{Gpu, GpuTensor, row_grid};

pub(super) fn record(gpu: &Gpu, x: &GpuTensor) {
    let sources = [include_str!("reduce.wgsl"), include_str!("normalize.wgsl")];
    let pipeline = gpu
        .device
        .pipeline("normalize", &sources, &[("THREADS", 64)], 1);
    let parameters = [x.rows as u32, x.quads()];
    gpu.device
        .record(&pipeline, &parameters, &[x.slice()], row_grid(x.rows));
}
