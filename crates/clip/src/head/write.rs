//! A head as a file, and what a written safetensors says beside its tensors.

use super::{Document, FORMAT, Head, HeadError, HeadModel, Scoring};
use crate::weights::source::Source;
use serde_json::{Value, json};

/// Under which key of a safetensors' metadata a head says what it is.
const KEY: &str = "refit_head";

impl Head {
    /// As JSON, which [`Head::read`] reads back.
    pub fn to_json(&self) -> String {
        let document = Document {
            format: FORMAT.to_owned(),
            head: self.clone(),
        };
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// As safetensors: `weight` `[labels, width]` and `bias` `[labels]`, as PyTorch's `nn.Linear` has them; class
    /// embeddings have no `bias`. Name, labels and model are in the metadata.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let about = json!({
            "name": self.name, "labels": self.labels, "model": self.model,
            "cosine": self.scoring == Scoring::Cosine, "rescaled": self.rescaled,
        });
        let rows = self.labels.len();
        let end = 4 * self.weights.len();
        let mut header = json!({
            "__metadata__": { "format": "pt", KEY: about.to_string() },
            "weight": { "dtype": "F32", "shape": [rows, self.width], "data_offsets": [0, end] },
        });
        let mut numbers: Vec<&f32> = self.weights.iter().collect();
        if let Scoring::Linear { biases } = &self.scoring {
            let offsets = [end, end + 4 * biases.len()];
            header["bias"] = json!({ "dtype": "F32", "shape": [rows], "data_offsets": offsets });
            numbers.extend(biases);
        }
        let mut header = header.to_string();
        // The numbers are aligned, as the format's own writer does.
        while !header.len().is_multiple_of(8) {
            header.push(' ');
        }
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend(numbers.into_iter().flat_map(|x| x.to_le_bytes()));
        bytes
    }
}

/// What a safetensors that was written here says about itself.
pub(super) struct About {
    pub(super) name: String,
    pub(super) labels: Vec<String>,
    pub(super) model: Option<HeadModel>,
    pub(super) is_cosine: bool,
    pub(super) rescaled: bool,
}

/// `None` of any other file.
pub(super) async fn about<S: Source>(source: &mut S) -> Result<Option<About>, HeadError> {
    let mut length = [0; 8];
    if source.size() < 8 {
        return Ok(None);
    }
    source.read(0, &mut length).await.map_err(super::weights)?;
    let length = u64::from_le_bytes(length);
    if length.checked_add(8).is_none_or(|end| end > source.size()) {
        return Ok(None);
    }
    let mut header = vec![0; length as usize];
    source.read(8, &mut header).await.map_err(super::weights)?;
    let header: Option<Value> = serde_json::from_slice(&header).ok();
    let text = header.and_then(|header| Some(header["__metadata__"][KEY].as_str()?.to_owned()));
    let about: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(about.and_then(|about| {
        Some(About {
            name: about["name"].as_str()?.to_owned(),
            labels: serde_json::from_value(about["labels"].clone()).ok()?,
            model: serde_json::from_value(about["model"].clone()).ok()?,
            is_cosine: about["cosine"].as_bool()?,
            // An older one does not say.
            rescaled: about["rescaled"].as_bool().unwrap_or_default(),
        })
    }))
}
