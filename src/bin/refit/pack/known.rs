//! What the table of published checkpoints knows of one on disk.

use refit::study::checkpoint::{self, PublishedCheckpoint};
use std::path::Path;

const CHECKPOINTS: &str = include_str!("../../../../data/checkpoints.csv");

/// What readers call a checkpoint, its licence, and the page about it.
#[derive(Default)]
pub(super) struct Known {
    pub(super) name: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) source: Option<String>,
}

/// The checkpoint of an id; without one, that whose repository or run the path names.
pub(super) fn find(id: Option<&str>, weights: &Path) -> Result<Known, String> {
    let all = checkpoint::read(CHECKPOINTS).map_err(|error| error.to_string())?;
    let path = weights.canonicalize().unwrap_or(weights.to_owned());
    let path = path.to_string_lossy().to_lowercase();
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let found = match id {
        Some(id) => {
            let found = all.iter().find(|of| of.id == id);
            Some(found.ok_or_else(|| format!("“{id}” is no id in data/checkpoints.csv"))?)
        }
        None => all.iter().find(|of| is_at(of, &parts)),
    };
    let Some(found) = found else {
        return Ok(Known::default());
    };
    if id.is_none() {
        eprintln!(
            "refit: taken for {} by its path; --id says otherwise",
            found.id
        );
    }
    Ok(Known {
        name: Some(found.name()),
        licence: found.licence.clone(),
        source: Some(found.source.clone()),
    })
}

/// Whether a folder is named as the repository (in the cache of Hugging Face, too), or the file as the run; a repository
/// with several checkpoints tells by the file alone.
fn is_at(checkpoint: &PublishedCheckpoint, parts: &[&str]) -> bool {
    let address = checkpoint.address.to_lowercase();
    let mut names = address.split('/').skip(3);
    let (owner, repository) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
    let file = address.rsplit('/').next().unwrap_or("");
    let is_published_name = ["open_clip_model", "open_clip_pytorch_model", "model"]
        .iter()
        .any(|stem| file.split('.').next() == Some(*stem));
    if !is_published_name {
        return parts.last() == Some(&file);
    }
    let cached = format!("models--{owner}--{repository}");
    parts
        .iter()
        .any(|part| *part == repository || *part == cached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_known_by_its_folder_or_its_file() {
        let source = |id: Option<&str>, path: &str| {
            let known = find(id, Path::new(path)).unwrap();
            (known.source.unwrap_or_default(), known.licence)
        };
        let repository = "https://huggingface.co/laion/CLIP-ViT-B-32-laion2B-s34B-b79K";
        for path in [
            "CLIP-ViT-B-32-laion2B-s34B-b79K/open_clip_model.safetensors",
            "hub/models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K/snapshots/1a/model.safetensors",
        ] {
            let expected = (repository.to_owned(), Some("MIT".to_owned()));
            assert_eq!(source(None, path), expected, "{path}");
        }
        assert_eq!(source(None, "open_clip_model.safetensors").0, "");
        assert_eq!(source(Some("laion2b-s34b-b79k"), "x.pt").0, repository);
        assert!(find(Some("nothing"), Path::new("x.pt")).is_err());
    }
}
