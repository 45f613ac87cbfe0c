//! A checkpoint to a model on a backend, tensor by tensor as they come.

use super::architecture::{Activation, Architecture, Configuration, Role, whole_shape};
use super::decoder::Decoder;
use super::image_tower::Vision;
use super::model::{ClipError, Model};
use super::text_tower::Text;
use super::weights::names::{self, Name, Part};
use super::weights::source::{Source, SourceError};
use super::weights::{Checkpoint, Entry, TensorProblem, WeightsError};
use crate::backend::{Backend, Stored, reserve};
use std::collections::BTreeMap;

/// What a caller may know that the file does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions {
    /// From the configuration file beside the checkpoint.
    pub configuration: Configuration,
    /// Where the configuration is silent.
    pub activation: Activation,
    /// Load what writes captions too: a quarter of a MaMMUT.
    pub captions: bool,
}

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub bytes: u64,
    /// All bytes of the file; those of an optimizer's state are never read.
    pub total: u64,
}

/// What lies on the backend, by open_clip's names; towers take theirs out of it.
pub(super) struct Parameters<B: Backend> {
    weights: BTreeMap<String, B::Weights>,
    tensors: BTreeMap<String, B::Tensor>,
}

impl<B: Backend> Parameters<B> {
    pub fn weights(&mut self, name: &str) -> Result<B::Weights, WeightsError> {
        self.weights.remove(name).ok_or_else(|| missing(name))
    }

