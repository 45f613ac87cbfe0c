//! A checkpoint's files on disk, and what is known about it.

use crate::model::sentence;
use clap::ValueEnum;
use refit::model_error::{self, FrontEnd};
use refit_clip::architecture::{Activation, Configuration};
use refit_clip::pack::{CheckedSource, Manifest, Pack};
use refit_clip::weights::WeightsError;
use refit_clip::weights::files::CheckpointFiles;
use refit_clip::weights::shards::ShardIndex;
use refit_clip::weights::source::{FileSource, Joined, SourceError};
use refit_clip::{CheckpointInfo, LoadOptions};
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, ValueEnum)]
enum ActivationChoice {
    Gelu,
    QuickGelu,
}

/// One of a checkpoint's files; of a pack, it is held to what the pack says.
pub(crate) type Part = CheckedSource<FileSource>;

/// What the checkpoint does not say.
#[derive(Default, clap::Args)]
pub(crate) struct Choices {
    /// Configuration; may be repeated [default: open_clip_config.json, config.json,
    /// preprocessor_config.json and processor_config.json beside the checkpoint]
    #[arg(long)]
    config: Vec<PathBuf>,
    /// Activation, in place of what configuration or file name tell
    #[arg(long, value_enum)]
    activation: Option<ActivationChoice>,
    /// Which of several states to load, by its key: state_dict_ema, for example
    #[arg(long)]
    weights_key: Option<String>,
}

/// A checkpoint's files.
struct Found {
    /// The one by whose name the checkpoint is known, beside which its configuration lies.
    main: PathBuf,
    /// All of them, in order.
    parts: Vec<PathBuf>,
}

/// The files that a path means: a file; a folder with a checkpoint; the index of one in several
/// files, or a part of it.
fn find(path: &Path) -> Result<Found, String> {
    let name = file_name(path);
    let main = match ShardIndex::of_part(&name) {
        Some(index) => path.with_file_name(index),
        None if path.is_dir() => match in_folder(path)? {
            (CheckpointFiles::Index(at), paths) => paths[at].clone(),
            (CheckpointFiles::Files(at), paths) => {
                let parts: Vec<PathBuf> = at.iter().map(|at| paths[*at].clone()).collect();
                let main = parts[0].clone();
                return Ok(Found { main, parts });
            }
        },
        None => path.to_owned(),
    };
    if !ShardIndex::is_index(&file_name(&main)) {
        let parts = vec![main.clone()];
        return Ok(Found { main, parts });
    }
    let missing = |name: String| sentence(WeightsError::MissingParts { names: vec![name] });
    let json = std::fs::read(&main).map_err(|_| missing(file_name(&main)))?;
    let index = ShardIndex::read(&json).map_err(sentence)?;
    let is_there = |name: &&String| main.with_file_name(name).is_file();
    let there: Vec<String> = index.files.iter().filter(is_there).cloned().collect();
    let parts = index.parts(&there).map_err(sentence)?;
    let parts = parts.iter().map(|at| main.with_file_name(&there[*at]));
    Ok(Found {
        parts: parts.collect(),
        main,
    })
}

fn in_folder(folder: &Path) -> Result<(CheckpointFiles, Vec<PathBuf>), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(problem)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|e| e.map(|e| e.path())).collect();
    let mut paths = paths.map_err(problem)?;
    paths.retain(|path| path.is_file());
    paths.sort();
    let names: Vec<String> = paths.iter().map(|path| file_name(path)).collect();
    let files = CheckpointFiles::among(&names);
    let files = files.map_err(|e| format!("{}: {}", folder.display(), sentence(e)))?;
    Ok((files, paths))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Opens a checkpoint: a file, a folder, or the index or any part of one in several files.
pub(crate) fn open(path: &Path) -> Result<Joined<Part>, String> {
    let Found { main, parts } = find(path)?;
    let manifest = manifest(&main)?;
    let open = |part: &PathBuf| {
        let file = manifest.as_ref().and_then(|all| all.file(&file_name(part)));
        CheckedSource::new(FileSource::open(part)?, file)
    };
    let parts: Result<Vec<Part>, SourceError> = parts.iter().map(open).collect();
    Ok(Joined::new(parts.map_err(sentence)?))
}

/// The files of a checkpoint, in order.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    Ok(find(path)?.parts)
}

/// What a pack's files are, if the checkpoint is one.
pub(crate) fn manifest(checkpoint: &Path) -> Result<Option<Manifest>, String> {
    match std::fs::read(checkpoint.with_file_name(Pack::MANIFEST)) {
        Ok(json) => Manifest::read(&json).map_err(sentence),
        Err(_) => Ok(None),
    }
}

/// What is known about a checkpoint, and what was chosen.
pub(crate) fn options(path: &Path, choices: &Choices) -> Result<LoadOptions, String> {
    let file = find(path)?.main;
    Ok(LoadOptions {
        configuration: configuration(&file, &choices.config)?,
        activation: choices.activation.map(|choice| match choice {
            ActivationChoice::Gelu => Activation::Gelu,
            ActivationChoice::QuickGelu => Activation::QuickGelu,
        }),
        // A folder's name is anybody's.
        name: file_name(&file),
        weights_key: choices.weights_key.clone(),
        captions: false,
    })
}

/// The configurations that were named, or those that lie beside the checkpoint.
fn configuration(checkpoint: &Path, named: &[PathBuf]) -> Result<Configuration, String> {
    let beside = Configuration::FILES.map(|name| checkpoint.with_file_name(name));
    let paths = match named {
        [] => beside.into_iter().filter(|path| path.is_file()).collect(),
        _ => named.to_vec(),
    };
    let mut files = Vec::with_capacity(paths.len());
    for path in &paths {
        let json = std::fs::read_to_string(path);
        let json = json.map_err(|error| format!("{}: {error}", path.display()))?;
        files.push((file_name(path), json));
    }
    Configuration::of_files(files).map_err(|(name, error)| {
        let error = model_error::configuration_sentence(&error);
        format!("{name}: {error}")
    })
}

/// Says on standard error what was assumed.
pub(crate) fn say_assumptions(info: &CheckpointInfo) {
    for sentence in assumptions(info) {
        eprintln!("refit: {sentence}");
    }
}

pub(crate) fn assumptions(info: &CheckpointInfo) -> Vec<String> {
    let all = info.assumptions();
    let sentence = |a| model_error::assumption(a, FrontEnd::Terminal);
    all.iter().map(sentence).collect()
}
