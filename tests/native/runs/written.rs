//! Tables of runs written in every shape read back equal, and no column of numbers vanishes.

use crate::runs::made::{self, options, read, read_with};
use proptest::prelude::*;
use refit::runs::{ReadOptions, ReadOutcome, Role, read_parquet};
use serde_json::{Map, Value as Json, json};

/// A run and what was measured of it, in the order of [`METRICS`] and [`SETS`].
#[derive(Clone, Debug)]
struct Written {
    name: String,
    gflops: u64,
    parameters: u64,
    values: Vec<f64>,
    errors: Vec<f64>,
}

const METRICS: [&str; 2] = ["acc1", "acc5"];
const SETS: [&str; 3] = ["imagenet1k", "imagenetv2", "cifar10"];

/// Runs of different names; fractions of at most six digits, so that percent are exact, too.
fn runs() -> impl Strategy<Value = Vec<Written>> {
    let run = (
        1u64..100_000,
        1u64..100_000,
        prop::collection::vec(1u32..1_000_000, 6),
        prop::collection::vec(1u32..10_000, 6),
    );
    prop::collection::vec(run, 2..12).prop_map(|runs| {
        let written = |(i, run): (usize, (u64, u64, Vec<u32>, Vec<u32>))| Written {
            name: format!("run {i}"),
            gflops: run.0 * 1000,
            parameters: run.1 * 1_000_000,
            values: run.2.into_iter().map(|x| f64::from(x) / 1e6).collect(),
            errors: run.3.into_iter().map(|x| f64::from(x) / 1e6).collect(),
        };
        runs.into_iter().enumerate().map(written).collect()
    })
}

/// How numbers are written.
#[derive(Clone, Copy, Debug)]
struct Style {
    percent: Percent,
    thousands: bool,
    errors: bool,
    /// Compute in 1e18 FLOPs and parameters in millions, by their names.
    units: bool,
    /// Parameters as "70M".
    suffix: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Percent {
    No,
    Name,
    Sign,
}

fn style() -> impl Strategy<Value = Style> {
    let percent = prop::sample::select(vec![Percent::No, Percent::Name, Percent::Sign]);
    (percent, any::<[bool; 4]>()).prop_map(|(percent, [thousands, errors, units, suffix])| Style {
        percent,
        thousands,
        errors,
        units,
        suffix,
    })
}

/// A millionth's multiple in percent, to the digit.
fn percent(x: f64) -> String {
    let millionths = (x * 1e6).round() as u64;
    format!("{}.{:04}", millionths / 10_000, millionths % 10_000)
}

impl Style {
    fn value(self, value: f64, error: f64) -> String {
        let plain = |x: f64| match self.percent {
            Percent::No => format!("{x}"),
            _ => percent(x),
        };
        let sign = if self.percent == Percent::Sign {
            "%"
        } else {
            ""
        };
        match self.errors {
            true => format!("{} ± {}{sign}", plain(value), plain(error)),
            false => plain(value) + sign,
        }
    }

    fn amounts(self) -> [&'static str; 2] {
        match self.units {
            true => ["compute (1e18 FLOPs)", "params (M)"],
            false => ["gflops", "params"],
        }
    }

    fn amount(self, run: &Written) -> [String; 2] {
        let whole = |x: u64| match self.thousands {
            true => grouped(x),
            false => x.to_string(),
        };
        match self.units {
            // 1e9 GFLOPs are 1e18 FLOPs.
            true => [
                format!("{}e-9", run.gflops),
                whole(run.parameters / 1_000_000),
            ],
            false if self.suffix => [
                whole(run.gflops),
                format!("{}M", run.parameters / 1_000_000),
            ],
            false => [whole(run.gflops), whole(run.parameters)],
        }
    }

    fn unit(self) -> &'static str {
        match self.percent {
            Percent::Name => " (%)",
            _ => "",
        }
    }
}

fn grouped(x: u64) -> String {
    let digits = x.to_string();
    let parts: Vec<String> = (digits.as_bytes().rchunks(3).rev())
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    parts.join(",")
}

#[derive(Clone, Copy, Debug)]
enum Layout {
    Long,
    WideBySet,
    WideByMetric,
}

