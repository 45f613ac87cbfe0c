//! Operations on each row of a matrix.

use crate::math::exp;
use crate::simd::{Lanes, vectorised};

// Loops are written out where a closure would do: the compiler does not take closures into a
// function that is made for more instructions than they are.

#[inline(always)]
fn sum<V: Lanes>(token: V::Token, row: &[f32]) -> f32 {
    let mut all = V::splat(token, 0.0);
    for numbers in row.chunks(V::COUNT) {
        all = all.plus(V::load_some(token, numbers, 0.0));
    }
    all.sum()
}

#[inline(always)]
fn rescale<V: Lanes>(token: V::Token, row: &mut [f32], by: f32) {
    for numbers in row.chunks_mut(V::COUNT) {
        let scaled = V::load_some(token, numbers, 0.0).times(V::splat(token, by));
        scaled.store_some(numbers);
    }
}

#[inline(always)]
fn largest<V: Lanes>(token: V::Token, row: &[f32]) -> f32 {
    let mut all = V::splat(token, f32::NEG_INFINITY);
    for numbers in row.chunks(V::COUNT) {
        all = V::load_some(token, numbers, f32::NEG_INFINITY).max(all);
    }
    all.largest()
}

/// The dot product of two slices of one length.
#[inline(always)]
pub(crate) fn dot<V: Lanes>(token: V::Token, a: &[f32], b: &[f32]) -> f32 {
    let mut all = V::splat(token, 0.0);
    for (a, b) in a.chunks(V::COUNT).zip(b.chunks(V::COUNT)) {
        all = V::load_some(token, a, 0.0).times_plus(V::load_some(token, b, 0.0), all);
    }
    all.sum()
}

/// Adds `weight` × `row` to `out`.
#[inline(always)]
pub(crate) fn add<V: Lanes>(token: V::Token, out: &mut [f32], weight: f32, row: &[f32]) {
    let weight = V::splat(token, weight);
    for (out, row) in out.chunks_mut(V::COUNT).zip(row.chunks(V::COUNT)) {
        let sum = weight.times_plus(V::load_some(token, row, 0.0), V::load_some(token, out, 0.0));
        sum.store_some(out);
    }
}

vectorised! {
    /// Layer normalisation (Ba et al. 2016) with ε = 1e-5: `x` and `out` are `[rows, width]`, `gain`
    /// and `bias` `[width]`.
    pub fn layer_norm(x: &[f32], gain: &[f32], bias: &[f32], out: &mut [f32]) = layer_norm_rows
}

#[inline(always)]
fn layer_norm_rows<V: Lanes>(
    token: V::Token,
    x: &[f32],
    gain: &[f32],
    bias: &[f32],
    out: &mut [f32],
) {
    let n = gain.len();
    for (row, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        let mean = sum::<V>(token, row) / n as f32;
        let center = V::splat(token, mean);
        let mut squares = V::splat(token, 0.0);
        for numbers in row.chunks(V::COUNT) {
            let off = V::load_some(token, numbers, mean).minus(center);
            squares = off.times_plus(off, squares);
        }
        let variance = squares.sum() / n as f32;
        let scale = V::splat(token, 1.0 / (variance + 1e-5).sqrt());
        let out = out.chunks_mut(V::COUNT).zip(row.chunks(V::COUNT));
        let line = gain.chunks(V::COUNT).zip(bias.chunks(V::COUNT));
        for ((out, x), (gain, bias)) in out.zip(line) {
            let x = V::load_some(token, x, 0.0).minus(center).times(scale);
            let x = x.times_plus(
                V::load_some(token, gain, 0.0),
                V::load_some(token, bias, 0.0),
            );
            x.store_some(out);
        }
    }
}

vectorised! {
    /// Softmax of `scale` × each row of `x`, `[rows, columns]`, in place. With `causal` row i of each
    /// square block only sees its first i + 1 columns; the others become 0.
    pub fn softmax(x: &mut [f32], columns: usize, scale: f32, causal: bool) = softmax_rows
}

#[inline(always)]
pub(crate) fn softmax_rows<V: Lanes>(
    token: V::Token,
    x: &mut [f32],
    columns: usize,
    scale: f32,
    causal: bool,
) {
    for (i, row) in x.chunks_exact_mut(columns).enumerate() {
        let seen = if causal { i % columns + 1 } else { columns };
        let (row, hidden) = row.split_at_mut(seen);
        hidden.fill(0.0);
        let (max, factor) = (
            V::splat(token, largest::<V>(token, row)),
            V::splat(token, scale),
        );
        let mut all = V::splat(token, 0.0);
        for numbers in row.chunks_mut(V::COUNT) {
            // What fills the last ones up counts as e⁻⁸⁷.
            let x = V::load_some(token, numbers, f32::NEG_INFINITY);
            let x = exp(x.minus(max).times(factor));
            all = all.plus(x);
            x.store_some(numbers);
        }
        rescale::<V>(token, row, 1.0 / all.sum());
    }
}

vectorised! {
    /// Divides each row of `x`, `[rows, columns]`, by its L2 norm, in place; a row of zeros stays.
    pub fn normalize(x: &mut [f32], columns: usize) = normalize_rows
}

#[inline(always)]
fn normalize_rows<V: Lanes>(token: V::Token, x: &mut [f32], columns: usize) {
    for row in x.chunks_exact_mut(columns) {
        let length = dot::<V>(token, row, row).sqrt().max(1e-12);
        rescale::<V>(token, row, 1.0 / length);
    }
}

vectorised! {
    /// ln Σ eˣ over a row, which overflows nowhere.
    pub fn log_sum_exp(row: &[f32]) -> f32 = log_sum_exp_of
}

#[inline(always)]
fn log_sum_exp_of<V: Lanes>(token: V::Token, row: &[f32]) -> f32 {
    let max = largest::<V>(token, row);
    let mut sum = 0.0;
    // A vocabulary is long: summed in parts it rounds less.
    for part in row.chunks(512) {
        let mut all = V::splat(token, 0.0);
        for numbers in part.chunks(V::COUNT) {
            let x = V::load_some(token, numbers, f32::NEG_INFINITY);
            all = all.plus(exp(x.minus(V::splat(token, max))));
        }
        sum += all.sum();
    }
    max + sum.ln()
}
