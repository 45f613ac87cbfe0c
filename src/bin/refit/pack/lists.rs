//! The lists whose class embeddings come along.

use refit::class_lists::{LABELS, id};
use std::path::Path;

/// Classes with the name of their list.
pub(super) struct List {
    /// In the name of its file.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) labels: Vec<String>,
}

/// Ready lists by their ids, and files with a label a line; all ready lists where none is named.
pub(super) fn read(named: &[String]) -> Result<Vec<List>, String> {
    let ready = LABELS.iter().map(|(name, lines)| List {
        id: id(name),
        name: (*name).to_owned(),
        labels: labels(lines.text()),
    });
    let ready: Vec<List> = ready.collect();
    match named {
        [] => return Ok(ready),
        [none] if none == "none" => return Ok(Vec::new()),
        _ => {}
    }
    let mut lists: Vec<List> = Vec::new();
    for name in named {
        let list = match ready.iter().find(|list| list.id == *name) {
            Some(list) => List {
                id: list.id.clone(),
                name: list.name.clone(),
                labels: list.labels.clone(),
            },
            None => of_file(Path::new(name), &ready)?,
        };
        if lists.iter().any(|other| other.id == list.id) {
            return Err(format!("There are two lists named {}.", list.id));
        }
        lists.push(list);
    }
    Ok(lists)
}

fn of_file(path: &Path, ready: &[List]) -> Result<List, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let ids: Vec<&str> = ready.iter().map(|list| list.id.as_str()).collect();
        format!(
            "{}: {error}; lists are {}, none, or a file with a label a line",
            path.display(),
            ids.join(", ")
        )
    })?;
    let labels = labels(text.trim_start_matches('\u{feff}'));
    if labels.is_empty() {
        return Err(format!("{}: there is no label in it", path.display()));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(List {
        id: id(&name),
        name: name.into_owned(),
        labels,
    })
}

fn labels(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}
