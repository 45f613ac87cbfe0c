//! `refit runs` reads the reader's own tables; `--runs` of other commands adds them.

mod output;
mod read;

use crate::data;
use crate::say;
pub(crate) use output::Columns;
use output::Output;
use read::{read, read_all};
use refit::claim::Library;
use refit::runs::{self, ReadOutcome, Runs};
use refit::study::Study;
use refit::words;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    how: How,
    /// CSV, TSV, Markdown, JSON, gzip of each, Parquet, or an Excel workbook; or a folder of JSON
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the accepted rows as one CSV table, which can be read again
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How files of the reader's are read.
#[derive(clap::Args)]
pub(crate) struct How {
    /// What a column is, where that is not recognised, such as compute=flops*1e-9, samples=3e9,
    /// error=top1_err:percent, loss=val_loss or family=group; may be repeated
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<String>,
    /// Study that the runs join [default: one that counts compute in their unit; of CLIP_benchmark’s
    /// output openclip]
    #[arg(long, value_name = "STUDY", value_parser = study)]
    runs_study: Option<Study>,
    /// Sheet of an Excel workbook [default: the first that holds a table]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
}

/// Files whose runs a command takes beside the bundled rows.
#[derive(clap::Args)]
pub(crate) struct Joining {
    /// Table of your own runs, or a folder of results; beside the published ones where --study or
    /// --table name those, else on its own; may be repeated
    #[arg(long, value_name = "FILE")]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    how: How,
}

fn study(text: &str) -> Result<Study, String> {
    let found = Study::bundled().into_iter().find(|s| s.id == text);
    found.ok_or_else(|| {
        let known: Vec<String> = Study::bundled().iter().map(|s| s.id.clone()).collect();
        format!("known: {}", known.join(", "))
    })
}

/// One file by itself, which joins no study; an error where it has no run that can be used.
pub(crate) fn read_alone(path: &Path, how: &How, library: &Library) -> Result<ReadOutcome, String> {
    let outcome = read(path, how, &library.architectures, true)?;
    say_losses(path, &outcome)?;
    Ok(outcome)
}

/// Says on the error stream what of a file is not used, or assumed; an error where nothing is used.
fn say_losses(path: &Path, outcome: &ReadOutcome) -> Result<(), String> {
    let name = path.display();
    let report = &outcome.report;
    if outcome.runs.is_empty() {
        let why = match (&report.error, outcome.preview.mapping.problem()) {
            (Some(error), _) => words::read_error(error),
            (None, Some(problem)) => words::mapping_error(&problem),
            (None, None) => "No row can be used.".to_owned(),
        };
        return Err(format!("{name}: {why} Run `refit runs` for details."));
    }
    if let Some(error) = &report.error {
        eprintln!("refit: {name}: {}", words::read_error(error));
    }
    if report.rejected > 0 {
        eprintln!(
            "refit: {name}: {} rows or values rejected; run `refit runs` for details",
            report.rejected
        );
    }
    let unused = Columns(&outcome.preview.readings).unused();
    if !unused.is_empty() {
        eprintln!(
            "refit: {name}: columns of numbers that are not used: {}. Say what one is with --map, as in --map 'accuracy={}'.",
            unused.join(", "),
            unused[0]
        );
    }
    for assumption in &outcome.preview.assumptions {
        eprintln!("refit: {name}: {assumption}");
    }
    Ok(())
}

impl Joining {
    /// The runs of all files. What could not be used is told on the error stream.
    pub(crate) fn read(&self, library: &Library) -> Result<Vec<Runs>, String> {
        let outcomes = read_all(&self.runs, &self.how, library)?;
        let outcomes = self.runs.iter().zip(outcomes);
        outcomes
            .filter(|(_, outcome)| outcome.architectures.is_empty())
            .map(|(path, outcome)| {
                say_losses(path, &outcome)?;
                Ok(outcome.runs)
            })
            .collect()
    }

    pub(crate) fn is_given(&self) -> bool {
        !self.runs.is_empty()
    }

    /// The files as a study of their own, known from here on by the first one's name.
    pub(crate) fn study(&self, library: &Library) -> Result<Study, String> {
        let runs = self.read(library)?;
        let unit = |runs: &Runs| runs.study().compute_unit.clone();
        let units: Vec<String> = runs.iter().map(unit).collect();
        if units.iter().any(|unit| *unit != units[0]) {
            return Err("the files count compute in different units: join them to a study, each with --map compute=…".to_owned());
        }
        let rows: Vec<_> = runs.iter().flat_map(Runs::measurements).collect();
        let name = self.runs[0]
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let name = runs::stem(&name).to_owned();
        let tokens = runs::counts_tokens(&rows);
        let files =
            runs::study_files(&name, &rows, &units[0], tokens).map_err(|e| e.to_string())?;
        data::open_in_memory(&name, files)
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let library = data::library()?;
    let mut outputs = Vec::new();
    let mut kept = Vec::new();
    let outcomes = read_all(&arguments.files, &arguments.how, &library)?;
    for (path, outcome) in arguments.files.iter().zip(outcomes) {
        outputs.push(Output::of(path, &outcome));
        kept.push(outcome.runs);
    }
    if arguments.json {
        say::json(&outputs)?;
    } else {
        for output in &outputs {
            output.print();
        }
    }
    if let Some(path) = &arguments.write {
        let [runs] = kept.as_slice() else {
            return Err("--write takes one file at a time".to_owned());
        };
        let problem = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut to = BufWriter::new(File::create(path).map_err(problem)?);
        runs.write_csv(&mut to).map_err(problem)?;
        to.flush().map_err(problem)?;
    }
    match outputs.iter().all(|o| o.count > 0 || o.architectures > 0) {
        true => Ok(()),
        false => Err("a file has no usable run".to_owned()),
    }
}
