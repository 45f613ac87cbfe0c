//! The bundled data files, and `refit data`.

use refit::analysis::{Analysis, Choices};
use refit::claim::{Library, Printed};
use refit::study::{DataError, Study, folder};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

const FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Files of studies that were made of the reader's runs.
static MADE: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// A study of files that are nowhere on the disk.
pub(crate) fn open_in_memory(name: &str, files: [(&str, String); 2]) -> Result<Study, String> {
    let mut made = MADE.lock().map_err(|e| e.to_string())?;
    for (file, text) in files {
        made.insert(format!("{name}/{file}"), text);
    }
    drop(made);
    folder::open(name, read).map_err(|e| e.to_string())
}

/// A bundled file, or one of a study's folder on the disk.
pub(crate) fn read(path: &str) -> Result<String, DataError> {
    if let Some(text) = MADE.lock().ok().and_then(|made| made.get(path).cloned()) {
        return Ok(text);
    }
    match FILES.iter().find(|(name, _)| *name == path) {
        Some((_, text)) => Ok((*text).to_owned()),
        None => std::fs::read_to_string(path).map_err(|e| DataError::whole(path, e.to_string())),
    }
}

/// The study that an option names: a bundled one, or a folder with a `study.json`.
pub(crate) fn study(name: &str) -> Result<Study, String> {
    match Study::find(name) {
        Some(study) => Ok(study),
        None if Path::new(name).is_dir() => folder::open(name, read).map_err(|e| e.to_string()),
        None => {
            let known: Vec<&str> = Study::bundled().iter().map(|s| s.reference()).collect();
            Err(format!(
                "there is no study and no folder “{name}”; bundled: {}",
                known.join(", ")
            ))
        }
    }
}

/// The files of all known studies.
pub(crate) fn library() -> Result<Library, String> {
    Library::read_all(&Study::all(), read).map_err(|e| e.to_string())
}

pub(crate) fn printed(studies: &[Study]) -> Result<Printed, String> {
    Printed::read(studies, read).map_err(|e| e.to_string())
}

pub(crate) fn list() -> Result<(), String> {
    let library = library()?;
    for study in Study::bundled() {
        say!(
            "{} — {} (arXiv {}), compute in {}",
            study.id,
            study.title,
            study.arxiv,
            study.compute_unit
        );
        for table in study.tables() {
            let rows = library.tables.get(&table).map_or(&[][..], Vec::as_slice);
            say!("  {} — {}: {} rows", table.id, table.title, rows.len());
            let mut analysis = Analysis::of(table);
            analysis.settle(rows);
            for dataset in Choices::of(&analysis, rows).datasets {
                analysis.dataset = dataset;
                let metrics = Choices::of(&analysis, rows).metrics;
                say!("    {}: {}", analysis.dataset, metrics.join(", "));
            }
        }
    }
    Ok(())
}
