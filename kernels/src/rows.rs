//! Operations on each row of a matrix.

use crate::math::exp;
use crate::simd::{MultiplyAdd, vectorised};

/// Partial sums side by side: quicker than one sum, and less rounding.
const LANES: usize = 16;

#[inline(always)]
fn sum(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().map(|x| term(*x)).sum();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += term(*x);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The sum of products.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

vectorised! {
    /// Layer normalisation (epsilon 1e-5) of rows as long as `gain` and `bias`.
    pub fn layer_norm(x: &[f32], gain: &[f32], bias: &[f32], out: &mut [f32]) = layer_norm_rows
}

#[inline(always)]
fn layer_norm_rows<F: MultiplyAdd>(x: &[f32], gain: &[f32], bias: &[f32], out: &mut [f32]) {
    let n = gain.len();
    for (row, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        let mean = sum(row, |x| x) / n as f32;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / n as f32;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        for ((out, x), (gain, bias)) in out.iter_mut().zip(row).zip(gain.iter().zip(bias)) {
            *out = (x - mean) * scale * gain + bias;
        }
    }
}

vectorised! {
    /// Softmax of `scale` × each row of `columns` numbers, in place. With `causal` row i of each
    /// square block only sees its first i + 1 columns; the others become 0.
    pub fn softmax(x: &mut [f32], columns: usize, scale: f32, causal: bool) = softmax_rows
}

#[inline(always)]
fn softmax_rows<F: MultiplyAdd>(x: &mut [f32], columns: usize, scale: f32, causal: bool) {
    for (i, row) in x.chunks_exact_mut(columns).enumerate() {
        let seen = if causal { i % columns + 1 } else { columns };
        let (row, hidden) = row.split_at_mut(seen);
        hidden.fill(0.0);
        let max = row.iter().fold(f32::NEG_INFINITY, |m, x| m.max(*x));
        for x in row.iter_mut() {
            *x = exp((*x - max) * scale);
        }
        let share = 1.0 / sum(row, |x| x);
        for x in row.iter_mut() {
            *x *= share;
        }
    }
}

vectorised! {
    /// Divides each row of `columns` numbers by its length; a row of zeros stays.
    pub fn normalize(x: &mut [f32], columns: usize) = normalize_rows
}

#[inline(always)]
fn normalize_rows<F: MultiplyAdd>(x: &mut [f32], columns: usize) {
    for row in x.chunks_exact_mut(columns) {
        let length = sum(row, |x| x * x).sqrt().max(1e-12);
        for x in row {
            *x /= length;
        }
    }
}

/// The logarithm of the sum of a row's exponentials.
pub fn log_sum_exp(row: &[f32]) -> f32 {
    let max = row.iter().fold(f32::NEG_INFINITY, |m, x| m.max(*x));
    max + sum(row, |x| exp(x - max)).ln()
}
