//! The operations on the processor, at once: the fallback where there is no WebGPU, and the
//! reference that kernels on a GPU are held against. The loops are in `refit_kernels`; here rows
//! are handed out to the machine's threads (there are none on the page).

use super::{After, Backend, ComputeError, Stored};
use refit_kernels as kernels;

/// The processor.
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
    /// Natively any number of threads; on the page always one.
    pub fn with_threads(threads: usize) -> Self {
        let threads = if cfg!(target_arch = "wasm32") {
            1
        } else {
            threads.max(1)
        };
        Cpu { threads }
    }

    /// Calls `work` for pieces of `out`, each a multiple of `unit` long, with the piece's
    /// position in units; on several threads if there is enough to do.
    fn share(
        &self,
        out: &mut [f32],
        unit: usize,
        operations: usize,
        work: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        /// Below this a thread costs more than it saves.
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

/// A matrix in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    columns: usize,
    values: Vec<f32>,
}

impl Backend for Cpu {
    type Tensor = Tensor;
    type Weights = kernels::Matrix;

    fn tensor(&self, columns: usize, values: &[f32]) -> Result<Tensor, ComputeError> {
        let mut tensor = Tensor {
            columns,
            values: reserve(values.len())?,
        };
        tensor.values.extend_from_slice(values);
        Ok(tensor)
    }

    fn empty(&self, rows: usize, columns: usize) -> Result<Tensor, ComputeError> {
        let mut values = reserve(rows * columns)?;
        values.resize(rows * columns, 0.0);
        Ok(Tensor { columns, values })
    }

    fn weights(
        &self,
        inputs: usize,
        outputs: usize,
        stored: Stored,
        values: &[f32],
    ) -> Result<kernels::Matrix, ComputeError> {
        let stride = match stored {
            Stored::OutputsByInputs => inputs,
            Stored::InputsByOutputs => outputs,
        };
        Ok(kernels::Matrix::pack(
            inputs, outputs, stored, values, stride,
        ))
    }

    fn linear(
        &self,
        x: &Tensor,
        weights: &kernels::Matrix,
        bias: Option<&Tensor>,
        after: After,
        out: &mut Tensor,
    ) {
        let (inputs, outputs) = (weights.inputs(), weights.outputs());
        let bias = bias.map_or(&[][..], |bias| &bias.values);
        let operations = x.values.len() * outputs;
        self.share(&mut out.values, outputs, operations, |row, out| {
            let x = &x.values[row * inputs..];
            kernels::multiply(x, inputs, weights, bias, after, out, outputs);
        });
    }

    fn layer_norm(&self, x: &Tensor, gain: &Tensor, bias: &Tensor, out: &mut Tensor) {
        kernels::layer_norm(&x.values, &gain.values, &bias.values, &mut out.values);
    }

    fn attention(&self, qkv: &Tensor, tokens: usize, heads: usize, causal: bool, out: &mut Tensor) {
        let width = out.columns;
        let sequence = tokens * width;
        let operations = 2 * out.values.len() * tokens;
        self.share(&mut out.values, sequence, operations, |first, out| {
            let qkv = qkv.values[3 * first * sequence..].chunks_exact(3 * sequence);
            for (qkv, out) in qkv.zip(out.chunks_exact_mut(sequence)) {
                kernels::attention(qkv, width, heads, causal, out);
            }
        });
    }

    fn embed_patches(
        &self,
        patches: &Tensor,
        class: &Tensor,
        positions: &Tensor,
        out: &mut Tensor,
    ) {
        let width = class.values.len();
        let sequence = positions.values.len();
        let patches = patches.values.chunks_exact(sequence - width);
        for (patches, out) in patches.zip(out.values.chunks_exact_mut(sequence)) {
            let rows = class.values.iter().chain(patches);
            for ((out, value), position) in out.iter_mut().zip(rows).zip(&positions.values) {
                *out = value + position;
            }
        }
    }

    fn embed_tokens(
        &self,
        ids: &[u32],
        tokens: usize,
        table: &Tensor,
        positions: &Tensor,
        out: &mut Tensor,
    ) {
        let width = table.columns;
        let rows = out.values.chunks_exact_mut(width);
        for (i, (id, out)) in ids.iter().zip(rows).enumerate() {
            let row = &table.values[*id as usize * width..];
            let position = &positions.values[i % tokens * width..];
            for ((out, value), position) in out.iter_mut().zip(row).zip(position) {
                *out = value + position;
            }
        }
    }

    fn rows(&self, x: &Tensor, rows: &[u32], out: &mut Tensor) {
        let width = x.columns;
        for (row, out) in rows.iter().zip(out.values.chunks_exact_mut(width)) {
            out.copy_from_slice(&x.values[*row as usize * width..][..width]);
        }
    }

    fn normalize(&self, x: &mut Tensor) {
        kernels::normalize(&mut x.values, x.columns);
    }

    async fn finish(&self) -> Result<(), ComputeError> {
        Ok(())
    }

    async fn download(&self, x: &Tensor) -> Result<Vec<f32>, ComputeError> {
        Ok(x.values.clone())
    }
}

fn reserve(count: usize) -> Result<Vec<f32>, ComputeError> {
    let mut values = Vec::new();
    let bytes = 4 * count as u64;
    let room = values.try_reserve_exact(count);
    room.map_err(|_| ComputeError::OutOfMemory { bytes })?;
    Ok(values)
}
