//! What a table's columns are, where nobody released one like it: proposed by their names and
//! first numbers, changed by the reader.

use super::checkpoint;
use super::layout::METRICS;
use super::number::{self, Number, Value};
use crate::study::Study;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The columns of a table and its first rows, as text, and the mapping that they suggest.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Preview {
    pub columns: Vec<String>,
    /// Up to [`Preview::ROWS`], a cell for each column.
    pub rows: Vec<Vec<String>>,
    /// May lack compute or scores ([`Mapping::problem`]).
    pub mapping: Mapping,
}

impl Preview {
    pub const ROWS: usize = 20;
}

/// Which columns hold what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// Whose views the runs join, and in whose unit their compute is.
    pub study: Study,
    pub compute: Option<Compute>,
    /// In all, not in millions.
    pub parameters: Option<Scaled>,
    /// Numbers, or labels such as "12.8B".
    pub samples: Option<Scaled>,
    pub scores: Vec<Score>,
    pub dataset: Field,
    pub family: Field,
    pub pretrain: Field,
    pub architecture: Field,
    pub schedule: Field,
    pub run: Field,
}

/// Text of a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    Column(String),
    /// The same for all rows.
    Constant(String),
    #[default]
    None,
}

/// A column of numbers and what they are multiplied by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaled {
    pub column: String,
    pub factor: f64,
}

/// Where compute comes from, in the study's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compute {
    Column(Scaled),
    /// Parameters × samples × factor.
    Product {
        factor: f64,
    },
    /// The study's compute per sample of the architecture × samples.
    Architecture,
}

impl Compute {
    /// A forward pass costs about two floating-point operations a parameter and token; in
    /// GFLOPs. A sample that is several tokens needs their number in the factor.
    pub const FORWARD: f64 = 2e-9;
}

/// A column of measured numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub column: String,
    pub metric: Field,
    pub quantity: Quantity,
    pub scale: Scale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// Higher is better; the error is 1 − metric.
    Metric,
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Percent where most numbers of the column are above 1, else a fraction.
    Detect,
    Fraction,
    Percent,
}

/// Why a mapping does not fit a table, or is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingError {
    NoColumn { name: String, known: Vec<String> },
    NoCompute,
    NoParameters,
    NoScore,
    TooManyScores,
    Syntax { text: String },
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MappingError::NoColumn { name, known } => write!(
                f,
                "The table has no column “{name}”; it has {}.",
                known.join(", ")
            ),
            MappingError::NoCompute => write!(
                f,
                "No column says how much compute a run took: choose one, or parameters and samples, or an architecture and samples."
            ),
            MappingError::NoParameters => write!(
                f,
                "Compute from parameters × samples needs a column of parameters."
            ),
            MappingError::NoScore => {
                write!(f, "No column holds a metric or an error: choose one.")
            }
            MappingError::TooManyScores => write!(
                f,
                "More than {} columns of metrics cannot be read at once.",
                Mapping::MOST_SCORES
            ),
            MappingError::Syntax { text } => write!(
                f,
                "“{text}” is not a mapping: compute=COLUMN[*FACTOR], compute=parameters*samples[*FACTOR], compute=architecture, score=COLUMN[:percent|:fraction], error=COLUMN[:percent|:fraction], parameters=COLUMN[*FACTOR], samples=COLUMN[*FACTOR], study=NAME, or metric, dataset, family, pretrain, architecture, schedule, run = a column or a text."
            ),
        }
    }
}

impl std::error::Error for MappingError {}

impl Default for Mapping {
    fn default() -> Self {
        let constant = |text: &str| Field::Constant(text.to_owned());
        Mapping {
            study: Study::Comparison,
            compute: None,
            parameters: None,
            samples: None,
            scores: Vec::new(),
            dataset: constant("imagenet1k"),
            family: constant(YOURS),
            pretrain: constant(YOURS),
            architecture: Field::None,
            schedule: constant("cosine"),
            run: Field::None,
        }
    }
}

