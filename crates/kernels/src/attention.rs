//! Multi-head attention: of one sequence, and of single queries over cached keys and values.

use crate::gemm::{Epilogue, Matrix, WeightLayout, multiply};
use crate::rowwise::{add, dot, softmax, softmax_rows};
use crate::simd::{Lanes, vectorised};

/// Scaled dot-product attention (Vaswani et al. 2017) of one sequence: `qkv` is
/// `[tokens, 3·width]`, in each row queries, keys and values; `out` is `[tokens, width]`. Heads
/// divide the width. With `causal` a token sees only itself and what precedes it.
pub fn attention(qkv: &[f32], width: usize, heads: usize, causal: bool, out: &mut [f32]) {
    let stride = 3 * width;
    let tokens = out.len() / width;
    let head = width / heads;
    let scale = 1.0 / (head as f32).sqrt();
    let mut scores = vec![0.0; tokens * tokens];
    for start in (0..width).step_by(head) {
        let (queries, keys, values) = (start, width + start, 2 * width + start);
        let keys = Matrix::pack(
            head,
            tokens,
            WeightLayout::OutputsByInputs,
            &qkv[keys..],
            stride,
        );
        multiply(
            &qkv[queries..],
            stride,
            &keys,
            &[],
            Epilogue::Nothing,
            &mut scores,
            tokens,
        );
        softmax(&mut scores, tokens, scale, causal);
        let values = Matrix::pack(
            tokens,
            head,
            WeightLayout::InputsByOutputs,
            &qkv[values..],
            stride,
        );
        let out = &mut out[start..];
        multiply(&scores, tokens, &values, &[], Epilogue::Nothing, out, width);
    }
}

/// Index that stands for no row in [`cached_attention`]'s `seen`, where a query sees fewer rows than
/// others.
pub const PADDING: u32 = u32::MAX;

vectorised! {
    /// Attention of single queries over rows of a key–value cache that each names. `queries` is
    /// `[n, stride]`, of which the first `width` numbers of a row are a query; `cache`
    /// `[rows, 2·width]`, in each row a key and a value; `seen` `[n, length]`, indices of rows or
    /// [`PADDING`]; `out` `[n, width]`. Heads divide the width.
    pub fn cached_attention(queries: &[f32], stride: usize, cache: &[f32], seen: &[u32], width: usize, heads: usize, out: &mut [f32]) = cached_attention_rows
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn cached_attention_rows<V: Lanes>(
    token: V::Token,
    queries: &[f32],
    stride: usize,
    cache: &[f32],
    seen: &[u32],
    width: usize,
    heads: usize,
    out: &mut [f32],
) {
    let head = width / heads;
    let scale = 1.0 / (head as f32).sqrt();
    let length = seen.len() / (out.len() / width);
    let mut scores = Vec::with_capacity(length);
    let rows = queries.chunks(stride).zip(seen.chunks_exact(length));
    for ((query, seen), out) in rows.zip(out.chunks_exact_mut(width)) {
        let seen = seen.iter().filter(|row| **row != PADDING);
        for start in (0..width).step_by(head) {
            let query = &query[start..start + head];
            scores.clear();
            // No closure here either (see `rowwise`).
            for row in seen.clone() {
                let key = &cache[2 * width * *row as usize + start..][..head];
                scores.push(dot::<V>(token, query, key));
            }
            let seen_count = scores.len();
            softmax_rows::<V>(token, &mut scores, seen_count, scale, false);
            let out = &mut out[start..start + head];
            out.fill(0.0);
            for (row, weight) in seen.clone().zip(&scores) {
                let value = &cache[2 * width * *row as usize + width + start..][..head];
                add::<V>(token, out, *weight, value);
            }
        }
    }
}
