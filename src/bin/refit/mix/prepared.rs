//! Labelled pictures, read and prepared.

use crate::labelled::Labelled;
use crate::pictures::{Failed, Pictures};
use refit::teach::labels;
use refit_clip::mix::is_held_out;
use refit_clip::preprocess::{PixelValues, Preprocessing};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A picture, prepared.
pub(super) struct Picture {
    pub(super) pixels: PixelValues,
    pub(super) class: usize,
    /// Whether coefficients are chosen by it.
    pub(super) is_held_out: bool,
}

pub(super) struct Prepared {
    /// The folder, or the CSV.
    pub(super) path: PathBuf,
    pub(super) labels: Vec<String>,
    pub(super) pictures: Vec<Picture>,
    failed: Vec<Failed>,
}

/// A set, as JSON.
#[derive(Serialize)]
pub(super) struct Described<'a> {
    path: &'a Path,
    labels: &'a [String],
    pictures: usize,
    held_out: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [Failed],
}

impl Prepared {
    /// Reads and prepares all pictures of a folder with a folder for each class, or of a CSV of files and classes.
    pub(super) fn read(path: &Path, settings: &Preprocessing) -> Result<Self, String> {
        let classes = Labelled::find(path)?.classes;
        if classes.len() < 2 {
            return Err(format!(
                "{} has pictures of {} class; give those of at least two.",
                path.display(),
                classes.len()
            ));
        }
        let mut set = Prepared {
            path: path.to_owned(),
            labels: Vec::new(),
            pictures: Vec::new(),
            failed: Vec::new(),
        };
        for (class, (name, paths)) in classes.iter().enumerate() {
            set.labels.push(labels::in_prompt(name));
            let mut found = Pictures::find(paths)?;
            let before = set.pictures.len();
            while let Some(batch) = found.next_batch(settings) {
                for (_, pixels) in batch {
                    let is_held_out = is_held_out(set.pictures.len() - before);
                    set.pictures.push(Picture {
                        pixels,
                        class,
                        is_held_out,
                    });
                }
            }
            set.failed.extend(found.into_failed());
            if set.pictures.len() == before {
                return Err(format!(
                    "{}: of the class “{name}” there is no picture that can be read.",
                    path.display()
                ));
            }
        }
        Ok(set)
    }

    pub(super) fn describe(&self) -> Described<'_> {
        Described {
            path: &self.path,
            labels: &self.labels,
            pictures: self.pictures.len(),
            held_out: self.pictures.iter().filter(|p| p.is_held_out).count(),
            failed: &self.failed,
        }
    }
}
