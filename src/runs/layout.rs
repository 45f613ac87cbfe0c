//! Which columns of a table hold what: the released files, by their columns, and any other
//! through a mapping.

use super::mapping::{Compute, Field, Mapping, MappingError, Quantity, Scaled, UnitScale};
use super::metrics::METRICS;
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ComputeFrom {
    /// A column; where it is empty, as [`ComputeFrom::Table`].
    Column(ScaledColumn),
    /// A column of each sample's × samples seen.
    Each(ScaledColumn),
    /// Parameters × samples × this.
    Product(f64),
    /// The architecture's compute per sample × samples seen.
    Table,
}

/// A column of numbers, and what they are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScaledColumn {
    pub column: usize,
    pub factor: f64,
}

/// A column of measured numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScoreColumn {
    pub column: usize,
    pub name: String,
    pub dataset: TextFrom,
    pub metric: TextFrom,
    pub quantity: Quantity,
    pub scale: UnitScale,
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
    pub samples_seen: Option<ScaledColumn>,
    pub parameters: Option<ScaledColumn>,
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
        RunSource::Own => &COLUMNS,
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

impl ScaledColumn {
    /// The number of a cell's, in the unit that is asked for.
    pub(super) fn times(self, value: f64) -> f64 {
        let inverse = (1.0 / self.factor).round();
        // 1e-9 is no double, 1e9 is.
        match self.factor < 1.0 && (inverse * self.factor - 1.0).abs() < 1e-15 {
            true => value / inverse,
            false => value * self.factor,
        }
    }
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

    fn number(&self, name: &str) -> Option<ScaledColumn> {
        let factor = 1.0;
        let column = self.find(name)?;
        Some(ScaledColumn { column, factor })
    }

    fn compute(&self, name: &str) -> ComputeFrom {
        let column = self.number(name);
        column.map_or(ComputeFrom::Table, ComputeFrom::Column)
    }

    fn score(&self, name: &str, dataset: TextFrom) -> Option<ScoreColumn> {
        Some(ScoreColumn {
            column: self.find(name)?,
            name: name.to_owned(),
            dataset,
            metric: constant(name),
            quantity: Quantity::Metric,
            scale: UnitScale::Detect,
        })
    }

    /// All known metrics, of the dataset that the row names.
    fn scores(&self) -> Vec<ScoreColumn> {
        let scores = METRICS.iter();
        let scores = scores.filter_map(|name| self.score(name, TextFrom::None));
        scores.collect()
    }
}

fn constant(text: &str) -> TextFrom {
    TextFrom::Constant(text.to_owned())
}

impl Layout {
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
            values: columns.scores(),
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
                metric: columns.text("metric"),
                quantity: Quantity::Metric,
                scale: UnitScale::Fraction,
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
        let number = |scaled: &Scaled| {
            let factor = scaled.factor;
            find(&scaled.column).map(|column| ScaledColumn { column, factor })
        };
        let optional = |scaled: &Option<Scaled>| scaled.as_ref().map(number).transpose();
        let compute = match mapping.compute.as_ref().ok_or(MappingError::NoCompute)? {
            Compute::Column(scaled) => ComputeFrom::Column(number(scaled)?),
            Compute::Each(scaled) => ComputeFrom::Each(number(scaled)?),
            Compute::Product { .. } if mapping.parameters.is_none() => {
                return Err(MappingError::NoParameters);
            }
            Compute::Product { factor } => ComputeFrom::Product(*factor),
            Compute::Architecture => ComputeFrom::Table,
        };
        let mut values = Vec::new();
        for score in &mapping.scores {
            values.push(ScoreColumn {
                column: find(&score.column)?,
                name: score.column.clone(),
                dataset: TextFrom::None,
                metric: text(&score.metric)?,
                quantity: score.quantity,
                scale: score.scale,
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
            samples_seen: optional(&mapping.samples)?,
            parameters: optional(&mapping.parameters)?,
            compute,
            values,
            rule: SourceRules::None,
        })
    }
}