/// Family and pre-training set of runs that do not tell theirs.
pub(super) const YOURS: &str = "yours";

/// A column's name without case and punctuation, in words.
fn words(name: &str) -> Vec<String> {
    // Letters beyond ASCII stay as they are: the tables of their cases are not worth their size.
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric());
    words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

impl Mapping {
    /// Columns of metrics that are read at once.
    pub const MOST_SCORES: usize = 64;

    /// What keeps the mapping from being used.
    pub fn problem(&self) -> Option<MappingError> {
        match &self.compute {
            None => Some(MappingError::NoCompute),
            Some(Compute::Product { .. }) if self.parameters.is_none() => {
                Some(MappingError::NoParameters)
            }
            _ if self.scores.is_empty() => Some(MappingError::NoScore),
            _ => None,
        }
    }

    /// What names and first numbers of the columns suggest.
    pub fn propose(columns: &[String], rows: &[Vec<String>], comma: bool) -> Mapping {
        let mut mapping = Mapping::default();
        let table = Table {
            columns,
            rows,
            comma,
        };
        let text = |names: &[&str]| {
            let column = table.named(names);
            column.map(|i| Field::Column(columns[i].clone()))
        };
        let fields: [(&mut Field, &[&str]); 6] = [
            (
                &mut mapping.dataset,
                &["downstream dataset", "dataset", "benchmark", "eval dataset"],
            ),
            (
                &mut mapping.family,
                &[
                    "family",
                    "model family",
                    "model type",
                    "namespace",
                    "series",
                    "group",
                    "method",
                ],
            ),
            (
                &mut mapping.pretrain,
                &[
                    "pretrain",
                    "pretrain dataset",
                    "upstream dataset",
                    "pretraining set",
                    "train dataset",
                    "training data",
                ],
            ),
            (
                &mut mapping.architecture,
                &[
                    "architecture",
                    "arch",
                    "model simple",
                    "model",
                    "model name",
                ],
            ),
            (
                &mut mapping.schedule,
                &["schedule", "lr scheduler", "scheduler"],
            ),
            (
                &mut mapping.run,
                &[
                    "run",
                    "name",
                    "run name",
                    "run id",
                    "id",
                    "checkpoint",
                    "experiment",
                ],
            ),
        ];
        for (field, names) in fields {
            if let Some(found) = text(names) {
                *field = found;
            }
        }
        mapping.parameters = table.parameters();
        mapping.samples = table.samples();
        mapping.scores = table.scores();
        if let Some((compute, study)) = table.compute() {
            mapping.compute = Some(Compute::Column(compute));
            mapping.study = study;
        } else if mapping.parameters.is_some() && mapping.samples.is_some() {
            mapping.compute = Some(Compute::Product {
                factor: Compute::FORWARD,
            });
        } else if mapping.architecture != Field::None && mapping.samples.is_some() {
            mapping.compute = Some(Compute::Architecture);
        }
        mapping
    }

