//! The stack of residual attention blocks that both towers consist of (`Transformer` and
//! `ResidualAttentionBlock` in open_clip's `transformer.py`).

use crate::architecture::{Activation, TransformerConfig};
use crate::backend::{Backend, ComputeError, Epilogue};
use crate::parameters::Parameters;
use crate::weights::WeightsError;

/// Layer normalisation with its weight and bias, both `[1, width]`.
pub(crate) struct LayerNorm<B: Backend> {
    pub(crate) weight: B::Tensor,
    bias: B::Tensor,
}

impl<B: Backend> LayerNorm<B> {
    pub(crate) fn new(parameters: &mut Parameters<B>, name: &str) -> Result<Self, WeightsError> {
        Ok(LayerNorm {
            weight: parameters.take_tensor(&format!("{name}.weight"))?,
            bias: parameters.take_tensor(&format!("{name}.bias"))?,
        })
    }

    pub(crate) fn apply(&self, backend: &B, x: &B::Tensor, out: &mut B::Tensor) {
        backend.layer_norm(x, &self.weight, &self.bias, out);
    }
}

pub(crate) struct Linear<B: Backend> {
    pub(crate) weights: B::Weights,
    bias: B::Tensor,
}

impl<B: Backend> Linear<B> {
    fn new(
        parameters: &mut Parameters<B>,
        weights: &str,
        bias: &str,
    ) -> Result<Self, WeightsError> {
        Ok(Linear {
            weights: parameters.take_weights(weights)?,
            bias: parameters.take_tensor(bias)?,
        })
    }

    pub(crate) fn apply(
        &self,
        backend: &B,
        x: &B::Tensor,
        epilogue: Epilogue,
        out: &mut B::Tensor,
    ) {
        backend.linear(x, &self.weights, Some(&self.bias), epilogue, out);
    }
}

/// x += MLP(layer_norm(x)).
pub(crate) struct Mlp<B: Backend> {
    pub(crate) norm: LayerNorm<B>,
    pub(crate) up: Linear<B>,
    pub(crate) down: Linear<B>,
}

/// x += attention(layer_norm(x)), followed by an MLP in all but some blocks of a MaMMUT.
pub(crate) struct Block<B: Backend> {
    pub(crate) norm: LayerNorm<B>,
    pub(crate) qkv: Linear<B>,
    pub(crate) out: Linear<B>,
    pub(crate) mlp: Option<Mlp<B>>,
}

/// The intermediate matrices of a block, reused from block to block.
pub(crate) struct Scratch<B: Backend> {
    /// `[rows, width]`.
    normed: B::Tensor,
    /// `[rows, 3·width]`: query, key and value.
    pub(crate) qkv: B::Tensor,
    /// `[rows, width]`: the result of attention.
    pub(crate) attended: B::Tensor,
    /// `[rows, hidden]`: between the two layers of the MLP.
    hidden: B::Tensor,
}

impl<B: Backend> Scratch<B> {
    pub(crate) fn new(
        backend: &B,
        rows: usize,
        config: TransformerConfig,
    ) -> Result<Self, ComputeError> {
        Ok(Scratch {
            normed: backend.empty(rows, config.width)?,
            qkv: backend.empty(rows, 3 * config.width)?,
            attended: backend.empty(rows, config.width)?,
            hidden: backend.empty(rows, config.hidden)?,
        })
    }
}

impl<B: Backend> Block<B> {
    /// Takes the block whose tensors' names begin with `prefix`.
    pub(crate) fn new(
        parameters: &mut Parameters<B>,
        prefix: &str,
        has_mlp: bool,
    ) -> Result<Self, WeightsError> {
        let mut linear = |name: &str, joint: char| {
            let name = format!("{prefix}.{name}{joint}");
            Linear::new(parameters, &format!("{name}weight"), &format!("{name}bias"))
        };
        let qkv = linear("attn.in_proj", '_')?;
        let out = linear("attn.out_proj", '.')?;
        let mlp = match has_mlp {
            true => Some(Mlp {
                up: linear("mlp.c_fc", '.')?,
                down: linear("mlp.c_proj", '.')?,
                norm: LayerNorm::new(parameters, &format!("{prefix}.ln_2"))?,
            }),
            false => None,
        };
        Ok(Block {
            norm: LayerNorm::new(parameters, &format!("{prefix}.ln_1"))?,
            qkv,
            out,
            mlp,
        })
    }

