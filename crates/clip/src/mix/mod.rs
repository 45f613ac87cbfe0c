//! Models between models: θ = θ₀ + Σ λᵢ (θᵢ − θ₀), over one base and up to eight others of its
//! architecture, of the image tower alone or of both.
//!
//! With one other this interpolates (PAINT, [arXiv 2208.05592](https://arxiv.org/abs/2208.05592)),
//! and with λ < 0 it forgets; with several it adds task vectors
//! ([arXiv 2212.04089](https://arxiv.org/abs/2212.04089)) or averages models (soups,
//! [arXiv 2203.05482](https://arxiv.org/abs/2203.05482); lo-fi,
//! [arXiv 2210.11948](https://arxiv.org/abs/2210.11948)).
//!
//! A [`Mixture`] is a [`Source`]: the safetensors file that the mixed model would be, in float32,
//! whose numbers are computed as they are read. So a model is loaded from it as from any other file,
//! or it is copied to disk, and no file is ever in memory.

mod choose;
mod coefficients;
mod error;
mod file;
mod paired;

pub use choose::{Choice, Score, SetScore, is_held_out};
pub use coefficients::{Coefficients, CoefficientsError, greedy};
pub use error::{MixError, MixNote};
pub use paired::{Paired, SetPaired};

use crate::architecture::joint_shape;
use crate::error::Cause;
use crate::info::{CheckpointInfo, Evidence};
use crate::load::{LoadOptions, Plan};
use crate::weights::names::{CanonicalName, Slice};
use crate::weights::source::{Source, SourceError};
use crate::weights::{Checkpoint, Entry, WeightsError};
use file::{File, Stored};
use refit_kernels::round;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

/// The most models that are mixed into a base.
pub const MOST: usize = 8;

/// What stands before the names of a difference's tensors: a file with, say,
/// `difference.visual.proj` holds θᵢ − θ₀ instead of θᵢ. What it lacks is 0.
pub const DIFFERENCE: &str = "difference";

/// Which tensors are mixed; the others are the base's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tower {
    /// The image tower, as PAINT does: classes keep the base's embeddings.
    #[default]
    Image,
    /// All.
    All,
}

impl Tower {
    fn mixes(self, name: &str) -> bool {
        self == Tower::All || name.starts_with("visual.")
    }
}

/// A checkpoint that is mixed.
#[derive(Debug)]
pub struct Part<S> {
    /// Its name, for errors.
    pub name: String,
    /// Its bytes.
    pub source: S,
    /// What the file does not say.
    pub options: LoadOptions,
}

/// A tensor of the mixture: as the base stores it, but in float32.
struct Tensor {
    /// Its first byte.
    start: u64,
    stored: Stored,
    is_mixed: bool,
}

/// The safetensors file of a mixed model.
pub struct Mixture<S> {
    header: Vec<u8>,
    tensors: Vec<Tensor>,
    size: u64,
    base: File<S>,
    others: Vec<File<S>>,
    coefficients: Vec<f64>,
    info: CheckpointInfo,
    options: LoadOptions,
    notes: Vec<MixNote>,
    /// The numbers that are computed, and their sums; the memory is used again.
    numbers: Vec<f32>,
    sums: Vec<f64>,
}

/// Numbers that are computed at once.
const CHUNK: usize = 1 << 18;

impl<S: Source> Mixture<S> {
    /// Reads the headers of a base and of the others, which must have its architecture or be
    /// differences of it ([`DIFFERENCE`]). All coefficients are 0: it is the base.
    pub async fn open(base: Part<S>, others: Vec<Part<S>>, tower: Tower) -> Result<Self, MixError> {
        if others.is_empty() || others.len() > MOST {
            let found = others.len();
            return Err(MixError::Count { found });
        }
        let options = base.options.clone();
        let (base, plan) = File::base(base).await?;
        let mut notes = Vec::new();
        let mut files = Vec::new();
        for part in others {
            files.push(File::other(part, &base.name, &plan, tower, &mut notes).await?);
        }
        let Plan {
            info,
            entries,
            logit_bias,
        } = plan;
        let bias = logit_bias.map(|entry| (entry, CanonicalName::whole("logit_bias")));
        let (header, tensors, size) = lay_out(entries.into_iter().chain(bias), tower);
        let options = LoadOptions {
            // OpenAI's marks, which may have told it, are not tensors of the model.
            activation: match info.activation_from {
                Evidence::Checkpoint => Some(info.architecture.activation),
                _ => options.activation,
            },
            weights_key: None,
            ..options
        };
        Ok(Mixture {
            header,
            tensors,
            size,
            coefficients: vec![0.0; files.len()],
            base,
            others: files,
            info,
            options,
            notes,
            numbers: Vec::new(),
            sums: Vec::new(),
        })
    }

