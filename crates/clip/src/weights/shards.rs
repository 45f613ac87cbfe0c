//! Checkpoints in several files, with an index.

use super::WeightsError;
use crate::error::Cause;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The index of a checkpoint in several files: `model.safetensors.index.json` or
/// `pytorch_model.bin.index.json`, as transformers writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardIndex {
    /// The names of the files, which lie beside the index, in their order.
    pub files: Vec<String>,
}

#[derive(Deserialize)]
struct IndexJson {
    weight_map: BTreeMap<String, String>,
}

impl ShardIndex {
    /// Reads an index.
    pub fn read(json: &[u8]) -> Result<Self, WeightsError> {
        let damaged = |cause: Cause| WeightsError::Header { cause };
        let index: IndexJson =
            serde_json::from_slice(json).map_err(|error| damaged(Cause::new(error)))?;
        let mut files: Vec<String> = index.weight_map.into_values().collect();
        files.sort();
        files.dedup();
        // A name that leads elsewhere is no file beside the index.
        let is_plain =
            |name: &String| !name.is_empty() && !name.contains(['/', '\\']) && *name != "..";
        match files.iter().find(|name| !is_plain(name)) {
            Some(name) => Err(damaged(Cause::new(format!("“{name}” is no file name")))),
            None if files.is_empty() => Err(damaged(Cause::new("it names no file"))),
            None => Ok(ShardIndex { files }),
        }
    }

    /// Which of the files with these names are the checkpoint's, in order.
    pub fn parts(&self, names: &[String]) -> Result<Vec<usize>, WeightsError> {
        let place = |file: &String| names.iter().position(|name| name == file);
        let missing = self.files.iter().filter(|file| place(file).is_none());
        let missing: Vec<String> = missing.cloned().collect();
        match missing.is_empty() {
            true => Ok(self.files.iter().filter_map(place).collect()),
            false => Err(WeightsError::MissingParts { names: missing }),
        }
    }

    /// Whether a file's name is an index's.
    pub fn is_index(name: &str) -> bool {
        name.ends_with(".index.json")
    }

    /// The name of the index of which a file is a part, by its own: `model-00001-of-00002.bin` is
    /// one of `model.bin.index.json`.
    pub fn of_part(name: &str) -> Option<String> {
        let (stem, extension) = name.rsplit_once('.')?;
        let (rest, count) = stem.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
        let is_part = is_number(count) && is_number(number);
        is_part.then(|| format!("{stem}.{extension}.index.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_names_files_beside_it() {
        let index = br#"{"metadata": {"total_size": 8}, "weight_map": {"a": "x-00002-of-00002.bin", "b": "x-00001-of-00002.bin", "c": "x-00002-of-00002.bin"}}"#;
        let files = ShardIndex::read(index).unwrap().files;
        assert_eq!(files, ["x-00001-of-00002.bin", "x-00002-of-00002.bin"]);
        for wrong in [
            &br#"{"weight_map": {"a": "../x.bin"}}"#[..],
            br#"{"weight_map": {}}"#,
            b"{}",
            b"[",
        ] {
            assert!(ShardIndex::read(wrong).is_err());
        }
        let index = ShardIndex::of_part("model-00001-of-00002.safetensors");
        assert_eq!(index.as_deref(), Some("model.safetensors.index.json"));
        for other in ["model.safetensors", "a-1-of-2.bin", "x"] {
            assert_eq!(ShardIndex::of_part(other), None, "{other}");
        }
    }
}
