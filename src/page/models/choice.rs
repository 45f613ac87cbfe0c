//! A model to load: a bundled one, a cached download, a file of the reader's, or an address.

use super::protocol::{CachedCheckpoint, CheckpointLocation};
use refit_clip::architecture::Activation;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File};
use xxhash_rust::xxh64::xxh64;

#[derive(Clone, Debug)]
pub struct ModelChoice {
    /// Identifies the checkpoint across visits.
    pub key: String,
    pub name: String,
    pub location: CheckpointLocation,
    /// The file, for [`CheckpointLocation::File`].
    pub file: Option<Blob>,
    pub quick_gelu: bool,
}

impl ModelChoice {
    /// The small CLIP that comes with the page.
    pub fn bundled_clip() -> ModelChoice {
        ModelChoice::bundled("shapes", "Shapes", "clip/shapes.safetensors")
    }

    /// The small MaMMUT that comes with the page.
    pub fn bundled_mammut() -> ModelChoice {
        ModelChoice::bundled(
            "shapes-mammut",
            "Shapes MaMMUT",
            "clip/shapes_mammut.safetensors",
        )
    }

    fn bundled(key: &str, name: &str, path: &str) -> ModelChoice {
        ModelChoice {
            key: key.to_owned(),
            name: name.to_owned(),
            location: CheckpointLocation::Bundled(path.to_owned()),
            file: None,
            quick_gelu: false,
        }
    }

    pub fn cached(checkpoint: &CachedCheckpoint) -> ModelChoice {
        ModelChoice {
            key: checkpoint.key.clone(),
            name: checkpoint.name.clone(),
            location: CheckpointLocation::Cached(checkpoint.key.clone()),
            file: None,
            quick_gelu: is_quick_gelu(&checkpoint.address),
        }
    }

    /// A checkpoint that is read from its server, without caching it.
    pub fn remote(name: String, address: String) -> ModelChoice {
        ModelChoice {
            key: key(&address),
            name,
            quick_gelu: is_quick_gelu(&address),
            location: CheckpointLocation::Address(address),
            file: None,
        }
    }

    pub fn file(file: File) -> ModelChoice {
        let name = file.name();
        ModelChoice {
            key: key(&format!("{name} {} {}", file.size(), file.last_modified())),
            quick_gelu: is_quick_gelu(&name),
            name,
            location: CheckpointLocation::File,
            file: Some(file.unchecked_into()),
        }
    }
}

/// The key of a checkpoint, under which it is cached: a hash of its address.
pub fn key(address: &str) -> String {
    format!("{:016x}", xxh64(address.as_bytes(), 0))
}

/// Checkpoints without a configuration tell their activation by their name.
fn is_quick_gelu(name: &str) -> bool {
    Activation::of_checkpoint(name) == Some(Activation::QuickGelu)
}
