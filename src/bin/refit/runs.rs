//! `refit runs` reads the reader's own tables; `--runs` of other commands adds them.

use crate::data;
use crate::say;
use refit::claim::Library;
use refit::runs::{
    self, Mapping, Question, ReadOptions, ReadOutcome, Reader, Reading, RejectReason, Rejection,
    Report, Runs,
};
use refit::study::Study;
use refit::study::architecture::ArchitectureCost;
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
    found.ok_or_else(|| "known: comparison, openclip".to_owned())
}

/// Architectures by study, with those that files add.
type Architectures = BTreeMap<Study, Vec<ArchitectureCost>>;

/// Reads files, each with the architectures that any of them adds.
fn read_all(paths: &[PathBuf], how: &How, library: &Library) -> Result<Vec<ReadOutcome>, String> {
    let mut known = library.architectures.clone();
    let mut outcomes = Vec::new();
    for path in paths {
        let outcome = read(path, how, &known)?;
        runs::add_architectures(&mut known, &outcome.architectures);
        outcomes.push(outcome);
    }
    // Those before it, too.
    let adding = |outcome: &ReadOutcome| !outcome.architectures.is_empty();
    let last = outcomes.iter().rposition(adding).unwrap_or(0);
    for (outcome, path) in outcomes[..last].iter_mut().zip(paths) {
        if !adding(outcome) {
            *outcome = read(path, how, &known)?;
        }
    }
    Ok(outcomes)
}

/// The runs of one file; an error where it has none that can be used.
pub(crate) fn read_one(path: &Path, how: &How, library: &Library) -> Result<Runs, String> {
    let outcome = read(path, how, &library.architectures)?;
    usable(path, outcome)
}

/// A file's runs. What could not be used is told on the error stream.
fn usable(path: &Path, outcome: ReadOutcome) -> Result<Runs, String> {
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
    for assumption in &outcome.preview.assumptions {
        eprintln!("refit: {name}: {assumption}");
    }
    Ok(outcome.runs)
}

