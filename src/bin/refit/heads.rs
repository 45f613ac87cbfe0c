//! Heads on the command line.

use pollster::block_on;
use refit::teach::{Taught, head_sentence, mixed_sentence};
use refit_clip::head::HeadModel;
use refit_clip::weights::source::FileSource;
use refit_clip::{Classes, Head};
use std::path::Path;

/// The head of a file.
pub(crate) fn read(path: &Path) -> Result<Head, String> {
    let problem = |sentence: String| format!("{}: {sentence}", path.display());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let source = FileSource::open(path).map_err(crate::model::sentence);
    let head = block_on(Head::read(&mut source.map_err(problem)?, &name));
    head.map_err(|error| problem(head_sentence(&error)))
}

/// The classes of a head's file, for a model's embeddings; what was assumed is said.
pub(crate) fn classes(path: &Path, width: usize, model: &HeadModel) -> Result<Classes, String> {
    let problem = |sentence: String| format!("{}: {sentence}", path.display());
    let head = read(path)?;
    let classes = head
        .classes(width)
        .map_err(|error| problem(head_sentence(&error)))?;
    for sentence in head.assumptions(&model.name, &model.identity) {
        eprintln!("refit: {}: {sentence}", path.display());
    }
    Ok(classes)
}

/// How the penalty of the head of all pictures was chosen.
pub(crate) fn penalty(taught: &Taught) -> String {
    let c = 1.0 / taught.penalty;
    match taught.folds {
        0 => {
            format!("all: C = {c}, since a class with one picture leaves none for cross-validation")
        }
        folds => format!(
            "all: C = {c} by {folds}-fold cross-validation, {}",
            mixed_sentence(taught.share)
        ),
    }
}
