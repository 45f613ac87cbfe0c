//! What `refit runs` says of a file.

use refit::runs::{Mapping, Question, ReadOutcome, Reading, RejectReason, Rejection, Report};
use refit::study::Study;
use refit::words;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What each column is taken for.
pub(crate) struct Columns<'a>(pub &'a [Reading]);

impl Columns<'_> {
    /// Those that hold numbers and are not used.
    pub(crate) fn unused(&self) -> Vec<String> {
        let unused = self.0.iter().filter(|r| r.numbers && !r.used);
        unused.map(|r| r.column.clone()).collect()
    }

    pub(crate) fn print(&self) {
        if !self.0.is_empty() {
            say!("  columns:");
        }
        for r in self.0 {
            let use_ = if r.used { "" } else { " (not used)" };
            say!("    {}: {}{use_}", r.column, r.why);
        }
    }
}

/// What `--json` prints for a file.
#[derive(Serialize)]
pub(super) struct Output {
    file: String,
    recognised: Option<&'static str>,
    study: Study,
    format: String,
    bytes: u64,
    expanded: u64,
    rows: u64,
    rows_kept: u64,
    /// Numbers in all.
    pub(super) count: u64,
    /// Of a table of architectures, which has no numbers of runs.
    pub(super) architectures: usize,
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
    pub(super) fn of(path: &Path, outcome: &ReadOutcome) -> Output {
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
            unused: Columns(&preview.readings).unused(),
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

    pub(super) fn print(&self) {
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
        Columns(&self.columns).print();
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
