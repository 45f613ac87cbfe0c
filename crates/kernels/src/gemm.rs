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
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Columns of a panel: two vector registers.
const PANEL: usize = if cfg!(target_arch = "x86_64") { 16 } else { 8 };
/// Inner dimension of a block.
const BLOCK: usize = 512;

/// Which dimension of a matrix of weights comes first in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WeightLayout {
    /// `[outputs, inputs]`, as PyTorch's `nn.Linear` stores it.
    OutputsByInputs,
    /// `[inputs, outputs]`.
    InputsByOutputs,
}

/// A packed matrix of weights, `[inputs, outputs]`.
#[derive(Clone, Debug)]
pub struct Matrix {
    inputs: usize,
    outputs: usize,
    panels: Vec<f32>,
}

impl Matrix {
    /// Numbers that a packed matrix takes: its last panel is filled up with zeros.
    pub fn length(inputs: usize, outputs: usize) -> usize {
        columns(outputs) * inputs
    }

    /// Packs `values`, whose rows begin every `stride` numbers.
    ///
    /// # Panics
    ///
    /// Where `values` is too short.
    pub fn pack(
        inputs: usize,
        outputs: usize,
        layout: WeightLayout,
        values: &[f32],
        stride: usize,
    ) -> Self {
        let room = Vec::with_capacity(Self::length(inputs, outputs));
        Self::pack_into(room, inputs, outputs, layout, values, stride)
    }

