//! Sequences of images.

use super::{Gpu, Tensor, row_grid};

pub(super) fn record(
    gpu: &Gpu,
    patches: &Tensor,
    class: &Tensor,
    positions: &Tensor,
    out: &Tensor,
) {
    let sources = [include_str!("embed_patches.wgsl")];
    let pipeline = gpu.device.pipeline("embed_patches", &sources, &[], 4);
    gpu.device.record(
        &pipeline,
        &[out.rows as u32, out.quads(), positions.rows as u32],
        &[patches.part(), class.part(), positions.part(), out.part()],
        row_grid(out.rows),
    );
}
