//! The operations on a GPU, through WebGPU in a browser and through Vulkan natively.
//!
//! Operations are recorded and run in one compute pass when a result is needed. Each kernel is a
//! WGSL file next to the Rust file that records it. Rows are read as `vec4`s, so that widths must be
//! multiples of four. Numbers are stored as [`Precision`] says and summed as float32. Tiles fit
//! WebGPU's default limits, which every implementation guarantees.

mod attention;
mod cached_attention;
mod device;
mod embed_patches;
mod embed_tokens;
mod error_scopes;
mod gather_rows;
mod gemm;
mod kv_append;
mod layer_norm;
mod mean;
mod memory;
mod normalize;
mod recorder;
mod signal;
mod top_k;

pub use device::{Adapter, DeviceOptions, Precision};
pub use gemm::GpuWeights;

use super::{Backend, ComputeError, DEFAULT_BATCH, Epilogue, Split, WeightLayout, half};
use device::Device;
use memory::Buffer;
use recorder::BufferSlice;
use std::future::Future;
use std::rc::Rc;

/// Sequences that keep a GPU busy while the host makes the next ones ready, and the rows that are
/// enough of them.
const BATCH: usize = 32;
const BATCH_ROWS: usize = 2500;
/// Lists of indices that are kept on the device.
const LISTS: usize = 8;
/// Numbers that are read at a time.
const QUAD: usize = 4;

/// A GPU as a backend; clones share the device.
#[derive(Clone)]
pub struct Gpu {
    device: Rc<Device>,
}

/// A row-major matrix in a buffer of the device.
pub struct GpuTensor {
    buffer: Buffer,
    rows: usize,
    columns: usize,
    bytes: u64,
}

impl GpuTensor {
    /// All of it.
    fn slice(&self) -> BufferSlice<'_> {
        BufferSlice {
            buffer: &self.buffer,
            offset: 0,
            bytes: self.bytes,
        }
    }

    /// Columns, four by four.
    fn quads(&self) -> u32 {
        (self.columns / QUAD) as u32
    }
}

impl Gpu {
    /// Opens the machine's fastest GPU.
    pub async fn open(options: DeviceOptions) -> Result<Self, ComputeError> {
        let device = Rc::new(Device::open(options).await?);
        Ok(Gpu { device })
    }

    /// The GPU that was opened.
    pub fn adapter(&self) -> &Adapter {
        &self.device.adapter
    }

    /// The size of the largest buffer and of the largest binding, in bytes.
    pub fn limits(&self) -> (u64, u64) {
        (self.device.buffer_bytes, self.device.binding_bytes)
    }

    /// How numbers are stored on the device.
    pub fn precision(&self) -> Precision {
        self.device.precision
    }

    /// Destroys the device and frees all its memory, even if tensors still exist; later results are
    /// [`ComputeError::Lost`].
    pub fn destroy(&self) {
        self.device.raw.destroy();
    }

    /// The bytes of a matrix, if its rows can be read four numbers at a time and it fits.
    fn bytes(&self, rows: usize, columns: usize, limit: u64) -> Result<u64, ComputeError> {
        if !columns.is_multiple_of(QUAD) {
            let what = format!("a matrix is {columns} wide, which is no multiple of {QUAD}");
            return Err(ComputeError::Unsupported { what });
        }
        let bytes = rows as u64 * columns as u64 * self.device.precision.bytes();
        if bytes > limit {
            return Err(ComputeError::TooLarge { bytes, limit });
        }
        Ok(bytes)
    }

    fn allocate(&self, bytes: u64, written: bool) -> Buffer {
        let device = &self.device;
        let recording = device.recorder.borrow().number();
        device.memory.take(&device.raw, bytes, written, recording)
    }

    /// Writes numbers to the beginning of a buffer that no recording uses.
    fn write(&self, buffer: &Buffer, values: &[f32]) {
        /// Numbers that are written at a time, so that little memory is taken.
        const CHUNK: usize = 1 << 20;
        let mut halves = Vec::new();
        let mut offset = 0;
        for values in values.chunks(CHUNK) {
            let bytes: &[u8] = match self.device.precision {
                Precision::F32 => bytemuck::cast_slice(values),
                Precision::F16 => {
                    halves.clear();
                    halves.extend(values.iter().map(|x| half::f32_to_f16(*x)));
                    bytemuck::cast_slice(&halves)
                }
            };
            self.device.queue.write_buffer(buffer.raw(), offset, bytes);
            offset += bytes.len() as u64;
        }
    }

    /// Row numbers or token ids on the device. The layers of a decode step ask for the same ones.
    fn indices(&self, indices: &[u32]) -> Rc<Buffer> {
        let lists = &mut *self.device.lists.borrow_mut();
        if let Some(at) = lists.iter().position(|(list, _)| list == indices) {
            lists[..=at].rotate_right(1);
            return lists[0].1.clone();
        }
        let bytes = bytemuck::cast_slice(indices);
        let buffer = Rc::new(self.allocate(bytes.len() as u64, true));
        self.device.queue.write_buffer(buffer.raw(), 0, bytes);
        lists.truncate(LISTS - 1);
        lists.insert(0, (indices.to_vec(), buffer.clone()));
        buffer
    }
}

