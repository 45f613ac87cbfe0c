//! A checkpoint as a pack: small shards that a web page can host beside itself, in float16 or in int8 with a scale for
//! each output channel. `docs/packs.md` describes the files.
//!
//! [`Pack::plan`] lays the shards out, [`Pack::write`] streams one of them, and a [`Manifest`] says what the files are.
//! A pack is read as any checkpoint in several files is: its index names the shards, its configuration tells what the
//! tensors do not. int8 is unpacked to float32 as tensors load. A [`CheckedSource`] holds a shard to its manifest.

mod checked;
mod configuration;
mod manifest;

pub use crate::weights::int8::quantise;
pub use checked::CheckedSource;
pub use manifest::{ClassList, Difference, Holds, Manifest, Measured, PackFile, Top1};

use crate::architecture::{Architecture, Parameter, Role};
use crate::backend::half;
use crate::error::ClipError;
use crate::info::CheckpointInfo;
use crate::load::{LoadOptions, Plan};
use crate::weights::int8::{self, SCALE};
use crate::weights::names::CanonicalName;
use crate::weights::source::Source;
use crate::weights::{Checkpoint, Entry, TensorProblem, WeightsError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use std::fmt;

/// How a pack keeps its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackDtype {
    /// All in float16, but single numbers.
    F16,
    /// Matrices and the embeddings of tokens in int8, all else in float32.
    Int8,
}

impl fmt::Display for PackDtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PackDtype::F16 => "float16",
            PackDtype::Int8 => "int8",
        })
    }
}

/// How a tensor of a pack is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    F32,
    F16,
    /// With scales along this axis.
    Int8 {
        axis: usize,
    },
}

/// A tensor and how it is stored.
struct Tensor {
    entry: Entry,
    stored: Stored,
}

/// One of a pack's files of weights.
pub struct Shard {
    /// Its name.
    pub name: String,
    /// What it has.
    pub holds: Holds,
    /// Its length, in bytes.
    pub bytes: u64,
    header: Vec<u8>,
    tensors: Vec<Tensor>,
}

/// The shards of a checkpoint.
pub struct Pack {
    /// What the checkpoint is.
    pub info: CheckpointInfo,
    /// How numbers are kept.
    pub dtype: PackDtype,
    /// The image tower's first, then the text tower's, then the decoder's.
    pub shards: Vec<Shard>,
}

/// Why a checkpoint cannot be packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackError {
    /// It cannot be used; displays as the error inside.
    Clip(ClipError),
    /// A tensor is larger than a shard may be.
    ShardTooSmall {
        /// The tensor.
        tensor: String,
        /// The shard that it alone would be, in bytes.
        bytes: u64,
        /// What a shard may have.
        limit: u64,
    },
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PackError::Clip(error) => error.fmt(f),
            PackError::ShardTooSmall {
                tensor,
                bytes,
                limit,
            } => write!(
                f,
                "the tensor {tensor} alone needs a shard of {bytes} bytes, and {limit} are allowed"
            ),
        }
    }
}

impl std::error::Error for PackError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PackError::Clip(error) => error.source(),
            PackError::ShardTooSmall { .. } => None,
        }
    }
}

impl From<ClipError> for PackError {
    fn from(error: ClipError) -> Self {
        PackError::Clip(error)
    }
}

impl Pack {
    /// The name of the index, as transformers has it.
    pub const INDEX: &'static str = "model.safetensors.index.json";
    /// The name of the [`Manifest`].
    pub const MANIFEST: &'static str = "pack.json";