/// Header and rows, as texts.
fn cells(runs: &[Written], layout: Layout, style: Style) -> (Vec<String>, Vec<Vec<String>>) {
    let unit = style.unit();
    let mut header: Vec<String> = vec!["run".to_owned()];
    header.extend(style.amounts().map(str::to_owned));
    match layout {
        Layout::Long => {
            header.extend(["dataset", "metric", &format!("value{unit}")].map(str::to_owned))
        }
        Layout::WideBySet => header.extend(
            SETS.iter()
                .flat_map(|set| METRICS.map(|m| format!("{set} {m}{unit}"))),
        ),
        Layout::WideByMetric => {
            header.push("dataset".to_owned());
            header.extend(METRICS.map(|m| format!("{m}{unit}")));
        }
    }
    let mut rows = Vec::new();
    for run in runs {
        let mut start = vec![run.name.clone()];
        start.extend(style.amount(run));
        let value = |set: usize, metric: usize| {
            let i = set * METRICS.len() + metric;
            style.value(run.values[i], run.errors[i])
        };
        match layout {
            Layout::Long => {
                for (s, set) in SETS.iter().enumerate() {
                    for (m, metric) in METRICS.iter().enumerate() {
                        let tail = [(*set).to_owned(), (*metric).to_owned(), value(s, m)];
                        rows.push([start.clone(), tail.to_vec()].concat());
                    }
                }
            }
            Layout::WideBySet => {
                let all = (0..SETS.len()).flat_map(|s| (0..METRICS.len()).map(move |m| (s, m)));
                let tail: Vec<String> = all.map(|(s, m)| value(s, m)).collect();
                rows.push([start, tail].concat());
            }
            Layout::WideByMetric => {
                for (s, set) in SETS.iter().enumerate() {
                    let tail = vec![(*set).to_owned(), value(s, 0), value(s, 1)];
                    rows.push([start.clone(), tail].concat());
                }
            }
        }
    }
    (header, rows)
}

