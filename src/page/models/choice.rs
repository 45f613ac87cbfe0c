//! A model to load: a bundled one, a cached download, a file of the reader's, or an address.

use super::protocol::{CachedCheckpoint, CheckpointLocation, Ingredient, ModelChoices, Recipe};
use refit_clip::architecture::telling_name;
use refit_clip::mix::Tower;
use refit_clip::weights::files::CheckpointFiles;
use web_sys::File;
use xxhash_rust::xxh64::xxh64;

#[derive(Clone, Debug)]
pub struct ModelChoice {
    /// Identifies the checkpoint across visits.
    pub key: String,
    pub name: String,
    pub location: CheckpointLocation,
    /// The files, for [`CheckpointLocation::Files`].
    pub files: Vec<File>,
    /// By which published checkpoints are known: see [`telling_name`].
    pub known_as: String,
    pub choices: ModelChoices,
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

    /// Whether a model of this key comes with the page.
    pub fn is_bundled(key: &str) -> bool {
        ModelChoice::bundled_of(key).is_some()
    }

    /// The model of this key that comes with the page.
    pub fn bundled_of(key: &str) -> Option<ModelChoice> {
        let all = [ModelChoice::bundled_clip(), ModelChoice::bundled_mammut()];
        all.into_iter().find(|choice| choice.key == key)
    }

    fn bundled(key: &str, name: &str, path: &str) -> ModelChoice {
        ModelChoice {
            key: key.to_owned(),
            name: name.to_owned(),
            location: CheckpointLocation::Bundled(path.to_owned()),
            files: Vec::new(),
            known_as: telling_name(path),
            choices: ModelChoices::default(),
        }
    }

    pub fn cached(checkpoint: &CachedCheckpoint) -> ModelChoice {
        ModelChoice {
            key: checkpoint.key.clone(),
            name: checkpoint.name.clone(),
            location: CheckpointLocation::Cached(checkpoint.key.clone()),
            files: Vec::new(),
            known_as: telling_name(&checkpoint.address),
            choices: ModelChoices::default(),
        }
    }

    /// A checkpoint that is read from its server, without caching it.
    pub fn remote(name: String, address: String) -> ModelChoice {
        ModelChoice {
            key: key(&address),
            name,
            known_as: telling_name(&address),
            location: CheckpointLocation::Address(address),
            files: Vec::new(),
            choices: ModelChoices::default(),
        }
    }

    /// A fine-tuned sibling of the small CLIP, which comes with the page as its difference.
    pub fn bundled_sibling(task: &str) -> ModelChoice {
        let path = format!("clip/shapes_{task}.safetensors");
        ModelChoice::bundled(&format!("shapes-{task}"), &format!("Shapes, {task}"), &path)
    }

    /// A mixture of models; its embeddings are not cached, since every coefficient has others.
    pub fn mixture(
        base: &ModelChoice,
        others: &[ModelChoice],
        coefficients: &[f64],
        tower: Tower,
    ) -> ModelChoice {
        let ingredient = |choice: &ModelChoice| Ingredient {
            name: choice.name.clone(),
            location: choice.location.clone(),
            files: choice.files.len(),
            known_as: choice.known_as.clone(),
            choices: choice.choices.clone(),
        };
        let terms = others.iter().zip(coefficients);
        let terms = terms.map(|(other, c)| format!("{c} × {}", other.name));
        let files = std::iter::once(base).chain(others);
        ModelChoice {
            key: String::new(),
            name: format!("{} + {}", base.name, terms.collect::<Vec<_>>().join(" + ")),
            location: CheckpointLocation::Mixture(Box::new(Recipe {
                base: ingredient(base),
                others: others.iter().map(ingredient).collect(),
                coefficients: coefficients.to_vec(),
                tower,
            })),
            files: files.flat_map(|choice| choice.files.clone()).collect(),
            known_as: String::new(),
            choices: ModelChoices::default(),
        }
    }

    /// Files that were chosen together; the worker finds the checkpoint among them.
    pub fn files(files: Vec<File>) -> ModelChoice {
        let names: Vec<String> = files.iter().map(File::name).collect();
        let main = match CheckpointFiles::among(&names) {
            Ok(CheckpointFiles::Index(at)) => at,
            Ok(CheckpointFiles::Files(at)) => at[0],
            // The worker says what is wrong.
            Err(_) => 0,
        };
        let of = |file: &File| format!("{} {} {}", file.name(), file.size(), file.last_modified());
        let identity: Vec<String> = files.iter().map(of).collect();
        let name = names.get(main).cloned().unwrap_or_default();
        ModelChoice {
            key: key(&identity.join("\n")),
            known_as: name.clone(),
            name,
            location: CheckpointLocation::Files,
            files,
            choices: ModelChoices::default(),
        }
    }
}

/// The key of a checkpoint, under which it is cached: a hash of its address.
pub fn key(address: &str) -> String {
    format!("{:016x}", xxh64(address.as_bytes(), 0))
}
