//! Pictures with their classes: a folder for each class, or a CSV.

use crate::pictures::add_folder;
use refit::teach::folders::{Found, class_folders, is_hidden};
use refit::teach::table::{self, Names};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each class with its pictures.
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

type Classes = BTreeMap<String, Vec<PathBuf>>;

fn folders(path: &Path) -> Result<Classes, String> {
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let (mut pictures, mut others) = (Vec::new(), Vec::new());
    add_folder(path, &mut pictures, &mut others)?;
    let found = |is_picture| {
        move |file: PathBuf| Found {
            path: below(path, &file),
            is_picture,
            file,
        }
    };
    let pictures = pictures.into_iter().map(found(true));
    let others = others.into_iter().map(found(false));
    let sorted = class_folders(pictures.chain(others).collect()).map_err(|e| problem(&e))?;
    for note in sorted.notes("pictures") {
        eprintln!("refit: {}", problem(&note));
    }
    let mut classes = sorted.classes;
    if sorted.within.is_none() {
        // A class without pictures is still one.
        for entry in std::fs::read_dir(path).map_err(|e| problem(&e))? {
            let folder = entry.map_err(|e| problem(&e))?.path();
            let name = below(path, &folder);
            let is_empty = folder.is_dir() && folder.read_dir().is_ok_and(|f| f.count() == 0);
            if is_empty && !is_hidden(&name) {
                classes.insert(name, Vec::new());
            }
        }
    }
    match classes.is_empty() {
        true => Err(problem(
            &"there is no folder of pictures in it; each class needs one",
        )),
        false => Ok(classes),
    }
}

/// A file's path in a folder, by `/`.
fn below(folder: &Path, file: &Path) -> String {
    let path = file.strip_prefix(folder).unwrap_or(file);
    let parts = path.iter().map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// A table of files, by their paths from it, and classes.
fn listed(path: &Path) -> Result<Classes, String> {
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|e| problem(&e))?;
    let text = String::from_utf8_lossy(&bytes);
    let folder = path.parent().unwrap_or(Path::new(""));
    let there = |field: &str| {
        let file = folder.join(field);
        file.is_file().then_some(file)
    };
    let mut table = table::read(&text, there);
    if table
        .as_ref()
        .map_or(true, |table| !table.missing.is_empty())
    {
        // Names without an ending, or with other folders before them.
        let root = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        let (mut pictures, mut others) = (Vec::new(), Vec::new());
        add_folder(root, &mut pictures, &mut others)?;
        let paths: Vec<String> = pictures.iter().map(|file| below(root, file)).collect();
        let names = Names::new(paths.iter().map(String::as_str));
        let named = |field: &str| Some(pictures[names.find(field)?].clone());
        table = table::read(&text, |field| there(field).or_else(|| named(field)));
    }
    let table = table.map_err(|e| problem(&e))?;
    for note in table.notes("pictures") {
        eprintln!("refit: {}", problem(&note));
    }
    let mut classes = Classes::new();
    let missing = table.missing.into_iter();
    // Each of them is said where it is read.
    let missing = missing.map(|(file, class)| (folder.join(file), class));
    for (file, class) in table.labelled.into_iter().chain(missing) {
        classes.entry(class).or_default().push(file);
    }
    Ok(classes)
}
