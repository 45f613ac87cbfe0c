//! A folder of labelled pictures: a folder for each class.

use crate::pictures::{Failed, Pictures};
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

pub(super) struct Labelled {
    pub(super) folder: PathBuf,
    pub(super) labels: Vec<String>,
    pub(super) pictures: Vec<Picture>,
    failed: Vec<Failed>,
}

/// A set, as JSON.
#[derive(Serialize)]
pub(super) struct Described<'a> {
    folder: &'a Path,
    labels: &'a [String],
    pictures: usize,
    held_out: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [Failed],
}

impl Labelled {
    /// Reads and prepares all pictures. A class is named by its folder, with spaces for underscores.
    pub(super) fn read(folder: &Path, settings: &Preprocessing) -> Result<Self, String> {
        let shown = folder.display();
        let problem = |error: std::io::Error| format!("{shown}: {error}");
        let entries = std::fs::read_dir(folder).map_err(problem)?;
        let paths: Result<Vec<PathBuf>, _> = entries.map(|e| e.map(|e| e.path())).collect();
        let mut classes = paths.map_err(problem)?;
        classes.retain(|path| path.is_dir());
        classes.sort();
        if classes.len() < 2 {
            return Err(format!(
                "{shown} has {} folders; put the pictures of each class into a folder of its own, at least two.",
                classes.len()
            ));
        }
        let mut set = Labelled {
            folder: folder.to_owned(),
            labels: Vec::new(),
            pictures: Vec::new(),
            failed: Vec::new(),
        };
        for (class, path) in classes.iter().enumerate() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            set.labels.push(name.replace('_', " "));
            let mut found = Pictures::find(std::slice::from_ref(path))?;
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
                    "{} has no picture that can be read.",
                    path.display()
                ));
            }
        }
        Ok(set)
    }

    pub(super) fn describe(&self) -> Described<'_> {
        Described {
            folder: &self.folder,
            labels: &self.labels,
            pictures: self.pictures.len(),
            held_out: self.pictures.iter().filter(|p| p.is_held_out).count(),
            failed: &self.failed,
        }
    }
}