    /// Changes one field by a text such as "compute=flops*1e-9" or "error=top1_err:percent"; a
    /// name or error column given first takes the place of the proposed ones, `fresh` says so.
    pub fn set(&mut self, text: &str, columns: &[String], fresh: bool) -> Result<(), MappingError> {
        let syntax = || MappingError::Syntax {
            text: text.to_owned(),
        };
        let (name, value) = text.split_once('=').ok_or_else(syntax)?;
        let value = value.trim();
        let field = || match columns.iter().any(|c| c == value) {
            true => Field::Column(value.to_owned()),
            false => Field::Constant(value.to_owned()),
        };
        let scaled = || match value.rsplit_once('*') {
            // A column's name may have an asterisk.
            Some((column, factor)) if !columns.iter().any(|c| c == value) => {
                let factor = number::parse(factor.trim()).ok_or_else(syntax)?;
                let column = column.trim().to_owned();
                Ok(Scaled { column, factor })
            }
            _ => Ok(Scaled {
                column: value.to_owned(),
                factor: 1.0,
            }),
        };
        match name.trim() {
            "study" => {
                let known = Study::ALL.into_iter().find(|s| s.id() == value);
                self.study = known.ok_or_else(syntax)?;
            }
            "compute" => {
                let product = value.strip_prefix("parameters*samples");
                self.compute = Some(match product {
                    _ if value == "architecture" => Compute::Architecture,
                    Some("") => Compute::Product {
                        factor: Compute::FORWARD,
                    },
                    Some(factor) => Compute::Product {
                        factor: factor
                            .strip_prefix('*')
                            .and_then(|f| number::parse(f.trim()))
                            .ok_or_else(syntax)?,
                    },
                    None => Compute::Column(scaled()?),
                });
            }
            "parameters" => self.parameters = Some(scaled()?),
            "samples" => self.samples = Some(scaled()?),
            kind @ ("score" | "error") => {
                let (column, scale) = match value.rsplit_once(':') {
                    Some((column, "percent")) => (column, Scale::Percent),
                    Some((column, "fraction")) => (column, Scale::Fraction),
                    _ => (value, Scale::Detect),
                };
                let score = Score {
                    column: column.to_owned(),
                    metric: Field::Constant(metric(column)),
                    quantity: match kind {
                        "error" => Quantity::Error,
                        _ => Quantity::Metric,
                    },
                    scale,
                };
                if fresh {
                    self.scores.clear();
                }
                self.scores.push(score);
            }
            "metric" => {
                for score in &mut self.scores {
                    score.metric = field();
                }
            }
            "dataset" => self.dataset = field(),
            "family" => self.family = field(),
            "pretrain" => self.pretrain = field(),
            "architecture" => self.architecture = field(),
            "schedule" => self.schedule = field(),
            "run" => self.run = field(),
            _ => return Err(syntax()),
        }
        Ok(())
    }
}

/// The project's name of a metric, by that of its column.
fn metric(column: &str) -> String {
    if METRICS.contains(&column) {
        return column.to_owned();
    }
    let words = words(column);
    let has = |names: &[&str]| words.iter().any(|w| names.contains(&w.as_str()));
    if has(&["top5", "acc5"]) || (has(&["top"]) && has(&["5"])) {
        "acc5".to_owned()
    } else if has(&["miou", "iou"]) {
        "miou".to_owned()
    } else if has(&["recall", "map", "precision", "auc", "auroc", "f1"]) {
        column.to_owned()
    } else {
        "acc1".to_owned()
    }
}

/// The first rows, for proposals.
struct Table<'a> {
    columns: &'a [String],
    rows: &'a [Vec<String>],
    comma: bool,
}

