//! Matrix multiplication with weights, bias and epilogue in one kernel.

use super::memory::Buffer;
use super::recorder::BufferSlice;
use super::{Gpu, GpuTensor, QUAD};
use crate::backend::{ComputeError, Epilogue, WeightLayout};
use refit_kernels as kernels;

/// Inputs and outputs are padded with zeros to whole tiles.
const INPUTS: usize = 32;
const OUTPUTS: usize = 64;

/// With fewer tiles of 64 × 64 most of a GPU would idle: tiles of 32 × 32 are four times as many.
/// Software has only a processor's few cores to keep busy, and less to load with large ones.
const ENOUGH_TILES: usize = 64;
/// Rows that a tile of 64 × 64 would be mostly empty with.
const FEW_ROWS: usize = 32;
/// Rows that are too few for any tile, and the outputs that a workgroup then makes of each.
const SINGLE_ROWS: usize = 4;
const SINGLE_OUTPUTS: usize = 32;

/// The matrix of a linear map on the device, `[inputs, outputs]`, padded with zeros to whole tiles.
pub struct GpuWeights {
    buffer: Buffer,
    bytes: u64,
    inputs: usize,
    outputs: usize,
}

pub(super) fn pack(
    gpu: &Gpu,
    inputs: usize,
    outputs: usize,
    layout: WeightLayout,
    values: &[f32],
) -> Result<GpuWeights, ComputeError> {
    let (rows, columns) = (
        inputs.next_multiple_of(INPUTS),
        outputs.next_multiple_of(OUTPUTS),
    );
    for width in [inputs, outputs] {
        gpu.bytes(1, width, u64::MAX)?;
    }
    let bytes = gpu.bytes(rows, columns, gpu.device.binding_bytes)?;
    let mut packed = vec![0.0; rows * columns];
    match layout {
        WeightLayout::InputsByOutputs => {
            let rows = values.chunks_exact(outputs);
            for (row, packed) in rows.zip(packed.chunks_exact_mut(columns)) {
                packed[..outputs].copy_from_slice(row);
            }
        }
        WeightLayout::OutputsByInputs => kernels::transpose(values, inputs, &mut packed, columns),
    }
    let buffer = gpu.allocate(bytes, true);
    gpu.write(&buffer, &packed);
    Ok(GpuWeights {
        buffer,
        bytes,
        inputs,
        outputs,
    })
}

pub(super) fn record(
    gpu: &Gpu,
    x: &GpuTensor,
    weights: &GpuWeights,
    bias: Option<&GpuTensor>,
    epilogue: Epilogue,
    out: &GpuTensor,
) {
    let tiles = |side| out.rows.div_ceil(side) * weights.outputs.div_ceil(side);
    let would_idle = !gpu.device.is_software && tiles(64) < ENOUGH_TILES;
    let is_small = out.rows <= FEW_ROWS || would_idle;
    let product = include_str!("product.wgsl");
    // The pipeline, and the outputs and rows that a workgroup makes.
    let (pipeline, across, down) = if out.rows <= SINGLE_ROWS {
        let rows = if out.rows == 1 { 1 } else { SINGLE_ROWS };
        let sources = [product, include_str!("gemv.wgsl")];
        let constants = [("ROWS", rows as u32)];
        let pipeline = gpu.device.pipeline("gemv", &sources, &constants, 4);
        (pipeline, SINGLE_OUTPUTS, rows)
    } else {
        let blocks = if is_small { 1 } else { 2 };
        let sources = [
            include_str!("block.wgsl"),
            product,
            include_str!("gemm.wgsl"),
        ];
        let constants = [("BLOCKS", blocks as u32)];
        let pipeline = gpu.device.pipeline("gemm", &sources, &constants, 4);
        (pipeline, 32 * blocks, 32 * blocks)
    };
    let epilogue = match epilogue {
        Epilogue::Nothing => 0,
        Epilogue::Gelu => 1,
        Epilogue::QuickGelu => 2,
        Epilogue::Add => 3,
    };
    let matrix = BufferSlice {
        buffer: &weights.buffer,
        offset: 0,
        bytes: weights.bytes,
    };
    let quads = |columns: usize| (columns / QUAD) as u32;
    gpu.device.record(
        &pipeline,
        &[
            out.rows as u32,
            quads(weights.inputs),
            quads(weights.outputs),
            quads(weights.outputs.next_multiple_of(OUTPUTS)),
            epilogue,
            u32::from(bias.is_some()),
        ],
        // Something must be bound where there is no bias.
        &[
            x.slice(),
            matrix,
            bias.map_or(matrix, GpuTensor::slice),
            out.slice(),
        ],
        [
            weights.outputs.div_ceil(across) as u32,
            out.rows.div_ceil(down) as u32,
            1,
        ],
    );
}
