//! The stack of blocks that both towers are made of.

use super::architecture::{Activation, Transformer as Shape};
use super::load::Parameters;
use super::weights::WeightsError;
use crate::compute::{After, Backend, ComputeError};

/// Layer normalisation's gain and bias.
pub(super) struct Norm<B: Backend> {
    gain: B::Tensor,
    bias: B::Tensor,
}

impl<B: Backend> Norm<B> {
    pub fn take(parameters: &mut Parameters<B>, name: &str) -> Result<Self, WeightsError> {
        Ok(Norm {
            gain: parameters.tensor(&format!("{name}.weight"))?,
            bias: parameters.tensor(&format!("{name}.bias"))?,
        })
    }

    pub fn apply(&self, backend: &B, x: &B::Tensor, out: &mut B::Tensor) {
        backend.layer_norm(x, &self.gain, &self.bias, out);
    }
}

struct Linear<B: Backend> {
    weights: B::Weights,
    bias: B::Tensor,
}

impl<B: Backend> Linear<B> {
    fn take(
        parameters: &mut Parameters<B>,
        weights: &str,
        bias: &str,
    ) -> Result<Self, WeightsError> {
        Ok(Linear {
            weights: parameters.weights(weights)?,
            bias: parameters.tensor(bias)?,
        })
    }

    fn apply(&self, backend: &B, x: &B::Tensor, after: After, out: &mut B::Tensor) {
        backend.linear(x, &self.weights, Some(&self.bias), after, out);
    }
}

/// x += attention(norm(x)); x += perceptron(norm(x)).
struct Block<B: Backend> {
    ln_1: Norm<B>,
    qkv: Linear<B>,
    out: Linear<B>,
    ln_2: Norm<B>,
    up: Linear<B>,
    down: Linear<B>,
}

pub(super) struct Transformer<B: Backend> {
    shape: Shape,
    activation: After,
    causal: bool,
    blocks: Vec<Block<B>>,
}

impl<B: Backend> Transformer<B> {
    /// The blocks under `prefix`; `causal` if a token sees only what precedes it.
    pub fn take(
        parameters: &mut Parameters<B>,
        prefix: &str,
        shape: Shape,
        activation: Activation,
        causal: bool,
    ) -> Result<Self, WeightsError> {
        let block = |i: usize| {
            let name = |rest: &str| format!("{prefix}transformer.resblocks.{i}.{rest}");
            let mut linear =
                |weights: &str, bias: &str| Linear::take(parameters, &name(weights), &name(bias));
            let qkv = linear("attn.in_proj_weight", "attn.in_proj_bias")?;
            let out = linear("attn.out_proj.weight", "attn.out_proj.bias")?;
            let up = linear("mlp.c_fc.weight", "mlp.c_fc.bias")?;
            let down = linear("mlp.c_proj.weight", "mlp.c_proj.bias")?;
            Ok(Block {
                ln_1: Norm::take(parameters, &name("ln_1"))?,
                qkv,
                out,
                ln_2: Norm::take(parameters, &name("ln_2"))?,
                up,
                down,
            })
        };
        Ok(Transformer {
            shape,
            activation: match activation {
                Activation::Gelu => After::Gelu,
                Activation::QuickGelu => After::QuickGelu,
            },
            causal,
            blocks: (0..shape.layers)
                .map(block)
                .collect::<Result<_, WeightsError>>()?,
        })
    }

    /// Runs sequences of `tokens` rows, `rows` in all, and returns the rows in `wanted`; the
    /// last block computes no others once tokens have seen each other.
    pub fn run(
        &self,
        backend: &B,
        mut x: B::Tensor,
        rows: usize,
        tokens: usize,
        wanted: &[u32],
    ) -> Result<B::Tensor, ComputeError> {
        let Shape {
            width,
            heads,
            hidden,
            ..
        } = self.shape;
        let mut normed = backend.empty(rows, width)?;
        let mut qkv = backend.empty(rows, 3 * width)?;
        let mut attended = backend.empty(rows, width)?;
        let mut between = backend.empty(rows, hidden)?;
        for (i, block) in self.blocks.iter().enumerate() {
            block.ln_1.apply(backend, &x, &mut normed);
            block.qkv.apply(backend, &normed, After::Nothing, &mut qkv);
            backend.attention(&qkv, tokens, heads, self.causal, &mut attended);
            if i + 1 == self.blocks.len() {
                let pick = |from: &B::Tensor| {
                    let mut picked = backend.empty(wanted.len(), width)?;
                    backend.rows(from, wanted, &mut picked);
                    Ok(picked)
                };
                x = pick(&x)?;
                attended = pick(&attended)?;
                normed = backend.empty(wanted.len(), width)?;
                between = backend.empty(wanted.len(), hidden)?;
            }
            block.out.apply(backend, &attended, After::Add, &mut x);
            block.ln_2.apply(backend, &x, &mut normed);
            block
                .up
                .apply(backend, &normed, self.activation, &mut between);
            block.down.apply(backend, &between, After::Add, &mut x);
        }
        Ok(x)
    }
}
