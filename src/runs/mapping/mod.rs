//! What a table's columns are, where nobody released one like it: proposed ([`super::propose`]),
//! changed by the reader.

mod error;
mod role;
mod text;
mod unit;

pub use error::MappingError;
pub use role::ROLES;
pub use unit::flops;

use super::amount::{Amount, Term};
use super::checkpoint;
use crate::study::{Study, UNSPECIFIED};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
    /// The column of its standard errors, in the same unit.
    #[serde(default)]
    pub standard_error: Option<String>,
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
            Quantity::Metric => "accuracy or another score from 0 to 1",
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
            schedule: constant(COSINE),
            run: Field::None,
            progress: None,
            points: Points::Every,
            questions: Vec::new(),
        }
    }
}

/// The schedule of runs that do not tell theirs, as of the studies' main figures.
const COSINE: &str = "cosine";

/// Family and pre-training set of runs that do not tell theirs.
pub(super) const YOURS: &str = "yours";

/// The set of accuracies that do not tell theirs.
pub(super) const IMAGENET: &str = "imagenet1k";

impl Mapping {
    /// Columns of metrics that are read at once.
    pub const MOST_SCORES: usize = 128;

    /// What it takes for granted of names that no column tells, in sentences.
    pub fn assumed(&self) -> Vec<String> {
        let is = |field: &Field, text: &str| *field == Field::Constant(text.to_owned());
        let mut sentences = Vec::new();
        let bare = |s: &&Score| *self.dataset_of(s) == Field::None && s.quantity.is_fraction();
        if let Some(first) = self
            .scores
            .iter()
            .find(bare)
            .filter(|_| is(&self.dataset, IMAGENET))
        {
            sentences.push(format!(
                "“{}” names no set: taken for ImageNet-1k.",
                first.column
            ));
        }
        if self.assumes_schedule() {
            sentences
                .push("No column names the learning-rate schedule: taken for cosine.".to_owned());
        }
        sentences
    }

    /// The set of a score, `None` where it is the row's. A recall is none of ImageNet, which has no
    /// captions to retrieve.
    pub fn dataset_of<'a>(&self, score: &'a Score) -> Cow<'a, Field> {
        let recall = matches!(&score.metric, Field::Constant(name) if name.contains("retrieval"));
        let assumed = self.dataset == Field::Constant(IMAGENET.to_owned());
        match score.dataset {
            Field::None if recall && assumed => Cow::Owned(Field::Constant(UNSPECIFIED.to_owned())),
            _ => Cow::Borrowed(&score.dataset),
        }
    }

    /// Whether no column tells the learning-rate schedule, so that it is taken for cosine.
    pub fn assumes_schedule(&self) -> bool {
        self.schedule == Field::Constant(COSINE.to_owned())
    }

    /// Of a table that joins no study: what no column tells is unspecified, not the study's.
    pub fn stand_alone(&mut self) {
        let unspecified = || Field::Constant(UNSPECIFIED.to_owned());
        for (field, of_study) in [(&mut self.pretrain, YOURS), (&mut self.schedule, COSINE)] {
            if *field == Field::Constant(of_study.to_owned()) {
                *field = unspecified();
            }
        }
    }

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
        (self.scores.iter()).any(|s| {
            s.column == column || is(&s.metric) || s.standard_error.as_deref() == Some(column)
        }) || amounts.any(|amount| amount.columns().any(|c| c == column))
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

    /// Checkpoints of runs whose names tell what they were trained on: kept without compute.
    fn tells_progress(&self) -> bool {
        self.tags != Field::None
    }
}

/// As the study labels samples seen that a cell gives as a number or a label.
pub(super) fn samples(study: Study, text: &str) -> Option<(String, f64)> {
    let count = crate::study::architecture::samples_seen(study, text)?;
    Some((checkpoint::label(study, count), count))
}
