//! Checkpoint files to tensors, one at a time: safetensors, and the zip archives of `torch.save`.
//!
//! [`Checkpoint::open`] reads a file's header (that of
//! [safetensors](https://github.com/huggingface/safetensors#format), or the directory and the pickle
//! of a PyTorch archive) and lists its tensors in the order in which they are stored;
//! [`Checkpoint::read`] then reads one tensor's numbers as float32. The file is never in memory as a
//! whole, and nothing in it is executed: a pickle may only build tensors, containers, numbers and
//! texts.

pub mod checksums;
mod error;
pub mod http;
pub(crate) mod names;
mod pickle;
mod safetensors;
pub mod source;
mod zip;

pub use error::{TensorProblem, WeightsError};

use crate::backend::half;
use source::{Source, SourceError};

/// How a tensor's numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// float16.
    F16,
    /// bfloat16.
    BF16,
    /// float32.
    F32,
    /// Any other, by its name; a tensor of it cannot be read.
    Other(&'static str),
}

impl Dtype {
    /// Its name in safetensors.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F16 => "F16",
            Dtype::BF16 => "BF16",
            Dtype::F32 => "F32",
            Dtype::Other(name) => name,
        }
    }

    fn bytes(self) -> Option<u64> {
        match self {
            Dtype::F16 | Dtype::BF16 => Some(2),
            Dtype::F32 => Some(4),
            Dtype::Other(_) => None,
        }
    }
}

/// A tensor of a file: its name, shape and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the file, without the prefix "module." of `DistributedDataParallel`.
    pub name: String,
    /// Its shape, the last dimension being contiguous.
    pub shape: Vec<usize>,
    /// How its numbers are stored.
    pub dtype: Dtype,
    place: Place,
}

/// Where a tensor's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// From this position.
    At(u64),
    /// In an archive's member whose header is at `header`, `skip` bytes into it.
    Member { header: u64, skip: u64 },
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
        self.dtype.bytes().ok_or_else(|| {
            let found = self.dtype.name().to_owned();
            WeightsError::tensor(&self.name, TensorProblem::Dtype { found })
        })
    }

    fn position(&self) -> u64 {
        match self.place {
            Place::At(at) => at,
            Place::Member { header, .. } => header,
        }
    }
}

/// The header of a checkpoint.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The file's tensors, in the order in which they are stored.
    pub entries: Vec<Entry>,
}

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

impl Checkpoint {
    /// Reads a file's header and finds its format by it.
    pub async fn open<S: Source>(source: &mut S) -> Result<Self, WeightsError> {
        let mut start = [0; 64];
        let length = source.size().min(64) as usize;
        source.read(0, &mut start[..length]).await?;
        let start = &start[..length];
        let text = String::from_utf8_lossy(start).trim_start().to_lowercase();
        let mut entries = if start.starts_with(b"PK\x03\x04") {
            zip::entries(source).await?
        } else if start.starts_with(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") {
            return Err(WeightsError::LegacyTorch);
        } else if text.starts_with("<!doctype")
            || text.starts_with("<html")
            || text.starts_with("<?xml")
        {
            return Err(SourceError::WebPage.into());
        } else if text.starts_with("version https://git-lfs") {
            return Err(WeightsError::LfsPointer);
        } else {
            safetensors::entries(source, start).await?
        };
        for entry in &mut entries {
            if let Some(name) = entry.name.strip_prefix("module.") {
                entry.name = name.to_owned();
            }
        }
        entries.sort_by_key(Entry::position);
        Ok(Checkpoint { entries })
    }

    /// The position of a tensor's first byte, after checking that all of them are in the file.
    pub async fn locate<S: Source>(source: &mut S, entry: &Entry) -> Result<u64, WeightsError> {
        let at = match entry.place {
            Place::At(at) => at,
            Place::Member { header, skip } => zip::contents(source, header).await? + skip,
        };
        let end = at.checked_add(entry.bytes()?);
        match end.is_some_and(|end| end <= source.size()) {
            true => Ok(at),
            false => Err(WeightsError::tensor(&entry.name, TensorProblem::OutOfRange)),
        }
    }

    /// Reads a tensor's numbers into `values`, as float32. `progress` receives the number of bytes of
    /// each chunk.
    pub async fn read<S: Source>(
        source: &mut S,
        entry: &Entry,
        values: &mut Vec<f32>,
        mut progress: impl FnMut(u64),
    ) -> Result<(), WeightsError> {
        let width = entry.width()?;
        let mut at = Self::locate(source, entry).await?;
        // What is there is written over; zeros are only where nothing was.
        values.resize(entry.count(), 0.0);
        let mut buffer = Vec::new();
        let chunk = CHUNK / width as usize;
        for (number, values) in values.chunks_mut(chunk).enumerate() {
            let bytes = width * values.len() as u64;
            match entry.dtype {
                Dtype::F16 | Dtype::BF16 => {
                    buffer.resize(bytes as usize, 0);
                    source.read(at, &mut buffer).await?;
                    match entry.dtype {
                        Dtype::F16 => convert(values, &buffer, half::f16_to_f32),
                        _ => convert(values, &buffer, bf16_to_f32),
                    }
                }
                _ => {
                    source.read(at, bytemuck::cast_slice_mut(values)).await?;
                    for value in values.iter_mut() {
                        *value = f32::from_bits(u32::from_le(value.to_bits()));
                    }
                }
            }
            if let Some(index) = values.iter().position(|v| !v.is_finite()) {
                let index = number * chunk + index;
                let problem = TensorProblem::NotFinite { index };
                return Err(WeightsError::tensor(&entry.name, problem));
            }
            at += bytes;
            progress(bytes);
        }
        Ok(())
    }
}

fn convert(values: &mut [f32], bytes: &[u8], number: impl Fn(u16) -> f32) {
    for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
        *value = number(u16::from_le_bytes(*bytes));
    }
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
