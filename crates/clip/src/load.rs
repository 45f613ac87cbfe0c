//! A checkpoint's tensors to parameters on a backend, one by one as they come.

use crate::architecture::{
    Activation, Architecture, Configuration, Inferred, Parameter, Role, joint_shape,
};
use crate::backend::{Backend, WeightLayout, reserve};
use crate::error::ClipError;
use crate::info::CheckpointInfo;
use crate::mix;
use crate::parameters::Parameters;
use crate::weights::names::{self, CanonicalName, Slice};
use crate::weights::other_models::{self, OtherModel};
use crate::weights::source::Source;
use crate::weights::{Checkpoint, Entry, TensorProblem, WeightsError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a caller may know about a checkpoint that the file does not say.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// From the configuration files published beside the checkpoint.
    pub configuration: Configuration,
    /// The activation that was chosen, which goes before everything else.
    pub activation: Option<Activation>,
    /// The checkpoint's name, by which published ones are known: see
    /// [`telling_name`](crate::architecture::telling_name).
    pub name: String,
    /// Which of several states of the model to load: the key before its tensors' names.
    pub weights_key: Option<String>,
    /// Load a MaMMUT's decoder too, about a quarter of the file. Without it the model only
    /// encodes, and [`Model::load_captions`](crate::Model::load_captions) can load it later.
    pub captions: bool,
}

/// How far a load or a download has come, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes that have been read.
    pub bytes: u64,
    /// Bytes of the whole file. A load may end before it has read all of them: it skips an
    /// optimizer's state.
    pub total: u64,
}

/// Which of a checkpoint's tensors to read, and where they belong in the architecture.
pub(crate) struct Plan {
    pub(crate) info: CheckpointInfo,
    /// In the order in which they are stored in the file.
    pub(crate) entries: Vec<(Entry, CanonicalName)>,
    /// The number that training with a sigmoid loss adds to each logit.
    pub(crate) logit_bias: Option<Entry>,
}

impl Plan {
    /// Plans to read the tensors that are `wanted`; only those must be complete.
    pub(crate) fn new(
        checkpoint: Checkpoint,
        options: &LoadOptions,
        wanted: impl Fn(&Architecture, &str) -> bool,
    ) -> Result<Self, WeightsError> {
        let format = checkpoint.format;
        let state = checkpoint.choose(options.weights_key.as_deref())?;
        if state.prefix == mix::DIFFERENCE {
            return Err(WeightsError::OtherModel {
                kind: "difference of two models",
                lacks: "its base, into which it can be mixed",
            });
        }
        let names = state.entries.iter();
        let names = names.map(|entry| (entry.name.clone(), entry.shape.clone()));
        let names: BTreeMap<String, Vec<usize>> = names.collect();
        if let Some(OtherModel { kind, lacks }) = other_models::recognise(&names) {
            return Err(WeightsError::OtherModel { kind, lacks });
        }
        let has_openai_marks = names.keys().any(|name| names::is_openai_mark(name));
        let mut logit_bias = None;
        let mut entries = Vec::new();
        let mut shapes = BTreeMap::new();
        for entry in &state.entries {
            if names::is_ignored(&entry.name) {
                continue;
            }
            if entry.name == "logit_bias" {
                logit_bias = Some(entry.clone());
                continue;
            }
            let name = names::canonical(&entry.name);
            let shape = joint_shape(&entry.shape, name.slice, name.transposed);
            shapes.insert(name.name.clone(), shape);
            entries.push((entry.clone(), name));
        }
        if let Some(OtherModel { kind, lacks }) = other_models::recognise_variant(&shapes) {
            return Err(WeightsError::OtherModel { kind, lacks });
        }
        if let Some(setting) = options.configuration.unsupported.clone() {
            return Err(WeightsError::Unsupported { setting });
        }
        let inferred = Inferred::new(&shapes, &options.configuration)?;
        let size = inferred.architecture.image_size();
        if let Some(other) = options.configuration.image_size.filter(|of| *of != size) {
            let setting = format!("images of {other} pixels where the model takes {size}");
            return Err(WeightsError::Unsupported { setting });
        }
        let info = CheckpointInfo::new(inferred, &state, format, has_openai_marks, options);
        let parameters = info.architecture.parameters();
        let is_needed = |name: &str| wanted(&info.architecture, name);
        check_complete(&entries, &parameters, is_needed)?;
        entries.retain(|(_, name)| is_needed(&name.name));
        Ok(Plan {
            info,
            entries,
            logit_bias,
        })
    }

    /// Refuses a model without a decoder.
    pub(crate) fn for_captions(self) -> Result<Self, WeightsError> {
        match self.info.architecture.decoder {
            Some(_) => Ok(self),
            None => Err(WeightsError::NoDecoder),
        }
    }

