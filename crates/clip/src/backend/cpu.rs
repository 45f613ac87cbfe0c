//! The operations on the CPU, run at once: the fallback without WebGPU, and the reference for the
//! GPU's kernels. The loops are in [`refit_kernels`]; here rows are split among threads (in a browser
//! there is only one).

use super::{Backend, ComputeError, Epilogue, Split, WeightLayout, reserve};
use refit_kernels as kernels;

/// The CPU as a backend; natively with all of the machine's threads by default.
#[derive(Clone, Debug)]
pub struct Cpu {
    threads: usize,
}

impl Default for Cpu {
    fn default() -> Self {
        let threads = std::thread::available_parallelism();
        Cpu::with_threads(threads.map_or(1, usize::from))
    }
}

impl Cpu {
    /// The CPU with so many threads; in a browser it is always one.
    pub fn with_threads(threads: usize) -> Self {
        let threads = if cfg!(target_arch = "wasm32") {
            1
        } else {
            threads.max(1)
        };
        Cpu { threads }
    }

    /// Splits `out` into parts of whole units of `unit` numbers and calls `work` with each part and
    /// its first unit; on several threads if there are enough `operations`.
    fn split_rows(
        &self,
        out: &mut [f32],
        unit: usize,
        operations: usize,
        work: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        /// With fewer operations a thread costs more time than it saves.
        const WORTH_A_THREAD: usize = 1 << 21;
        let units = out.len() / unit;
        let threads = self.threads.min(operations / WORTH_A_THREAD).min(units);
        if threads < 2 {
            return work(0, out);
        }
        let piece = units.div_ceil(threads);
        std::thread::scope(|scope| {
            for (i, out) in out.chunks_mut(piece * unit).enumerate() {
                let work = &work;
                scope.spawn(move || work(i * piece, out));
            }
        });
    }
}

/// A row-major matrix in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct CpuTensor {
    columns: usize,
    values: Vec<f32>,
}

impl CpuTensor {
    /// Row after row.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// None where there are no columns.
    pub(crate) fn rows(&self) -> usize {
        self.values.len().checked_div(self.columns).unwrap_or(0)
    }
}

impl Backend for Cpu {
    type Tensor = CpuTensor;
    type Weights = kernels::Matrix;

    fn tensor(&self, columns: usize, values: Vec<f32>) -> Result<CpuTensor, ComputeError> {
        Ok(CpuTensor { columns, values })
    }

    fn empty(&self, rows: usize, columns: usize) -> Result<CpuTensor, ComputeError> {
        let mut values = reserve(rows * columns)?;
        values.resize(rows * columns, 0.0);
        Ok(CpuTensor { columns, values })
    }

    fn weights(
        &self,
        inputs: usize,
        outputs: usize,
        layout: WeightLayout,
        _split: Split,
        values: &[f32],
    ) -> Result<kernels::Matrix, ComputeError> {
        let stride = match layout {
            WeightLayout::OutputsByInputs => inputs,
            WeightLayout::InputsByOutputs => outputs,
        };
        let room = reserve(kernels::Matrix::length(inputs, outputs))?;
        Ok(kernels::Matrix::pack_into(
            room, inputs, outputs, layout, values, stride,
        ))
    }

    fn linear(
        &self,
        x: &CpuTensor,
        weights: &kernels::Matrix,
        bias: Option<&CpuTensor>,
        epilogue: Epilogue,
        out: &mut CpuTensor,
    ) {
        let (inputs, outputs) = (weights.inputs(), weights.outputs());
        let bias = bias.map_or(&[][..], |bias| &bias.values);
        let operations = x.values.len() * outputs;
        self.split_rows(&mut out.values, outputs, operations, |row, out| {
            let x = &x.values[row * inputs..];
            kernels::multiply(x, inputs, weights, bias, epilogue, out, outputs);
        });
    }

    fn layer_norm(&self, x: &CpuTensor, weight: &CpuTensor, bias: &CpuTensor, out: &mut CpuTensor) {
        kernels::layer_norm(&x.values, &weight.values, &bias.values, &mut out.values);
    }

    fn attention(
        &self,
        qkv: &CpuTensor,
        tokens: usize,
        heads: usize,
        causal: bool,
        out: &mut CpuTensor,
    ) {
        let width = out.columns;
        let sequence = tokens * width;
        let operations = 2 * out.values.len() * tokens;
        self.split_rows(&mut out.values, sequence, operations, |first, out| {
            let qkv = qkv.values[3 * first * sequence..].chunks_exact(3 * sequence);
            for (qkv, out) in qkv.zip(out.chunks_exact_mut(sequence)) {
                kernels::attention(qkv, width, heads, causal, out);
            }
        });
    }

