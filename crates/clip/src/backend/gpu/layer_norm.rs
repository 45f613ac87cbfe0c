//! Layer normalisation.

use super::{Gpu, Tensor, row_grid};

pub(super) fn record(gpu: &Gpu, x: &Tensor, gain: &Tensor, bias: &Tensor, out: &Tensor) {
    let sources = [include_str!("reduce.wgsl"), include_str!("layer_norm.wgsl")];
    let pipeline = gpu.device.pipeline("layer_norm", &sources, &[], 4);
    gpu.device.record(
        &pipeline,
        &[out.rows as u32, out.quads()],
        &[x.part(), gain.part(), bias.part(), out.part()],
        row_grid(out.rows),
    );
}
