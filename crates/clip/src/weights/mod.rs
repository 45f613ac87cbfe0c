//! Checkpoint files to tensors, one at a time: safetensors, the archives of `torch.save` and
//! TorchScript, what `torch.save` wrote before PyTorch 1.6, and several files of them.
//!
//! [`Checkpoint::open`] reads a file's header (that of
//! [safetensors](https://github.com/huggingface/safetensors#format), or the directory and the pickle
//! of a PyTorch archive) and lists its tensors in the order in which they are stored;
//! [`Checkpoint::choose`] finds the model's among them, and [`Checkpoint::read`] then reads one
//! tensor's numbers as float32. The file is never in memory as a whole, and nothing in it is executed:
//! of a pickle only tensors, containers, numbers and texts are read.

pub(crate) mod bytes;
pub mod checksums;
mod error;
pub mod files;
mod foreign;
pub mod http;
pub(crate) mod int8;
mod legacy;
pub(crate) mod names;
pub(crate) mod other_models;
mod pickle;
mod safetensors;
pub mod shards;
pub mod source;
pub mod states;
mod zip;

pub use error::{TensorProblem, WeightsError};

use crate::backend::half;
use bytes::TensorBytes;
use int8::Scales;
use serde::{Deserialize, Serialize};
use source::Source;
use std::fmt;

/// How a tensor's numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// float16.
    F16,
    /// bfloat16.
    BF16,
    /// float32.
    F32,
    /// float64, which is read as float32.
    F64,
    /// int8, with a scale for each channel in a tensor beside it.
    I8,
    /// Any other, by its name and the bytes of a number; a tensor of it cannot be read.
    Other(&'static str, u64),
}

impl Dtype {
    /// Its name in safetensors.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F16 => "F16",
            Dtype::BF16 => "BF16",
            Dtype::F32 => "F32",
            Dtype::F64 => "F64",
            Dtype::I8 => "I8",
            Dtype::Other(name, _) => name,
        }
    }

    fn bytes(self) -> u64 {
        match self {
            Dtype::I8 => 1,
            Dtype::F16 | Dtype::BF16 => 2,
            Dtype::F32 => 4,
            Dtype::F64 => 8,
            Dtype::Other(_, bytes) => bytes,
        }
    }

    fn is_number(self) -> bool {
        !matches!(self, Dtype::Other(..))
    }
}

/// How a file keeps its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// The archive of `torch.save`.
    Torch,
    /// An archive of TorchScript, of which only the tensors are read.
    TorchScript,
    /// What `torch.save` wrote before PyTorch 1.6.
    LegacyTorch,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Safetensors => "safetensors",
            Format::Torch => "PyTorch",
            Format::TorchScript => "TorchScript",
            Format::LegacyTorch => "PyTorch before 1.6",
        })
    }
}

/// A tensor of a file: its name, shape and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the file; of a pickle the keys that lead to it, joined by full stops. Once a
    /// model is chosen, without what stands before all of the model's names.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
    /// How its numbers are stored.
    pub dtype: Dtype,
    place: Place,
    /// Numbers from an index to the next in each dimension, of a view that is not contiguous.
    stride: Option<Vec<usize>>,
    /// Of int8, the tensor of its scales, which stands before it in a pack.
    scale: Option<Box<Entry>>,
}

/// Where a tensor's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// From this position.
    At(u64),
    /// In an archive's member whose header is at `header`, `skip` bytes into it. `deflated` is the
    /// member's length in the file, if it is compressed.
    Member {
        header: u64,
        skip: u64,
        deflated: Option<u64>,
    },
}

impl Entry {
    /// Its numbers.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its length in the file, in bytes, if its numbers can be read.
    pub fn bytes(&self) -> Result<u64, WeightsError> {
        Ok(self.count() as u64 * self.width()?)
    }

    /// Bytes of a number, if it can be read.
    fn width(&self) -> Result<u64, WeightsError> {
        if self.dtype.is_number() {
            return Ok(self.dtype.bytes());
        }
        let found = self.dtype.name().to_owned();
        Err(WeightsError::tensor(
            &self.name,
            TensorProblem::Dtype { found },
        ))
    }

    /// The tensor of its scales, of int8.
    pub(crate) fn scale(&self) -> Option<&Entry> {
        self.scale.as_deref()
    }

    fn position(&self) -> u64 {
        match self.place {
            Place::At(at) => at,
            Place::Member { header, .. } => header,
        }
    }

    /// Moves it by the start of its file.
    fn shift(&mut self, start: u64) {
        match &mut self.place {
            Place::At(at) => *at += start,
            Place::Member { header, .. } => *header += start,
        }
        if let Some(scale) = &mut self.scale {
            scale.shift(start);
        }
    }

    /// The bytes from its first number to its last, where it is stored.
    fn span(&self) -> Option<u64> {
        let numbers = match &self.stride {
            Some(stride) => span(&self.shape, stride)?,
            None => self.count() as u64,
        };
        numbers.checked_mul(self.dtype.bytes())
    }
}

/// The numbers from the first to the last of a view; `None` if nothing could hold them.
fn span(shape: &[usize], stride: &[usize]) -> Option<u64> {
    let mut count = 1u64;
    let mut last = 0u64;
    for (dimension, stride) in shape.iter().zip(stride) {
        count = count.checked_mul(*dimension as u64)?;
        let steps = (*dimension as u64).saturating_sub(1);
        last = last.checked_add(steps.checked_mul(*stride as u64)?)?;
    }
    Some(if count == 0 { 0 } else { last + 1 })
}