    /// [`Matrix::pack`] into `panels`, an empty vector, which has to grow only where its capacity is
    /// less than [`Matrix::length`].
    pub fn pack_into(
        mut panels: Vec<f32>,
        inputs: usize,
        outputs: usize,
        layout: WeightLayout,
        values: &[f32],
        stride: usize,
    ) -> Self {
        for block in blocks(inputs) {
            for first in (0..outputs).step_by(PANEL) {
                // Zeros are written a panel at a time, which is then still in the cache.
                let start = panels.len();
                panels.resize(start + PANEL * block.len(), 0.0);
                let steps = panels[start..].as_chunks_mut::<PANEL>().0;
                match layout {
                    WeightLayout::OutputsByInputs if first + PANEL <= outputs => {
                        interleave(&values[first * stride + block.start..], stride, steps);
                    }
                    WeightLayout::OutputsByInputs => {
                        for output in first..outputs {
                            let row = &values[output * stride + block.start..];
                            for (step, value) in steps.iter_mut().zip(row) {
                                step[output - first] = *value;
                            }
                        }
                    }
                    WeightLayout::InputsByOutputs => {
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

    /// The transpose, `[outputs, inputs]`: what takes a gradient back through the product.
    pub fn transposed(&self) -> Self {
        let columns = columns(self.outputs);
        let mut rows = vec![0.0; self.inputs * self.outputs];
        for block in blocks(self.inputs) {
            let panels = &self.panels[block.start * columns..block.end * columns];
            for (index, panel) in panels.chunks_exact(PANEL * block.len()).enumerate() {
                let first = index * PANEL;
                let width = PANEL.min(self.outputs - first);
                for (input, step) in block.clone().zip(panel.chunks_exact(PANEL)) {
                    let row = &mut rows[input * self.outputs + first..];
                    row[..width].copy_from_slice(&step[..width]);
                }
            }
        }
        let layout = WeightLayout::OutputsByInputs;
        Matrix::pack(self.outputs, self.inputs, layout, &rows, self.outputs)
    }

    /// Rows, the inner dimension of a product.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Columns.
    pub fn outputs(&self) -> usize {
        self.outputs
    }
}

/// Epilogue applied after the matrix multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Epilogue {
    /// The product as it is.
    Nothing,
    /// Gaussian error linear unit (Hendrycks and Gimpel 2016), x Φ(x).
    Gelu,
    /// x σ(1.702 x), of OpenAI's CLIP models.
    QuickGelu,
    /// Added to what C holds already: a residual connection.
    Add,
}

vectorised! {
    /// C = epilogue(A B + bias), for A `[rows, inputs]`, B `[inputs, outputs]`, bias `[outputs]` or
    /// empty, and C `[rows, outputs]`. Rows of A begin every `a_stride` numbers, rows of C every
    /// `c_stride`; `c` decides how many rows there are.
    ///
    /// # Panics
    ///
    /// Where `a`, `bias` or the last row of `c` is too short.
    pub fn multiply(
        a: &[f32],
        a_stride: usize,
        b: &Matrix,
        bias: &[f32],
        epilogue: Epilogue,
        c: &mut [f32],
        c_stride: usize,
    ) = multiply_blocks
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn multiply_blocks<V: Lanes>(
    token: V::Token,
    a: &[f32],
    a_stride: usize,
    b: &Matrix,
    bias: &[f32],
    epilogue: Epilogue,
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
                8 => interleave::<8>(a, a_stride, tile.as_chunks_mut().0),
                6 => interleave::<6>(a, a_stride, tile.as_chunks_mut().0),
                5 => interleave::<5>(a, a_stride, tile.as_chunks_mut().0),
                4 => interleave::<4>(a, a_stride, tile.as_chunks_mut().0),
                2 => interleave::<2>(a, a_stride, tile.as_chunks_mut().0),
                _ => tile.copy_from_slice(&a[..length]),
            }
            row += height;
        }
        let context = BlockContext {
            first: start == 0,
            last: inputs.end == b.inputs,
            bias,
            epilogue,
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
                    8 if V::ROWS == 8 => {
                        tile::<V, 8>(token, a, panel, &context, column, width, c, c_stride)
                    }
                    6 if V::ROWS == 6 => {
                        tile::<V, 6>(token, a, panel, &context, column, width, c, c_stride)
                    }
                    5 if V::ROWS == 5 => {
                        tile::<V, 5>(token, a, panel, &context, column, width, c, c_stride)
                    }
                    4 => tile::<V, 4>(token, a, panel, &context, column, width, c, c_stride),
                    2 => tile::<V, 2>(token, a, panel, &context, column, width, c, c_stride),
                    _ => tile::<V, 1>(token, a, panel, &context, column, width, c, c_stride),
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

/// Transposes `values`, `[rows, columns]`, into `out`, `[columns, rows]`, whose rows begin every
/// `stride` numbers.
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

/// Which block of the inner dimension is multiplied, and what is added before and after all of
/// them.
struct BlockContext<'a> {
    first: bool,
    last: bool,
    bias: &'a [f32],
    epilogue: Epilogue,
}

/// One tile of `ROWS` × [`PANEL`]; `a` holds its rows interleaved.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn tile<V: Lanes, const ROWS: usize>(
    token: V::Token,
    a: &[f32],
    panel: &[f32],
    context: &BlockContext,
    column: usize,
    width: usize,
    c: &mut [f32],
    c_stride: usize,
) {
    let sums = products::<V, ROWS>(token, a, panel);
    let mut bias = [0.0; PANEL];
    if context.first && !context.bias.is_empty() {
        bias[..width].copy_from_slice(&context.bias[column..column + width]);
    }
    for (i, sums) in sums.into_iter().enumerate() {
        let c = &mut c[i * c_stride..][..width];
        if width == PANEL {
            finish(token, sums, &bias, context, c);
        } else {
            let mut whole = [0.0; PANEL];
            whole[..width].copy_from_slice(c);
            finish(token, sums, &bias, context, &mut whole);
            c.copy_from_slice(&whole[..width]);
        }
    }
}

/// Takes the sums of a block of the inner dimension into a row of C.
#[inline(always)]
fn finish<V: Lanes>(
    token: V::Token,
    sums: [V; 2],
    bias: &[f32; PANEL],
    context: &BlockContext,
    c: &mut [f32],
) {
    let halves = bias
        .chunks_exact(V::COUNT)
        .zip(c.chunks_exact_mut(V::COUNT));
    for (sum, (bias, c)) in sums.into_iter().zip(halves) {
        let mut sum = sum.plus(V::load(token, bias));
        if !context.first || context.epilogue == Epilogue::Add {
            sum = sum.plus(V::load(token, c));
        }
        if context.last {
            match context.epilogue {
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
fn products<V: Lanes, const ROWS: usize>(
    token: V::Token,
    a: &[f32],
    panel: &[f32],
) -> [[V; 2]; ROWS] {
    const {
        assert!(PANEL == 2 * V::COUNT, "a panel is two registers");
        assert!(ROWS <= 8, "all rows are written out below");
    }
    let mut sums = [[V::splat(token, 0.0); 2]; ROWS];
    let depth = panel.len() / PANEL;
    assert!(panel.len() == depth * PANEL && a.len() == depth * ROWS);
    // Pointers: with an index the loop has two more instructions for each step.
    let (mut x, mut weights) = (a.as_ptr(), panel.as_ptr());
    // SAFETY: each of `depth` steps reads ROWS numbers of `a` and PANEL of `panel`, and moves on by
    // as many; the assertions above say that both slices have these, so that the pointers end one
    // past the last.
    unsafe {
        let end = weights.add(panel.len());
        while weights != end {
            let low = V::read(token, weights);
            let high = V::read(token, weights.add(V::COUNT));
            macro_rules! add {
                ($($row:literal)*) => {$(
                    if $row < ROWS {
                        let x = V::splat(token, *x.add($row));
                        sums[$row][0] = x.times_plus(low, sums[$row][0]);
                        sums[$row][1] = x.times_plus(high, sums[$row][1]);
                    }
                )*};
            }
            add!(0 1 2 3 4 5 6 7);
            x = x.add(ROWS);
            weights = weights.add(PANEL);
        }
    }
    sums
}