    /// Computes queries, keys and values of `x` into the scratch.
    pub(crate) fn project_qkv(&self, backend: &B, x: &B::Tensor, scratch: &mut Scratch<B>) {
        self.norm.apply(backend, x, &mut scratch.normed);
        self.project_normed(backend, &scratch.normed, &mut scratch.qkv);
    }

    /// The same for rows that are normalised already, by another layer norm than the block's own.
    pub(crate) fn project_normed(&self, backend: &B, normed: &B::Tensor, qkv: &mut B::Tensor) {
        self.qkv.apply(backend, normed, Epilogue::Nothing, qkv);
    }

    /// Adds the result of attention, projected, to the residual stream `x`, then the MLP.
    pub(crate) fn add_to_residual(
        &self,
        backend: &B,
        activation: Epilogue,
        x: &mut B::Tensor,
        scratch: &mut Scratch<B>,
    ) {
        self.out.apply(backend, &scratch.attended, Epilogue::Add, x);
        if let Some(Mlp { norm, up, down }) = &self.mlp {
            norm.apply(backend, x, &mut scratch.normed);
            up.apply(backend, &scratch.normed, activation, &mut scratch.hidden);
            down.apply(backend, &scratch.hidden, Epilogue::Add, x);
        }
    }
}

pub(crate) struct Transformer<B: Backend> {
    pub(crate) config: TransformerConfig,
    pub(crate) activation: Epilogue,
    pub(crate) blocks: Vec<Block<B>>,
}

impl<B: Backend> Transformer<B> {
    /// Takes the blocks whose tensors' names begin with `prefix`; `has_mlp` says which of them
    /// have an MLP.
    pub(crate) fn new(
        parameters: &mut Parameters<B>,
        prefix: &str,
        config: TransformerConfig,
        activation: Activation,
        has_mlp: impl Fn(usize) -> bool,
    ) -> Result<Self, WeightsError> {
        let block = |i: usize| {
            let prefix = format!("{prefix}transformer.resblocks.{i}");
            Block::new(parameters, &prefix, has_mlp(i))
        };
        Ok(Transformer {
            config,
            activation: activation.epilogue(),
            blocks: (0..config.layers)
                .map(block)
                .collect::<Result<_, WeightsError>>()?,
        })
    }

    /// What the last block takes, `[rows, width]`, of sequences of `tokens` rows, `rows` in all,
    /// which see all of themselves.
    pub(crate) fn run_to_last(
        &self,
        backend: &B,
        mut x: B::Tensor,
        rows: usize,
        tokens: usize,
    ) -> Result<B::Tensor, ComputeError> {
        let mut scratch = Scratch::new(backend, rows, self.config)?;
        let before = self.blocks.len().saturating_sub(1);
        for block in &self.blocks[..before] {
            block.project_qkv(backend, &x, &mut scratch);
            let Scratch { qkv, attended, .. } = &mut scratch;
            backend.attention(qkv, tokens, self.config.heads, false, attended);
            block.add_to_residual(backend, self.activation, &mut x, &mut scratch);
        }
        Ok(x)
    }

    /// Runs sequences of `tokens` rows, `rows` in all, through the blocks; `causal` attention lets
    /// a token see only itself and those before it. Returns `[rows, width]`, or only the
    /// `output_rows`: the last block then computes no others once attention is done.
    pub(crate) fn run(
        &self,
        backend: &B,
        mut x: B::Tensor,
        rows: usize,
        tokens: usize,
        causal: bool,
        output_rows: Option<&[u32]>,
    ) -> Result<B::Tensor, ComputeError> {
        let TransformerConfig {
            width,
            heads,
            hidden,
            ..
        } = self.config;
        let mut scratch = Scratch::new(backend, rows, self.config)?;
        for (i, block) in self.blocks.iter().enumerate() {
            block.project_qkv(backend, &x, &mut scratch);
            let Scratch { qkv, attended, .. } = &mut scratch;
            backend.attention(qkv, tokens, heads, causal, attended);
            if let Some(output_rows) = output_rows.filter(|_| i + 1 == self.blocks.len()) {
                let gather = |from: &B::Tensor| {
                    let mut gathered = backend.empty(output_rows.len(), width)?;
                    backend.gather_rows(from, output_rows, &mut gathered);
                    Ok(gathered)
                };
                x = gather(&x)?;
                scratch.attended = gather(&scratch.attended)?;
                scratch.normed = backend.empty(output_rows.len(), width)?;
                scratch.hidden = backend.empty(output_rows.len(), hidden)?;
            }
            block.add_to_residual(backend, self.activation, &mut x, &mut scratch);
        }
        Ok(x)
    }
}