/// The header of a checkpoint.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The file's tensors, in the order in which they are stored.
    pub entries: Vec<Entry>,
    /// Of the first file, if there are several.
    pub format: Format,
}

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

impl Checkpoint {
    /// Reads the header of a file, or of all files of a source, and finds the format by it.
    pub async fn open<S: Source>(source: &mut S) -> Result<Self, WeightsError> {
        let starts = source.starts();
        let mut ends = starts[1..].to_vec();
        ends.push(source.size());
        let mut all = Vec::new();
        let mut first = None;
        for (start, end) in starts.into_iter().zip(ends) {
            let size = end - start;
            let source = &mut *source;
            let mut part = source::Part {
                source,
                start,
                size,
            };
            let (mut entries, format) = entries(&mut part).await?;
            for entry in &mut entries {
                entry.shift(start);
            }
            all.append(&mut entries);
            first.get_or_insert(format);
        }
        all.sort_by_key(Entry::position);
        Ok(Checkpoint {
            entries: all,
            format: first.unwrap_or(Format::Safetensors),
        })
    }

    /// Reads a tensor's numbers into `values`, as float32. `progress` receives the number of bytes of
    /// each chunk.
    pub async fn read<S: Source>(
        source: &mut S,
        entry: &Entry,
        values: &mut Vec<f32>,
        mut progress: impl FnMut(u64),
    ) -> Result<(), WeightsError> {
        let mut reader = TensorReader::open(source, entry, 0).await?;
        // What is there is written over; zeros are only where nothing was.
        values.resize(entry.count(), 0.0);
        let width = entry.dtype.bytes();
        for values in values.chunks_mut(CHUNK / width as usize) {
            reader.fill(source, values).await?;
            progress(width * values.len() as u64);
        }
        Ok(())
    }
}

/// A tensor's numbers as float32, one after the other.
pub(crate) struct TensorReader {
    bytes: TensorBytes,
    name: String,
    dtype: Dtype,
    scales: Option<Scales>,
    next: usize,
    buffer: Vec<u8>,
}

impl TensorReader {
    /// Begins at the number `from`.
    pub(crate) async fn open<S: Source>(
        source: &mut S,
        entry: &Entry,
        from: usize,
    ) -> Result<Self, WeightsError> {
        let start = entry.width()? * from as u64;
        Ok(TensorReader {
            scales: Scales::read(source, entry).await?,
            bytes: TensorBytes::open(source, entry, start).await?,
            name: entry.name.clone(),
            dtype: entry.dtype,
            next: from,
            buffer: Vec::new(),
        })
    }

    /// The number that is read next.
    pub(crate) fn next(&self) -> usize {
        self.next
    }

    /// The next numbers, all of which must be finite.
    pub(crate) async fn fill<S: Source>(
        &mut self,
        source: &mut S,
        values: &mut [f32],
    ) -> Result<(), WeightsError> {
        if self.dtype == Dtype::F32 {
            let bytes = bytemuck::cast_slice_mut(values);
            self.bytes.fill(source, bytes).await?;
            for value in values.iter_mut() {
                *value = f32::from_bits(u32::from_le(value.to_bits()));
            }
        } else {
            let count = self.dtype.bytes() as usize * values.len();
            self.buffer.resize(count, 0);
            self.bytes.fill(source, &mut self.buffer).await?;
            match (self.dtype, &self.scales) {
                (_, Some(scales)) => scales.widen(self.next, &self.buffer, values),
                (Dtype::F16, _) => convert(values, &self.buffer, |b| half::f16_to_f32(short(b))),
                (Dtype::BF16, _) => convert(values, &self.buffer, |b| bf16_to_f32(short(b))),
                _ => convert(values, &self.buffer, |b| f64::from_le_bytes(b) as f32),
            }
        }
        if let Some(index) = values.iter().position(|v| !v.is_finite()) {
            let index = self.next + index;
            let problem = TensorProblem::NotFinite { index };
            return Err(WeightsError::tensor(&self.name, problem));
        }
        self.next += values.len();
        Ok(())
    }
}

/// The tensors of one file.
async fn entries<S: Source>(source: &mut S) -> Result<(Vec<Entry>, Format), WeightsError> {
    let mut start = [0; 64];
    let length = source.size().min(64) as usize;
    source.read(0, &mut start[..length]).await?;
    let start = &start[..length];
    if start.starts_with(b"PK\x03\x04") {
        let (entries, is_script) = zip::entries(source).await?;
        let format = match is_script {
            true => Format::TorchScript,
            false => Format::Torch,
        };
        return Ok((entries, format));
    }
    if start.starts_with(legacy::MAGIC) {
        return Ok((legacy::entries(source).await?, Format::LegacyTorch));
    }
    if !safetensors::starts(start)
        && let Some(error) = foreign::recognise(source, start).await?
    {
        return Err(error);
    }
    let entries = safetensors::entries(source, start).await?;
    Ok((entries, Format::Safetensors))
}

fn convert<const N: usize>(values: &mut [f32], bytes: &[u8], number: impl Fn([u8; N]) -> f32) {
    for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
        *value = number(*bytes);
    }
}

fn short(bytes: [u8; 2]) -> u16 {
    u16::from_le_bytes(bytes)
}

/// The upper half of a float32.
fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::bf16_to_f32;

    #[test]
    fn short_numbers_are_widened_exactly() {
        assert_eq!(
            (bf16_to_f32(0x3f80), bf16_to_f32(0xc049)),
            (1.0, -3.140_625)
        );
    }
}
