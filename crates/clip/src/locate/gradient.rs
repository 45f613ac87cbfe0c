//! The last block of the image tower, forwards and backwards, on the CPU.

use crate::architecture::Architecture;
use crate::backend::cpu::{Cpu, CpuTensor};
use crate::backend::{Backend, ComputeError, Epilogue, WeightLayout};
use crate::classes::{Classes, cosine};
use crate::error::ClipError;
use crate::load::{LoadOptions, Plan};
use crate::model::Model;
use crate::transformer::{Block, LayerNorm};
use crate::weights::source::{Source, SourceError};
use crate::weights::{Checkpoint, WeightsError};
use refit_kernels::{self as kernels, Matrix};

/// Rows of gradients that are taken back at once.
const ROWS: usize = 256;

/// What is needed of a model's last block to see where in an image a text is
/// ([`Model::locate`]), in float32 on the CPU, whatever the model's backend: a twelfth of the image
/// tower of a ViT-B/32, twice.
pub struct Localizer {
    cpu: Cpu,
    heads: usize,
    width: usize,
    pools_by_mean: bool,
    activation: Epilogue,
    block: Block<Cpu>,
    ln_post: LayerNorm<Cpu>,
    projection: Matrix,
    back: Transposes,
}

/// The transposes that take a gradient back.
struct Transposes {
    projection: Matrix,
    down: Matrix,
    up: Matrix,
    out: Matrix,
}

/// What the way back needs of the way there. `rows` is the class token alone, or all tokens where
/// the embedding is of their mean.
struct Forward {
    /// `[tokens, 3·width]`.
    qkv: CpuTensor,
    /// For each head `[rows, tokens]`: the attention probabilities.
    attention: Vec<Vec<f32>>,
    /// `[rows, width]`: the residual stream between attention and MLP.
    middle: CpuTensor,
    /// `[rows, hidden]`: the derivative of the activation.
    slopes: Vec<f32>,
    /// `[1, width]`: what the last layer norm takes.
    pooled: CpuTensor,
    /// `[1, embedding]`, of any length.
    embedding: CpuTensor,
}

impl<B: Backend> Model<B> {
    /// Reads the model's last block again from its checkpoint, with the options that it was loaded
    /// with.
    pub async fn localizer<S: Source>(
        &self,
        source: &mut S,
        options: &LoadOptions,
    ) -> Result<Localizer, ClipError> {
        let wanted = |architecture: &Architecture, name: &str| {
            let last = architecture.vision.layers.saturating_sub(1);
            name.starts_with(&format!("visual.transformer.resblocks.{last}."))
                || name.starts_with("visual.ln_post.")
                || name == "visual.proj"
        };
        let plan = Plan::new(Checkpoint::open(source).await?, options, wanted)?;
        let architecture = plan.info.architecture;
        if architecture != self.architecture {
            return Err(SourceError::Changed.into());
        }
        let cpu = Cpu::default();
        let (mut parameters, _) = plan.read(&cpu, source, |_| {}).await?;
        let last = architecture.vision.layers.saturating_sub(1);
        let prefix = format!("visual.transformer.resblocks.{last}");
        let block = Block::new(&mut parameters, &prefix, true)?;
        let ln_post = LayerNorm::new(&mut parameters, "visual.ln_post")?;
        let projection = parameters.take_weights("visual.proj")?;
        let Some(mlp) = &block.mlp else {
            let names = vec![format!("{prefix}.mlp")];
            return Err(WeightsError::Missing { names }.into());
        };
        let back = Transposes {
            projection: projection.transposed(),
            down: mlp.down.weights.transposed(),
            up: mlp.up.weights.transposed(),
            out: block.out.weights.transposed(),
        };
        Ok(Localizer {
            cpu,
            heads: architecture.vision.heads,
            width: architecture.vision.width,
            pools_by_mean: architecture.pools_by_mean(),
            activation: architecture.activation.epilogue(),
            block,
            ln_post,
            projection,
            back,
        })
    }
}

