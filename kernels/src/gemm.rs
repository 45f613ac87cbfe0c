//! Matrix product C = A B, the loop in which the models spend their time.
//!
//! B, the weights, is packed once into panels of [`PANEL`] columns, each contiguous along the
//! inner dimension. A tile of C stays in registers while a panel streams by; the inner dimension
//! is cut into blocks so that a block of a panel stays in the nearest cache, and so that long
//! sums are summed in parts, which rounds less. The rows of a tile of A are interleaved first, so
//! that two pointers walk through everything that a tile needs.

use crate::math::{gelu, quick_gelu};
use crate::simd::{MultiplyAdd, vectorised};

/// Columns of a panel: two vector registers.
const PANEL: usize = if cfg!(target_arch = "x86_64") { 16 } else { 8 };
/// Inner dimension of a block.
const BLOCK: usize = 512;

/// How a matrix of weights lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// A row for each output, as in a linear layer.
    OutputsByInputs,
    /// A row for each input.
    InputsByOutputs,
}

/// A packed matrix, `inputs` × `outputs`.
#[derive(Clone, Debug)]
pub struct Matrix {
    inputs: usize,
    outputs: usize,
    panels: Vec<f32>,
}

impl Matrix {
    /// Numbers that a packed matrix has: the last panel is filled up with zeros.
    pub fn length(inputs: usize, outputs: usize) -> usize {
        outputs.div_ceil(PANEL) * PANEL * inputs
    }

    /// Packs `values`, whose rows begin every `stride` numbers.
    pub fn pack(
        inputs: usize,
        outputs: usize,
        stored: Stored,
        values: &[f32],
        stride: usize,
    ) -> Self {
        let zeros = vec![0.0; Self::length(inputs, outputs)];
        Self::pack_into(zeros, inputs, outputs, stored, values, stride)
    }

    /// The same in memory that is there: as many zeros as [`Matrix::length`] says.
    pub fn pack_into(
        mut panels: Vec<f32>,
        inputs: usize,
        outputs: usize,
        stored: Stored,
        values: &[f32],
        stride: usize,
    ) -> Self {
        match stored {
            Stored::OutputsByInputs => {
                for output in 0..outputs {
                    let row = &values[output * stride..][..inputs];
                    let panel = output / PANEL * PANEL * inputs;
                    let column = panels[panel + output % PANEL..].iter_mut().step_by(PANEL);
                    for (slot, value) in column.zip(row) {
                        *slot = *value;
                    }
                }
            }
            Stored::InputsByOutputs => {
                for input in 0..inputs {
                    let row = &values[input * stride..][..outputs];
                    for (index, values) in row.chunks(PANEL).enumerate() {
                        let start = (index * inputs + input) * PANEL;
                        panels[start..start + values.len()].copy_from_slice(values);
                    }
                }
            }
        }
        Matrix {
            inputs,
            outputs,
            panels,
        }
    }

    pub fn inputs(&self) -> usize {
        self.inputs
    }

    pub fn outputs(&self) -> usize {
        self.outputs
    }
}

/// What becomes of a product before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Nothing,
    /// Gaussian error linear unit, exact.
    Gelu,
    QuickGelu,
    /// Added to what stands in C.
    Add,
}

vectorised! {
    /// C = A B + bias, then [`After`]. Rows of A begin every `a_stride` numbers, rows of C every
    /// `c_stride`; an empty bias is none.
    pub fn multiply(
        a: &[f32],
        a_stride: usize,
        b: &Matrix,
        bias: &[f32],
        after: After,
        c: &mut [f32],
        c_stride: usize,
    ) = multiply_blocks
}

#[inline(always)]
fn multiply_blocks<F: MultiplyAdd>(
    a: &[f32],
    a_stride: usize,
    b: &Matrix,
    bias: &[f32],
    after: After,
    c: &mut [f32],
    c_stride: usize,
) {
    let rows = c.len().div_ceil(c_stride);
    let mut tiles = vec![0.0; rows * BLOCK.min(b.inputs)];
    for start in (0..b.inputs).step_by(BLOCK) {
        let inputs = start..(start + BLOCK).min(b.inputs);
        let length = inputs.len();
        let mut row = 0;
        while row < rows {
            let height = height::<F>(rows - row);
            let tile = &mut tiles[row * length..][..height * length];
            for i in 0..height {
                let row = &a[(row + i) * a_stride + start..][..length];
                for (slot, value) in tile[i..].iter_mut().step_by(height).zip(row) {
                    *slot = *value;
                }
            }
            row += height;
        }
        let place = Place {
            first: start == 0,
            last: inputs.end == b.inputs,
            bias,
            after,
        };
        for column in (0..b.outputs).step_by(PANEL) {
            let panel = &b.panels[column * b.inputs..][..b.inputs * PANEL];
            let panel = &panel[inputs.start * PANEL..inputs.end * PANEL];
            let width = PANEL.min(b.outputs - column);
            let mut row = 0;
            while row < rows {
                let height = height::<F>(rows - row);
                let a = &tiles[row * length..][..height * length];
                let c = &mut c[row * c_stride + column..];
                match height {
                    // The compiler drops what a machine has no registers for.
                    6 if F::ROWS == 6 => tile::<F, 6>(a, panel, &place, column, width, c, c_stride),
                    4 => tile::<F, 4>(a, panel, &place, column, width, c, c_stride),
                    2 => tile::<F, 2>(a, panel, &place, column, width, c, c_stride),
                    _ => tile::<F, 1>(a, panel, &place, column, width, c, c_stride),
                }
                row += height;
            }
        }
    }
}

