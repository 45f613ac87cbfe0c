//! What a table's columns probably are, by their names and first numbers.

use super::mapping::{Compute, Field, Mapping, Quantity, Scaled, Score, UnitScale};
use super::metrics::{METRICS, metric, words};
use super::number::{self, Cell, ParsedNumber};
use crate::study::Study;

/// Names of columns, without case and punctuation; the earlier go first.
const DATASET: [&str; 4] = ["downstream dataset", "dataset", "benchmark", "eval dataset"];

const FAMILY: [&str; 7] = [
    "family",
    "model family",
    "model type",
    "namespace",
    "series",
    "group",
    "method",
];

const PRETRAIN: [&str; 6] = [
    "pretrain",
    "pretrain dataset",
    "upstream dataset",
    "pretraining set",
    "train dataset",
    "training data",
];

const ARCHITECTURE: [&str; 5] = [
    "architecture",
    "arch",
    "model simple",
    "model",
    "model name",
];

const SCHEDULE: [&str; 3] = ["schedule", "lr scheduler", "scheduler"];

const RUN: [&str; 7] = [
    "run",
    "name",
    "run name",
    "run id",
    "id",
    "checkpoint",
    "experiment",
];

const PARAMETERS: [&str; 17] = [
    "parameters",
    "params",
    "n params",
    "num params",
    "n parameters",
    "num parameters",
    "mparams",
    "model mparams",
    "params m",
    "parameters m",
    "n params m",
    "num params m",
    "n parameters m",
    "model params",
    "model parameters",
    "model size",
    "n",
];

const SAMPLES: [&str; 15] = [
    "samples seen",
    "seen samples",
    "total samples seen",
    "samples",
    "n samples",
    "num samples",
    "images seen",
    "examples seen",
    "examples",
    "tokens",
    "n tokens",
    "num tokens",
    "tokens seen",
    "training tokens",
    "d",
];

/// Words in the names of metrics.
const SCORE_WORDS: [&str; 21] = [
    "acc",
    "top",
    "acc1",
    "acc5",
    "accuracy",
    "top1",
    "top5",
    "recall",
    "precision",
    "map",
    "miou",
    "iou",
    "auc",
    "auroc",
    "f1",
    "score",
    "value",
    "performance",
    "err",
    "error",
    "metric",
];

impl Mapping {
    /// What names and first numbers of the columns suggest.
    pub(super) fn propose(table: &FirstRows) -> Mapping {
        let columns = table.columns;
        let mut mapping = Mapping::default();
        let text = |names: &[&str]| {
            let column = table.named(names);
            column.map(|i| Field::Column(columns[i].clone()))
        };
        for (field, names) in [
            (&mut mapping.dataset, &DATASET[..]),
            (&mut mapping.family, &FAMILY),
            (&mut mapping.pretrain, &PRETRAIN),
            (&mut mapping.architecture, &ARCHITECTURE),
            (&mut mapping.schedule, &SCHEDULE),
            (&mut mapping.run, &RUN),
        ] {
            if let Some(found) = text(names) {
                *field = found;
            }
        }
        mapping.parameters = table.parameters();
        mapping.samples = table.samples();
        mapping.scores = table.scores();
        let architecture = match &mapping.architecture {
            Field::Column(name) => table.has(name, "ViT-"),
            _ => false,
        };
        if let Some((compute, study)) = table.compute() {
            mapping.compute = Some(compute);
            mapping.study = study;
        } else if let Some(samples) = &mapping.samples {
            let is_tokens = words(&samples.column)
                .iter()
                .any(|w| w == "tokens" || w == "d");
            if mapping.parameters.is_some() && !architecture {
                let factor = if is_tokens {
                    Compute::FORWARD
                } else {
                    Compute::VIT_B_32
                };
                mapping.compute = Some(Compute::Product { factor });
            } else if mapping.architecture != Field::None {
                mapping.compute = Some(Compute::Architecture);
            }
        }
        mapping
    }
}

/// GFLOPs, or GMACs, below which no run of a model has been: 1e14 FLOPs.
const SMALLEST_RUN: f64 = 1e5;

/// What a name that names a unit of compute tells: how many GFLOPs (or GMACs) that is, and the
/// study that counts so.
enum Unit {
    Run(f64, Study),
    Sample(f64, Study),
    /// Compute a second, or of something else.
    Rate,
}

