//! The stack of blocks that both towers are made of.

use super::architecture::{Activation, Transformer as Shape};
use super::load::Parameters;
use super::weights::WeightsError;
use crate::backend::{Backend, ComputeError, Epilogue};

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

    fn apply(&self, backend: &B, x: &B::Tensor, after: Epilogue, out: &mut B::Tensor) {
        backend.linear(x, &self.weights, Some(&self.bias), after, out);
    }
}

/// x += MLP(norm(x)).
struct Mlp<B: Backend> {
    norm: Norm<B>,
    up: Linear<B>,
    down: Linear<B>,
}

/// x += attention(norm(x)), and mostly a MLP after it.
pub(super) struct Block<B: Backend> {
    norm: Norm<B>,
    qkv: Linear<B>,
    out: Linear<B>,
    mlp: Option<Mlp<B>>,
}

/// What a block needs room for.
pub(super) struct Scratch<B: Backend> {
    normed: B::Tensor,
    pub qkv: B::Tensor,
    pub attended: B::Tensor,
    between: B::Tensor,
}

impl<B: Backend> Scratch<B> {
    pub fn new(backend: &B, rows: usize, shape: Shape) -> Result<Self, ComputeError> {
        Ok(Scratch {
            normed: backend.empty(rows, shape.width)?,
            qkv: backend.empty(rows, 3 * shape.width)?,
            attended: backend.empty(rows, shape.width)?,
            between: backend.empty(rows, shape.hidden)?,
        })
    }
}

impl<B: Backend> Block<B> {
    /// The block under `prefix`.
    pub fn take(
        parameters: &mut Parameters<B>,
        prefix: &str,
        has_mlp: bool,
    ) -> Result<Self, WeightsError> {
        let mut linear = |name: &str, joint: char| {
            let name = format!("{prefix}.{name}{joint}");
            Linear::take(parameters, &format!("{name}weight"), &format!("{name}bias"))
        };
        let qkv = linear("attn.in_proj", '_')?;
        let out = linear("attn.out_proj", '.')?;
        let mlp = match has_mlp {
            true => Some(Mlp {
                up: linear("mlp.c_fc", '.')?,
                down: linear("mlp.c_proj", '.')?,
                norm: Norm::take(parameters, &format!("{prefix}.ln_2"))?,
            }),
            false => None,
        };
        Ok(Block {
            norm: Norm::take(parameters, &format!("{prefix}.ln_1"))?,
            qkv,
            out,
            mlp,
        })
    }

    /// Queries, keys and values of `x`.
    pub fn project(&self, backend: &B, x: &B::Tensor, scratch: &mut Scratch<B>) {
        self.norm.apply(backend, x, &mut scratch.normed);
        self.keys_and_values(backend, &scratch.normed, &mut scratch.qkv);
    }

    /// The same of what is normalised already, by a norm of its own.
    pub fn keys_and_values(&self, backend: &B, normed: &B::Tensor, qkv: &mut B::Tensor) {
        self.qkv.apply(backend, normed, Epilogue::Nothing, qkv);
    }

    /// Adds to `x` what was attended to, then the MLP.
    pub fn add(
        &self,
        backend: &B,
        activation: Epilogue,
        x: &mut B::Tensor,
        scratch: &mut Scratch<B>,
    ) {
        self.out.apply(backend, &scratch.attended, Epilogue::Add, x);
        if let Some(Mlp { norm, up, down }) = &self.mlp {
            norm.apply(backend, x, &mut scratch.normed);
            up.apply(backend, &scratch.normed, activation, &mut scratch.between);
            down.apply(backend, &scratch.between, Epilogue::Add, x);
        }
    }
}

pub(super) struct Transformer<B: Backend> {
    pub shape: Shape,
    pub activation: Epilogue,
    pub blocks: Vec<Block<B>>,
}

impl<B: Backend> Transformer<B> {
    /// The blocks under `prefix`; which of them have a MLP is asked for each.
    pub fn take(
        parameters: &mut Parameters<B>,
        prefix: &str,
        shape: Shape,
        activation: Activation,
        has_mlp: impl Fn(usize) -> bool,
    ) -> Result<Self, WeightsError> {
        let block = |i: usize| {
            let prefix = format!("{prefix}transformer.resblocks.{i}");
            Block::take(parameters, &prefix, has_mlp(i))
        };
        Ok(Transformer {
            shape,
            activation: match activation {
                Activation::Gelu => Epilogue::Gelu,
                Activation::QuickGelu => Epilogue::QuickGelu,
            },
            blocks: (0..shape.layers)
                .map(block)
                .collect::<Result<_, WeightsError>>()?,
        })
    }

    /// Runs sequences of `tokens` rows, `rows` in all; with `causal` a token sees only itself and
    /// what precedes it. Where only some rows are `wanted` they are returned alone, and the last
    /// block computes no others once tokens have seen each other.
    pub fn run(
        &self,
        backend: &B,
        mut x: B::Tensor,
        rows: usize,
        tokens: usize,
        causal: bool,
        wanted: Option<&[u32]>,
    ) -> Result<B::Tensor, ComputeError> {
        let Shape {
            width,
            heads,
            hidden,
            ..
        } = self.shape;
        let mut scratch = Scratch::new(backend, rows, self.shape)?;
        for (i, block) in self.blocks.iter().enumerate() {
            block.project(backend, &x, &mut scratch);
            let Scratch { qkv, attended, .. } = &mut scratch;
            backend.attention(qkv, tokens, heads, causal, attended);
            if let Some(wanted) = wanted.filter(|_| i + 1 == self.blocks.len()) {
                let pick = |from: &B::Tensor| {
                    let mut picked = backend.empty(wanted.len(), width)?;
                    backend.gather_rows(from, wanted, &mut picked);
                    Ok(picked)
                };
                x = pick(&x)?;
                scratch.attended = pick(&scratch.attended)?;
                scratch.normed = backend.empty(wanted.len(), width)?;
                scratch.between = backend.empty(wanted.len(), hidden)?;
            }
            block.add(backend, self.activation, &mut x, &mut scratch);
        }
        Ok(x)
    }
}
