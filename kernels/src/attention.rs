//! Multi-head attention of one sequence.

use crate::gemm::{After, Matrix, Stored, multiply};
use crate::rows::softmax;

/// Attention of a sequence whose rows hold queries, keys and values side by side, `width` numbers
/// each; heads divide the width. With `causal` a token sees only itself and what precedes it.
pub fn attention(qkv: &[f32], width: usize, heads: usize, causal: bool, out: &mut [f32]) {
    let stride = 3 * width;
    let tokens = out.len() / width;
    let head = width / heads;
    let scale = 1.0 / (head as f32).sqrt();
    let mut scores = vec![0.0; tokens * tokens];
    for start in (0..width).step_by(head) {
        let (queries, keys, values) = (start, width + start, 2 * width + start);
        let keys = Matrix::pack(head, tokens, Stored::OutputsByInputs, &qkv[keys..], stride);
        multiply(
            &qkv[queries..],
            stride,
            &keys,
            &[],
            After::Nothing,
            &mut scores,
            tokens,
        );
        softmax(&mut scores, tokens, scale, causal);
        let values = Matrix::pack(
            tokens,
            head,
            Stored::InputsByOutputs,
            &qkv[values..],
            stride,
        );
        let out = &mut out[start..];
        multiply(&scores, tokens, &values, &[], After::Nothing, out, width);
    }
}
