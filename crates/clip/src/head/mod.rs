//! Heads: what turns an embedding into classes or a score. One is taught here, or published as a file: a linear layer
//! of PyTorch, or several without anything between them, a `.npy` of class embeddings, JSON or safetensors.

mod error;
mod write;

pub use error::HeadError;

use crate::classes::{Classes, Scoring};
use crate::weights::source::Source;
use crate::weights::{Checkpoint, Entry};
use serde::{Deserialize, Serialize};

/// The version of the JSON.
const FORMAT: &str = "refit-head-1";
/// The largest file that is read: a head of 1,000 classes and 1,024 numbers has 4 MB.
const LARGEST: u64 = 256 << 20;

/// A linear map of embeddings of length 1, or class embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Of the reader's choice.
    pub name: String,
    /// The classes; one label stands for a score.
    pub labels: Vec<String>,
    /// Numbers of an embedding.
    pub width: usize,
    /// `[labels, width]`, row by row.
    pub weights: Vec<f32>,
    /// What the products with the weights are.
    pub scoring: Scoring,
    /// The model whose embeddings it was taught on; `None` of a head that does not say.
    pub model: Option<HeadModel>,
    /// Layers that were multiplied into one. The file does not say whether something was between them.
    #[serde(default)]
    pub stacked: usize,
    /// Rows that were not of length 1 were taken for class embeddings, and brought to it.
    #[serde(default)]
    pub rescaled: bool,
}

/// Which model a head belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadModel {
    /// For the reader.
    pub name: String,
    /// How it is run ([`CheckpointInfo::identity`](crate::CheckpointInfo::identity)).
    pub identity: String,
}

/// The JSON of a head.
#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    #[serde(flatten)]
    head: Head,
}

impl Head {
    /// Reads a head: JSON, safetensors, a PyTorch file or `.npy`, by its first bytes. `name` is the file's.
    ///
    /// # Errors
    ///
    /// Where the file holds no head, or one with a weight that is not finite.
    pub async fn read<S: Source>(source: &mut S, name: &str) -> Result<Head, HeadError> {
        if source.size() > LARGEST {
            return Err(HeadError::Empty);
        }
        let mut start = vec![0; source.size().min(6) as usize];
        source.read(0, &mut start).await.map_err(weights)?;
        // The length that a safetensors begins with has zeros.
        let is_json = start.first() == Some(&b'{') && !start.contains(&0);
        let head = if start == refit_npy::MAGIC || is_json {
            let mut bytes = vec![0; source.size() as usize];
            source.read(0, &mut bytes).await.map_err(weights)?;
            match is_json {
                true => json(&bytes)?,
                false => class_embeddings(refit_npy::read_matrix(&bytes)?, name),
            }
        } else {
            layers(source, name).await?
        };
        head.checked()
    }

    /// The classes for embeddings of a width.
    ///
    /// # Errors
    ///
    /// [`HeadError::Width`].
    pub fn classes(&self, width: usize) -> Result<Classes, HeadError> {
        if width != self.width {
            return Err(HeadError::Width {
                model: width,
                head: self.width,
                rows: self.labels.len(),
            });
        }
        Ok(Classes {
            labels: self.labels.clone(),
            vectors: self.weights.chunks(width).map(<[f32]>::to_vec).collect(),
            scoring: self.scoring.clone(),
        })
    }

    /// What is taken for granted where it is used on a model of this name, run in this way
    /// ([`CheckpointInfo::identity`](crate::CheckpointInfo::identity)).
    pub fn assumptions(&self, name: &str, identity: &str) -> Vec<String> {
        let mut all = Vec::new();
        match &self.model {
            Some(model) if model.name != name => all.push(format!(
                "The head was taught on the embeddings of {}, and means nothing on those of another model.",
                model.name
            )),
            Some(model) if model.identity != identity => all.push(
                "The head was taught on embeddings of this model as it was run in another way.".to_owned(),
            ),
            Some(_) => {}
            None => all.push(
                "The head does not say whose embeddings it is for; those of this model are taken, at length 1.".to_owned(),
            ),
        }
        if self.stacked > 0 {
            all.push(format!(
                "Its {} layers are taken as linear; the file does not say whether an activation is between them.",
                self.stacked
            ));
        }
        if self.rescaled {
            all.push("Its rows are taken for class embeddings, and brought to length 1; the weights of a probe need their biases, as a .pth has them.".to_owned());
        }
        all
    }

    fn checked(self) -> Result<Head, HeadError> {
        let biases: &[f32] = match &self.scoring {
            Scoring::Cosine => &[],
            Scoring::Linear { biases } => biases,
        };
        let rows = self.weights.len() / self.width.max(1);
        let is_whole = self.width > 0 && rows * self.width == self.weights.len() && rows > 0;
        if !is_whole || (self.scoring != Scoring::Cosine && biases.len() != rows) {
            return Err(HeadError::Empty);
        }
        if self.labels.len() != rows {
            let names = self.labels.len();
            return Err(HeadError::Labels { names, rows });
        }
        match self.weights.iter().chain(biases).all(|x| x.is_finite()) {
            true => Ok(self),
            false => Err(HeadError::NotFinite),
        }
    }
}

fn weights(error: crate::weights::source::SourceError) -> HeadError {
    HeadError::Weights(error.into())
}

fn json(bytes: &[u8]) -> Result<Head, HeadError> {
    let problem = |reason: String| HeadError::Json { reason };
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| problem(error.to_string()))?;
    match document.format == FORMAT {
        true => Ok(document.head),
        false => Err(problem(format!("its format is {}", document.format))),
    }
}

