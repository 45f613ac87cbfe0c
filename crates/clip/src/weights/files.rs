//! Which of several files are a checkpoint.

use super::WeightsError;
use super::shards::ShardIndex;

/// Names under which open_clip and transformers publish, those that are read at once first.
const PUBLISHED: [&str; 6] = [
    "open_clip_model.safetensors",
    "model.safetensors",
    "model.safetensors.index.json",
    "open_clip_pytorch_model.bin",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

const ENDINGS: [&str; 5] = [".safetensors", ".pt", ".pth", ".bin", ".ckpt"];

/// The files of a checkpoint, by their places in a list of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointFiles {
    /// One, or several that are parts of one.
    Files(Vec<usize>),
    /// The index that names the parts.
    Index(usize),
}

impl CheckpointFiles {
    /// Finds the checkpoint among files with these names: of a folder, or that were chosen together.
    pub fn among(names: &[String]) -> Result<Self, WeightsError> {
        let place = |name: &str| names.iter().position(|other| other == name);
        let endings = |name: &String| ENDINGS.iter().any(|ending| name.ends_with(ending));
        let weights: Vec<usize> = (0..names.len()).filter(|i| endings(&names[*i])).collect();
        let indices: Vec<usize> = (0..names.len())
            .filter(|i| ShardIndex::is_index(&names[*i]))
            .collect();
        // A single file is taken whatever its name.
        match (names.len(), &weights[..], &indices[..]) {
            (1, _, []) => return Ok(CheckpointFiles::Files(vec![0])),
            (_, [], [index]) => return Ok(CheckpointFiles::Index(*index)),
            (_, [one], []) => return Ok(CheckpointFiles::Files(vec![*one])),
            _ => {}
        }
        if let Some(at) = PUBLISHED.iter().find_map(|name| place(name)) {
            return Ok(match ShardIndex::is_index(&names[at]) {
                true => CheckpointFiles::Index(at),
                false => CheckpointFiles::Files(vec![at]),
            });
        }
        if let [index] = indices[..] {
            return Ok(CheckpointFiles::Index(index));
        }
        // Parts without their index: what they lack is found by their tensors.
        let mut wholes: Vec<_> = weights
            .iter()
            .map(|i| ShardIndex::of_part(&names[*i]))
            .collect();
        wholes.dedup();
        match &wholes[..] {
            [] => Err(WeightsError::NoFile),
            [Some(_)] => {
                let mut parts = weights;
                parts.sort_by_key(|i| &names[*i]);
                Ok(CheckpointFiles::Files(parts))
            }
            _ => Err(WeightsError::SeveralFiles {
                names: weights.iter().map(|i| names[*i].clone()).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CheckpointFiles::{Files, Index};
    use super::*;

    #[test]
    fn the_checkpoint_is_found_among_other_files() {
        for (names, found) in [
            (&["anything"][..], Files(vec![0])),
            (&["config.json", "epoch_1.pt"], Files(vec![1])),
            (
                &["README.md", "pytorch_model.bin", "model.safetensors"],
                Files(vec![2]),
            ),
            (
                &[
                    "model-00001-of-00002.safetensors",
                    "model.safetensors.index.json",
                    "model-00002-of-00002.safetensors",
                ],
                Index(1),
            ),
            (
                &["b-00002-of-00002.bin", "b-00001-of-00002.bin"],
                Files(vec![1, 0]),
            ),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(CheckpointFiles::among(&names), Ok(found), "{names:?}");
        }
        let among = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            CheckpointFiles::among(&names).unwrap_err().to_string()
        };
        assert!(among(&["a.pt", "b.pt"]).contains("a.pt, b.pt"));
        assert!(among(&["a.txt", "b.txt"]).contains("no checkpoint"));
    }
}