impl Localizer {
    /// For each class the relevance of each patch, and the image's embedding, of length 1; `x` is
    /// what the last block takes, `[tokens, width]`, and `scale` the factor from cosine to logit.
    pub(super) fn relevance(
        &self,
        x: Vec<f32>,
        classes: &Classes,
        scale: f32,
    ) -> Result<(Vec<Vec<f32>>, Vec<f32>), ClipError> {
        let forward = self.forward(x)?;
        let mut unit = forward.embedding.clone();
        self.cpu.normalize(&mut unit);
        let unit = unit.values();
        let length = cosine(forward.embedding.values(), unit);
        if !length.is_finite() || length <= 0.0 {
            return Err(ClipError::NotFinite);
        }
        let factor = classes.factor(scale) / length;
        let rows = self.rows(&forward);
        let mut relevances = Vec::new();
        for vectors in classes.vectors.chunks((ROWS / rows).max(1)) {
            // Of the class's logit with respect to the embedding before it is normalised.
            let mut gradients = Vec::with_capacity(vectors.len() * unit.len());
            for vector in vectors {
                let along = cosine(vector, unit);
                let numbers = unit.iter().enumerate().map(|(i, unit)| {
                    let towards = f64::from(vector.get(i).copied().unwrap_or(0.0));
                    (factor * (towards - along * f64::from(*unit))) as f32
                });
                gradients.extend(numbers);
            }
            let gradients = self.cpu.tensor(unit.len(), gradients)?;
            let attended = self.back_to_attention(&forward, gradients, vectors.len())?;
            relevances.extend(self.weigh(&forward, &attended, vectors.len()));
        }
        Ok((relevances, unit.to_vec()))
    }

    fn rows(&self, forward: &Forward) -> usize {
        forward.middle.values().len() / self.width
    }

    fn forward(&self, x: Vec<f32>) -> Result<Forward, ComputeError> {
        let (cpu, block, width) = (&self.cpu, &self.block, self.width);
        let tokens = x.len() / width;
        let rows = if self.pools_by_mean { tokens } else { 1 };
        let x = cpu.tensor(width, x)?;
        let mut normed = cpu.empty(tokens, width)?;
        block.norm.apply(cpu, &x, &mut normed);
        let mut qkv = cpu.empty(tokens, 3 * width)?;
        block.qkv.apply(cpu, &normed, Epilogue::Nothing, &mut qkv);
        let mut attended = cpu.empty(rows, width)?;
        let attention = self.attend(qkv.values(), tokens, rows, attended.values_mut());

        let mut middle = cpu.tensor(width, x.values()[..rows * width].to_vec())?;
        block.out.apply(cpu, &attended, Epilogue::Add, &mut middle);
        let mut end = middle.clone();
        let mut slopes = Vec::new();
        if let Some(mlp) = &block.mlp {
            let mut normed = cpu.empty(rows, width)?;
            mlp.norm.apply(cpu, &middle, &mut normed);
            let mut hidden = cpu.empty(rows, mlp.up.weights.outputs())?;
            mlp.up.apply(cpu, &normed, Epilogue::Nothing, &mut hidden);
            slopes.resize(hidden.values().len(), 0.0);
            kernels::activate(hidden.values_mut(), &mut slopes, self.activation);
            mlp.down.apply(cpu, &hidden, Epilogue::Add, &mut end);
        }
        let mut pooled = cpu.empty(1, width)?;
        cpu.mean(&end, rows, &mut pooled);
        let mut normed = cpu.empty(1, width)?;
        self.ln_post.apply(cpu, &pooled, &mut normed);
        let mut embedding = cpu.empty(1, self.projection.outputs())?;
        cpu.linear(
            &normed,
            &self.projection,
            None,
            Epilogue::Nothing,
            &mut embedding,
        );
        Ok(Forward {
            qkv,
            attention,
            middle,
            slopes,
            pooled,
            embedding,
        })
    }

    /// The first `rows` tokens' attention probabilities `[rows, tokens]`, head by head, and what they
    /// attend to, into `attended` `[rows, width]`.
    fn attend(
        &self,
        qkv: &[f32],
        tokens: usize,
        rows: usize,
        attended: &mut [f32],
    ) -> Vec<Vec<f32>> {
        let (width, stride) = (self.width, 3 * self.width);
        let head = width / self.heads;
        let scale = 1.0 / (head as f32).sqrt();
        let of_head = |start: usize| {
            let layout = WeightLayout::OutputsByInputs;
            let keys = Matrix::pack(head, tokens, layout, &qkv[width + start..], stride);
            let mut shares = vec![0.0; rows * tokens];
            let queries = &qkv[start..];
            kernels::multiply(
                queries,
                stride,
                &keys,
                &[],
                Epilogue::Nothing,
                &mut shares,
                tokens,
            );
            kernels::softmax(&mut shares, tokens, scale, false);
            let layout = WeightLayout::InputsByOutputs;
            let values = Matrix::pack(tokens, head, layout, &qkv[2 * width + start..], stride);
            let out = &mut attended[start..];
            kernels::multiply(&shares, tokens, &values, &[], Epilogue::Nothing, out, width);
            shares
        };
        (0..width).step_by(head).map(of_head).collect()
    }