    /// Sets λᵢ, one for each of the others.
    pub fn set(&mut self, coefficients: &[f64]) -> Result<(), MixError> {
        if coefficients.len() != self.others.len() || coefficients.iter().any(|c| !c.is_finite()) {
            return Err(MixError::Coefficients {
                found: coefficients.to_vec(),
                expected: self.others.len(),
            });
        }
        self.coefficients = coefficients.to_vec();
        Ok(())
    }

    /// What the base is, and what was assumed about it.
    pub fn info(&self) -> &CheckpointInfo {
        &self.info
    }

    /// With what [`Model::load`](crate::Model::load) loads the mixture.
    pub fn options(&self) -> LoadOptions {
        self.options.clone()
    }

    /// What a reader should know of the others.
    pub fn notes(&self) -> &[MixNote] {
        &self.notes
    }

    /// The share of each file in a mixed tensor: the base's, and those of the others. A base's share
    /// is what the whole models leave of 1, so that λ = 0 gives the base and λ = 1 the other, bit
    /// by bit.
    fn shares(&self) -> (f64, &[f64]) {
        let whole = self.others.iter().zip(&self.coefficients);
        let whole = whole.filter(|(file, _)| !file.is_difference);
        let taken: f64 = whole.map(|(_, coefficient)| coefficient).sum();
        (1.0 - taken, &self.coefficients)
    }

    /// Computes `count` of a tensor's numbers, from `from` on.
    async fn compute(&mut self, tensor: usize, from: usize, count: usize) -> Result<(), MixError> {
        let (base_share, shares) = self.shares();
        let shares = shares.to_vec();
        let Tensor {
            stored, is_mixed, ..
        } = &self.tensors[tensor];
        // x + −0 is x, −0 too.
        let sums = &mut self.sums;
        sums.clear();
        sums.resize(count, -0.0);
        let (base_share, others) = match is_mixed {
            true => (base_share, &mut self.others[..]),
            false => (1.0, &mut [][..]),
        };
        if base_share != 0.0 {
            self.base.add(stored, from, base_share, sums).await?;
        }
        let terms = others.iter_mut().zip(shares);
        for (file, share) in terms.filter(|(_, share)| *share != 0.0) {
            file.add(stored, from, share, sums).await?;
        }
        self.numbers.resize(count, 0.0);
        round(sums, &mut self.numbers);
        // The file is little-endian.
        for number in &mut self.numbers {
            *number = f32::from_bits(number.to_bits().to_le());
        }
        Ok(())
    }

    /// Writes bytes of one tensor; returns how many.
    async fn fill(&mut self, at: u64, buffer: &mut [u8]) -> Result<usize, SourceError> {
        let next = self.tensors.partition_point(|tensor| tensor.start <= at);
        let ended = SourceError::Ended { at: self.size };
        let Some(index) = next.checked_sub(1) else {
            return Err(ended);
        };
        let (start, total) = (
            self.tensors[index].start,
            self.tensors[index].stored.entry.count(),
        );
        let (first, skip) = ((at - start) as usize / 4, (at - start) as usize % 4);
        let wanted = (skip + buffer.len()).div_ceil(4).min(CHUNK);
        let count = wanted.min(total.saturating_sub(first));
        if count == 0 {
            return Err(ended);
        }
        let computed = self.compute(index, first, count).await;
        computed.map_err(|error| SourceError::Other {
            cause: Cause::new(error),
        })?;
        let bytes: &[u8] = &bytemuck::cast_slice(&self.numbers)[skip..];
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        Ok(length)
    }
}

impl<S: Source> Source for Mixture<S> {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&mut self, mut at: u64, mut buffer: &mut [u8]) -> Result<(), SourceError> {
        while !buffer.is_empty() {
            let done = match self.header.get(at as usize..).filter(|h| !h.is_empty()) {
                Some(header) => {
                    let length = header.len().min(buffer.len());
                    buffer[..length].copy_from_slice(&header[..length]);
                    length
                }
                None => self.fill(at, buffer).await?,
            };
            at += done as u64;
            buffer = &mut buffer[done..];
        }
        Ok(())
    }
}

/// The header of a safetensors file of these tensors in float32, the tensors with their places, and
/// the file's length.
fn lay_out(
    entries: impl Iterator<Item = (Entry, CanonicalName)>,
    tower: Tower,
) -> (Vec<u8>, Vec<Tensor>, u64) {
    let mut fields = Map::new();
    fields.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut tensors = Vec::new();
    let mut end = 0;
    for (entry, name) in entries {
        let start = end;
        end += 4 * entry.count() as u64;
        let tensor = json!({"dtype": "F32", "shape": entry.shape, "data_offsets": [start, end]});
        fields.insert(entry.name.clone(), tensor);
        tensors.push(Tensor {
            start,
            is_mixed: tower.mixes(&name.name),
            stored: Stored { entry, name },
        });
    }
    let mut text = serde_json::Value::Object(fields).to_string();
    // As safetensors pads it, so that numbers are aligned.
    text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.extend(text.bytes());
    let data = header.len() as u64;
    for tensor in &mut tensors {
        tensor.start += data;
    }
    (header, tensors, data + end)
}
