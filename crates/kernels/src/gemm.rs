//! Matrix product C = A B, the loop in which the models spend their time.
//!
//! B, the weights, is packed once: its inner dimension is cut into blocks, and a block into panels
//! of [`PANEL`] columns, each contiguous. A tile of C stays in registers while a panel streams by,
//! which stays in the nearest cache for the next tile; all panels lie as they are needed, so that
//! memory is read ahead. Long sums are summed in parts, a block each, which rounds less. The rows
//! of a tile of A are interleaved first, so that two pointers walk through everything that a tile
//! needs.

use crate::math::{gelu, quick_gelu};
use crate::simd::{Lanes, vectorised};
use std::ops::Range;

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
        columns(outputs) * inputs
    }

    /// Packs `values`, whose rows begin every `stride` numbers.
    pub fn pack(
        inputs: usize,
        outputs: usize,
        stored: Stored,
        values: &[f32],
        stride: usize,
    ) -> Self {
        let room = Vec::with_capacity(Self::length(inputs, outputs));
        Self::pack_into(room, inputs, outputs, stored, values, stride)
    }

    /// The same in memory that is there, empty, with room for what [`Matrix::length`] says.
    pub fn pack_into(
        mut panels: Vec<f32>,
        inputs: usize,
        outputs: usize,
        stored: Stored,
        values: &[f32],
        stride: usize,
    ) -> Self {
        for block in blocks(inputs) {
            for first in (0..outputs).step_by(PANEL) {
                // Zeros are written a panel at a time, which is then still in the cache.
                let start = panels.len();
                panels.resize(start + PANEL * block.len(), 0.0);
                let steps = panels[start..].as_chunks_mut::<PANEL>().0;
                match stored {
                    Stored::OutputsByInputs if first + PANEL <= outputs => {
                        interleave(&values[first * stride + block.start..], stride, steps);
                    }
                    Stored::OutputsByInputs => {
                        for output in first..outputs {
                            let row = &values[output * stride + block.start..];
                            for (step, value) in steps.iter_mut().zip(row) {
                                step[output - first] = *value;
                            }
                        }
                    }
                    Stored::InputsByOutputs => {
                        for (step, input) in steps.iter_mut().zip(block.clone()) {
                            let row = &values[input * stride..][first..outputs];
                            match row.first_chunk() {
                                Some(row) => *step = *row,
                                None => step[..row.len()].copy_from_slice(row),
                            }
                        }
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
pub enum Epilogue {
    Nothing,
    /// Gaussian error linear unit, exact.
    Gelu,
    QuickGelu,
    /// Added to what stands in C.
    Add,
}

vectorised! {
    /// C = A B + bias, then [`Epilogue`]. Rows of A begin every `a_stride` numbers, rows of C every
    /// `c_stride`; an empty bias is none.
    pub fn multiply(
        a: &[f32],
        a_stride: usize,
        b: &Matrix,
        bias: &[f32],
        after: Epilogue,
        c: &mut [f32],
        c_stride: usize,
    ) = multiply_blocks
}

#[inline(always)]
fn multiply_blocks<V: Lanes>(
    a: &[f32],
    a_stride: usize,
    b: &Matrix,
    bias: &[f32],
    after: Epilogue,
    c: &mut [f32],
    c_stride: usize,
) {
    let rows = c.len().div_ceil(c_stride);
    let mut tiles = vec![0.0; rows * BLOCK.min(b.inputs)];
    let columns = columns(b.outputs);
    for inputs in blocks(b.inputs) {
        let (start, length) = (inputs.start, inputs.len());
        let mut row = 0;
        while row < rows {
            let height = height::<V>(rows - row);
            let tile = &mut tiles[row * length..][..height * length];
            let a = &a[row * a_stride + start..];
            match height {
                6 => interleave::<6>(a, a_stride, tile.as_chunks_mut().0),
                5 => interleave::<5>(a, a_stride, tile.as_chunks_mut().0),
                4 => interleave::<4>(a, a_stride, tile.as_chunks_mut().0),
                2 => interleave::<2>(a, a_stride, tile.as_chunks_mut().0),
                _ => tile.copy_from_slice(&a[..length]),
            }
            row += height;
        }
        let place = Place {
            first: start == 0,
            last: inputs.end == b.inputs,
            bias,
            after,
        };
        let panels = &b.panels[start * columns..inputs.end * columns];
        for (index, panel) in panels.chunks_exact(PANEL * length).enumerate() {
            let column = index * PANEL;
            let width = PANEL.min(b.outputs - column);
            let mut row = 0;
            while row < rows {
                let height = height::<V>(rows - row);
                let a = &tiles[row * length..][..height * length];
                let c = &mut c[row * c_stride + column..];
                match height {
                    // The compiler drops what a machine has no registers for.
                    6 if V::ROWS == 6 => tile::<V, 6>(a, panel, &place, column, width, c, c_stride),
                    5 if V::ROWS == 5 => tile::<V, 5>(a, panel, &place, column, width, c, c_stride),
                    4 => tile::<V, 4>(a, panel, &place, column, width, c, c_stride),
                    2 => tile::<V, 2>(a, panel, &place, column, width, c, c_stride),
                    _ => tile::<V, 1>(a, panel, &place, column, width, c, c_stride),
                }
                row += height;
            }
        }
    }
}

/// Columns of all panels, the last one filled up.
fn columns(outputs: usize) -> usize {
    outputs.div_ceil(PANEL) * PANEL
}

/// The blocks of the inner dimension.
fn blocks(inputs: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = (0..inputs).step_by(BLOCK);
    starts.map(move |start| start..(start + BLOCK).min(inputs))
}

/// The first numbers of all rows, then the second, and so on; rows begin every `stride` numbers.
#[inline(always)]
fn interleave<const ROWS: usize>(rows: &[f32], stride: usize, steps: &mut [[f32; ROWS]]) {
    let rows: [&[f32]; ROWS] = std::array::from_fn(|i| &rows[i * stride..][..steps.len()]);
    for (k, step) in steps.iter_mut().enumerate() {
        *step = std::array::from_fn(|i| rows[i][k]);
    }
}

/// Rows of `columns` numbers to columns; rows of `out` begin every `stride` numbers.
pub fn transpose(values: &[f32], columns: usize, out: &mut [f32], stride: usize) {
    /// As many numbers as half a line of the cache.
    const SIDE: usize = 8;
    for (index, rows) in values.chunks(SIDE * columns).enumerate() {
        let first = index * SIDE;
        let out = out.chunks_mut(stride).take(columns);
        if rows.len() == SIDE * columns {
            let rows: [&[f32]; SIDE] = std::array::from_fn(|i| &rows[i * columns..][..columns]);
            for (k, out) in out.enumerate() {
                out[first..first + SIDE].copy_from_slice(&rows.map(|row| row[k]));
            }
        } else {
            for (k, out) in out.enumerate() {
                for (out, row) in out[first..].iter_mut().zip(rows.chunks_exact(columns)) {
                    *out = row[k];
                }
            }
        }
    }
}

/// Rows of the next tile, when so many are left.
#[inline(always)]
fn height<V: Lanes>(left: usize) -> usize {
    match left {
        _ if left >= V::ROWS => V::ROWS,
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
    after: Epilogue,
}

/// One tile of `ROWS` × [`PANEL`]; `a` holds its rows interleaved.
#[inline(always)]
fn tile<V: Lanes, const ROWS: usize>(
    a: &[f32],
    panel: &[f32],
    place: &Place,
    column: usize,
    width: usize,
    c: &mut [f32],
    c_stride: usize,
) {
    let sums = products::<V, ROWS>(a, panel);
    let mut bias = [0.0; PANEL];
    if place.first && !place.bias.is_empty() {
        bias[..width].copy_from_slice(&place.bias[column..column + width]);
    }
    for (i, sums) in sums.into_iter().enumerate() {
        let c = &mut c[i * c_stride..][..width];
        if width == PANEL {
            finish(sums, &bias, place, c);
        } else {
            let mut whole = [0.0; PANEL];
            whole[..width].copy_from_slice(c);
            finish(sums, &bias, place, &mut whole);
            c.copy_from_slice(&whole[..width]);
        }
    }
}

/// Takes the sums of a block of the inner dimension into a row of C.
#[inline(always)]
fn finish<V: Lanes>(sums: [V; 2], bias: &[f32; PANEL], place: &Place, c: &mut [f32]) {
    let halves = bias
        .chunks_exact(V::COUNT)
        .zip(c.chunks_exact_mut(V::COUNT));
    for (sum, (bias, c)) in sums.into_iter().zip(halves) {
        let mut sum = sum.plus(V::load(bias));
        if !place.first || place.after == Epilogue::Add {
            sum = sum.plus(V::load(c));
        }
        if place.last {
            match place.after {
                Epilogue::Nothing | Epilogue::Add => {}
                Epilogue::Gelu => sum = gelu(sum),
                Epilogue::QuickGelu => sum = quick_gelu(sum),
            }
        }
        sum.store(c);
    }
}

/// The tile's sums of products. Rows are written out, since the compiler keeps the sums in
/// registers only where it sees every index.
#[inline(always)]
fn products<V: Lanes, const ROWS: usize>(a: &[f32], panel: &[f32]) -> [[V; 2]; ROWS] {
    const {
        assert!(PANEL == 2 * V::COUNT, "a panel is two registers");
    }
    let mut sums = [[V::splat(0.0); 2]; ROWS];
    let depth = panel.len() / PANEL;
    assert!(panel.len() == depth * PANEL && a.len() == depth * ROWS);
    // Pointers: with an index the loop has two more instructions for each step.
    let (mut x, mut weights) = (a.as_ptr(), panel.as_ptr());
    // SAFETY: both stay within their slices, or at the end.
    unsafe {
        let end = weights.add(panel.len());
        while weights != end {
            let low = V::read(weights);
            let high = V::read(weights.add(V::COUNT));
            macro_rules! add {
                ($($row:literal)*) => {$(
                    if $row < ROWS {
                        let x = V::splat(*x.add($row));
                        sums[$row][0] = x.times_plus(low, sums[$row][0]);
                        sums[$row][1] = x.times_plus(high, sums[$row][1]);
                    }
                )*};
            }
            add!(0 1 2 3 4 5);
            x = x.add(ROWS);
            weights = weights.add(PANEL);
        }
    }
    sums
}