    pub fn tensor(&mut self, name: &str) -> Result<B::Tensor, WeightsError> {
        self.tensors.remove(name).ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> WeightsError {
    WeightsError::Missing {
        names: vec![name.to_owned()],
    }
}

/// A file's tensors and their places in the architecture.
pub(super) struct Plan {
    architecture: Architecture,
    /// In the order in which they lie in the file.
    pub entries: Vec<(Entry, Name)>,
}

impl Plan {
    /// Of the tensors that are `wanted`; others may lack.
    pub fn new(
        checkpoint: Checkpoint,
        options: &LoadOptions,
        wanted: impl Fn(&Architecture, &str) -> bool,
    ) -> Result<Self, WeightsError> {
        let mut entries = Vec::new();
        let mut shapes = BTreeMap::new();
        for entry in checkpoint.entries {
            if let Some(kind) = names::other_model(&entry.name) {
                return Err(WeightsError::OtherModel { kind });
            }
            if names::is_ignored(&entry.name) {
                continue;
            }
            let name = names::canonical(&entry.name);
            let shape = whole_shape(&entry.shape, name.part, name.transposed);
            shapes.insert(name.name.clone(), shape);
            entries.push((entry, name));
        }
        let (configuration, activation) = (&options.configuration, options.activation);
        let architecture = Architecture::infer(&shapes, configuration, activation)?;
        let parameters = architecture.parameters();
        let unexpected = entries
            .iter()
            .filter(|(_, name)| !parameters.contains_key(&name.name));
        let unexpected: Vec<String> = unexpected.map(|(entry, _)| entry.name.clone()).collect();
        if !unexpected.is_empty() {
            return Err(WeightsError::Unexpected { names: unexpected });
        }
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (entry, name) in &entries {
            let problem = |problem| Err(WeightsError::tensor(&entry.name, problem));
            let found = whole_shape(&entry.shape, name.part, name.transposed);
            let expected = &parameters[&name.name].shape;
            if found != *expected {
                return problem(TensorProblem::Shape {
                    found,
                    expected: expected.clone(),
                });
            }
            // Thirds are counted in bits.
            let parts = match name.part {
                Part::Whole => 0b111,
                Part::Third(third) => 1 << third,
            };
            let seen = seen.entry(&name.name).or_default();
            if *seen & parts != 0 {
                return problem(TensorProblem::Twice);
            }
            *seen |= parts;
        }
        let is_needed = |name: &str| wanted(&architecture, name);
        let missing = parameters
            .keys()
            .filter(|name| is_needed(name) && seen.get(name.as_str()) != Some(&0b111));
        let missing: Vec<String> = missing.cloned().collect();
        if !missing.is_empty() {
            return Err(WeightsError::Missing { names: missing });
        }
        entries.retain(|(_, name)| is_needed(&name.name));
        Ok(Plan {
            architecture,
            entries,
        })
    }

    /// Refuses what writes no captions.
    fn for_captions(self) -> Result<Self, WeightsError> {
        match self.architecture.decoder {
            Some(_) => Ok(self),
            None => Err(WeightsError::NoDecoder),
        }
    }
}

impl<B: Backend> Parameters<B> {
    /// Puts the planned tensors onto the backend, and gives the logarithm of the factor from
    /// cosine to logit where it is among them.
    async fn read<S: Source>(
        plan: &Plan,
        backend: &B,
        source: &mut S,
        mut progress: impl FnMut(Progress),
    ) -> Result<(Self, f32), ClipError> {
        let roles = plan.architecture.parameters();
        let mut parameters = Parameters::<B> {
            weights: BTreeMap::new(),
            tensors: BTreeMap::new(),
        };
        let mut thirds: BTreeMap<String, [Vec<f32>; 3]> = BTreeMap::new();
        let mut logit_scale = 0.0;
        // Weights are packed out of the same memory, one after the other; other numbers stay where
        // they were read.
        let mut room = Vec::new();
        let mut at = Progress {
            bytes: 0,
            total: source.size(),
        };
        for (entry, name) in &plan.entries {
            let advance = |bytes| {
                at.bytes += bytes;
                progress(at);
            };
            let parameter = &roles[&name.name];
            let mut values = match (parameter.role, name.part) {
                (Role::Linear | Role::Projection, Part::Whole) => std::mem::take(&mut room),
                _ => Vec::new(),
            };
            if values.capacity() < entry.count() {
                drop(values);
                values = reserve(entry.count())?;
            }
            Checkpoint::read(source, entry, &mut values, advance).await?;
            if let Part::Third(third) = name.part {
                let parts = thirds.entry(name.name.clone()).or_default();
                parts[third] = values;
                if parts.iter().any(Vec::is_empty) {
                    continue;
                }
                values = thirds.remove(&name.name).unwrap_or_default().concat();
            }
            let shape = &parameter.shape;
            match parameter.role {
                _ if name.name == "logit_scale" => logit_scale = values[0],
                Role::Values => {
                    let columns = shape.last().copied().unwrap_or(1);
                    let tensor = backend.tensor(columns, values)?;
                    parameters.tensors.insert(name.name.clone(), tensor);
                }
                Role::Linear | Role::Projection => {
                    let (rows, columns) = (shape[0], shape[1..].iter().product());
                    let (inputs, outputs) = match parameter.role {
                        Role::Projection => (rows, columns),
                        _ => (columns, rows),
                    };
                    let stored = match (parameter.role, name.transposed) {
                        (Role::Projection, false) => Stored::InputsByOutputs,
                        _ => Stored::OutputsByInputs,
                    };
                    let weights = backend.weights(inputs, outputs, stored, &values)?;
                    parameters.weights.insert(name.name.clone(), weights);
                    room = values;
                }
            }
            backend.finish().await?;
        }
        Ok((parameters, logit_scale))
    }
}

impl<B: Backend> Model<B> {
    /// Loads a checkpoint in any of the published formats. At no time more than three of its
    /// tensors are in memory besides what lies on the backend. Dropping the future stops the load.
    pub async fn load<S: Source>(
        backend: B,
        source: &mut S,
        options: LoadOptions,
        progress: impl FnMut(Progress),
    ) -> Result<Self, ClipError> {
        let wanted = |a: &Architecture, name: &str| options.captions || !a.is_for_captions(name);
        let mut plan = Plan::new(Checkpoint::open(source).await?, &options, wanted)?;
        if options.captions {
            plan = plan.for_captions()?;
        }
        let read = Parameters::read(&plan, &backend, source, progress);
        let (mut parameters, logit_scale) = read.await?;
        Ok(Model {
            vision: Vision::take(&mut parameters, &plan.architecture)?,
            text: Text::take(&mut parameters, &plan.architecture)?,
            decoder: match options.captions {
                true => Some(Decoder::take(&mut parameters, &plan.architecture)?),
                false => None,
            },
            architecture: plan.architecture,
            logit_scale,
            backend,
        })
    }

    /// Loads what writes captions, where it was left out, from the same checkpoint.
    pub async fn load_captions<S: Source>(
        &mut self,
        source: &mut S,
        options: &LoadOptions,
        progress: impl FnMut(Progress),
    ) -> Result<(), ClipError> {
        let plan = Plan::new(
            Checkpoint::open(source).await?,
            options,
            Architecture::is_for_captions,
        )?;
        let plan = plan.for_captions()?;
        if plan.architecture != self.architecture {
            return Err(SourceError::Changed.into());
        }
        let read = Parameters::read(&plan, &self.backend, source, progress);
        let (mut parameters, _) = read.await?;
        self.decoder = Some(Decoder::take(&mut parameters, &plan.architecture)?);
        Ok(())
    }

    /// Whether it can write captions as it is.
    pub fn has_captions(&self) -> bool {
        self.decoder.is_some()
    }
}