impl Table<'_> {
    /// The first column of one of these names.
    fn named(&self, names: &[&str]) -> Option<usize> {
        let found = |name: &&str| {
            let is = |column: &String| words(column).join(" ") == **name;
            self.columns.iter().position(is)
        };
        names.iter().find_map(found)
    }

    /// The largest number of a column; `None` where less than half of its cells are numbers.
    fn largest(&self, column: usize) -> Option<f64> {
        let (mut cells, mut numbers, mut largest) = (0, 0, f64::NEG_INFINITY);
        for row in self.rows {
            let cell = row.get(column).map_or("", String::as_str);
            match number::number(Value::Text(cell), self.comma) {
                Number::Missing => continue,
                Number::Of { value, .. } => {
                    numbers += 1;
                    largest = largest.max(value);
                }
                Number::None => {}
            }
            cells += 1;
        }
        (numbers > 0 && 2 * numbers >= cells).then_some(largest)
    }

    fn compute(&self) -> Option<(Scaled, Study)> {
        let found = |i: usize| {
            let largest = self.largest(i)?;
            let name = words(&self.columns[i]).join(" ");
            let unit = name.find("flop").or_else(|| name.find("mac"));
            let plain = matches!(
                name.as_str(),
                "compute" | "c" | "total compute" | "training compute" | "train compute"
            );
            let factor = match unit {
                // "throughput in FLOPs a second", "FLOPs a sample": a rate.
                Some(_) if name.contains("per") || name.ends_with(" s") => return None,
                Some(at) => match name[..at].chars().last() {
                    Some('k') => 1e-6,
                    Some('m') => 1e-3,
                    Some('g') => 1.0,
                    Some('t') => 1e3,
                    Some('p') => 1e6,
                    Some('e') => 1e9,
                    Some('z') => 1e12,
                    _ => 1e-9,
                },
                // A run of 1e15 GFLOPs is beyond all that was trained; it must be FLOPs.
                None if plain && largest > 1e15 => 1e-9,
                None if plain => 1.0,
                None => return None,
            };
            let study = match name.contains("mac") {
                true => Study::Openclip,
                false => Study::Comparison,
            };
            let column = self.columns[i].clone();
            // Totals before anything else, such as the compute of a sample.
            let rank = usize::from(!plain) + usize::from(!name.contains("total"));
            Some((rank, Scaled { column, factor }, study))
        };
        let best = (0..self.columns.len())
            .filter_map(found)
            .min_by_key(|f| f.0);
        best.map(|(_, compute, study)| (compute, study))
    }

    fn parameters(&self) -> Option<Scaled> {
        let names = [
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
            "model size",
            "n",
        ];
        let i = self.named(&names)?;
        let largest = self.largest(i)?;
        let name = words(&self.columns[i]).join(" ");
        let millions = name.contains("mparams") || name.ends_with(" m") || largest < 1e5;
        Some(Scaled {
            column: self.columns[i].clone(),
            factor: if millions { 1e6 } else { 1.0 },
        })
    }

    fn samples(&self) -> Option<Scaled> {
        let names = [
            "samples seen",
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
        let i = self.named(&names)?;
        let label = |row: &Vec<String>| {
            let cell = row.get(i).map_or("", String::as_str);
            crate::study::architecture::samples_seen(Study::Comparison, cell.trim()).is_some()
        };
        (self.largest(i).is_some() || self.rows.iter().any(label)).then(|| Scaled {
            column: self.columns[i].clone(),
            factor: 1.0,
        })
    }

    fn scores(&self) -> Vec<Score> {
        const WORDS: [&str; 20] = [
            "acc",
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
        let metric_column = self.named(&["metric", "metric name"]);
        let metric_column = metric_column.filter(|i| self.largest(*i).is_none());
        let mut scores = Vec::new();
        for (i, column) in self.columns.iter().enumerate() {
            let words = words(column);
            let is = |w: &String| WORDS.contains(&w.as_str());
            let known = METRICS.contains(&column.as_str()) || words.iter().any(is);
            let within = self.largest(i).is_some_and(|x| (0.0..=100.0).contains(&x));
            // A standard error is no error rate.
            let spread = words
                .iter()
                .any(|w| matches!(w.as_str(), "std" | "stderr" | "standard"));
            if !known || !within || spread || scores.len() == Mapping::MOST_SCORES {
                continue;
            }
            let error = words.iter().any(|w| w == "err" || w == "error");
            scores.push(Score {
                column: column.clone(),
                metric: match metric_column {
                    Some(metric) => Field::Column(self.columns[metric].clone()),
                    None => Field::Constant(metric(column)),
                },
                quantity: if error {
                    Quantity::Error
                } else {
                    Quantity::Metric
                },
                scale: Scale::Detect,
            });
        }
        scores
    }
}

/// As the study labels samples seen that a cell gives as a number or a label.
pub(super) fn samples(study: Study, text: &str) -> Option<(String, f64)> {
    let count = crate::study::architecture::samples_seen(study, text)?;
    Some((checkpoint::label(study, count), count))
}
