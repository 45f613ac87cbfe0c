//! Files to runs: as they are recognised, or as columns suggest and `--map` changes.

use super::How;
use refit::claim::Library;
use refit::runs::{self, ReadOptions, ReadOutcome, Reader};
use refit::study::Study;
use refit::study::architecture::ArchitectureCost;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

/// Architectures by study, with those that files add.
type Architectures = BTreeMap<Study, Vec<ArchitectureCost>>;

/// Reads files, each with the architectures that any of them adds.
pub(super) fn read_all(
    paths: &[PathBuf],
    how: &How,
    library: &Library,
) -> Result<Vec<ReadOutcome>, String> {
    let mut known = library.architectures.clone();
    let mut outcomes = Vec::new();
    for path in paths {
        let outcome = read(path, how, &known, false)?;
        runs::add_architectures(&mut known, &outcome.architectures);
        outcomes.push(outcome);
    }
    // Those before it, too.
    let adding = |outcome: &ReadOutcome| !outcome.architectures.is_empty();
    let last = outcomes.iter().rposition(adding).unwrap_or(0);
    for (outcome, path) in outcomes[..last].iter_mut().zip(paths) {
        if !adding(outcome) {
            *outcome = read(path, how, &known, false)?;
        }
    }
    Ok(outcomes)
}

/// Reads a file as it is recognised, or as the mapping has it that its columns suggest and the
/// arguments change; `alone` where it joins no study.
pub(super) fn read(
    path: &Path,
    how: &How,
    known_architectures: &Architectures,
    alone: bool,
) -> Result<ReadOutcome, String> {
    const OF_RECOGNISED: [&str; 9] = [
        "samples",
        "compute",
        "parameters",
        "family",
        "pretrain",
        "architecture",
        "schedule",
        "run",
        "dataset",
    ];
    let known = |text: &String| {
        let field = text.split('=').next().unwrap_or_default();
        OF_RECOGNISED.contains(&field.trim())
    };
    let changes = how.map.iter().filter(|text| known(text)).cloned();
    let options = ReadOptions {
        architectures: known_architectures.clone(),
        study: how.runs_study,
        family: path
            .file_name()
            .map(|name| runs::stem(&name.to_string_lossy()).to_owned()),
        changes: changes.collect(),
        ..ReadOptions::default()
    };
    let first = read_with(path, how, options.clone())?;
    let recognised = first.report.source.is_some() && how.map.iter().all(known);
    if recognised || first.preview.columns.is_empty() || !first.architectures.is_empty() {
        return Ok(first);
    }
    let mut mapping = first.preview.mapping.clone();
    if let Some(study) = how.runs_study {
        mapping.set_study(study);
    }
    if alone {
        mapping.stand_alone();
    }
    // The study first: compute is in its unit.
    let (of_study, others): (Vec<&String>, Vec<&String>) =
        how.map.iter().partition(|text| text.starts_with("study="));
    for text in of_study.into_iter().chain(others) {
        mapping
            .set(text, &first.preview.columns)
            .map_err(|e| e.to_string())?;
    }
    let mut first = first;
    if mapping.problem().is_some() {
        first.preview.mapping = mapping;
        return Ok(first);
    }
    // What was assumed of amounts holds where none was changed.
    let amounts = ["study=", "compute=", "parameters=", "samples=", "tokens="];
    let of_amount = |text: &String| amounts.iter().any(|field| text.starts_with(field));
    let is_changed = how.map.iter().any(of_amount) || how.runs_study.is_some();
    let of_names = first.preview.mapping.assumed();
    let mut assumptions = first.preview.assumptions;
    assumptions.retain(|sentence| !is_changed && !of_names.contains(sentence));
    assumptions.extend(mapping.assumed());
    let options = ReadOptions {
        mapping: Some(mapping),
        ..options
    };
    let mut second = read_with(path, how, options)?;
    second.preview.assumptions = assumptions;
    second.preview.readings = first.preview.readings;
    for reading in &mut second.preview.readings {
        reading.used = second.preview.mapping.uses(&reading.column);
    }
    Ok(second)
}

fn read_with(path: &Path, how: &How, options: ReadOptions) -> Result<ReadOutcome, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.is_dir() {
        return read_folder(path, options);
    }
    let mut file = File::open(path).map_err(problem)?;
    let mut buffer = vec![0; PIECE];
    let mut count = file.read(&mut buffer).map_err(problem)?;
    if buffer[..count].starts_with(b"PAR1") {
        let mut bytes = buffer[..count].to_vec();
        file.read_to_end(&mut bytes).map_err(problem)?;
        return Ok(refit::runs::read_parquet(&bytes, options));
    }
    if buffer[..count].starts_with(b"PK\x03\x04") {
        let mut bytes = buffer[..count].to_vec();
        file.read_to_end(&mut bytes).map_err(problem)?;
        let sheet = how.sheet.as_deref();
        return Ok(refit::runs::read_workbook(&bytes, sheet, options));
    }
    if how.sheet.is_some() {
        let name = path.display();
        return Err(format!(
            "{name}: --sheet is for an Excel workbook, which this is not"
        ));
    }
    let mut reader = Reader::new(options);
    while count > 0 && reader.push(&buffer[..count]).is_ok() {
        count = file.read(&mut buffer).map_err(problem)?;
    }
    Ok(reader.finish())
}

/// The JSON files of a folder and of those in it as one table, as [`runs::gather`] has it.
fn read_folder(path: &Path, options: ReadOptions) -> Result<ReadOutcome, String> {
    let mut files = Vec::new();
    walk(path, &mut files).map_err(|(at, error)| format!("{}: {error}", at.display()))?;
    files.sort();
    let named = |file: PathBuf| {
        let inside = file.strip_prefix(path).unwrap_or(&file).display();
        let name = inside.to_string();
        let text = runs::is_json(&name).then(|| std::fs::read_to_string(&file).ok());
        (name, text.flatten())
    };
    let files: Vec<(String, Option<String>)> = files.into_iter().map(named).collect();
    let Some(gathered) = runs::gather(&files) else {
        return Err(format!(
            "{}: no JSON file of the folder can be read",
            path.display()
        ));
    };
    let mut reader = Reader::new(options);
    // What stops it is in its report.
    let _ = reader.push(gathered.text.as_bytes());
    reader.note(gathered.notice);
    Ok(reader.finish())
}

/// All files in a folder and the folders in it, hidden ones aside.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, std::io::Error)> {
    let problem = |error: std::io::Error| (folder.to_owned(), error);
    for entry in std::fs::read_dir(folder).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type().map_err(problem)?.is_dir() {
            true => walk(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}