fn quoted(cell: &str, delimiter: &str) -> String {
    match cell.contains(delimiter) || cell.contains('"') {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

#[derive(Clone, Copy, Debug)]
enum Container {
    Csv(&'static str),
    Markdown,
    Document,
    Records,
    Lines,
    ByRun,
    ByColumn,
    Lists,
    Split,
    Member,
}

fn json_cell(text: &str) -> Json {
    match text.parse::<f64>() {
        Ok(x) => json!(x),
        Err(_) => json!(text),
    }
}

fn written((header, rows): &(Vec<String>, Vec<Vec<String>>), container: Container) -> String {
    let record = |row: &Vec<String>| -> Map<String, Json> {
        let cells = header.iter().zip(row);
        cells
            .map(|(name, cell)| (name.clone(), json_cell(cell)))
            .collect()
    };
    let records: Vec<Json> = rows.iter().map(|row| Json::Object(record(row))).collect();
    let column = |i: usize| rows.iter().map(move |row| json_cell(&row[i]));
    match container {
        Container::Csv(delimiter) => {
            let line = |row: &Vec<String>| {
                let cells: Vec<String> = row.iter().map(|cell| quoted(cell, delimiter)).collect();
                cells.join(delimiter) + "\n"
            };
            line(header) + &rows.iter().map(line).collect::<String>()
        }
        Container::Markdown | Container::Document => {
            let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
            let rule = format!("|{}\n", "---|".repeat(header.len()));
            let table = line(header) + &rule + &rows.iter().map(line).collect::<String>();
            match container {
                Container::Document => {
                    format!("# Results\n\nOf runs, many.\n\n{table}\nThe end, at last.\n")
                }
                _ => table,
            }
        }
        Container::Records => Json::Array(records).to_string(),
        Container::Lines => records.iter().map(|r| format!("{r}\n")).collect(),
        Container::ByRun => {
            let of = rows.iter().map(|row| {
                let mut record = record(row);
                record.remove("run");
                (row[0].clone(), Json::Object(record))
            });
            Json::Object(of.collect()).to_string()
        }
        Container::ByColumn => {
            let of = |i: usize| -> Map<String, Json> {
                column(i)
                    .enumerate()
                    .map(|(row, x)| (row.to_string(), x))
                    .collect()
            };
            let all = header.iter().enumerate();
            let all = all.map(|(i, name)| (name.clone(), Json::Object(of(i))));
            Json::Object(all.collect()).to_string()
        }
        Container::Lists => {
            let all = header.iter().enumerate();
            let all = all.map(|(i, name)| (name.clone(), Json::Array(column(i).collect())));
            Json::Object(all.collect()).to_string()
        }
        Container::Split => {
            let data: Vec<Vec<Json>> = rows
                .iter()
                .map(|row| row.iter().map(|c| json_cell(c)).collect())
                .collect();
            json!({"columns": header, "index": (0..rows.len()).collect::<Vec<_>>(), "data": data})
                .to_string()
        }
        Container::Member => json!({"version": "1", "results": records}).to_string(),
    }
}

/// Reads a table as proposed.
fn proposed(file: &[u8]) -> ReadOutcome {
    let first = read(file);
    if first.preview.mapping.problem().is_some() {
        return first;
    }
    let mapping = Some(first.preview.mapping.clone());
    let mut outcome = read_with(
        file,
        ReadOptions {
            mapping,
            ..options()
        },
    );
    outcome.preview.readings = first.preview.readings;
    outcome
}

/// "run set metric", compute, parameters, value and error of each number, sorted.
fn numbers(outcome: &ReadOutcome) -> Vec<(String, [f64; 4])> {
    let of = |m: refit::study::Measurement| {
        let size = m.parameters.unwrap_or(0.0);
        let error = m.standard_error.unwrap_or(0.0);
        (
            format!("{} {} {}", m.run, m.dataset, m.metric),
            [m.compute.unwrap_or(0.0), size, m.value, error],
        )
    };
    let mut all: Vec<_> = outcome.runs.measurements().map(of).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn expected(runs: &[Written], errors: bool) -> Vec<(String, [f64; 4])> {
    let mut all = Vec::new();
    for run in runs {
        for (s, set) in SETS.iter().enumerate() {
            for (m, metric) in METRICS.iter().enumerate() {
                let i = s * METRICS.len() + m;
                let error = if errors { run.errors[i] } else { 0.0 };
                let key = format!("{} {set} {metric}", run.name);
                all.push((
                    key,
                    [
                        run.gflops as f64,
                        run.parameters as f64,
                        run.values[i],
                        error,
                    ],
                ));
            }
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Errors are stored in half the digits.
fn equal(found: &[(String, [f64; 4])], expected: &[(String, [f64; 4])]) -> bool {
    let close = |a: f64, b: f64, to: f64| a == b || (a / b - 1.0).abs() < to;
    let same = |(a, x): &(String, [f64; 4]), (b, y): &(String, [f64; 4])| {
        a == b && (0..3).all(|i| close(x[i], y[i], 1e-12)) && close(x[3], y[3], 1e-6)
    };
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| same(a, b))
}

fn container() -> impl Strategy<Value = Container> {
    prop::sample::select(vec![
        Container::Csv(","),
        Container::Csv("\t"),
        Container::Markdown,
        Container::Document,
        Container::Records,
        Container::Lines,
        Container::ByRun,
        Container::ByColumn,
        Container::Lists,
        Container::Split,
        Container::Member,
    ])
}

proptest! {
    #[test]
    fn tables_read_back_equal(
        runs in runs(),
        style in style(),
        layout in prop::sample::select(vec![Layout::Long, Layout::WideBySet, Layout::WideByMetric]),
        container in container(),
    ) {
        // By run there is one object a run.
        let layout = match container {
            Container::ByRun => Layout::WideBySet,
            _ => layout,
        };
        let text = written(&cells(&runs, layout, style), container);
        let outcome = proposed(text.as_bytes());
        prop_assert_eq!(outcome.preview.mapping.problem(), None, "{}", text);
        let (found, expected) = (numbers(&outcome), expected(&runs, style.errors));
        prop_assert!(equal(&found, &expected), "{text}\n{found:?}\n{expected:?}");
        prop_assert_eq!(outcome.report.rejected, 0);
    }

    /// Half a table, and one whose bytes are damaged: what is kept adds up, nothing panics.
    #[test]
    fn damaged_tables_come_to_something(
        runs in runs(),
        style in style(),
        layout in prop::sample::select(vec![Layout::Long, Layout::WideBySet, Layout::WideByMetric]),
        container in container(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select("{}[]\",:|-\n±%e".as_bytes().to_vec())]), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut file = written(&cells(&runs, layout, style), container).into_bytes();
        for (at, byte) in &damage {
            let at = at.index(file.len());
            file[at] = *byte;
        }
        file.truncate(cut.map_or(file.len(), |cut| cut.index(file.len())));
        let outcome = proposed(&file);
        let report = &outcome.report;
        // Where a column can be read two ways nothing is read before it is said.
        let told = report.kept_rows + report.rejected + report.skipped.values().sum::<u64>();
        let asked = outcome.preview.mapping.problem().is_some();
        prop_assert!(asked || told >= report.rows, "{}\n{report:?}", String::from_utf8_lossy(&file));
        let numbers = outcome.runs.measurements().count() as u64;
        prop_assert_eq!(report.kept, numbers);
        for m in outcome.runs.measurements() {
            prop_assert!(m.value.is_finite() && m.compute.is_none_or(|c| c > 0.0 && c.is_finite()));
        }
    }

    #[test]
    fn parquet_reads_back_equal(runs in runs()) {
        let rows: Vec<made::Row> = (runs.iter())
            .map(|run| (Some(run.name.clone()), Some(run.gflops as i64), Some(run.values[0])))
            .collect();
        let file = made::parquet(["run", "gflops", "acc1"], &rows, &made::Writing::default());
        let mapping = Some(read_parquet(&file, options()).preview.mapping);
        let outcome = read_parquet(&file, ReadOptions { mapping, ..options() });
        let found: Vec<(String, f64, f64)> = outcome.runs.measurements()
            .map(|m| (m.run.clone(), m.compute.unwrap(), m.value))
            .collect();
        let expected: Vec<(String, f64, f64)> = (runs.iter())
            .map(|run| (run.name.clone(), run.gflops as f64, run.values[0]))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_column_of_numbers_vanishes(
        names in prop::collection::btree_set(
            "(val|train|imagenet1k|mmlu|arc_c|total|log10|avg|1 -)?[ _/.](loss|acc|flops|params|tokens|step|size|stderr|wer|x|k|top1_err|entropy|samples_seen|count)( \\((M|B|%|P)\\))?",
            2..9,
        ),
        columns in prop::collection::vec((prop::collection::vec(0u32..2000, 6), 0usize..4), 9),
        rows in 2usize..6,
        lines: bool,
    ) {
        let names: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
        let cell = |column: usize, row: usize| {
            let (values, scale) = &columns[column];
            f64::from(values[row]) / [1.0, 10.0, 2000.0, 1e-9][*scale]
        };
        let text = match lines {
            true => (0..rows).map(|row| {
                let record: Map<String, Json> = names.iter().enumerate().map(|(i, name)| (name.clone(), json!(cell(i, row)))).collect();
                format!("{}\n", Json::Object(record))
            }).collect(),
            false => {
                let line = |row: usize| (0..names.len()).map(|i| cell(i, row).to_string()).collect::<Vec<_>>().join(",");
                let body: Vec<String> = (0..rows).map(line).collect();
                format!("{}\n{}\n", names.join(","), body.join("\n"))
            }
        };
        let outcome = proposed(text.as_bytes());
        let readings = &outcome.preview.readings;
        let mapping = &outcome.preview.mapping;
        for name in &names {
            let of: Vec<_> = readings.iter().filter(|r| r.column == *name).collect();
            // Listed as numbers; and what is said to be used is.
            prop_assert!(!of.is_empty() && of.iter().all(|r| r.numbers), "{name}: {text}");
            prop_assert!(of.iter().all(|r| r.used == mapping.uses(name)), "{name}: {text}");
        }
        // Of a column of results each number is kept or refused.
        if mapping.problem().is_none() && outcome.report.error.is_none() {
            let results = readings.iter().filter(|r| r.used && matches!(r.is, Role::Result(_)));
            let scores = mapping.scores.len();
            prop_assert!(results.count() <= scores);
            let report = &outcome.report;
            let refused_rows = report.rows - report.kept_rows;
            let least = (scores as u64 * report.kept_rows).saturating_sub(report.rejected);
            prop_assert!(report.kept >= least, "{text} {report:?}");
            prop_assert!(report.rejected >= refused_rows - report.skipped.values().sum::<u64>());
        }
    }
}