    /// Reads the planned tensors and puts them onto the backend. Returns them with what makes a logit
    /// of a cosine.
    pub(crate) async fn read<B: Backend, S: Source>(
        &self,
        backend: &B,
        source: &mut S,
        mut progress: impl FnMut(Progress),
    ) -> Result<(Parameters<B>, Logit), ClipError> {
        let expected = self.info.architecture.parameters();
        let mut parameters = Parameters::new();
        // Queries, keys and values that are stored apart, until all three are there.
        let mut slices: BTreeMap<String, [Vec<f32>; 3]> = BTreeMap::new();
        let mut logit = Logit::default();
        // Matrices are packed out of the same memory, one after the other; other tensors keep the
        // memory that they were read into.
        let mut room = Vec::new();
        let mut at = Progress {
            bytes: 0,
            total: source.size(),
        };
        if let Some(entry) = &self.logit_bias {
            let mut values = Vec::new();
            let advance = |bytes| {
                at.bytes += bytes;
                progress(at);
            };
            Checkpoint::read(source, entry, &mut values, advance).await?;
            logit.bias = values.first().copied();
        }
        for (entry, name) in &self.entries {
            let advance = |bytes| {
                at.bytes += bytes;
                progress(at);
            };
            let parameter = &expected[&name.name];
            let mut values = match (parameter.role, name.slice) {
                (Role::Linear | Role::Projection, Slice::Whole) => std::mem::take(&mut room),
                _ => Vec::new(),
            };
            if values.capacity() < entry.count() {
                drop(values);
                values = reserve(entry.count())?;
            }
            Checkpoint::read(source, entry, &mut values, advance).await?;
            if let Slice::Qkv(i) = name.slice {
                let qkv = slices.entry(name.name.clone()).or_default();
                qkv[i] = values;
                if qkv.iter().any(Vec::is_empty) {
                    continue;
                }
                values = slices.remove(&name.name).unwrap_or_default().concat();
            }
            match parameter.role {
                _ if name.name == "logit_scale" => logit.ln_scale = values[0],
                Role::Values => {
                    let columns = parameter.shape.last().copied().unwrap_or(1);
                    parameters.insert_tensor(&name.name, backend.tensor(columns, values)?);
                }
                Role::Linear | Role::Projection => {
                    let weights = upload(backend, parameter, name.transposed, &values)?;
                    parameters.insert_weights(&name.name, weights);
                    room = values;
                }
            }
            backend.finish().await?;
        }
        Ok((parameters, logit))
    }
}

/// What makes a logit of a cosine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Logit {
    /// The logarithm of the factor, 0 if it was not read.
    pub(crate) ln_scale: f32,
    /// What is added, in models that were trained with a sigmoid loss.
    pub(crate) bias: Option<f32>,
}

/// Checks that every tensor is one of the architecture's, has its shape and is there once, and
/// that none is missing of those that are needed.
fn check_complete(
    entries: &[(Entry, CanonicalName)],
    parameters: &BTreeMap<String, Parameter>,
    is_needed: impl Fn(&str) -> bool,
) -> Result<(), WeightsError> {
    let unexpected = entries
        .iter()
        .filter(|(_, name)| !parameters.contains_key(&name.name));
    let unexpected: Vec<String> = unexpected.map(|(entry, _)| entry.name.clone()).collect();
    if !unexpected.is_empty() {
        return Err(WeightsError::Unexpected { names: unexpected });
    }
    // For each parameter a bit for each of query, key and value.
    const ALL: u8 = 0b111;
    let mut found_slices: BTreeMap<&str, u8> = BTreeMap::new();
    for (entry, name) in entries {
        let problem = |problem| Err(WeightsError::tensor(&entry.name, problem));
        let found = joint_shape(&entry.shape, name.slice, name.transposed);
        let expected = &parameters[&name.name].shape;
        if found != *expected {
            return problem(TensorProblem::Shape {
                found,
                expected: expected.clone(),
            });
        }
        let slices = match name.slice {
            Slice::Whole => ALL,
            Slice::Qkv(i) => 1 << i,
        };
        let found = found_slices.entry(&name.name).or_default();
        if *found & slices != 0 {
            return problem(TensorProblem::Twice);
        }
        *found |= slices;
    }
    let missing = parameters
        .keys()
        .filter(|name| is_needed(name) && found_slices.get(name.as_str()) != Some(&ALL));
    let missing: Vec<String> = missing.cloned().collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(WeightsError::Missing { names: missing }),
    }
}

/// Puts a matrix onto the backend; `transposed` says that the file has a row for each output where
/// open_clip has one for each input.
fn upload<B: Backend>(
    backend: &B,
    parameter: &Parameter,
    transposed: bool,
    values: &[f32],
) -> Result<B::Weights, ClipError> {
    let shape = &parameter.shape;
    let (rows, columns) = (shape[0], shape[1..].iter().product());
    let (inputs, outputs) = match parameter.role {
        Role::Projection => (rows, columns),
        _ => (columns, rows),
    };
    let layout = match (parameter.role, transposed) {
        (Role::Projection, false) => WeightLayout::InputsByOutputs,
        _ => WeightLayout::OutputsByInputs,
    };
    Ok(backend.weights(inputs, outputs, layout, parameter.split, values)?)
}
