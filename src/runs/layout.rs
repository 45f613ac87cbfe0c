//! Which columns of a table hold what: the released files, by their columns, and any other
//! through a mapping.

use super::amount::{Amount, Term};
use super::mapping::{Compute, Field, Mapping, MappingError, Points, Quantity, UnitScale};
use super::metrics::{METRICS, RELEASED, SCORES};
use super::store::{COLUMNS, RunSource};
use crate::study::Study;

/// Where text comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum TextFrom {
    Column(usize),
    Constant(String),
    /// Not given; the empty text.
    #[default]
    None,
}

/// Where compute comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ComputeFrom {
    /// Where it tells nothing, as [`ComputeFrom::Table`].
    Amount(AmountFrom),
    /// The architecture's compute per sample × samples seen.
    Table,
    /// The table does not tell it.
    Unknown,
}

/// [`super::Amount`] with its columns found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AmountFrom {
    pub factor: f64,
    pub times: Vec<TermFrom>,
    pub per: Vec<TermFrom>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TermFrom {
    Column(usize),
    Power10(usize),
    Parameters,
    Samples,
    Compute,
}

impl AmountFrom {
    fn column(column: usize) -> AmountFrom {
        AmountFrom {
            factor: 1.0,
            times: vec![TermFrom::Column(column)],
            per: Vec::new(),
        }
    }

    /// The column that it is as it stands.
    pub(super) fn plain(&self) -> Option<usize> {
        match (self.factor, self.times.as_slice(), self.per.as_slice()) {
            (1.0, [TermFrom::Column(column)], []) => Some(*column),
            _ => None,
        }
    }

    fn of(
        amount: &Amount,
        find: &impl Fn(&str) -> Result<usize, MappingError>,
    ) -> Result<AmountFrom, MappingError> {
        let term = |term: &Term| {
            Ok(match term {
                Term::Column(name) => TermFrom::Column(find(name)?),
                Term::Power10(name) => TermFrom::Power10(find(name)?),
                Term::Parameters => TermFrom::Parameters,
                Term::Samples => TermFrom::Samples,
                Term::Compute => TermFrom::Compute,
            })
        };
        let all = |terms: &[Term]| {
            terms
                .iter()
                .map(term)
                .collect::<Result<Vec<_>, MappingError>>()
        };
        Ok(AmountFrom {
            factor: amount.factor,
            times: all(&amount.times)?,
            per: all(&amount.per)?,
        })
    }
}

/// A column of measured numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScoreColumn {
    pub column: usize,
    pub name: String,
    /// The row's where it is none, as the run's name.
    pub dataset: TextFrom,
    pub run: TextFrom,
    pub metric: TextFrom,
    pub quantity: Quantity,
    pub scale: UnitScale,
    /// The column of its standard errors, in the same unit.
    pub standard_error: Option<usize>,
}

/// A source's rules beyond its columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SourceRules {
    None,
    AllResults(Checkpoints),
    ClipBenchmark {
        language: Option<usize>,
        shots: Option<usize>,
    },
    /// Source, study and parameters stand in each row ([`super::Runs::write_csv`]).
    Written,
}

/// Columns that say which checkpoints count (`filter_data` of the comparison study's scripts).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Checkpoints {
    pub epoch: usize,
    pub epochs: usize,
    pub warmup: Option<usize>,
    pub batch: Option<usize>,
    pub evaluation: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub source: RunSource,
    pub study: Study,
    pub run: TextFrom,
    pub family: TextFrom,
    pub architecture: TextFrom,
    pub pretrain: TextFrom,
    pub schedule: TextFrom,
    /// Label of the samples seen.
    pub samples: TextFrom,
    pub dataset: TextFrom,
    pub task: TextFrom,
    /// Names of checkpoints that tell pre-training set and samples.
    pub tags: TextFrom,
    /// A checkpoint's place in its run.
    pub progress: Option<usize>,
    pub points: Points,
    pub samples_seen: Option<AmountFrom>,
    pub parameters: Option<AmountFrom>,
    pub compute: ComputeFrom,
    pub values: Vec<ScoreColumn>,
    pub rule: SourceRules,
}

/// The columns without which a file is not the released one.
fn required(source: RunSource) -> &'static [&'static str] {
    match source {
        RunSource::ZeroshotResults => &[
            "arch",
            "samples_seen",
            "gmacs_total",
            "upstream_dataset",
            "downstream_dataset",
            "acc1",
        ],
        RunSource::SegmentationResults => &[
            "model",
            "model_simple",
            "samples_seen",
            "gflops",
            "pretrain_dataset",
            "lr_scheduler",
            "miou",
        ],
        RunSource::AllResults => &[
            "model",
            "downstream_dataset",
            "pretrain_dataset",
            "lr_scheduler",
            "gflops_total",
            "total_samples_seen",
            "epoch",
            "total_epochs",
        ],
        RunSource::ClipBenchmark => &["dataset", "model", "pretrained", "task"],
        // Earlier exports have no standard errors.
        RunSource::Own => &COLUMNS[..COLUMNS.len() - 1],
    }
}

