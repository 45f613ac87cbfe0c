//! Pictures with their classes: a folder for each class, or a CSV.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each class with its pictures, or the folder that holds them.
pub(crate) struct Labelled {
    pub(crate) classes: Vec<(String, Vec<PathBuf>)>,
}

impl Labelled {
    pub(crate) fn find(path: &Path) -> Result<Self, String> {
        let classes = match path.is_dir() {
            true => folders(path)?,
            false => listed(path)?,
        };
        Ok(Labelled {
            classes: classes.into_iter().collect(),
        })
    }

    /// Whether all classes are known.
    pub(crate) fn is_among(&self, classes: &[String]) -> Result<(), String> {
        match self
            .classes
            .iter()
            .find(|(class, _)| !classes.contains(class))
        {
            Some((class, _)) => Err(format!(
                "the test pictures have the class “{class}”, of which there are none to teach"
            )),
            None => Ok(()),
        }
    }
}

fn folders(path: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut classes = BTreeMap::new();
    let mut beside = 0;
    for entry in std::fs::read_dir(path).map_err(problem)? {
        let class = entry.map_err(problem)?.path();
        if !class.is_dir() {
            beside += 1;
            continue;
        }
        let name = class
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        classes.insert(name, vec![class]);
    }
    if classes.is_empty() {
        return Err(format!(
            "{}: there is no folder in it; each class needs one, with its pictures",
            path.display()
        ));
    }
    if beside > 0 {
        eprintln!(
            "refit: left out {beside} files in {} that are in no class’s folder",
            path.display()
        );
    }
    Ok(classes)
}

/// A line is a file, by its path from the CSV, and its class.
fn listed(path: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>, String> {
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|e| problem(&e))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut classes: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(|e| problem(&e))?;
        let (Some(file), Some(class)) = (record.get(0), record.get(1)) else {
            let line = line + 1;
            return Err(problem(&format!("line {line} needs a file and a class")));
        };
        let picture = folder.join(file);
        if line == 0 && !picture.exists() {
            eprintln!("refit: took “{file},{class}” for the names of the columns");
            continue;
        }
        classes.entry(class.to_owned()).or_default().push(picture);
    }
    match classes.is_empty() {
        true => Err(problem(&"it names no pictures")),
        false => Ok(classes),
    }
}
