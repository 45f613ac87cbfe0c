//! What a table's columns are, where nobody released one like it: proposed ([`super::propose`]),
//! changed by the reader.

use super::checkpoint;
use super::metrics::metric;
use super::number;
use crate::study::Study;
use serde::{Deserialize, Serialize};
use std::fmt;

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
    /// Of the whole run.
    Column(Scaled),
    /// A column of each sample's × samples.
    Each(Scaled),
    /// Parameters × samples × factor.
    Product { factor: f64 },
    /// The study's compute per sample of the architecture × samples.
    Architecture,
}

impl Compute {
    /// GFLOPs a parameter and token: a forward pass costs about two floating-point operations.
    pub const FORWARD: f64 = 2e-9;
    /// GFLOPs a parameter and sample of the comparison study's CLIP ViT-B-32: 14.54 GFLOPs and
    /// 151.28 million parameters (`data/comparison/architectures.csv`), about 48 tokens a sample.
    /// Smaller patches and larger pictures take more.
    pub const VIT_B_32: f64 = 9.6e-8;
}

/// A column of measured numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub column: String,
    pub metric: Field,
    pub quantity: Quantity,
    pub scale: UnitScale,
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
pub enum UnitScale {
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
    NoSamples,
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
            MappingError::NoCompute => write!(f, "No column says how much compute a run took."),
            MappingError::NoParameters => write!(
                f,
                "Compute from parameters × samples needs a column of parameters."
            ),
            MappingError::NoSamples => write!(
                f,
                "Compute from that of a sample needs a column of the samples seen."
            ),
            MappingError::NoScore => {
                write!(f, "No column holds a metric or an error.")
            }
            MappingError::TooManyScores => write!(
                f,
                "More than {} columns of metrics cannot be read at once.",
                Mapping::MOST_SCORES
            ),
            MappingError::Syntax { text } => write!(
                f,
                "“{text}” is not a mapping: compute=COLUMN[*FACTOR][*samples], compute=parameters*samples[*FACTOR], compute=architecture, score=COLUMN[:percent|:fraction], error=COLUMN[:percent|:fraction], parameters=COLUMN[*FACTOR], samples=COLUMN[*FACTOR], study=NAME, or metric, dataset, family, pretrain, architecture, schedule, run = a column or a text."
            ),
        }
    }
}

impl std::error::Error for MappingError {}

impl Default for Mapping {
    fn default() -> Self {
        let constant = |text: &str| Field::Constant(text.to_owned());
        Mapping {
            study: Study::of_unit("GFLOPs"),
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
            Some(Compute::Product { .. } | Compute::Each(_) | Compute::Architecture)
                if self.samples.is_none() =>
            {
                Some(MappingError::NoSamples)
            }
            _ if self.scores.is_empty() => Some(MappingError::NoScore),
            _ => None,
        }
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
        let scaled = |value: &str| match value.rsplit_once('*') {
            // A column's name may have an asterisk.
            Some((column, factor)) if !columns.iter().any(|c| c == value) => {
                let factor = positive(factor).ok_or_else(syntax)?;
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
                self.study = Study::find(value).ok_or_else(syntax)?;
            }
            "compute" => {
                let product = value.strip_prefix("parameters*samples");
                self.compute = Some(match (product, value.strip_suffix("*samples")) {
                    _ if value == "architecture" => Compute::Architecture,
                    (Some(""), _) => Compute::Product {
                        factor: Compute::VIT_B_32,
                    },
                    (Some(factor), _) => Compute::Product {
                        factor: factor
                            .strip_prefix('*')
                            .and_then(positive)
                            .ok_or_else(syntax)?,
                    },
                    (None, Some(each)) => Compute::Each(scaled(each)?),
                    (None, None) => Compute::Column(scaled(value)?),
                });
            }
            "parameters" => self.parameters = Some(scaled(value)?),
            "samples" => self.samples = Some(scaled(value)?),
            kind @ ("score" | "error") => {
                let (column, scale) = match value.rsplit_once(':') {
                    Some((column, "percent")) => (column, UnitScale::Percent),
                    Some((column, "fraction")) => (column, UnitScale::Fraction),
                    _ => (value, UnitScale::Detect),
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

fn positive(text: &str) -> Option<f64> {
    number::parse(text.trim()).filter(|x| x.is_finite() && *x > 0.0)
}

/// As the study labels samples seen that a cell gives as a number or a label.
pub(super) fn samples(study: Study, text: &str) -> Option<(String, f64)> {
    let count = crate::study::architecture::samples_seen(study, text)?;
    Some((checkpoint::label(study, count), count))
}
