//! Pictures: which files are meant, and what a model takes of them.

mod decode;
mod jpeg;
mod tiff;

pub(crate) use decode::Decoded;

use refit::model_error;
use refit::teach::folders::{has_picture_name, is_hidden};
use refit_clip::preprocess::{Image, PixelValues, Preprocessing, preprocess};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Pictures that are decoded before the model computes, so that they need little memory.
const BATCH: usize = 16;

/// A picture that costs no more than this sentence.
#[derive(serde::Serialize)]
pub(crate) struct Failed {
    picture: String,
    reason: String,
}

/// The pictures of a command, batch by batch.
pub(crate) struct Pictures {
    paths: Vec<PathBuf>,
    next: usize,
    failed: Vec<Failed>,
    progress: Progress,
    /// What is wrong with them was said before.
    is_quiet: bool,
}

impl Pictures {
    /// Finds the files: paths, folders with all that is in them, and names with *, ? or [ in them.
    pub(crate) fn find(arguments: &[PathBuf]) -> Result<Self, String> {
        let mut paths = Vec::new();
        let mut others = Vec::new();
        for argument in arguments {
            if argument.is_dir() {
                add_folder(argument, &mut paths, &mut others)?;
            } else {
                paths.extend(named(argument)?);
            }
        }
        if let Some(first) = others.first() {
            let (count, first) = (others.len(), first.display());
            eprintln!(
                "refit: left out {count} files that are no pictures by their names: {first}, …"
            );
        }
        Ok(Pictures {
            progress: Progress::new(paths.len()),
            paths,
            next: 0,
            failed: Vec::new(),
            is_quiet: false,
        })
    }

    /// The same pictures from the first on; `is_quiet` where what is wrong with them was said before.
    pub(crate) fn again(&self, is_quiet: bool) -> Self {
        Pictures {
            progress: Progress::new(self.paths.len()),
            paths: self.paths.clone(),
            next: 0,
            failed: Vec::new(),
            is_quiet,
        }
    }

    /// The next pictures with their paths; `None` once there are no more. One that cannot be read is
    /// said on standard error, and the others go on.
    pub(crate) fn next_batch(
        &mut self,
        settings: &Preprocessing,
    ) -> Option<Vec<(String, PixelValues)>> {
        if self.next == self.paths.len() {
            return None;
        }
        self.progress.report(self.next);
        let end = self.paths.len().min(self.next + BATCH);
        let mut batch = Vec::new();
        for path in &self.paths[self.next..end] {
            let picture = path.display().to_string();
            match read(path, settings) {
                Ok((pixels, warnings)) => {
                    for warning in warnings.iter().filter(|_| !self.is_quiet) {
                        eprintln!("refit: {picture}: {warning}");
                    }
                    batch.push((picture, pixels));
                }
                Err(reason) => {
                    if !self.is_quiet {
                        eprintln!("refit: {picture}: {reason}");
                    }
                    self.failed.push(Failed { picture, reason });
                }
            }
        }
        self.next = end;
        Some(batch)
    }

    /// The next picture that can be read, as it was decoded, with its path; `None` once there are no
    /// more.
    pub(crate) fn next_decoded(&mut self) -> Option<(String, Decoded)> {
        while let Some(path) = self.paths.get(self.next) {
            self.progress.report(self.next);
            self.next += 1;
            let picture = path.display().to_string();
            match decode_file(path) {
                Ok(decoded) => {
                    for warning in &decoded.warnings {
                        eprintln!("refit: {picture}: {warning}");
                    }
                    return Some((picture, decoded));
                }
                Err(reason) => self.fail(picture, reason),
            }
        }
        None
    }

    /// How many files there are.
    pub(crate) fn count(&self) -> usize {
        self.paths.len()
    }

    /// Says that a picture cannot be used, and goes on.
    pub(crate) fn fail(&mut self, picture: String, reason: String) {
        eprintln!("refit: {picture}: {reason}");
        self.failed.push(Failed { picture, reason });
    }

    /// Those that could not be read.
    pub(crate) fn failed(&self) -> &[Failed] {
        &self.failed
    }

    /// Those that could not be read, once there are no more.
    pub(crate) fn into_failed(self) -> Vec<Failed> {
        self.failed
    }

    /// The command fails if a picture did, once it has answered for the others.
    pub(crate) fn finish(&self) -> Result<(), String> {
        match self.failed.len() {
            0 => Ok(()),
            failed => Err(format!(
                "{failed} of {} pictures could not be read",
                self.paths.len()
            )),
        }
    }
}

/// The files that a name means, which may have *, ? or [ in it.
pub(crate) fn named(argument: &Path) -> Result<Vec<PathBuf>, String> {
    match argument.exists() || !is_pattern(argument) {
        true => Ok(vec![argument.to_owned()]),
        false => matches(argument),
    }
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn matches(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let text = pattern.to_string_lossy();
    let paths = glob::glob(&text).map_err(|error| format!("{text}: {error}"))?;
    let paths: Result<Vec<PathBuf>, _> = paths.collect();
    let paths = paths.map_err(|error| error.to_string())?;
    match paths.is_empty() {
        true => Err(format!("no file matches {text}")),
        false => Ok(paths),
    }
}

/// The files of a folder and those below it, by their names.
pub(crate) fn add_folder(
    folder: &Path,
    pictures: &mut Vec<PathBuf>,
    others: &mut Vec<PathBuf>,
) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(problem)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|e| e.map(|e| e.path())).collect();
    let mut paths = paths.map_err(problem)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add_folder(&path, pictures, others)?;
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_picture = has_picture_name(&name) && !is_hidden(&name);
        let list = if is_picture {
            &mut *pictures
        } else {
            &mut *others
        };
        list.push(path);
    }
    Ok(())
}

/// A picture of a file's bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    decode::decode(bytes)
}

/// Reads a picture as a model takes it, with what is doubtful about it.
fn read(path: &Path, settings: &Preprocessing) -> Result<(PixelValues, Vec<&'static str>), String> {
    let decoded = decode_file(path)?;
    let pixels = preprocess(&decoded.image()?, settings);
    Ok((pixels, decoded.warnings))
}

fn decode_file(path: &Path) -> Result<Decoded, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    decode::decode(&bytes)
}

impl Decoded {
    pub(crate) fn image(&self) -> Result<Image<'_>, String> {
        let image = Image::new(self.width, self.height, self.channels, &self.bytes);
        let image = image.map_err(|e| model_error::image_sentence(&e))?;
        Ok(image.indexed(self.is_indexed))
    }
}

/// How far a long batch is, on a terminal.
struct Progress {
    total: usize,
    start: Instant,
    last: Option<Instant>,
}

impl Progress {
    const EVERY: Duration = Duration::from_secs(2);

    fn new(total: usize) -> Self {
        Progress {
            total,
            start: Instant::now(),
            last: None,
        }
    }

    /// At most every two seconds.
    fn report(&mut self, done: usize) {
        let since = self.last.unwrap_or(self.start).elapsed();
        if since < Self::EVERY || !std::io::stderr().is_terminal() {
            return;
        }
        self.last = Some(Instant::now());
        let speed = done as f64 / self.start.elapsed().as_secs_f64();
        let total = self.total;
        eprintln!("refit: {done} of {total} pictures, {speed:.1} a second");
    }
}