/// One workgroup for each row, up to WebGPU's limit; beyond it kernels loop.
fn row_grid(rows: usize) -> [u32; 3] {
    [rows.min(65535) as u32, 1, 1]
}

impl Backend for Gpu {
    type Tensor = GpuTensor;
    type Weights = GpuWeights;

    fn tensor(&self, columns: usize, values: Vec<f32>) -> Result<GpuTensor, ComputeError> {
        let rows = values.len() / columns;
        // May be larger than a binding: the table of tokens is read in parts.
        let bytes = self.bytes(rows, columns, self.device.buffer_bytes)?;
        let buffer = self.allocate(bytes, true);
        self.write(&buffer, &values);
        Ok(GpuTensor {
            buffer,
            rows,
            columns,
            bytes,
        })
    }

    fn empty(&self, rows: usize, columns: usize) -> Result<GpuTensor, ComputeError> {
        let bytes = self.bytes(rows, columns, self.device.binding_bytes)?;
        Ok(GpuTensor {
            buffer: self.allocate(bytes, false),
            rows,
            columns,
            bytes,
        })
    }

    fn weights(
        &self,
        inputs: usize,
        outputs: usize,
        layout: WeightLayout,
        _split: Split,
        values: &[f32],
    ) -> Result<GpuWeights, ComputeError> {
        gemm::pack(self, inputs, outputs, layout, values)
    }

    fn linear(
        &self,
        x: &GpuTensor,
        weights: &GpuWeights,
        bias: Option<&GpuTensor>,
        epilogue: Epilogue,
        out: &mut GpuTensor,
    ) {
        gemm::record(self, x, weights, bias, epilogue, out);
    }

    fn layer_norm(&self, x: &GpuTensor, weight: &GpuTensor, bias: &GpuTensor, out: &mut GpuTensor) {
        layer_norm::record(self, x, weight, bias, out);
    }

    fn attention(
        &self,
        qkv: &GpuTensor,
        tokens: usize,
        heads: usize,
        causal: bool,
        out: &mut GpuTensor,
    ) {
        attention::record(self, qkv, tokens, heads, causal, out);
    }

    fn embed_patches(
        &self,
        patches: &GpuTensor,
        class_embedding: &GpuTensor,
        positional_embedding: &GpuTensor,
        out: &mut GpuTensor,
    ) {
        embed_patches::record(self, patches, class_embedding, positional_embedding, out);
    }

    fn embed_tokens(
        &self,
        ids: &[u32],
        tokens: usize,
        token_embedding: &GpuTensor,
        positional_embedding: &GpuTensor,
        out: &mut GpuTensor,
    ) {
        embed_tokens::record(
            self,
            ids,
            tokens,
            token_embedding,
            positional_embedding,
            out,
        );
    }

    fn gather_rows(&self, x: &GpuTensor, rows: &[u32], out: &mut GpuTensor) {
        gather_rows::record(self, x, rows, out);
    }

    fn mean(&self, x: &GpuTensor, tokens: usize, out: &mut GpuTensor) {
        mean::record(self, x, tokens, out);
    }

    fn append_kv(&self, qkv: &GpuTensor, at: usize, cache: &mut GpuTensor) {
        kv_append::record(self, qkv, at, cache);
    }

    fn cached_attention(
        &self,
        queries: &GpuTensor,
        cache: &GpuTensor,
        visible: &[u32],
        heads: usize,
        out: &mut GpuTensor,
    ) {
        cached_attention::record(self, queries, cache, visible, heads, out);
    }

    fn top_k(&self, x: &GpuTensor, targets: &[u32], out: &mut GpuTensor) {
        top_k::record(self, x, targets, out);
    }

    fn normalize(&self, x: &mut GpuTensor) {
        normalize::record(self, x);
    }

    async fn finish(&self) -> Result<(), ComputeError> {
        self.device.finish().await
    }

    fn download(&self, x: &GpuTensor) -> impl Future<Output = Result<Vec<f32>, ComputeError>> {
        let bytes = self.device.read(x.slice());
        async move {
            let bytes = bytes.await?;
            Ok(match self.device.precision {
                Precision::F32 => {
                    let numbers = bytes.as_chunks().0.iter();
                    numbers.map(|b| f32::from_le_bytes(*b)).collect()
                }
                Precision::F16 => {
                    let numbers = bytes.as_chunks().0.iter();
                    numbers
                        .map(|b| half::f16_to_f32(u16::from_le_bytes(*b)))
                        .collect()
                }
            })
        }
    }

    fn batch(&self, tokens: usize) -> usize {
        if self.device.is_software {
            return DEFAULT_BATCH;
        }
        (BATCH_ROWS / tokens).clamp(DEFAULT_BATCH, BATCH)
    }

    fn take_seconds(&self) -> Option<f64> {
        self.device.take_seconds()
    }
}