    fn embed_patches(
        &self,
        patches: &CpuTensor,
        class_embedding: &CpuTensor,
        positional_embedding: &CpuTensor,
        out: &mut CpuTensor,
    ) {
        let width = class_embedding.values.len();
        let sequence = positional_embedding.values.len();
        let patches = patches.values.chunks_exact(sequence - width);
        for (patches, out) in patches.zip(out.values.chunks_exact_mut(sequence)) {
            let rows = class_embedding.values.iter().chain(patches);
            for ((out, value), position) in
                out.iter_mut().zip(rows).zip(&positional_embedding.values)
            {
                *out = value + position;
            }
        }
    }

    fn embed_tokens(
        &self,
        ids: &[u32],
        tokens: usize,
        token_embedding: &CpuTensor,
        positional_embedding: &CpuTensor,
        out: &mut CpuTensor,
    ) {
        let width = token_embedding.columns;
        let rows = out.values.chunks_exact_mut(width);
        for (i, (id, out)) in ids.iter().zip(rows).enumerate() {
            let row = &token_embedding.values[*id as usize * width..];
            let position = &positional_embedding.values[i % tokens * width..];
            for ((out, value), position) in out.iter_mut().zip(row).zip(position) {
                *out = value + position;
            }
        }
    }

    fn gather_rows(&self, x: &CpuTensor, rows: &[u32], out: &mut CpuTensor) {
        let width = x.columns;
        for (row, out) in rows.iter().zip(out.values.chunks_exact_mut(width)) {
            out.copy_from_slice(&x.values[*row as usize * width..][..width]);
        }
    }

    fn mean(&self, x: &CpuTensor, tokens: usize, out: &mut CpuTensor) {
        let width = x.columns;
        let sequences = x.values.chunks_exact(tokens * width);
        for (sequence, out) in sequences.zip(out.values.chunks_exact_mut(width)) {
            out.fill(0.0);
            for row in sequence.chunks_exact(width) {
                for (out, value) in out.iter_mut().zip(row) {
                    *out += value;
                }
            }
            for out in out {
                *out /= tokens as f32;
            }
        }
    }

    fn append_kv(&self, qkv: &CpuTensor, at: usize, cache: &mut CpuTensor) {
        let (width, columns) = (qkv.columns / 3, cache.columns);
        let rows = cache.values[at * columns..].chunks_exact_mut(columns);
        for (qkv, row) in qkv.values.chunks_exact(qkv.columns).zip(rows) {
            row.copy_from_slice(&qkv[width..]);
        }
    }

    fn cached_attention(
        &self,
        queries: &CpuTensor,
        cache: &CpuTensor,
        visible: &[u32],
        heads: usize,
        out: &mut CpuTensor,
    ) {
        let (stride, width) = (queries.columns, out.columns);
        let length = visible.len() * width / out.values.len();
        let operations = 2 * visible.len() * width;
        self.split_rows(&mut out.values, width, operations, |row, out| {
            let queries = &queries.values[row * stride..];
            let visible = &visible[row * length..][..out.len() / width * length];
            kernels::cached_attention(queries, stride, &cache.values, visible, width, heads, out);
        });
    }

    fn top_k(&self, x: &CpuTensor, targets: &[u32], out: &mut CpuTensor) {
        let count = out.columns / 4 - 1;
        let rows = x.values.chunks_exact(x.columns).zip(targets);
        for ((row, targets), out) in rows.zip(out.values.chunks_exact_mut(out.columns)) {
            out[..4].copy_from_slice(&[
                kernels::log_sum_exp(row),
                row[*targets as usize],
                0.0,
                0.0,
            ]);
            for (quad, (column, value)) in out[4..].chunks_exact_mut(4).zip(largest(row, count)) {
                let parts = [column / 256, column % 256].map(|part| part as f32);
                quad.copy_from_slice(&[value, parts[0], parts[1], 0.0]);
            }
        }
    }

    fn normalize(&self, x: &mut CpuTensor) {
        kernels::normalize(&mut x.values, x.columns);
    }

    async fn finish(&self) -> Result<(), ComputeError> {
        Ok(())
    }

    async fn download(&self, x: &CpuTensor) -> Result<Vec<f32>, ComputeError> {
        Ok(x.values.clone())
    }
}

/// The largest numbers of a row and their columns, in order; of equals the first comes first.
fn largest(row: &[f32], count: usize) -> Vec<(u32, f32)> {
    let mut kept: Vec<(u32, f32)> = Vec::with_capacity(count + 1);
    for (column, &value) in row.iter().enumerate() {
        if kept.len() < count || kept.last().is_some_and(|last| value > last.1) {
            let at = kept.partition_point(|(_, other)| *other >= value);
            kept.insert(at, (column as u32, value));
            kept.truncate(count);
        }
    }
    kept
}