/// What the columns are recognised as, or what they almost are and what is missing.
pub(super) fn recognise(
    names: &[String],
) -> Result<RunSource, Option<(RunSource, Vec<&'static str>)>> {
    let missing = |source: RunSource| -> Vec<&'static str> {
        let has = |name: &&&str| !names.iter().any(|n| n == **name);
        required(source).iter().filter(has).copied().collect()
    };
    // The narrower first: a table that was written here has most of the others' columns.
    let order = [
        RunSource::Own,
        RunSource::ZeroshotResults,
        RunSource::AllResults,
        RunSource::SegmentationResults,
        RunSource::ClipBenchmark,
    ];
    for source in order {
        if missing(source).is_empty() {
            return Ok(source);
        }
    }
    let near = order[1..].iter().filter_map(|source| {
        let missing = missing(*source);
        let most = 2 * missing.len() < required(*source).len();
        most.then_some((*source, missing))
    });
    Err(near.min_by_key(|(_, missing)| missing.len()))
}

/// A table's columns, found by name.
struct Columns<'a>(&'a [String]);

impl Columns<'_> {
    fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|n| n == name)
    }

    fn text(&self, name: &str) -> TextFrom {
        self.find(name).map_or(TextFrom::None, TextFrom::Column)
    }

    fn number(&self, name: &str) -> Option<AmountFrom> {
        self.find(name).map(AmountFrom::column)
    }

    fn compute(&self, name: &str) -> ComputeFrom {
        let column = self.number(name);
        column.map_or(ComputeFrom::Table, ComputeFrom::Amount)
    }

    fn score(&self, name: &str, dataset: TextFrom) -> Option<ScoreColumn> {
        Some(ScoreColumn {
            column: self.find(name)?,
            name: name.to_owned(),
            dataset,
            run: TextFrom::None,
            metric: constant(name),
            quantity: Quantity::Metric,
            scale: UnitScale::Detect,
            standard_error: None,
        })
    }

    /// The released files' metrics, of the dataset that the row names.
    fn scores(&self) -> Vec<ScoreColumn> {
        let scores = RELEASED.iter();
        let scores = scores.filter_map(|name| self.score(name, TextFrom::None));
        scores.collect()
    }

    /// All that CLIP_benchmark measures.
    fn benchmarks(&self) -> Vec<ScoreColumn> {
        let metrics = METRICS.iter();
        let metrics = metrics.filter_map(|name| self.score(name, TextFrom::None));
        let score = |name: &&str| {
            let score = self.score(name, TextFrom::None)?;
            Some(ScoreColumn {
                metric: constant(&Quantity::Score.name(name)),
                quantity: Quantity::Score,
                ..score
            })
        };
        metrics.chain(SCORES.iter().filter_map(score)).collect()
    }
}

fn constant(text: &str) -> TextFrom {
    TextFrom::Constant(text.to_owned())
}

impl Layout {
    /// Whether a column is read.
    pub(super) fn takes(&self, column: usize) -> bool {
        let texts = [
            &self.run,
            &self.family,
            &self.architecture,
            &self.pretrain,
            &self.schedule,
            &self.samples,
            &self.dataset,
            &self.task,
            &self.tags,
        ];
        let compute = match &self.compute {
            ComputeFrom::Amount(amount) => Some(amount),
            _ => None,
        };
        let amounts = compute
            .into_iter()
            .chain(&self.samples_seen)
            .chain(&self.parameters);
        let term = |term: &TermFrom| matches!(term, TermFrom::Column(c) | TermFrom::Power10(c) if *c == column);
        texts.contains(&&TextFrom::Column(column))
            || (self.values.iter()).any(|v| v.column == column || v.standard_error == Some(column))
            || amounts
                .into_iter()
                .any(|a| a.times.iter().chain(&a.per).any(term))
            || self.progress == Some(column)
    }

