//! What a table's columns are, where nobody released one like it: proposed ([`super::propose`]),
//! changed by the reader.

use super::amount::{Amount, Term};
use super::checkpoint;
use super::metrics::metric;
use super::number;
use super::reading;
use crate::study::{Study, UNSPECIFIED};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which columns hold what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// Whose views the runs join, and in whose unit their compute is.
    pub study: Study,
    /// `None` where the table does not tell it: laws over compute then lack the runs.
    pub compute: Option<Compute>,
    /// In all, not in millions.
    pub parameters: Option<Amount>,
    /// Samples or tokens seen.
    pub samples: Option<Amount>,
    pub scores: Vec<Score>,
    pub dataset: Field,
    pub family: Field,
    pub pretrain: Field,
    /// Names of checkpoints, which may tell pre-training set and samples.
    #[serde(default)]
    pub tags: Field,
    pub architecture: Field,
    pub schedule: Field,
    pub run: Field,
    /// A checkpoint's place in its run.
    #[serde(default)]
    pub progress: Option<String>,
    #[serde(default)]
    pub points: Points,
    /// What names and values leave open: nothing is read before each has an answer.
    #[serde(default)]
    pub questions: Vec<Question>,
}

/// Which checkpoints of a run count, where a table has several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Points {
    #[default]
    Every,
    /// The last of each run.
    Final,
    /// Of each set and metric, those that no other with less compute, or fewer samples, is
    /// better than.
    Envelope,
}

impl Points {
    pub const ALL: [(Points, &'static str); 3] = [
        (Points::Every, "every"),
        (Points::Final, "final"),
        (Points::Envelope, "envelope"),
    ];
}

/// Two or more readings that fit equally well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub text: String,
    pub choices: Vec<Choice>,
}

/// One reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub text: String,
    /// As [`Mapping::set`] takes it.
    pub map: String,
    /// What the first rows are under it.
    pub first: Vec<String>,
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

/// Where compute comes from, in the study's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compute {
    Amount(Amount),
    /// The study's compute per sample of the architecture × samples.
    Architecture,
}

impl Compute {
    /// GFLOPs a parameter and token of training: forward and backward pass take about 6
    /// floating-point operations.
    pub const TRAINING: f64 = 6e-9;
    /// GFLOPs a parameter and sample of the comparison study's CLIP ViT-B-32: 14.54 GFLOPs and
    /// 151.28 million parameters (`data/comparison/architectures.csv`), about 48 tokens a sample.
    /// Smaller patches and larger pictures take more.
    pub const VIT_B_32: f64 = 9.6e-8;

    /// Parameters × samples × factor.
    pub fn product(factor: f64) -> Compute {
        Compute::Amount(Amount::product(factor, [Term::Parameters, Term::Samples]))
    }

    pub fn column(column: &str, factor: f64) -> Compute {
        Compute::Amount(Amount::column(column, factor))
    }

    /// A column of each sample's × samples.
    pub fn each(column: &str, factor: f64) -> Compute {
        let column = Term::Column(column.to_owned());
        Compute::Amount(Amount::product(factor, [column, Term::Samples]))
    }

    fn needs(&self, what: &Term) -> bool {
        match self {
            Compute::Amount(amount) => amount.needs(what),
            Compute::Architecture => *what == Term::Samples,
        }
    }
}

/// A column of measured numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub column: String,
    pub metric: Field,
    /// The row's where it is none.
    #[serde(default)]
    pub dataset: Field,
    /// The row's where it is none.
    #[serde(default)]
    pub run: Field,
    pub quantity: Quantity,
    pub scale: UnitScale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// Higher is better; the error is 1 − metric.
    Metric,
    Error,
    /// Above 0.
    Loss,
    /// Above 1; its logarithm is a loss.
    Perplexity,
    /// Any number; no law is fitted to it.
    Score,
}

impl Quantity {
    pub const ALL: [(Quantity, &'static str); 5] = [
        (Quantity::Metric, "metric"),
        (Quantity::Error, "error"),
        (Quantity::Loss, "loss"),
        (Quantity::Perplexity, "perplexity"),
        (Quantity::Score, "number"),
    ];

    pub fn title(self) -> &'static str {
        match self {
            Quantity::Metric => "accuracy or its kin",
            Quantity::Error => "error",
            Quantity::Loss => "loss",
            Quantity::Perplexity => "perplexity",
            Quantity::Score => "score",
        }
    }