impl Joining {
    /// The runs of all files. What could not be used is told on the error stream.
    pub(crate) fn read(&self, library: &Library) -> Result<Vec<Runs>, String> {
        let outcomes = read_all(&self.runs, &self.how, library)?;
        let outcomes = self.runs.iter().zip(outcomes);
        outcomes
            .filter(|(_, outcome)| outcome.architectures.is_empty())
            .map(|(path, outcome)| usable(path, outcome))
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

/// Reads a file as it is recognised, or as the mapping has it that its columns suggest and the
/// arguments change.
fn read(
    path: &Path,
    how: &How,
    known_architectures: &Architectures,
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
    let mut scores = false;
    if let Some(study) = how.runs_study {
        mapping.set_study(study);
    }
    // The study first: compute is in its unit.
    let (of_study, others): (Vec<&String>, Vec<&String>) =
        how.map.iter().partition(|text| text.starts_with("study="));
    for text in of_study.into_iter().chain(others) {
        let kinds = ["score=", "error=", "loss=", "perplexity=", "number="];
        let is_score = kinds.iter().any(|kind| text.starts_with(kind));
        // An answer to a question leaves the other columns as they are.
        let asked = mapping
            .questions
            .iter()
            .any(|q| q.choices.iter().any(|c| c.map == *text));
        mapping
            .set(text, &first.preview.columns, is_score && !scores && !asked)
            .map_err(|e| e.to_string())?;
        scores |= is_score && !asked;
    }
    let mut first = first;
    if mapping.problem().is_some() {
        first.preview.mapping = mapping;
        return Ok(first);
    }
    let options = ReadOptions {
        mapping: Some(mapping),
        ..options
    };
    let mut second = read_with(path, how, options)?;
    // What is assumed holds for what was not changed.
    if how.map.is_empty() {
        second.preview.assumptions = first.preview.assumptions;
    }
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

/// A folder's JSON files as one table: an object each, as evaluations write them.
fn read_folder(path: &Path, options: ReadOptions) -> Result<ReadOutcome, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    let entries = std::fs::read_dir(path).map_err(problem)?;
    let entries = entries.map(|entry| entry.map(|e| e.path()));
    let mut files: Vec<PathBuf> = entries.collect::<Result<_, _>>().map_err(problem)?;
    let is_json = |path: &PathBuf| {
        let end = path.extension().map(|e| e.to_ascii_lowercase());
        end.is_some_and(|e| e == "json" || e == "jsonl" || e == "ndjson")
    };
    files.retain(is_json);
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: the folder has no JSON file", path.display()));
    }
    let mut reader = Reader::new(options);
    for file in files {
        let text =
            std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        if reader.push(runs::as_lines(&text).as_bytes()).is_err() {
            break;
        }
    }
    Ok(reader.finish())
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
    /// Numbers in all.
    count: u64,
    /// Of a table of architectures, which has no numbers of runs.
    architectures: usize,
    /// How many, by set and metric.
    numbers: BTreeMap<String, BTreeMap<String, u64>>,
    /// The first of them, as they were read.
    first: Vec<Number>,
    /// Rows and single numbers that cannot be used, and the first reasons.
    refused: u64,
    refusals: Vec<String>,
    /// Rows that are left out by rule, by reason.
    left_out: BTreeMap<String, u64>,
    comments: u64,
    /// Runs whose compute is not known.
    without_compute: u64,
    notices: Vec<String>,
    assumptions: Vec<String>,
    stopped: Option<String>,
    /// Family, pre-training set, schedule, how many runs.
    runs: Vec<(String, String, String, usize)>,
    /// What each column is taken for, why, and whether it is used.
    columns: Vec<Reading>,
    /// Columns that hold numbers and are not used.
    unused: Vec<String>,
    mapping: Option<Mapping>,
    /// The mapping as `--map` takes it.
    maps: Vec<String>,
    /// What has to be answered first: each with its readings.
    questions: Vec<Question>,
    problem: Option<String>,
}

/// What helps where a recognised file does not say how many samples its runs saw.
fn samples_asked(report: &Report) -> Option<String> {
    let unknown = |r: &Rejection| matches!(r.why, RejectReason::UnknownSamples(_));
    let any = report.rejections.iter().any(unknown);
    any.then(|| "Say how many samples the runs saw: --map samples=3e9, or a column.".to_owned())
}

/// A number and its run.
#[derive(Serialize)]
struct Number {
    run: String,
    family: String,
    architecture: String,
    pretrain: String,
    parameters: Option<f64>,
    samples_seen: Option<f64>,
    /// In the study's unit.
    compute: Option<f64>,
    set: String,
    metric: String,
    value: f64,
}

/// Numbers that `--json` lists.
const LISTED: usize = 50;

impl Output {
    fn of(path: &Path, outcome: &ReadOutcome) -> Output {
        let (report, runs) = (&outcome.report, &outcome.runs);
        let mut numbers: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for (_, dataset, metric, _) in runs.iter() {
            let of_set = numbers.entry(dataset.to_owned()).or_default();
            *of_set.entry(metric.to_owned()).or_default() += 1;
        }
        let mut groups: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for run in runs.runs() {
            *groups
                .entry((run.family, run.pretrain, run.schedule))
                .or_default() += 1;
        }
        let first = runs
            .iter()
            .take(LISTED)
            .map(|(run, set, metric, value)| Number {
                run: run.name.to_owned(),
                family: run.family.to_owned(),
                architecture: run.architecture.to_owned(),
                pretrain: run.pretrain.to_owned(),
                parameters: run.parameters,
                samples_seen: run.samples_seen,
                compute: run.compute,
                set: set.to_owned(),
                metric: metric.to_owned(),
                value,
            });
        let preview = &outcome.preview;
        let released = report
            .source
            .is_some_and(|s| s != refit::runs::RunSource::Own);
        let profile = !outcome.architectures.is_empty();
        let mapping =
            (!released && !profile && !preview.columns.is_empty()).then(|| preview.mapping.clone());
        let unused = preview.readings.iter().filter(|r| r.numbers && !r.used);
        Output {
            file: path.display().to_string(),
            recognised: match profile {
                true => Some("open_clip's table of architectures"),
                false => report.source.map(|s| s.title()),
            },
            study: report.study,
            format: report.format.clone(),
            bytes: report.bytes,
            expanded: report.expanded,
            rows: report.rows,
            rows_kept: report.kept_rows,
            count: report.kept,
            architectures: outcome.architectures.len(),
            numbers,
            first: first.collect(),
            refused: report.rejected,
            refusals: report.rejections.iter().map(ToString::to_string).collect(),
            left_out: report
                .skipped
                .iter()
                .map(|(why, rows)| (why.to_string(), *rows))
                .collect(),
            comments: report.comments,
            without_compute: report.without_compute,
            notices: report.notices.iter().map(ToString::to_string).collect(),
            assumptions: preview.assumptions.clone(),
            stopped: report.error.as_ref().map(words::read_error),
            runs: groups
                .into_iter()
                .map(|((f, p, s), n)| (f.to_owned(), p.to_owned(), s.to_owned(), n))
                .collect(),
            unused: unused.map(|r| r.column.clone()).collect(),
            columns: preview.readings.clone(),
            maps: mapping.as_ref().map_or(Vec::new(), Mapping::maps),
            questions: mapping.as_ref().map_or(Vec::new(), |m| m.questions.clone()),
            problem: match &mapping {
                Some(mapping) => mapping.problem().map(|p| words::mapping_error(&p)),
                None => samples_asked(report),
            },
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
            self.count,
            self.study.compute_unit
        );
        for (family, pretrain, schedule, count) in &self.runs {
            say!("  {family} on {pretrain}, {schedule} schedule: {count} runs");
        }
        for (dataset, metrics) in &self.numbers {
            for (metric, count) in metrics {
                say!("    {dataset} {metric}: {count}");
            }
        }
        self.print_losses();
        for notice in self.notices.iter().chain(&self.assumptions) {
            say!("  {notice}");
        }
        if let Some(stopped) = &self.stopped {
            say!("  {stopped}");
        }
        if !self.columns.is_empty() {
            say!("  columns:");
        }
        for r in &self.columns {
            let use_ = if r.used { "" } else { " (not used)" };
            say!("    {}: {}{use_}", r.column, r.why);
        }
        if !self.maps.is_empty() {
            say!("  mapping: {}", self.maps.join("\n    "));
        }
        for question in &self.questions {
            say!("  {}", question.text);
            for choice in &question.choices {
                say!(
                    "    {}: {} (--map '{}')",
                    choice.text,
                    choice.first.join(", "),
                    choice.map
                );
            }
        }
        if let Some(problem) = &self.problem {
            say!("  {problem}");
        }
    }

    /// What is not among the numbers, and why.
    fn print_losses(&self) {
        for (why, rows) in &self.left_out {
            say!("  skipped: {rows} {why}");
        }
        if self.comments > 0 {
            say!("  skipped: {} lines of comments", self.comments);
        }
        if self.without_compute > 0 {
            say!("  {} runs are kept without compute", self.without_compute);
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
    }
}
