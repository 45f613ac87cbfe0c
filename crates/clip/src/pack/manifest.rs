//! `pack.json`: what a pack's files are, where they come from, and what was measured.

use super::PackDtype;
use crate::architecture::Architecture;
use crate::error::Cause;
use crate::weights::WeightsError;
use serde::{Deserialize, Serialize};

/// The version of the JSON.
const FORMAT: &str = "refit-pack-1";

/// What a file of a pack holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Tensors of the image tower, and what makes a logit of a cosine.
    Image,
    /// Tensors of the text tower.
    Text,
    /// Tensors that only captions need.
    Decoder,
    /// The index of the tensors.
    Index,
    /// What the tensors do not tell.
    Configuration,
    /// Class embeddings.
    Classes,
}

impl Holds {
    /// Parts of a model, in a pack's order.
    pub(super) const WEIGHTS: [Holds; 3] = [Holds::Image, Holds::Text, Holds::Decoder];
}

/// A file of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackFile {
    /// Its name, beside `pack.json`.
    pub name: String,
    /// Its length, in bytes.
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// What it has.
    pub holds: Holds,
}

/// How far embeddings of a pack are from those of the original.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// What was embedded.
    pub of: String,
    /// How many.
    pub count: usize,
    /// The largest difference of a number of two unit vectors.
    pub largest: f32,
    /// The smallest cosine of two.
    pub cosine: f32,
}

/// Which class of a list comes first, by a pack and by the original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top1 {
    /// The pictures.
    pub of: String,
    /// The classes.
    pub classes: String,
    /// How many pictures.
    pub count: usize,
    /// How many have the same first class.
    pub same: usize,
    /// Of labelled pictures: how many the original has right, and the pack.
    pub right: Option<[usize; 2]>,
}

/// What was measured when the pack was written, on the CPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Of sets of images.
    pub images: Vec<Difference>,
    /// Of texts.
    pub texts: Vec<Difference>,
    /// The same first class.
    pub top1: Vec<Top1>,
}

/// A list of classes with its embeddings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassList {
    /// Its name.
    pub name: String,
    /// Its `.npy`: a unit vector for each label, float32.
    pub file: String,
    /// The classes.
    pub labels: Vec<String>,
    /// Over which the embeddings are averaged.
    pub templates: Vec<String>,
}

/// `pack.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this JSON.
    pub format: String,
    /// What readers call the model.
    pub name: String,
    /// How numbers are kept.
    pub dtype: PackDtype,
    /// `None` where nobody said it.
    pub licence: Option<String>,
    /// Where the original is published; `None` where nobody said it.
    pub source: Option<String>,
    /// SHA-256 of the original's file, or of each of its files.
    pub original: Vec<String>,
    /// The sizes.
    pub architecture: Architecture,
    /// The numbers of the model.
    pub parameters: u64,
    /// What was assumed about the original, in sentences.
    pub assumed: Vec<String>,
    /// All files but this one.
    pub files: Vec<PackFile>,
    /// What was measured.
    pub measured: Measured,
    /// Lists of classes whose embeddings come along.
    pub classes: Vec<ClassList>,
}

impl Manifest {
    /// What [`Manifest::format`] is.
    pub fn format() -> String {
        FORMAT.to_owned()
    }

    /// Reads `pack.json`; `None` of JSON that is no pack's.
    pub fn read(json: &[u8]) -> Result<Option<Self>, WeightsError> {
        #[derive(Deserialize)]
        struct Version {
            format: Option<String>,
        }
        let damaged = |cause: Cause| WeightsError::Pack { cause };
        let version: Version =
            serde_json::from_slice(json).map_err(|error| damaged(Cause::new(error)))?;
        match version.format.as_deref() {
            Some(FORMAT) => {}
            Some(other) if other.starts_with("refit-pack-") => {
                return Err(damaged(Cause::new(format!(
                    "the format {other} is not known"
                ))));
            }
            _ => return Ok(None),
        }
        let manifest: Manifest =
            serde_json::from_slice(json).map_err(|error| damaged(Cause::new(error)))?;
        Ok(Some(manifest))
    }

    /// The file of this name.
    pub fn file(&self, name: &str) -> Option<&PackFile> {
        self.files.iter().find(|file| file.name == name)
    }
}