    /// Gradients with respect to the embedding, `[classes, embedding]`, taken back to the result of
    /// attention: `[classes·rows, width]`.
    fn back_to_attention(
        &self,
        forward: &Forward,
        gradients: CpuTensor,
        classes: usize,
    ) -> Result<CpuTensor, ComputeError> {
        let (cpu, width, back) = (&self.cpu, self.width, &self.back);
        let rows = self.rows(forward);
        let linear = |x: &CpuTensor, weights: &Matrix, rows: usize| {
            let mut out = cpu.empty(rows, weights.outputs())?;
            cpu.linear(x, weights, None, Epilogue::Nothing, &mut out);
            Ok::<_, ComputeError>(out)
        };
        let mut end = linear(&gradients, &back.projection, classes)?;
        norm_gradient(forward.pooled.values(), &self.ln_post, end.values_mut());
        for gradient in end.values_mut() {
            *gradient /= rows as f32;
        }
        // Each token of a mean has the same gradient here.
        let repeat = |gradients: &CpuTensor| -> Vec<f32> {
            let of_class = gradients.values().chunks_exact(width);
            of_class.flat_map(|row| row.repeat(rows)).collect()
        };
        let mut middle = cpu.tensor(width, repeat(&end))?;
        if let Some(mlp) = &self.block.mlp {
            let activated = linear(&end, &back.down, classes)?;
            let width = back.down.outputs();
            let mut hidden = cpu.empty(classes * rows, width)?;
            let of_class = hidden.values_mut().chunks_exact_mut(rows * width);
            for (hidden, activated) in of_class.zip(activated.values().chunks_exact(width)) {
                let slopes = forward.slopes.chunks_exact(width);
                for (hidden, slopes) in hidden.chunks_exact_mut(width).zip(slopes) {
                    for ((hidden, slope), gradient) in hidden.iter_mut().zip(slopes).zip(activated)
                    {
                        *hidden = slope * gradient;
                    }
                }
            }
            let mut normed = linear(&hidden, &back.up, classes * rows)?;
            norm_gradient(forward.middle.values(), &mlp.norm, normed.values_mut());
            for (middle, normed) in middle.values_mut().iter_mut().zip(normed.values()) {
                *middle += normed;
            }
        }
        linear(&middle, &back.out, classes * rows)
    }

    /// max(0, ∂s/∂A ∘ A), its mean over heads and its sum over rows, for each class and patch;
    /// `gradients` are those of the result of attention.
    fn weigh(&self, forward: &Forward, gradients: &CpuTensor, classes: usize) -> Vec<Vec<f32>> {
        let (width, rows) = (self.width, self.rows(forward));
        let head = width / self.heads;
        let tokens = forward.qkv.values().len() / (3 * width);
        let mut relevance = vec![vec![0.0; tokens]; classes];
        let mut of_attention = vec![0.0; classes * rows * tokens];
        for (start, shares) in (0..width).step_by(head).zip(&forward.attention) {
            let values = &forward.qkv.values()[2 * width + start..];
            let layout = WeightLayout::OutputsByInputs;
            let values = Matrix::pack(head, tokens, layout, values, 3 * width);
            kernels::multiply(
                &gradients.values()[start..],
                width,
                &values,
                &[],
                Epilogue::Nothing,
                &mut of_attention,
                tokens,
            );
            let of_class = of_attention.chunks_exact(rows * tokens);
            for (relevance, gradients) in relevance.iter_mut().zip(of_class) {
                for (i, (gradient, share)) in gradients.iter().zip(shares).enumerate() {
                    relevance[i % tokens] += (gradient * share).max(0.0) / self.heads as f32;
                }
            }
        }
        // The class token is no place.
        for relevance in &mut relevance {
            relevance.remove(0);
        }
        relevance
    }
}

/// Takes gradients `[rows, width]` back through a layer norm of `x` `[fewer rows, width]`, whose rows
/// repeat.
fn norm_gradient(x: &[f32], norm: &LayerNorm<Cpu>, gradients: &mut [f32]) {
    let gain = norm.weight.values();
    let width = gain.len();
    let count = width as f64;
    let rows = x.chunks_exact(width).cycle();
    for (x, gradients) in rows.zip(gradients.chunks_exact_mut(width)) {
        let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
        let off = |x: f32| f64::from(x) - mean;
        let variance = x.iter().map(|x| off(*x).powi(2)).sum::<f64>() / count;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        let (mut sum, mut along) = (0.0, 0.0);
        for ((gradient, gain), x) in gradients.iter_mut().zip(gain).zip(x) {
            *gradient *= gain;
            sum += f64::from(*gradient);
            along += f64::from(*gradient) * off(*x) * scale;
        }
        let (sum, along) = (sum / count, along / count);
        for (gradient, x) in gradients.iter_mut().zip(x) {
            let back = f64::from(*gradient) - sum - off(*x) * scale * along;
            *gradient = (scale * back) as f32;
        }
    }
}