    /// Reads a checkpoint's header and lays out shards of at most `limit` bytes.
    pub async fn plan<S: Source>(
        source: &mut S,
        options: &LoadOptions,
        dtype: PackDtype,
        limit: u64,
    ) -> Result<Pack, PackError> {
        let checkpoint = Checkpoint::open(source).await.map_err(ClipError::from)?;
        let plan = Plan::new(checkpoint, options, |_, _| true).map_err(ClipError::from)?;
        let Plan {
            info,
            entries,
            logit_bias,
        } = plan;
        let parameters = info.architecture.parameters();
        let bias = logit_bias.map(|entry| (entry, CanonicalName::whole("logit_bias")));
        let mut parts: [Vec<Tensor>; 3] = Default::default();
        // What makes a logit of a cosine is needed with the first answer.
        let is_last = |(_, name): &(Entry, CanonicalName)| !name.name.starts_with("logit_");
        let mut all: Vec<_> = entries.into_iter().chain(bias).collect();
        all.sort_by_key(is_last);
        for (entry, name) in all {
            let part = &mut parts[part_of(&info.architecture, &name.name)];
            part.push(Tensor {
                stored: stored(dtype, &entry, &name, parameters.get(&name.name)),
                entry,
            });
        }
        let mut groups = Vec::new();
        for (tensors, holds) in parts.into_iter().zip(Holds::WEIGHTS) {
            let divided = divide(tensors, limit)?;
            groups.extend(divided.into_iter().map(|tensors| (tensors, holds)));
        }
        let count = groups.len();
        let shards = groups.into_iter().zip(1..).map(|((tensors, holds), i)| {
            let (header, data) = header(&tensors);
            Shard {
                name: format!("model-{i:05}-of-{count:05}.safetensors"),
                holds,
                bytes: header.len() as u64 + data,
                header,
                tensors,
            }
        });
        Ok(Pack {
            shards: shards.collect(),
            info,
            dtype,
        })
    }

    /// The index: which tensor is in which shard.
    pub fn index(&self) -> String {
        let mut map = Map::new();
        let mut total = 0;
        for shard in &self.shards {
            total += shard.bytes - shard.header.len() as u64;
            for (name, _, _) in shard.tensors.iter().flat_map(Tensor::parts) {
                map.insert(name, json!(shard.name));
            }
        }
        let index = json!({"metadata": {"total_size": total}, "weight_map": map});
        format!("{index:#}\n")
    }

    /// The configuration files, each with its name: all that the tensors do not tell.
    pub fn configuration(&self) -> Vec<(&'static str, String)> {
        configuration::files(&self.info)
    }

