//! What a checkpoint is, how that is known, and what was assumed.

use crate::architecture::{Activation, Architecture, Inferred, known};
use crate::error::ClipError;
use crate::load::{LoadOptions, Plan};
use crate::preprocess::Preprocessing;
use crate::weights::source::Source;
use crate::weights::states::State;
use crate::weights::{Checkpoint, Format};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How something is known that the tensors do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The reader chose it.
    Chosen,
    /// A configuration file published with the checkpoint.
    Configuration,
    /// The checkpoint itself: OpenAI's three numbers.
    Checkpoint,
    /// The name of a published checkpoint.
    Name,
    /// Nothing tells it.
    Assumed,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Evidence::Chosen => "chosen",
            Evidence::Configuration => "from the configuration",
            Evidence::Checkpoint => "from the checkpoint’s marks of OpenAI",
            Evidence::Name => "known by the checkpoint’s name",
            Evidence::Assumed => "assumed",
        })
    }
}

/// What a checkpoint is, without its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointInfo {
    /// Its sizes and activation.
    pub architecture: Architecture,
    /// How the activation is known.
    pub activation_from: Evidence,
    /// How it wants its images.
    pub preprocessing: Preprocessing,
    /// How that is known.
    pub preprocessing_from: Evidence,
    /// The widths of towers whose heads were assumed: of the image tower, of the text tower.
    pub assumed_heads: [Option<usize>; 2],
    /// The file's format.
    pub format: Format,
    /// How its numbers are stored, by safetensors' names.
    pub dtypes: Vec<String>,
    /// The numbers of the model.
    pub parameters: u64,
    /// What stood before the names of its tensors.
    pub prefix: String,
    /// Other states of the model in the file, by what stands before their names.
    pub other_states: Vec<String>,
    /// Tensors in the file that belong to no state of the model.
    pub left_out: Vec<String>,
    /// What configuration files say that was overruled by another: the file's name and the setting.
    pub overruled: Vec<String>,
}

/// Something that was assumed, and may be wrong; displays as a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumption {
    /// The activation.
    Activation(Activation),
    /// OpenAI's preprocessing.
    Preprocessing,
    /// The number of attention heads.
    Heads {
        /// "image" or "text".
        tower: &'static str,
        /// The tower's width.
        width: usize,
        /// The heads.
        heads: usize,
    },
    /// One of several states.
    State {
        /// The one that was taken, by what stands before its names.
        taken: String,
        /// The others.
        others: Vec<String>,
    },
    /// Tensors that are not the model's were not looked at.
    LeftOut(Vec<String>),
    /// Configuration files that differ from another that counts more.
    Overruled(Vec<String>),
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under = |prefix: &str| match prefix {
            "" => "no key".to_owned(),
            _ => format!("“{prefix}”"),
        };
        match self {
            Assumption::Activation(activation) => write!(
                f,
                "neither a configuration nor the name tells the activation; {activation} is assumed"
            ),
            Assumption::Preprocessing => f.write_str(
                "neither a configuration nor the name tells how images are prepared; OpenAI’s way is assumed",
            ),
            Assumption::Heads {
                tower,
                width,
                heads,
            } => write!(
                f,
                "no shape tells how wide the heads of the {tower} tower are; heads of {} are assumed, {heads} in a width of {width}",
                width / heads
            ),
            Assumption::State { taken, others } => {
                let others: Vec<String> = others.iter().map(|other| under(other)).collect();
                write!(
                    f,
                    "the file has several states of the model; the weights under {} were taken, not those under {}",
                    under(taken),
                    others.join(", ")
                )
            }
            Assumption::Overruled(settings) => write!(
                f,
                "the configuration files differ, and not all can be followed; passed over was {}",
                settings.join(", ")
            ),
            Assumption::LeftOut(names) => {
                let first = names.first().map_or("", String::as_str);
                match names.len() {
                    1 => write!(f, "the tensor {first} is not the model’s and was left out"),
                    count => write!(
                        f,
                        "{count} tensors are not the model’s and were left out, {first} first"
                    ),
                }
            }
        }
    }
}

