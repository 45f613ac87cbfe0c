//! `refit study`: a folder that describes a paper, begun and checked.

use crate::data;
use crate::runs::{Columns, How};
use crate::say;
use refit::check;
use refit::claim::{Check, Verdict};
use refit::runs::{self, Reading, Role};
use refit::study::{Measurement, Study, read_measurements};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Write a folder to begin with, from a table of runs
    New(New),
    /// Check a folder: read every file, recompute every claim; exit status 1 where the folder cannot be
    /// read as it says, with --strict also where a printed number is not reproduced
    Check(Arguments),
    /// Write the pages of studies that have a read.md
    Render(crate::read::Render),
    /// List the numbers that a study's read.md computes
    Numbers(crate::read::Numbers),
}

#[derive(clap::Args)]
pub(crate) struct New {
    /// Folder to write; it must not exist
    folder: PathBuf,
    /// Table of runs: in the columns of docs/studies.md, or any that `refit runs` reads
    #[arg(long, value_name = "FILE")]
    runs: PathBuf,
    #[command(flatten)]
    how: How,
}

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folders with a study.json, or bundled studies [default: all bundled studies]
    folders: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Do not list reproduced numbers
    #[arg(long)]
    brief: bool,
    /// Exit with status 1 also where a printed number differs or cannot be checked
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(command: &Command) -> Result<(), String> {
    match command {
        Command::New(arguments) => new(arguments),
        Command::Check(arguments) => check(arguments),
        Command::Render(arguments) => crate::read::render(arguments),
        Command::Numbers(arguments) => crate::read::numbers(arguments),
    }
}

fn check(arguments: &Arguments) -> Result<(), String> {
    let mut folders = arguments.folders.clone();
    if folders.is_empty() {
        folders.extend(Study::bundled().iter().map(|s| s.reference().to_owned()));
    }
    let mut wrong = 0;
    let mut reports = Vec::new();
    for folder in &folders {
        let report = check::check(folder, &data::read);
        let comes_back = |c: &Check| matches!(c.verdict, Verdict::Reproduced | Verdict::SameCurve);
        let lost = arguments.strict && !report.checks.iter().all(comes_back);
        wrong += usize::from(lost || !report.problems.is_empty());
        if arguments.json {
            let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
            reports.push(serde_json::json!({
                "study": folder,
                "problems": problems,
                "claims": report.checks,
            }));
            continue;
        }
        for problem in &report.problems {
            say!("{problem}");
        }
        for check in &report.checks {
            if !(arguments.brief && check.verdict == Verdict::Reproduced) {
                crate::verify::print_check(check);
                if check.verdict == Verdict::Uncheckable && !check.note.is_empty() {
                    say!("{:<22} {}", "", check.note);
                }
            }
        }
        let counts = Verdict::ALL.map(|verdict| {
            let printed = report.checks.iter().filter(|c| !c.whole_law);
            let count = printed.filter(|c| c.verdict == verdict).count();
            format!("{count} {}", verdict.title())
        });
        let verdict = match report.problems.len() {
            0 => "is well formed".to_owned(),
            1 => "has 1 problem".to_owned(),
            n => format!("has {n} problems"),
        };
        say!("{folder} {verdict}; claims: {}", counts.join(", "));
    }
    if arguments.json {
        say::json(&reports)?;
    }
    match wrong {
        0 => Ok(()),
        _ if folders.len() == 1 => Err(format!("{} does not pass", folders[0])),
        _ => Err(format!("{wrong} of {} folders do not pass", folders.len())),
    }
}

fn new(arguments: &New) -> Result<(), String> {
    let explain = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let Table {
        rows,
        unit,
        tokens,
        readings,
    } = read(&arguments.runs, &arguments.how)?;
    let folder = &arguments.folder;
    if folder.exists() {
        return Err(format!("{} exists already", folder.display()));
    }
    fs::create_dir_all(folder).map_err(|error| explain(folder, error))?;
    let title = folder.file_name().unwrap_or_default().to_string_lossy();
    let files = runs::study_files(&title, &rows, &unit, tokens).map_err(|e| e.to_string())?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| explain(&path, error))?;
    }
    let name = folder.display();
    say!(
        "{name}: {} measurements in runs.csv, described in study.json.",
        rows.len()
    );
    Columns(&readings).print();
    say!("Next: say in study.json who and what the study is (docs/studies.md), then");
    say!("  refit study check {name}");
    say!("  refit fit --study {name}");
    Ok(())
}

/// A table of runs that becomes a study.
struct Table {
    rows: Vec<Measurement>,
    /// Of compute.
    unit: String,
    /// Samples are tokens.
    tokens: bool,
    /// What each column was taken for; empty where the columns are our own.
    readings: Vec<Reading>,
}

/// Reads a table: in our own columns, else as `refit runs` does.
fn read(path: &Path, how: &How) -> Result<Table, String> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).unwrap_or_default();
    let tidy = read_measurements(Study::default(), &name, &text);
    if let Ok(rows) = tidy
        && !rows.is_empty()
    {
        let largest = rows.iter().filter_map(|m| m.compute).fold(0.0, f64::max);
        // A run of 1e15 GFLOPs is beyond all that was trained.
        let unit = if largest > 1e15 { "FLOPs" } else { "GFLOPs" };
        if largest > 0.0 {
            say!("compute is taken for {unit}: change it in study.json if it is not");
        }
        return Ok(Table {
            unit: unit.to_owned(),
            tokens: runs::counts_tokens(&rows),
            rows,
            readings: Vec::new(),
        });
    }
    let outcome = crate::runs::read_alone(path, how, &data::library()?)?;
    let rows: Vec<Measurement> = outcome.runs.measurements().collect();
    let readings = outcome.preview.readings;
    let of_tokens =
        |r: &Reading| matches!(&r.is, Role::Samples(unit) if r.used && unit.unit == "tokens");
    Ok(Table {
        unit: outcome.runs.study().compute_unit.clone(),
        tokens: readings.iter().any(of_tokens) || runs::counts_tokens(&rows),
        rows,
        readings,
    })
}