    /// Passes a shard's bytes to `take`, tensor by tensor: one is in memory at a time.
    pub async fn write<S: Source, E: From<ClipError>>(
        shard: &Shard,
        source: &mut S,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        take(&shard.header)?;
        let mut values = Vec::new();
        for Tensor { entry, stored } in &shard.tensors {
            let read = Checkpoint::read(source, entry, &mut values, |_| {}).await;
            read.map_err(|error| E::from(error.into()))?;
            match stored {
                Stored::F32 => take(&little_endian(&values))?,
                Stored::F16 => {
                    let halves: Vec<u16> = values.iter().map(|v| half::f32_to_f16(*v)).collect();
                    // Infinity, which no number of a checkpoint is.
                    if let Some(index) = halves.iter().position(|half| half & 0x7fff == 0x7c00) {
                        let problem = TensorProblem::TooLarge { index };
                        let error = WeightsError::tensor(&entry.name, problem);
                        return Err(E::from(error.into()));
                    }
                    let bytes: Vec<u8> = halves.iter().flat_map(|h| h.to_le_bytes()).collect();
                    take(&bytes)?;
                }
                Stored::Int8 { axis } => {
                    let (scales, integers) = int8::quantise(&values, &entry.shape, *axis);
                    take(&little_endian(&scales))?;
                    take(bytemuck::cast_slice(&integers))?;
                }
            }
        }
        Ok(())
    }
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// Which part of the model needs a tensor: a place in [`Holds::WEIGHTS`].
fn part_of(architecture: &Architecture, name: &str) -> usize {
    match name {
        _ if name.starts_with("visual.") || name.starts_with("logit_") => 0,
        _ if architecture.is_for_captions(name) => 2,
        _ => 1,
    }
}

fn stored(
    dtype: PackDtype,
    entry: &Entry,
    name: &CanonicalName,
    parameter: Option<&Parameter>,
) -> Stored {
    let Some(parameter) = parameter.filter(|_| !entry.shape.is_empty()) else {
        return Stored::F32;
    };
    let last = entry.shape.len() - 1;
    match (dtype, parameter.role) {
        (PackDtype::F16, _) => Stored::F16,
        (PackDtype::Int8, Role::Linear) => Stored::Int8 { axis: 0 },
        (PackDtype::Int8, Role::Projection) => Stored::Int8 {
            axis: if name.transposed { 0 } else { last },
        },
        // A token's embedding has a scale of its own.
        (PackDtype::Int8, Role::Values) if name.name == "token_embedding.weight" => {
            Stored::Int8 { axis: 0 }
        }
        (PackDtype::Int8, Role::Values) => Stored::F32,
    }
}

/// As many tensors one after the other as a shard may have.
fn divide(tensors: Vec<Tensor>, limit: u64) -> Result<Vec<Vec<Tensor>>, PackError> {
    let mut shards: Vec<Vec<Tensor>> = Vec::new();
    let mut room = 0;
    for tensor in tensors {
        let bytes = tensor.most_bytes();
        if FIXED + bytes > limit {
            return Err(PackError::ShardTooSmall {
                tensor: tensor.entry.name,
                bytes: FIXED + bytes,
                limit,
            });
        }
        if bytes > room {
            shards.push(Vec::new());
            room = limit - FIXED;
        }
        room -= bytes;
        if let Some(shard) = shards.last_mut() {
            shard.push(tensor);
        }
    }
    Ok(shards)
}

/// What a shard has besides its tensors and their names, at most, in bytes.
const FIXED: u64 = 128;

impl Tensor {
    /// The tensors of the file that it is, with their types and shapes: int8 has its scales before it.
    fn parts(&self) -> Vec<(String, &'static str, Vec<usize>)> {
        let (name, shape) = (self.entry.name.clone(), self.entry.shape.clone());
        match self.stored {
            Stored::F32 => vec![(name, "F32", shape)],
            Stored::F16 => vec![(name, "F16", shape)],
            Stored::Int8 { axis } => {
                let ones = shape.iter().enumerate();
                let ones = ones.map(|(i, side)| if i == axis { *side } else { 1 });
                vec![
                    (format!("{name}{SCALE}"), "F32", ones.collect()),
                    (name, "I8", shape),
                ]
            }
        }
    }

    /// Its bytes in a shard, those of its header at most.
    fn most_bytes(&self) -> u64 {
        let of = |(name, dtype, shape): &(String, &str, Vec<usize>)| {
            // The digits of two positions, and what JSON has around them.
            let header = 140 + 2 * name.len() as u64 + 21 * shape.len() as u64;
            header + bytes_of(dtype, shape)
        };
        self.parts().iter().map(of).sum()
    }
}

fn bytes_of(dtype: &str, shape: &[usize]) -> u64 {
    let width = match dtype {
        "F32" => 4,
        "F16" => 2,
        _ => 1,
    };
    width * shape.iter().map(|side| *side as u64).product::<u64>()
}

/// The safetensors header of these tensors, and the bytes behind it.
fn header(tensors: &[Tensor]) -> (Vec<u8>, u64) {
    let mut fields = Map::new();
    fields.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut end = 0;
    for (name, dtype, shape) in tensors.iter().flat_map(Tensor::parts) {
        let start = end;
        end += bytes_of(dtype, &shape);
        let field = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        fields.insert(name, field);
    }
    let mut text = serde_json::Value::Object(fields).to_string();
    // As safetensors pads it, so that numbers are aligned.
    text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.extend(text.bytes());
    (header, end)
}