impl CheckpointInfo {
    /// Reads a checkpoint's header, without its numbers. What is no complete CLIP or MaMMUT is
    /// refused, as [`Model::load`](crate::Model::load) does.
    pub async fn read<S: Source>(source: &mut S, options: &LoadOptions) -> Result<Self, ClipError> {
        let checkpoint = Checkpoint::open(source).await?;
        Ok(Plan::new(checkpoint, options, |_, _| true)?.info)
    }

    pub(crate) fn new(
        inferred: Inferred,
        state: &State,
        format: Format,
        has_openai_marks: bool,
        options: &LoadOptions,
    ) -> Self {
        let mut architecture = inferred.architecture;
        let is_script = format == Format::TorchScript;
        let known = known(&options.name, &architecture, is_script);
        let configuration = &options.configuration;
        let marks = has_openai_marks.then_some(Activation::QuickGelu);
        let (activation, activation_from) = first_of([
            (options.activation, Evidence::Chosen),
            (configuration.activation, Evidence::Configuration),
            (marks, Evidence::Checkpoint),
            (known.map(|known| known.activation), Evidence::Name),
        ]);
        architecture.activation = activation.unwrap_or_default();
        let configured = configuration.preprocessing;
        let configured = (configured != Default::default()).then_some(configured);
        // OpenAI's own models use OpenAI's preprocessing.
        let of_openai = has_openai_marks.then(Default::default);
        let (preprocessing, preprocessing_from) = first_of([
            (configured, Evidence::Configuration),
            (of_openai, Evidence::Checkpoint),
            (known.map(|known| known.preprocessing), Evidence::Name),
        ]);
        let preprocessing = preprocessing.unwrap_or_default();
        let entries = state.entries.iter();
        let entries = entries.filter(|entry| !crate::weights::names::is_ignored(&entry.name));
        let mut dtypes: Vec<String> = Vec::new();
        let mut parameters = 0;
        for entry in entries {
            parameters += entry.count() as u64;
            if !dtypes.iter().any(|dtype| dtype == entry.dtype.name()) {
                dtypes.push(entry.dtype.name().to_owned());
            }
        }
        CheckpointInfo {
            preprocessing: preprocessing.of_size(architecture.image_size()),
            architecture,
            activation_from,
            preprocessing_from,
            // The heads of published models are as wide as is usual.
            assumed_heads: match known {
                Some(_) => [None; 2],
                None => inferred.assumed_heads,
            },
            format,
            dtypes,
            parameters,
            prefix: state.prefix.clone(),
            other_states: state.others.clone(),
            left_out: state.left_out.clone(),
            overruled: configuration.differences.clone(),
        }
    }

    /// A text that is the same for models that give the same embeddings of the same file.
    pub fn identity(&self) -> String {
        let (vision, text) = (self.architecture.vision.heads, self.architecture.text.heads);
        let (activation, prefix) = (self.architecture.activation, &self.prefix);
        format!(
            "{activation} {vision} {text} {} {prefix}",
            self.preprocessing
        )
    }

    /// What was assumed.
    pub fn assumptions(&self) -> Vec<Assumption> {
        let mut all = Vec::new();
        if self.activation_from == Evidence::Assumed {
            all.push(Assumption::Activation(self.architecture.activation));
        }
        if self.preprocessing_from == Evidence::Assumed {
            all.push(Assumption::Preprocessing);
        }
        let towers = [
            ("image", self.architecture.vision.heads),
            ("text", self.architecture.text.heads),
        ];
        for ((tower, heads), width) in towers.into_iter().zip(self.assumed_heads) {
            all.extend(width.map(|width| Assumption::Heads {
                tower,
                width,
                heads,
            }));
        }
        if !self.other_states.is_empty() {
            all.push(Assumption::State {
                taken: self.prefix.clone(),
                others: self.other_states.clone(),
            });
        }
        if !self.overruled.is_empty() {
            all.push(Assumption::Overruled(self.overruled.clone()));
        }
        if !self.left_out.is_empty() {
            all.push(Assumption::LeftOut(self.left_out.clone()));
        }
        all
    }
}

/// The first that is known, and how.
fn first_of<T, const N: usize>(all: [(Option<T>, Evidence); N]) -> (Option<T>, Evidence) {
    let mut known = all
        .into_iter()
        .filter_map(|(value, evidence)| Some((Some(value?), evidence)));
    known.next().unwrap_or((None, Evidence::Assumed))
}