/// A name without its ending.
fn stem(name: &str) -> String {
    name.rsplit_once('.')
        .map_or(name, |(stem, _)| stem)
        .to_owned()
}

fn numbered(kind: &str, count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("{kind} {i}")).collect()
}

/// Rows are class embeddings, which are brought to length 1.
fn class_embeddings(matrix: refit_npy::Matrix, name: &str) -> Head {
    let mut weights = matrix.values;
    let rescaled = !weights.chunks(matrix.columns).all(is_unit);
    for row in weights.chunks_mut(matrix.columns) {
        let length = length(row);
        if length > 0.0 {
            row.iter_mut()
                .for_each(|x| *x = (f64::from(*x) / length) as f32);
        }
    }
    Head {
        name: stem(name),
        labels: numbered("vector", matrix.rows),
        width: matrix.columns,
        weights,
        scoring: Scoring::Cosine,
        model: None,
        stacked: 0,
        rescaled,
    }
}

fn length(row: &[f32]) -> f64 {
    let squares = row.iter().map(|x| f64::from(*x).powi(2));
    squares.sum::<f64>().sqrt()
}

/// As near to length 1 as float16 has it.
fn is_unit(row: &[f32]) -> bool {
    (length(row) - 1.0).abs() < 1e-3
}

/// A layer: its weights by row, and biases.
struct Layer {
    outputs: usize,
    inputs: usize,
    weights: Vec<f64>,
    biases: Vec<f64>,
}

/// The layers of a PyTorch or safetensors file, multiplied into one.
async fn layers<S: Source>(source: &mut S, name: &str) -> Result<Head, HeadError> {
    let checkpoint = Checkpoint::open(source).await?;
    let mut entries = checkpoint.entries.clone();
    // Of a file of a whole classifier, what does not belong to its CLIP.
    let beside = checkpoint.choose(None)?.left_out;
    if !beside.is_empty() {
        entries.retain(|entry| beside.contains(&entry.name));
    }
    entries.sort_by_key(|entry| numbers_in(&entry.name));
    let mut layers: Vec<Layer> = Vec::new();
    for entry in &entries {
        let not_linear = || HeadError::NotLinear {
            tensor: described(entry),
        };
        let mut values = Vec::new();
        let fits = entry.bytes()? <= LARGEST && entry.count() > 0;
        if entry.shape.len() > 2 || !fits {
            return Err(not_linear());
        }
        Checkpoint::read(source, entry, &mut values, |_| {}).await?;
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        match (&entry.shape[..], layers.last_mut()) {
            ([outputs, inputs], last) => {
                if last.is_some_and(|last| last.outputs != *inputs) {
                    return Err(not_linear());
                }
                layers.push(Layer {
                    outputs: *outputs,
                    inputs: *inputs,
                    weights: values,
                    biases: vec![0.0; *outputs],
                });
            }
            ([count], Some(last)) if *count == last.outputs => last.biases = values,
            _ => return Err(not_linear()),
        }
    }
    let stacked = layers.len();
    let one = layers.into_iter().reduce(after).ok_or(HeadError::Empty)?;
    let mut head = Head {
        name: stem(name),
        labels: match one.outputs {
            1 => vec!["score".to_owned()],
            count => numbered("output", count),
        },
        width: one.inputs,
        weights: one.weights.iter().map(|x| *x as f32).collect(),
        scoring: Scoring::Linear {
            biases: one.biases.iter().map(|x| *x as f32).collect(),
        },
        model: None,
        stacked: if stacked > 1 { stacked } else { 0 },
        rescaled: false,
    };
    // One matrix without biases, whose rows have length 1: class embeddings.
    if entries.len() == 1 && head.weights.chunks(head.width).all(is_unit) {
        head.scoring = Scoring::Cosine;
    }
    if let Some(about) = write::about(source).await? {
        (head.name, head.labels, head.model) = (about.name, about.labels, about.model);
        head.rescaled = about.rescaled;
        if about.is_cosine {
            head.scoring = Scoring::Cosine;
        }
    }
    Ok(head)
}

/// The second layer on what the first gives.
fn after(first: Layer, second: Layer) -> Layer {
    let (inner, inputs) = (first.outputs, first.inputs);
    let mut weights = vec![0.0; second.outputs * inputs];
    let mut biases = second.biases;
    for (o, row) in second.weights.chunks(inner).enumerate() {
        for (h, factor) in row.iter().enumerate() {
            biases[o] += factor * first.biases[h];
            let from = &first.weights[h * inputs..][..inputs];
            for (to, from) in weights[o * inputs..][..inputs].iter_mut().zip(from) {
                *to += factor * from;
            }
        }
    }
    Layer {
        outputs: second.outputs,
        inputs,
        weights,
        biases,
    }
}

/// The order of layers: names with numbers in them by these, `weight` before `bias`.
fn numbers_in(name: &str) -> (Vec<u64>, bool) {
    let digits = name.split(|c: char| !c.is_ascii_digit());
    let numbers = digits
        .filter(|d| !d.is_empty())
        .map(|d| d.parse().unwrap_or(u64::MAX));
    (numbers.collect(), !name.ends_with("weight"))
}

fn described(entry: &Entry) -> String {
    let shape: Vec<String> = entry.shape.iter().map(usize::to_string).collect();
    format!("{} [{}]", entry.name, shape.join(", "))
}