    /// Amounts and names of a recognised file as the reader has them.
    pub(super) fn change(
        &mut self,
        changes: &[String],
        names: &[String],
    ) -> Result<(), MappingError> {
        let mut mapping = Mapping::default();
        let find = |name: &str| {
            let known = || names.iter().take(100).cloned().collect();
            let found = names.iter().position(|n| n == name);
            found.ok_or_else(|| MappingError::NoColumn {
                name: name.to_owned(),
                known: known(),
            })
        };
        for text in changes {
            mapping.set(text, names)?;
            let of = |field: &Field| {
                Ok(match field {
                    Field::Column(name) => TextFrom::Column(find(name)?),
                    Field::Constant(text) => TextFrom::Constant(text.clone()),
                    Field::None => TextFrom::None,
                })
            };
            let amount = |amount: &Option<Amount>| {
                amount
                    .as_ref()
                    .map(|a| AmountFrom::of(a, &find))
                    .transpose()
            };
            match text.split('=').next().unwrap_or_default().trim() {
                "samples" => self.samples_seen = amount(&mapping.samples)?,
                "parameters" => self.parameters = amount(&mapping.parameters)?,
                "compute" => {
                    self.compute = match &mapping.compute {
                        Some(Compute::Amount(amount)) => {
                            ComputeFrom::Amount(AmountFrom::of(amount, &find)?)
                        }
                        _ => ComputeFrom::Table,
                    }
                }
                "family" => self.family = of(&mapping.family)?,
                "pretrain" => self.pretrain = of(&mapping.pretrain)?,
                "architecture" => self.architecture = of(&mapping.architecture)?,
                "schedule" => self.schedule = of(&mapping.schedule)?,
                "run" => self.run = of(&mapping.run)?,
                "dataset" => self.dataset = of(&mapping.dataset)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether it is of a table of the reader's own, through a mapping.
    pub(super) fn is_mapped(&self) -> bool {
        self.source == RunSource::Own && self.rule == SourceRules::None
    }

    /// The layout of a recognised file; `study` is CLIP_benchmark's.
    pub(super) fn of(source: RunSource, study: Study, names: &[String]) -> Layout {
        let columns = Columns(names);
        let layout = match source {
            RunSource::ZeroshotResults => Layout::zeroshot_results(&columns),
            RunSource::AllResults => Layout::all_results(&columns),
            RunSource::SegmentationResults => Layout::segmentation_results(&columns),
            RunSource::ClipBenchmark => Layout::clip_benchmark(&columns, study),
            RunSource::Own => Layout::written(&columns, study),
        };
        Layout { source, ..layout }
    }

    fn empty(study: Study) -> Layout {
        Layout {
            source: RunSource::Own,
            study,
            run: TextFrom::None,
            family: TextFrom::None,
            architecture: TextFrom::None,
            pretrain: TextFrom::None,
            schedule: TextFrom::None,
            samples: TextFrom::None,
            dataset: TextFrom::None,
            task: TextFrom::None,
            tags: TextFrom::None,
            progress: None,
            points: Points::Every,
            samples_seen: None,
            parameters: None,
            compute: ComputeFrom::Table,
            values: Vec::new(),
            rule: SourceRules::None,
        }
    }

    fn zeroshot_results(columns: &Columns) -> Layout {
        Layout {
            run: columns.text("name"),
            family: constant("clip"),
            architecture: columns.text("arch"),
            pretrain: columns.text("upstream_dataset"),
            schedule: constant("cosine"),
            samples: columns.text("samples_seen_pretty"),
            dataset: columns.text("downstream_dataset"),
            samples_seen: columns.number("samples_seen"),
            compute: columns.compute("gmacs_total"),
            values: columns.scores(),
            ..Layout::empty(Study::of_unit("GMACs"))
        }
    }

    fn all_results(columns: &Columns) -> Layout {
        Layout {
            run: columns.text("name"),
            family: columns.text("model"),
            architecture: match columns.text("model_simple") {
                TextFrom::None => columns.text("model"),
                simple => simple,
            },
            pretrain: columns.text("pretrain_dataset"),
            schedule: columns.text("lr_scheduler"),
            dataset: columns.text("downstream_dataset"),
            samples_seen: columns.number("total_samples_seen"),
            compute: columns.compute("gflops_total"),
            values: columns.scores(),
            rule: match (columns.find("epoch"), columns.find("total_epochs")) {
                (Some(epoch), Some(epochs)) => SourceRules::AllResults(Checkpoints {
                    epoch,
                    epochs,
                    warmup: columns.find("warmup"),
                    batch: columns.find("global_batch_size"),
                    evaluation: columns.find("eval_type"),
                }),
                _ => SourceRules::None,
            },
            ..Layout::empty(Study::of_unit("GFLOPs"))
        }
    }

    fn segmentation_results(columns: &Columns) -> Layout {
        // The accuracies beside the segmentation are ImageNet's.
        let scores = [
            ("miou", "ade20k"),
            ("acc1", "imagenet1k"),
            ("acc5", "imagenet1k"),
        ];
        let scores = scores
            .into_iter()
            .filter_map(|(name, dataset)| columns.score(name, constant(dataset)));
        Layout {
            run: columns.text("name"),
            family: columns.text("model"),
            architecture: columns.text("model_simple"),
            pretrain: columns.text("pretrain_dataset"),
            schedule: columns.text("lr_scheduler"),
            samples: columns.text("samples_seen_scale_pretty"),
            samples_seen: columns.number("samples_seen"),
            compute: columns.compute("gflops"),
            values: scores.collect(),
            ..Layout::empty(Study::of_unit("GFLOPs"))
        }
    }

    fn clip_benchmark(columns: &Columns, study: Study) -> Layout {
        Layout {
            run: columns.text("pretrained"),
            family: columns.text("model"),
            architecture: columns.text("model"),
            pretrain: columns.text("pretrained"),
            schedule: constant("cosine"),
            dataset: columns.text("dataset"),
            task: columns.text("task"),
            samples_seen: columns.number("samples_seen"),
            values: columns.benchmarks(),
            rule: SourceRules::ClipBenchmark {
                language: columns.find("language"),
                shots: columns.find("fewshot_k"),
            },
            ..Layout::empty(study)
        }
    }

    /// A table that [`super::Runs::write_csv`] wrote.
    fn written(columns: &Columns, study: Study) -> Layout {
        Layout {
            run: columns.text("run"),
            family: columns.text("family"),
            architecture: columns.text("architecture"),
            pretrain: columns.text("pretrain"),
            schedule: columns.text("schedule"),
            samples: columns.text("samples"),
            dataset: columns.text("dataset"),
            samples_seen: columns.number("samples_seen"),
            parameters: columns.number("parameters"),
            compute: columns.compute("compute"),
            values: vec![ScoreColumn {
                column: columns.find("value").unwrap_or(0),
                name: "value".to_owned(),
                dataset: TextFrom::None,
                run: TextFrom::None,
                metric: columns.text("metric"),
                quantity: Quantity::Metric,
                scale: UnitScale::Fraction,
                standard_error: columns.find("standard_error"),
            }],
            rule: SourceRules::Written,
            ..Layout::empty(study)
        }
    }

    /// The layout that a mapping gives to any table.
    pub(super) fn mapped(mapping: &Mapping, names: &[String]) -> Result<Layout, MappingError> {
        let find = |name: &str| {
            let known = || names.iter().take(100).cloned().collect();
            names
                .iter()
                .position(|n| n == name)
                .ok_or_else(|| MappingError::NoColumn {
                    name: name.to_owned(),
                    known: known(),
                })
        };
        let text = |field: &Field| {
            Ok(match field {
                Field::Column(name) => TextFrom::Column(find(name)?),
                Field::Constant(text) => TextFrom::Constant(text.clone()),
                Field::None => TextFrom::None,
            })
        };
        let amount = |amount: &Option<Amount>| {
            let found = amount.as_ref().map(|a| AmountFrom::of(a, &find));
            found.transpose()
        };
        let compute = match &mapping.compute {
            None => ComputeFrom::Unknown,
            Some(Compute::Amount(amount)) => ComputeFrom::Amount(AmountFrom::of(amount, &find)?),
            Some(Compute::Architecture) => ComputeFrom::Table,
        };
        if let Some(problem) = mapping.problem() {
            return Err(problem);
        }
        let mut values = Vec::new();
        for score in &mapping.scores {
            values.push(ScoreColumn {
                column: find(&score.column)?,
                name: score.column.clone(),
                dataset: text(&mapping.dataset_of(score))?,
                run: text(&score.run)?,
                metric: text(&score.metric)?,
                quantity: score.quantity,
                scale: score.scale,
                standard_error: score.standard_error.as_deref().map(find).transpose()?,
            });
        }
        if values.is_empty() {
            return Err(MappingError::NoScore);
        }
        if values.len() > Mapping::MOST_SCORES {
            return Err(MappingError::TooManyScores);
        }
        Ok(Layout {
            source: RunSource::Own,
            study: mapping.study,
            run: text(&mapping.run)?,
            family: text(&mapping.family)?,
            architecture: text(&mapping.architecture)?,
            pretrain: text(&mapping.pretrain)?,
            schedule: text(&mapping.schedule)?,
            samples: TextFrom::None,
            dataset: text(&mapping.dataset)?,
            task: TextFrom::None,
            tags: text(&mapping.tags)?,
            progress: mapping.progress.as_deref().map(find).transpose()?,
            points: mapping.points,
            samples_seen: amount(&mapping.samples)?,
            parameters: amount(&mapping.parameters)?,
            compute,
            values,
            rule: SourceRules::None,
        })
    }
}
