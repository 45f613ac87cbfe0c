//! `refit runs` reads the reader's own tables; `--runs` of other commands adds them.

use crate::data;
use crate::say;
use refit::claim::Library;
use refit::runs::{self, Compute, Field, Mapping, ReadOptions, ReadOutcome, Reader, Runs, Scaled};
use refit::study::Study;
use refit::words;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    how: How,
    /// CSV, TSV, JSON, gzip of each, or Parquet
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
    /// Column of a field, where the file is not recognised, such as compute=flops*1e-9,
    /// error=top1_err:percent or family=group; may be repeated
    #[arg(long, value_name = "FIELD=COLUMN")]
    map: Vec<String>,
    /// Study that output of CLIP_benchmark joins [default: openclip]
    #[arg(long, value_name = "STUDY", value_parser = study)]
    runs_study: Option<Study>,
}

/// Files whose runs a command takes beside the bundled rows.
#[derive(clap::Args)]
pub(crate) struct Joining {
    /// Table of your own runs to add to the published ones; may be repeated
    #[arg(long, value_name = "FILE")]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    how: How,
}

fn study(text: &str) -> Result<Study, String> {
    let found = Study::bundled().into_iter().find(|s| s.id == text);
    found.ok_or_else(|| "known: comparison, openclip".to_owned())
}

/// The runs of one file; an error where it has none that can be used.
pub(crate) fn read_one(path: &Path, how: &How, library: &Library) -> Result<Runs, String> {
    let outcome = read(path, how, library)?;
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
    Ok(outcome.runs)
}

impl Joining {
    /// The runs of all files. What could not be used is told on the error stream.
    pub(crate) fn read(&self, library: &Library) -> Result<Vec<Runs>, String> {
        let read = |path: &PathBuf| read_one(path, &self.how, library);
        self.runs.iter().map(read).collect()
    }
}

/// Reads a file as it is recognised, or as the mapping has it that its columns suggest and the
/// arguments change.
fn read(path: &Path, how: &How, library: &Library) -> Result<ReadOutcome, String> {
    let options = ReadOptions {
        architectures: library.architectures.clone(),
        study: how.runs_study,
        family: path
            .file_name()
            .map(|name| runs::stem(&name.to_string_lossy()).to_owned()),
        ..ReadOptions::default()
    };
    let first = read_with(path, options.clone(), true)?;
    let recognised = first.report.source.is_some() && how.map.is_empty();
    if recognised || first.preview.columns.is_empty() {
        return Ok(first);
    }
    let mut mapping = first.preview.mapping.clone();
    let mut scores = false;
    for text in &how.map {
        let is_score = text.starts_with("score=") || text.starts_with("error=");
        mapping
            .set(text, &first.preview.columns, is_score && !scores)
            .map_err(|e| e.to_string())?;
        scores |= is_score;
    }
    if mapping.problem().is_some() {
        let mut first = first;
        first.preview.mapping = mapping;
        return Ok(first);
    }
    let options = ReadOptions {
        mapping: Some(mapping),
        ..options
    };
    read_with(path, options, false)
}

/// `peek` ends where a mapping is needed and its preview is complete.
fn read_with(path: &Path, options: ReadOptions, peek: bool) -> Result<ReadOutcome, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = File::open(path).map_err(problem)?;
    let mut buffer = vec![0; PIECE];
    let mut count = file.read(&mut buffer).map_err(problem)?;
    if buffer[..count].starts_with(b"PAR1") {
        let mut bytes = buffer[..count].to_vec();
        file.read_to_end(&mut bytes).map_err(problem)?;
        return Ok(refit::runs::read_parquet(&bytes, options));
    }
    let mut reader = Reader::new(options);
    while count > 0 && reader.push(&buffer[..count]).is_ok() {
        if peek && reader.needs_mapping() {
            break;
        }
        count = file.read(&mut buffer).map_err(problem)?;
    }
    Ok(reader.finish())
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let library = data::library()?;
    let mut outputs = Vec::new();
    let mut kept = Vec::new();
    for path in &arguments.files {
        let outcome = read(path, &arguments.how, &library)?;
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
    match outputs.iter().all(|o| o.numbers > 0) {
        true => Ok(()),
        false => Err("a file has no usable run".to_owned()),
    }
}

/// What `--json` prints for a file.
#[derive(Serialize)]
struct Output {
    file: String,
    recognised: Option<&'static str>,
    study: Study,
    format: String,
    bytes: u64,
    expanded: u64,
    rows: u64,
    rows_kept: u64,
    numbers: u64,
    refused: u64,
    refusals: Vec<String>,
    left_out: BTreeMap<String, u64>,
    notices: Vec<String>,
    stopped: Option<String>,
    /// Downstream set, metric, how many numbers.
    series: Vec<(String, String, usize)>,
    /// Family, pre-training set, schedule, how many runs.
    runs: Vec<(String, String, String, usize)>,
    /// Of a file that is not recognised.
    columns: Vec<String>,
    mapping: Option<Mapping>,
    problem: Option<String>,
}