fn operations(words: &[String]) -> Option<Unit> {
    let found = words.iter().enumerate();
    let (at, (mut factor, study)) = found.filter_map(|(i, w)| Some((i, unit(w)?))).next()?;
    let after: Vec<&str> = words[at + 1..].iter().map(String::as_str).collect();
    // "PFLOP/s-days": a rate times a time is compute.
    let time = match after.as_slice() {
        ["s", time, ..] | [time, ..] => match *time {
            "day" | "days" => Some(86_400.0),
            "hour" | "hours" => Some(3_600.0),
            _ => None,
        },
        [] => None,
    };
    if let Some(seconds) = time {
        factor *= seconds;
        return Some(Unit::Run(factor, study));
    }
    let of = |names: &[&str]| words.iter().any(|w| names.contains(&w.as_str()));
    let each = of(&["per"]) && of(&["sample", "samples", "image", "example", "forward", "pass"]);
    let rate =
        of(&["per", "throughput"]) || matches!(after.first(), Some(&("s" | "sec" | "second")));
    Some(match (each, rate) {
        (true, _) => Unit::Sample(factor, study),
        (false, true) => Unit::Rate,
        (false, false) => Unit::Run(factor, study),
    })
}

/// "gflops", "PetaFLOP", "MACs": in units of 1e9, and the study that counts so.
fn unit(word: &str) -> Option<(f64, Study)> {
    let ends = [
        ("flops", "GFLOPs"),
        ("flop", "GFLOPs"),
        ("macs", "GMACs"),
        ("mac", "GMACs"),
    ];
    let strip = |(end, unit)| Some((word.strip_suffix(end)?, Study::of_unit(unit)));
    let (prefix, study) = ends.into_iter().find_map(strip)?;
    let total = ["total", "training", "train"];
    let prefix = total
        .iter()
        .find_map(|t| prefix.strip_prefix(t))
        .unwrap_or(prefix);
    let factor = match prefix {
        "" => 1e-9,
        "k" | "kilo" => 1e-6,
        "m" | "mega" => 1e-3,
        "g" | "giga" => 1.0,
        "t" | "tera" => 1e3,
        "p" | "peta" => 1e6,
        "e" | "exa" => 1e9,
        "z" | "zetta" => 1e12,
        "y" | "yotta" => 1e15,
        _ => return None,
    };
    Some((factor, study))
}

/// The first rows, for proposals.
pub(super) struct FirstRows<'a> {
    pub columns: &'a [String],
    pub rows: &'a [Vec<String>],
    pub comma: bool,
}

