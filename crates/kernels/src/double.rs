//! Matrix product C = A B in float64, as [`gemm`](crate::Matrix) has it in float32, for numerics that need it:
//! panels of B, a tile of C in registers.

use crate::simd::{Doubles, Lanes, vectorised};

/// Columns of a panel: two vector registers.
const PANEL: usize = if cfg!(target_arch = "x86_64") { 8 } else { 4 };
/// Inner dimension of a block: a panel of it stays in the nearest cache.
const BLOCK: usize = 512;
/// Rows of a tile, so that its sums, a row of the panel and a number of A fill the registers.
const ROWS: usize = 4;

/// A packed matrix of float64, `[inputs, outputs]`.
#[derive(Clone, Debug)]
pub struct DoubleMatrix {
    inputs: usize,
    outputs: usize,
    /// Blocks of the inner dimension; in each, panels of columns; in each, rows. The last panel is filled up with
    /// zeros.
    panels: Vec<f64>,
}

impl DoubleMatrix {
    /// Packs `values`, `[inputs, outputs]`.
    ///
    /// # Panics
    ///
    /// Where `values` is too short.
    pub fn pack(inputs: usize, outputs: usize, values: &[f64]) -> Self {
        Self::pack_by(inputs, outputs, |input, columns, panel| {
            let row = &values[input * outputs..][..outputs];
            let row = &row[columns.start..columns.end.min(outputs)];
            panel[..row.len()].copy_from_slice(row);
        })
    }

    /// Packs the transpose of `values`, `[outputs, inputs]`.
    ///
    /// # Panics
    ///
    /// Where `values` is too short.
    pub fn pack_transposed(inputs: usize, outputs: usize, values: &[f64]) -> Self {
        Self::pack_by(inputs, outputs, |input, columns, panel| {
            let columns = columns.start..columns.end.min(outputs);
            for (value, output) in panel.iter_mut().zip(columns) {
                *value = values[output * inputs + input];
            }
        })
    }

    fn pack_by(
        inputs: usize,
        outputs: usize,
        fill: impl Fn(usize, std::ops::Range<usize>, &mut [f64]),
    ) -> Self {
        let columns = outputs.div_ceil(PANEL) * PANEL;
        let mut panels = vec![0.0; columns * inputs];
        let mut room = panels.chunks_exact_mut(PANEL);
        for block in (0..inputs).step_by(BLOCK) {
            for first in (0..columns).step_by(PANEL) {
                let rows = block..(block + BLOCK).min(inputs);
                for (input, panel) in rows.zip(&mut room) {
                    fill(input, first..first + PANEL, panel);
                }
            }
        }
        DoubleMatrix {
            inputs,
            outputs,
            panels,
        }
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

vectorised! {
    /// C = A B, for A `[rows, inputs]`, B `[inputs, outputs]` and C `[rows, outputs]`, row by row; `c` decides how many
    /// rows there are.
    ///
    /// # Panics
    ///
    /// Where `a` is too short.
    pub fn multiply_double(a: &[f64], b: &DoubleMatrix, c: &mut [f64]) = multiply_blocks
}

#[inline(always)]
fn multiply_blocks<V: Lanes>(token: V::Token, a: &[f64], b: &DoubleMatrix, c: &mut [f64]) {
    let (inputs, outputs) = (b.inputs, b.outputs);
    c.fill(0.0);
    if outputs == 0 || inputs == 0 {
        return;
    }
    let rows = c.len() / outputs;
    let columns = outputs.div_ceil(PANEL) * PANEL;
    // The rows of each tile, interleaved; those that are missing are zeros.
    let mut tiles = vec![0.0; rows.div_ceil(ROWS) * ROWS * BLOCK.min(inputs)];
    for start in (0..inputs).step_by(BLOCK) {
        let length = BLOCK.min(inputs - start);
        for (index, tile) in tiles
            .chunks_mut(ROWS * length)
            .take(rows.div_ceil(ROWS))
            .enumerate()
        {
            for i in 0..ROWS.min(rows - index * ROWS) {
                let row = &a[(index * ROWS + i) * inputs + start..][..length];
                for (step, value) in tile.chunks_exact_mut(ROWS).zip(row) {
                    step[i] = *value;
                }
            }
        }
        let panels = &b.panels[start * columns..(start + length) * columns];
        for (index, panel) in panels.chunks_exact(PANEL * length).enumerate() {
            let column = index * PANEL;
            let width = PANEL.min(outputs - column);
            for (tile, c) in tiles
                .chunks(ROWS * length)
                .zip(c.chunks_mut(ROWS * outputs))
            {
                let sums = products::<V::Doubles>(token, tile, panel);
                for (sums, c) in sums.iter().zip(c.chunks_mut(outputs)) {
                    for (c, sum) in c[column..column + width].iter_mut().zip(sums) {
                        *c += sum;
                    }
                }
            }
        }
    }
}

/// The sums of products of a tile of A, its rows interleaved, and a panel of B. Rows are written out, since the
/// compiler keeps the sums in registers only where it sees every index.
#[inline(always)]
fn products<D: Doubles>(token: D::Token, a: &[f64], panel: &[f64]) -> [[f64; PANEL]; ROWS] {
    const {
        assert!(PANEL == 2 * D::COUNT, "a panel is two registers");
    }
    let mut sums = [[D::splat(token, 0.0); 2]; ROWS];
    let depth = panel.len() / PANEL;
    assert!(panel.len() == depth * PANEL && a.len() == depth * ROWS);
    let (mut x, mut row) = (a.as_ptr(), panel.as_ptr());
    // SAFETY: each of `depth` steps reads ROWS numbers of `a` and PANEL of `panel`, and moves on by as many; the
    // assertions above say that both slices have these, so that the pointers end one past the last.
    unsafe {
        let end = row.add(panel.len());
        while row != end {
            let low = D::read(token, row);
            let high = D::read(token, row.add(D::COUNT));
            macro_rules! add {
                ($($row:literal)*) => {$(
                    let number = D::splat(token, *x.add($row));
                    sums[$row][0] = number.times_plus(low, sums[$row][0]);
                    sums[$row][1] = number.times_plus(high, sums[$row][1]);
                )*};
            }
            add!(0 1 2 3);
            x = x.add(ROWS);
            row = row.add(PANEL);
        }
    }
    let mut all = [[0.0; PANEL]; ROWS];
    for (all, sums) in all.iter_mut().zip(sums) {
        let (low, high) = all.split_at_mut(D::COUNT);
        // SAFETY: each half has as many numbers as a register, by the first assertion.
        unsafe {
            sums[0].write(low.as_mut_ptr());
            sums[1].write(high.as_mut_ptr());
        }
    }
    all
}
