//! Matrix multiplication with weights, bias and epilogue in one kernel.

use super::memory::Buffer;
use super::recorder::{BufferSlice, Pipeline};
use super::{Gpu, GpuTensor, QUAD};
use crate::backend::{ComputeError, Epilogue, WeightLayout};
use refit_kernels as kernels;

/// Inputs and outputs are padded with zeros to whole tiles.
const INPUTS: usize = 64;
const OUTPUTS: usize = 64;

/// Rows that software's tile of 64 × 64 would be mostly empty with.
const FEW_ROWS: usize = 32;
/// Rows that are too few for any tile, and the outputs that a workgroup then makes of each.
const SINGLE_ROWS: usize = 4;
const SINGLE_OUTPUTS: usize = 32;

/// A workgroup's tile on a GPU, of 256 threads: the constants of `gemm_slices.wgsl`.
struct Tile {
    blocks: usize,
    down: usize,
    slices: usize,
    step: usize,
}

impl Tile {
    fn rows(&self) -> usize {
        4 * self.blocks * self.down
    }

    fn outputs(&self) -> usize {
        4 * self.blocks * ACROSS
    }
}

/// Threads across a tile, as `gemm_slices.wgsl` has them.
const ACROSS: usize = 8;
/// Of 64 × 64, which load least for what they compute, and of 32 × 32.
const TILES: [Tile; 2] = [
    Tile {
        blocks: 2,
        down: 8,
        slices: 4,
        step: 32,
    },
    Tile {
        blocks: 1,
        down: 8,
        slices: 4,
        step: 64,
    },
];
/// Of 16 × 32, for the 50 tokens of a picture.
const SMALLEST_TILE: Tile = Tile {
    blocks: 1,
    down: 4,
    slices: 8,
    step: 64,
};
/// With fewer tiles a GPU of 132 cores (H100) gains from smaller ones.
const ENOUGH_TILES: usize = 200;

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

/// How a product is computed: the pipeline, and the rows and outputs that a workgroup makes.
struct Plan {
    pipeline: Pipeline,
    rows: usize,
    outputs: usize,
}

/// For the tokens of a decode step.
fn plan_single_rows(gpu: &Gpu, rows: usize) -> Plan {
    let rows = if rows == 1 { 1 } else { SINGLE_ROWS };
    // Each core of a GPU has several threads wait for memory at once; software computes one by one.
    let parts = if gpu.device.is_software { 8 } else { 32 };
    let sources = [include_str!("product.wgsl"), include_str!("gemv.wgsl")];
    let constants = [("ROWS", rows as u32), ("PARTS", parts)];
    Plan {
        pipeline: gpu.device.pipeline("gemv", &sources, &constants, 4),
        rows,
        outputs: SINGLE_OUTPUTS,
    }
}

fn plan_for_software(gpu: &Gpu, rows: usize) -> Plan {
    let blocks = if rows <= FEW_ROWS { 1 } else { 2 };
    let sources = [
        include_str!("block.wgsl"),
        include_str!("product.wgsl"),
        include_str!("gemm.wgsl"),
    ];
    let constants = [("BLOCKS", blocks as u32)];
    Plan {
        pipeline: gpu.device.pipeline("gemm", &sources, &constants, 4),
        rows: 32 * blocks,
        outputs: 32 * blocks,
    }
}

fn plan_for_hardware(gpu: &Gpu, rows: usize, outputs: usize) -> Plan {
    let count = |tile: &Tile| rows.div_ceil(tile.rows()) * outputs.div_ceil(tile.outputs());
    let enough = TILES.iter().find(|tile| count(tile) >= ENOUGH_TILES);
    let tile = enough.unwrap_or(&SMALLEST_TILE);
    let sources = [
        include_str!("block.wgsl"),
        include_str!("product.wgsl"),
        include_str!("gemm_slices.wgsl"),
    ];
    let constants = [
        ("BLOCKS", tile.blocks as u32),
        ("DOWN", tile.down as u32),
        ("SLICES", tile.slices as u32),
        ("STEP", tile.step as u32),
    ];
    Plan {
        pipeline: gpu.device.pipeline("gemm_slices", &sources, &constants, 4),
        rows: tile.rows(),
        outputs: tile.outputs(),
    }
}

pub(super) fn record(
    gpu: &Gpu,
    x: &GpuTensor,
    weights: &GpuWeights,
    bias: Option<&GpuTensor>,
    epilogue: Epilogue,
    out: &GpuTensor,
) {
    let plan = match out.rows {
        ..=SINGLE_ROWS => plan_single_rows(gpu, out.rows),
        _ if gpu.device.is_software => plan_for_software(gpu, out.rows),
        _ => plan_for_hardware(gpu, out.rows, weights.outputs),
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
        &plan.pipeline,
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
            weights.outputs.div_ceil(plan.outputs) as u32,
            out.rows.div_ceil(plan.rows) as u32,
            1,
        ],
    );
}