    /// Whether its numbers are fractions or percent.
    pub fn is_fraction(self) -> bool {
        matches!(self, Quantity::Metric | Quantity::Error)
    }

    /// The metric's name, which tells the quantity wherever it is read later
    /// ([`Study::quantity`]).
    pub fn name(self, metric: &str) -> String {
        let end = match self {
            Quantity::Loss => "loss",
            Quantity::Perplexity => "perplexity",
            Quantity::Score => "score",
            Quantity::Metric | Quantity::Error => return metric.to_owned(),
        };
        match metric {
            metric if self == Quantity::Score && metric.ends_with("_score") => metric.to_owned(),
            "" => end.to_owned(),
            metric if metric.ends_with(end) && self != Quantity::Score => metric.to_owned(),
            metric => format!("{metric}_{end}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitScale {
    /// Percent where numbers of the column are above 1, else a fraction.
    Detect,
    Fraction,
    Percent,
}

/// Why a mapping does not fit a table, or is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingError {
    NoColumn {
        name: String,
        known: Vec<String>,
    },
    NoCompute,
    NoParameters,
    NoSamples,
    NoScore,
    TooManyScores,
    Syntax {
        text: String,
    },
    /// Compute is worked out from samples, and samples from compute.
    Circle,
    /// A column of losses was called an error, which is a fraction.
    LossAsError {
        column: String,
    },
    /// What is asked, and how the terminal answers.
    Open {
        question: String,
        maps: Vec<String>,
    },
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
            MappingError::Circle => write!(
                f,
                "Compute is to come from samples or parameters, and these from compute."
            ),
            MappingError::LossAsError { column } => write!(
                f,
                "“{column}” is a loss, not an error from 0 to 1: loss={column}; if it is an error in percent: error={column}:percent."
            ),
            MappingError::Open { question, maps } => {
                write!(f, "{question} Say which: {}.", maps.join(" or "))
            }
            MappingError::Syntax { text } => write!(
                f,
                "“{text}” is not a mapping: compute, parameters or samples = a product of columns and numbers such as flops*1e-9, 10^log_flops, gflops*samples, batch*steps, 6*params*tokens or 3e9; compute=architecture; score=COLUMN[:percent|:fraction], error=COLUMN[:percent|:fraction], loss=COLUMN, perplexity=COLUMN, number=COLUMN, drop=COLUMN, study=NAME, points=every|final|envelope, progress=COLUMN, or metric, dataset, family, pretrain, tags, architecture, schedule, run = a column or a text."
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
            dataset: constant(IMAGENET),
            family: constant(YOURS),
            pretrain: constant(YOURS),
            tags: Field::None,
            architecture: Field::None,
            schedule: constant("cosine"),
            run: Field::None,
            progress: None,
            points: Points::Every,
            questions: Vec::new(),
        }
    }
}

/// Family and pre-training set of runs that do not tell theirs.
pub(super) const YOURS: &str = "yours";

/// The set of accuracies that do not tell theirs.
pub(super) const IMAGENET: &str = "imagenet1k";

impl Mapping {
    /// Columns of metrics that are read at once.
    pub const MOST_SCORES: usize = 128;

    /// What keeps the mapping from being used.
    pub fn problem(&self) -> Option<MappingError> {
        let open = self.questions.first().map(|question| MappingError::Open {
            question: question.text.clone(),
            maps: question
                .choices
                .iter()
                .map(|c| format!("--map '{}'", c.map))
                .collect(),
        });
        let needs = |term: &Term| {
            let compute = self.compute.as_ref().is_some_and(|c| c.needs(term));
            let of = |amount: &Option<Amount>| amount.as_ref().is_some_and(|a| a.needs(term));
            compute || of(&self.parameters) || of(&self.samples)
        };
        let from_compute =
            |amount: &Option<Amount>| amount.as_ref().is_some_and(|a| a.needs(&Term::Compute));
        let own = |amount: &Option<Amount>, term| amount.as_ref().is_some_and(|a| a.needs(&term));
        let compute_needs = |term| self.compute.as_ref().is_some_and(|c| c.needs(&term));
        let circle = (compute_needs(Term::Samples) && from_compute(&self.samples))
            || (compute_needs(Term::Parameters) && from_compute(&self.parameters))
            || compute_needs(Term::Compute)
            || own(&self.samples, Term::Samples)
            || own(&self.parameters, Term::Parameters)
            || (own(&self.samples, Term::Parameters) && own(&self.parameters, Term::Samples));
        match () {
            () if open.is_some() => open,
            () if circle => Some(MappingError::Circle),
            () if needs(&Term::Parameters) && self.parameters.is_none() => {
                Some(MappingError::NoParameters)
            }
            () if needs(&Term::Samples) && self.samples.is_none() && self.tags == Field::None => {
                Some(MappingError::NoSamples)
            }
            () if self.compute.is_none()
                && self.parameters.is_none()
                && self.samples.is_none()
                && !self.tells_progress() =>
            {
                Some(MappingError::NoCompute)
            }
            () if self.scores.is_empty() => Some(MappingError::NoScore),
            () => None,
        }
    }