impl Output {
    fn of(path: &Path, outcome: &ReadOutcome) -> Output {
        let (report, runs) = (&outcome.report, &outcome.runs);
        let mut series: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (_, dataset, metric, _) in runs.iter() {
            *series.entry((dataset, metric)).or_default() += 1;
        }
        let mut groups: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for run in runs.runs() {
            *groups
                .entry((run.family, run.pretrain, run.schedule))
                .or_default() += 1;
        }
        let released = report
            .source
            .is_some_and(|s| s != refit::runs::RunSource::Own);
        let mapping = (!released && !outcome.preview.columns.is_empty())
            .then(|| outcome.preview.mapping.clone());
        Output {
            file: path.display().to_string(),
            recognised: report.source.map(|s| s.title()),
            study: report.study,
            format: report.format.clone(),
            bytes: report.bytes,
            expanded: report.expanded,
            rows: report.rows,
            rows_kept: report.kept_rows,
            numbers: report.kept,
            refused: report.rejected,
            refusals: report.rejections.iter().map(ToString::to_string).collect(),
            left_out: report
                .skipped
                .iter()
                .map(|(why, rows)| (why.to_string(), *rows))
                .collect(),
            notices: report.notices.iter().map(ToString::to_string).collect(),
            stopped: report.error.as_ref().map(words::read_error),
            series: series
                .into_iter()
                .map(|((d, m), n)| (d.to_owned(), m.to_owned(), n))
                .collect(),
            runs: groups
                .into_iter()
                .map(|((f, p, s), n)| (f.to_owned(), p.to_owned(), s.to_owned(), n))
                .collect(),
            columns: outcome.preview.columns.clone(),
            problem: mapping
                .as_ref()
                .and_then(Mapping::problem)
                .map(|p| words::mapping_error(&p)),
            mapping,
        }
    }

    fn print(&self) {
        say!(
            "{}: {}, {}, {} bytes",
            self.file,
            self.recognised.unwrap_or("not recognised"),
            self.format,
            self.bytes
        );
        say!(
            "  {} rows, {} kept with {} numbers, compute in {}",
            self.rows,
            self.rows_kept,
            self.numbers,
            self.study.compute_unit
        );
        for (family, pretrain, schedule, count) in &self.runs {
            say!("  {family} on {pretrain}, {schedule} schedule: {count} runs");
        }
        for (dataset, metric, count) in &self.series {
            say!("    {dataset} {metric}: {count}");
        }
        for (why, rows) in &self.left_out {
            say!("  skipped: {rows} {why}");
        }
        if self.refused > 0 {
            say!("  rejected: {} rows or values", self.refused);
            for refusal in &self.refusals {
                say!("    {refusal}");
            }
            if self.refused > self.refusals.len() as u64 {
                say!("    …");
            }
        }
        for notice in &self.notices {
            say!("  {notice}");
        }
        if let Some(stopped) = &self.stopped {
            say!("  {stopped}");
        }
        if let Some(mapping) = &self.mapping {
            say!("  columns: {}", self.columns.join(", "));
            print_mapping(mapping);
        }
        if let Some(problem) = &self.problem {
            say!("  {problem}");
        }
    }
}

/// As `--map` takes it.
fn print_mapping(mapping: &Mapping) {
    let scaled = |s: &Scaled| match s.factor {
        1.0 => s.column.clone(),
        factor => format!("{}*{factor:e}", s.column),
    };
    let field = |f: &Field| match f {
        Field::Column(name) => format!("column {name}"),
        Field::Constant(text) => format!("“{text}”"),
        Field::None => "–".to_owned(),
    };
    let compute = match &mapping.compute {
        None => "–".to_owned(),
        Some(Compute::Column(s)) => scaled(s),
        Some(Compute::Each(s)) => format!("{}*samples", scaled(s)),
        Some(Compute::Product { factor }) => format!("parameters*samples*{factor:e}"),
        Some(Compute::Architecture) => "architecture".to_owned(),
    };
    say!("  mapping: study={} compute={compute}", mapping.study.id);
    for (name, s) in [
        ("parameters", &mapping.parameters),
        ("samples", &mapping.samples),
    ] {
        if let Some(s) = s {
            say!("    {name}={}", scaled(s));
        }
    }
    for score in &mapping.scores {
        let kind = match score.quantity {
            refit::runs::Quantity::Metric => "score",
            refit::runs::Quantity::Error => "error",
        };
        say!("    {kind}={} as {}", score.column, field(&score.metric));
    }
    for (name, f) in [
        ("dataset", &mapping.dataset),
        ("family", &mapping.family),
        ("pretrain", &mapping.pretrain),
        ("architecture", &mapping.architecture),
        ("schedule", &mapping.schedule),
        ("run", &mapping.run),
    ] {
        say!("    {name}={}", field(f));
    }
}