/// Rows of the next tile, when so many are left.
#[inline(always)]
fn height<F: MultiplyAdd>(left: usize) -> usize {
    match left {
        _ if left >= F::ROWS => F::ROWS,
        4.. => 4,
        2.. => 2,
        _ => 1,
    }
}

/// Which block of the inner dimension this is, and what is to be done at its ends.
struct Place<'a> {
    first: bool,
    last: bool,
    bias: &'a [f32],
    after: After,
}

/// One tile of `ROWS` × [`PANEL`]; `a` holds its rows interleaved.
#[inline(always)]
fn tile<F: MultiplyAdd, const ROWS: usize>(
    a: &[f32],
    panel: &[f32],
    place: &Place,
    column: usize,
    width: usize,
    c: &mut [f32],
    c_stride: usize,
) {
    let mut sums = products::<F, ROWS>(a, panel);
    for (i, sums) in sums.iter_mut().enumerate() {
        let c = &mut c[i * c_stride..][..width];
        if place.first && !place.bias.is_empty() {
            for (sum, bias) in sums.iter_mut().zip(&place.bias[column..column + width]) {
                *sum += bias;
            }
        }
        if !place.first || place.after == After::Add {
            for (sum, c) in sums.iter_mut().zip(c.iter()) {
                *sum += c;
            }
        }
        if place.last {
            match place.after {
                After::Nothing | After::Add => {}
                After::Gelu => *sums = sums.map(gelu),
                After::QuickGelu => *sums = sums.map(quick_gelu),
            }
        }
        c.copy_from_slice(&sums[..width]);
    }
}

/// The tile's sums of products, with the instructions spelt out: left to itself the compiler
/// makes no vector code of the loop below.
#[cfg(target_arch = "wasm32")]
#[target_feature(enable = "simd128")]
fn products<F: MultiplyAdd, const ROWS: usize>(a: &[f32], panel: &[f32]) -> [[f32; PANEL]; ROWS] {
    use std::arch::wasm32::{
        f32x4_add, f32x4_mul, f32x4_splat, v128_load, v128_load32_splat, v128_store,
    };
    const {
        assert!(PANEL == 8, "a panel is two registers of four");
    }
    let mut sums = [[f32x4_splat(0.0); 2]; ROWS];
    for (x, weights) in a
        .as_chunks::<ROWS>()
        .0
        .iter()
        .zip(panel.as_chunks::<PANEL>().0)
    {
        // SAFETY: `weights` holds eight numbers; loads need no alignment.
        let low = unsafe { v128_load(weights.as_ptr().cast()) };
        // SAFETY: as above.
        let high = unsafe { v128_load(weights[4..].as_ptr().cast()) };
        macro_rules! add {
            ($($row:literal)*) => {$(
                if $row < ROWS {
                    // SAFETY: a reference to one number.
                    let x = unsafe { v128_load32_splat((&raw const x[$row]).cast()) };
                    sums[$row][0] = f32x4_add(sums[$row][0], f32x4_mul(x, low));
                    sums[$row][1] = f32x4_add(sums[$row][1], f32x4_mul(x, high));
                }
            )*};
        }
        add!(0 1 2 3);
    }
    sums.map(|[low, high]| {
        let mut row = [0.0f32; PANEL];
        let (first, second) = row.split_at_mut(4);
        // SAFETY: each half holds four numbers.
        unsafe { v128_store(first.as_mut_ptr().cast(), low) };
        // SAFETY: as above.
        unsafe { v128_store(second.as_mut_ptr().cast(), high) };
        row
    })
}

/// The tile's sums of products. Rows are written out, since the compiler keeps the sums in
/// registers only where it sees every index.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
fn products<F: MultiplyAdd, const ROWS: usize>(a: &[f32], panel: &[f32]) -> [[f32; PANEL]; ROWS] {
    let mut sums = [[0.0; PANEL]; ROWS];
    for (x, weights) in a
        .as_chunks::<ROWS>()
        .0
        .iter()
        .zip(panel.as_chunks::<PANEL>().0)
    {
        macro_rules! add {
            ($($row:literal)*) => {$(
                if $row < ROWS {
                    for (sum, weight) in sums[$row].iter_mut().zip(weights) {
                        *sum = F::multiply_add(x[$row], *weight, *sum);
                    }
                }
            )*};
        }
        add!(0 1 2 3 4 5);
    }
    sums
}