impl FirstRows<'_> {
    /// The first column of one of these names.
    fn named(&self, names: &[&str]) -> Option<usize> {
        let found = |name: &&str| {
            let is = |column: &String| words(column).join(" ") == **name;
            self.columns.iter().position(is)
        };
        names.iter().find_map(found)
    }

    /// Whether the first cell of a column begins so.
    fn has(&self, column: &str, start: &str) -> bool {
        let place = self.columns.iter().position(|c| c == column);
        let first = self.rows.first().zip(place);
        first.is_some_and(|(row, i)| row.get(i).is_some_and(|cell| cell.starts_with(start)))
    }

    /// The largest number of a column; `None` where less than half of its cells are numbers.
    fn largest(&self, column: usize) -> Option<f64> {
        let (mut cells, mut numbers, mut largest) = (0, 0, f64::NEG_INFINITY);
        for row in self.rows {
            let cell = row.get(column).map_or("", String::as_str);
            match number::number(Cell::Text(cell), self.comma) {
                ParsedNumber::Missing => continue,
                ParsedNumber::Of { value, .. } => {
                    numbers += 1;
                    largest = largest.max(value);
                }
                ParsedNumber::None => {}
            }
            cells += 1;
        }
        (numbers > 0 && 2 * numbers >= cells).then_some(largest)
    }

    /// The column that tells compute, totals before anything else.
    fn compute(&self) -> Option<(Compute, Study)> {
        let found = |i: usize| {
            let (compute, study) = self.compute_of(i)?;
            let words = words(&self.columns[i]);
            let each = matches!(compute, Compute::Each(_));
            let total = words.iter().any(|w| w == "total");
            Some((usize::from(each), usize::from(!total), compute, study))
        };
        let all = (0..self.columns.len()).filter_map(found);
        let best = all.min_by_key(|(each, total, ..)| (*each, *total));
        best.map(|(.., compute, study)| (compute, study))
    }

    /// What compute a column tells, by its name and the size of its numbers.
    pub(super) fn compute_of(&self, column: usize) -> Option<(Compute, Study)> {
        let largest = self.largest(column)?;
        let words = words(&self.columns[column]);
        let (factor, study, each) = match operations(&words) {
            Some(Unit::Rate) => return None,
            Some(Unit::Run(factor, study)) => (factor, study, false),
            Some(Unit::Sample(factor, study)) => (factor, study, true),
            None => {
                let name = words.join(" ");
                let plain = [
                    "compute",
                    "c",
                    "total compute",
                    "training compute",
                    "train compute",
                ];
                if !plain.contains(&name.as_str()) {
                    return None;
                }
                // A run of 1e15 GFLOPs is beyond all that was trained; it must be FLOPs.
                let factor = if largest > 1e15 { 1e-9 } else { 1.0 };
                (factor, Study::of_unit("GFLOPs"), false)
            }
        };
        let scaled = Scaled {
            column: self.columns[column].clone(),
            factor,
        };
        // A model's pass takes less, a run that can be fitted more.
        let small = largest * factor < SMALLEST_RUN && self.samples().is_some();
        let compute = match each || small {
            true => Compute::Each(scaled),
            false => Compute::Column(scaled),
        };
        Some((compute, study))
    }

    fn parameters(&self) -> Option<Scaled> {
        self.parameters_of(self.named(&PARAMETERS)?)
    }

    /// A column of parameters: millions where it says so or its numbers are small.
    pub(super) fn parameters_of(&self, column: usize) -> Option<Scaled> {
        let largest = self.largest(column)?;
        let name = words(&self.columns[column]).join(" ");
        let millions = name.contains("mparams") || name.ends_with(" m") || largest < 1e5;
        Some(Scaled {
            column: self.columns[column].clone(),
            factor: if millions { 1e6 } else { 1.0 },
        })
    }

    fn samples(&self) -> Option<Scaled> {
        let i = self.named(&SAMPLES)?;
        let label = |row: &Vec<String>| {
            let cell = row.get(i).map_or("", String::as_str);
            crate::study::architecture::samples_seen(Study::of_unit("GFLOPs"), cell.trim())
                .is_some()
        };
        (self.largest(i).is_some() || self.rows.iter().any(label)).then(|| Scaled {
            column: self.columns[i].clone(),
            factor: 1.0,
        })
    }

    fn scores(&self) -> Vec<Score> {
        let metric_column = self.named(&["metric", "metric name"]);
        let metric_column = metric_column.filter(|i| self.largest(*i).is_none());
        let mut scores = Vec::new();
        for (i, column) in self.columns.iter().enumerate() {
            let words = words(column);
            let is = |w: &String| SCORE_WORDS.contains(&w.as_str());
            let known = METRICS.contains(&column.as_str()) || words.iter().any(is);
            let within = self.largest(i).is_some_and(|x| (0.0..=100.0).contains(&x));
            // A standard error is no error rate.
            let spread = words
                .iter()
                .any(|w| matches!(w.as_str(), "std" | "stderr" | "standard"));
            let again = self.columns[..i].contains(column);
            if !known || !within || spread || again || scores.len() == Mapping::MOST_SCORES {
                continue;
            }
            // Two columns of one name would be two numbers of each run.
            let mut name = Field::Constant(metric(column));
            if scores.iter().any(|s: &Score| s.metric == name) {
                name = Field::Constant(column.clone());
            }
            let error = words.iter().any(|w| w == "err" || w == "error");
            scores.push(Score {
                column: column.clone(),
                metric: match metric_column {
                    Some(metric) => Field::Column(self.columns[metric].clone()),
                    None => name,
                },
                quantity: if error {
                    Quantity::Error
                } else {
                    Quantity::Metric
                },
                scale: UnitScale::Detect,
            });
        }
        scores
    }
}