    /// Whether a column is read.
    pub fn uses(&self, column: &str) -> bool {
        let compute = self.compute.as_ref().and_then(|c| match c {
            Compute::Amount(amount) => Some(amount),
            Compute::Architecture => None,
        });
        let mut amounts = compute
            .into_iter()
            .chain(&self.parameters)
            .chain(&self.samples);
        let is = |field: &Field| matches!(field, Field::Column(name) if name == column);
        self.scores
            .iter()
            .any(|s| s.column == column || is(&s.metric))
            || amounts.any(|amount| amount.columns().any(|c| c == column))
            || self.fields().iter().any(|(_, field)| is(field))
            || self.progress.as_deref() == Some(column)
    }

    fn fields(&self) -> [(&'static str, &Field); 7] {
        [
            ("dataset", &self.dataset),
            ("family", &self.family),
            ("pretrain", &self.pretrain),
            ("tags", &self.tags),
            ("architecture", &self.architecture),
            ("schedule", &self.schedule),
            ("run", &self.run),
        ]
    }

    /// All of it as [`Mapping::set`] takes it.
    pub fn maps(&self) -> Vec<String> {
        let mut maps = vec![format!("study={}", self.study.reference())];
        match &self.compute {
            Some(Compute::Amount(amount)) => maps.push(format!("compute={amount}")),
            Some(Compute::Architecture) => maps.push("compute=architecture".to_owned()),
            None => {}
        }
        for (name, amount) in [("parameters", &self.parameters), ("samples", &self.samples)] {
            maps.extend(amount.iter().map(|amount| format!("{name}={amount}")));
        }
        for score in &self.scores {
            let kind = Quantity::ALL.iter().find(|(q, _)| *q == score.quantity);
            let kind = kind.map_or(
                "score",
                |(_, id)| if *id == "metric" { "score" } else { id },
            );
            let scale = match score.scale {
                UnitScale::Percent => ":percent",
                UnitScale::Fraction => ":fraction",
                UnitScale::Detect => "",
            };
            maps.push(format!("{kind}={}{scale}", score.column));
        }
        for (name, field) in self.fields() {
            match field {
                Field::Column(text) | Field::Constant(text) => maps.push(format!("{name}={text}")),
                Field::None => {}
            }
        }
        maps.extend(
            self.progress
                .iter()
                .map(|column| format!("progress={column}")),
        );
        let points = Points::ALL
            .iter()
            .find(|(p, _)| *p == self.points && *p != Points::Every);
        maps.extend(points.map(|(_, id)| format!("points={id}")));
        maps
    }

    /// Checkpoints of runs whose names tell what they were trained on: kept without compute.
    fn tells_progress(&self) -> bool {
        self.tags != Field::None
    }

    /// Changes one field by a text such as "compute=flops*1e-9" or "error=top1_err:percent"; a
    /// result's column given first takes the place of the proposed ones, `fresh` says so.
    pub fn set(&mut self, text: &str, columns: &[String], fresh: bool) -> Result<(), MappingError> {
        let syntax = || MappingError::Syntax {
            text: text.to_owned(),
        };
        let (name, value) = text.split_once('=').ok_or_else(syntax)?;
        let (name, value) = (name.trim(), value.trim());
        let field = || match columns.iter().any(|c| c == value) {
            true => Field::Column(value.to_owned()),
            false => Field::Constant(value.to_owned()),
        };
        let amount = || match value {
            "none" => Ok(None),
            value => Amount::parse(value, columns)
                .map(Some)
                .map_err(|_| syntax()),
        };
        match name {
            "study" => self.study = Study::find(value).ok_or_else(syntax)?,
            "compute" if value == "architecture" => self.compute = Some(Compute::Architecture),
            "compute" => self.compute = amount()?.map(|a| Compute::Amount(in_giga(a))),
            "parameters" => self.parameters = amount()?,
            "samples" | "tokens" => self.samples = amount()?,
            "score" | "error" | "loss" | "perplexity" | "number" => {
                self.set_score(name, value, fresh)?;
            }
            "drop" => self.scores.retain(|s| s.column != value),
            "points" => {
                let found = Points::ALL.into_iter().find(|(_, id)| *id == value);
                self.points = found.ok_or_else(syntax)?.0;
            }
            "progress" => self.progress = Some(value.to_owned()),
            "metric" => {
                for score in &mut self.scores {
                    score.metric = field();
                }
            }
            "dataset" => self.dataset = field(),
            "family" => self.family = field(),
            "pretrain" => self.pretrain = field(),
            "tags" => self.tags = field(),
            "architecture" => self.architecture = field(),
            "schedule" => self.schedule = field(),
            "run" => self.run = field(),
            _ => return Err(syntax()),
        }
        self.answered(name, value);
        Ok(())
    }

    /// Takes the questions away that a field's new value answers.
    fn answered(&mut self, name: &str, value: &str) {
        let of = |map: &str| match (name, map.split_once('=')) {
            // Any reading of the same column.
            ("score" | "error" | "loss" | "perplexity" | "number" | "drop", Some((_, theirs))) => {
                let column = |text: &str| text.split(':').next().unwrap_or(text).to_owned();
                column(theirs) == column(value)
            }
            (name, Some((theirs, _))) => theirs == name,
            _ => false,
        };
        self.questions
            .retain(|question| !question.choices.iter().any(|choice| of(&choice.map)));
    }

    fn set_score(&mut self, kind: &str, value: &str, fresh: bool) -> Result<(), MappingError> {
        let (column, scale) = match value.rsplit_once(':') {
            Some((column, "percent")) => (column, UnitScale::Percent),
            Some((column, "fraction")) => (column, UnitScale::Fraction),
            _ => (value, UnitScale::Detect),
        };
        let kinds = Quantity::ALL.into_iter();
        let kind = if kind == "score" { "metric" } else { kind };
        let quantity = kinds
            .filter(|(_, id)| *id == kind)
            .map(|(quantity, _)| quantity)
            .next()
            .unwrap_or(Quantity::Metric);
        let told = reading::quantity_of(column);
        let loss = matches!(told, Quantity::Loss | Quantity::Perplexity);
        if quantity == Quantity::Error && loss && scale == UnitScale::Detect {
            let column = column.to_owned();
            return Err(MappingError::LossAsError { column });
        }
        let metric = match quantity {
            Quantity::Metric | Quantity::Error => metric(column),
            Quantity::Loss | Quantity::Perplexity => quantity.name(""),
            Quantity::Score => quantity.name(column),
        };
        if fresh {
            self.scores.clear();
        }
        self.scores.retain(|s| s.column != column);
        if !quantity.is_fraction() && self.dataset == Field::Constant(IMAGENET.to_owned()) {
            self.dataset = Field::Constant(UNSPECIFIED.to_owned());
        }
        self.scores.push(Score {
            column: column.to_owned(),
            metric: Field::Constant(metric),
            dataset: Field::None,
            run: Field::None,
            quantity,
            scale,
        });
        Ok(())
    }
}

/// Parameters × samples × 6 are FLOPs, as nobody counts billions a parameter and sample: in the
/// studies' unit.
fn in_giga(amount: Amount) -> Amount {
    let of = |what: &str, row: &Term| {
        let column = |name: &str| reading::counts(name) == Some(what);
        amount.needs(row) || amount.columns().any(column)
    };
    let both = of("parameters", &Term::Parameters) && of("samples", &Term::Samples);
    match both && amount.factor >= 0.1 && amount.per.is_empty() {
        true => Amount {
            factor: number::times(amount.factor, 1e-9),
            ..amount
        },
        false => amount,
    }
}

/// As the study labels samples seen that a cell gives as a number or a label.
pub(super) fn samples(study: Study, text: &str) -> Option<(String, f64)> {
    let count = crate::study::architecture::samples_seen(study, text)?;
    Some((checkpoint::label(study, count), count))
}
