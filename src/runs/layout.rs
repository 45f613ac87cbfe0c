//! Which columns of a table hold what: the released files, by their columns, and any other
//! through a mapping.

use super::mapping::{Compute, Field, Mapping, MappingError, Quantity, Scaled, UnitScale};
use super::metrics::METRICS;
use super::store::{COLUMNS, Source};
use crate::study::Study;

/// Where text comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum TextFrom {
    Column(usize),
    Constant(String),
    /// Not told; the empty text.
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

/// What goes for a source beyond its columns.
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
    pub source: Source,
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
fn required(source: Source) -> &'static [&'static str] {
    match source {
        Source::ZeroshotResults => &[
            "arch",
            "samples_seen",
            "gmacs_total",
            "upstream_dataset",
            "downstream_dataset",
            "acc1",
        ],
        Source::SegmentationResults => &[
            "model",
            "model_simple",
            "samples_seen",
            "gflops",
            "pretrain_dataset",
            "lr_scheduler",
            "miou",
        ],
        Source::AllResults => &[
            "model",
            "downstream_dataset",
            "pretrain_dataset",
            "lr_scheduler",
            "gflops_total",
            "total_samples_seen",
            "epoch",
            "total_epochs",
        ],
        Source::ClipBenchmark => &["dataset", "model", "pretrained", "task"],
        Source::Own => &COLUMNS,
    }
}

/// What the columns are recognised as, or what they almost are and what is missing.
pub(super) fn recognise(names: &[String]) -> Result<Source, Option<(Source, Vec<&'static str>)>> {
    let missing = |source: Source| -> Vec<&'static str> {
        let has = |name: &&&str| !names.iter().any(|n| n == **name);
        required(source).iter().filter(has).copied().collect()
    };
    // The narrower first: a table that was written here has most of the others' columns.
    let order = [
        Source::Own,
        Source::ZeroshotResults,
        Source::AllResults,
        Source::SegmentationResults,
        Source::ClipBenchmark,
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
    pub fn times(self, value: f64) -> f64 {
        let inverse = (1.0 / self.factor).round();
        // 1e-9 is no double, 1e9 is.
        match self.factor < 1.0 && (inverse * self.factor - 1.0).abs() < 1e-15 {
            true => value / inverse,
            false => value * self.factor,
        }
    }
}

impl Layout {
    /// The layout of a recognised file.
    pub fn of(source: Source, study: Study, names: &[String]) -> Layout {
        let find = |name: &str| names.iter().position(|n| n == name);
        let text = |name: &str| find(name).map_or(TextFrom::None, TextFrom::Column);
        let constant = |text: &str| TextFrom::Constant(text.to_owned());
        let values = |metrics: &[(&str, Option<&str>)]| -> Vec<ScoreColumn> {
            let of = |(name, dataset): &(&str, Option<&str>)| {
                Some(ScoreColumn {
                    column: find(name)?,
                    name: (*name).to_owned(),
                    dataset: dataset.map_or(TextFrom::None, constant),
                    metric: constant(name),
                    quantity: Quantity::Metric,
                    scale: UnitScale::Detect,
                })
            };
            metrics.iter().filter_map(of).collect()
        };
        let of_row = METRICS.map(|name| (name, None));
        let number = |name: &str| {
            let factor = 1.0;
            find(name).map(|column| ScaledColumn { column, factor })
        };
        let compute = |name: &str| number(name).map_or(ComputeFrom::Table, ComputeFrom::Column);
        let empty = Layout {
            source,
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
        };
        match source {
            Source::ZeroshotResults => Layout {
                study: Study::Openclip,
                run: text("name"),
                family: constant("clip"),
                architecture: text("arch"),
                pretrain: text("upstream_dataset"),
                schedule: constant("cosine"),
                samples: text("samples_seen_pretty"),
                dataset: text("downstream_dataset"),
                samples_seen: number("samples_seen"),
                compute: compute("gmacs_total"),
                values: values(&of_row),
                ..empty
            },
            Source::AllResults => Layout {
                study: Study::Comparison,
                run: text("name"),
                family: text("model"),
                architecture: match text("model_simple") {
                    TextFrom::None => text("model"),
                    simple => simple,
                },
                pretrain: text("pretrain_dataset"),
                schedule: text("lr_scheduler"),
                dataset: text("downstream_dataset"),
                samples_seen: number("total_samples_seen"),
                compute: compute("gflops_total"),
                values: values(&of_row),
                rule: match (find("epoch"), find("total_epochs")) {
                    (Some(epoch), Some(epochs)) => SourceRules::AllResults(Checkpoints {
                        epoch,
                        epochs,
                        warmup: find("warmup"),
                        batch: find("global_batch_size"),
                        evaluation: find("eval_type"),
                    }),
                    _ => SourceRules::None,
                },
                ..empty
            },
            Source::SegmentationResults => Layout {
                study: Study::Comparison,
                run: text("name"),
                family: text("model"),
                architecture: text("model_simple"),
                pretrain: text("pretrain_dataset"),
                schedule: text("lr_scheduler"),
                samples: text("samples_seen_scale_pretty"),
                samples_seen: number("samples_seen"),
                compute: compute("gflops"),
                // The accuracies beside the segmentation are ImageNet's.
                values: values(&[
                    ("miou", Some("ade20k")),
                    ("acc1", Some("imagenet1k")),
                    ("acc5", Some("imagenet1k")),
                ]),
                ..empty
            },
            Source::ClipBenchmark => Layout {
                run: text("pretrained"),
                family: text("model"),
                architecture: text("model"),
                pretrain: text("pretrained"),
                schedule: constant("cosine"),
                dataset: text("dataset"),
                task: text("task"),
                samples_seen: number("samples_seen"),
                values: values(&of_row),
                rule: SourceRules::ClipBenchmark {
                    language: find("language"),
                    shots: find("fewshot_k"),
                },
                ..empty
            },
            Source::Own => Layout {
                run: text("run"),
                family: text("family"),
                architecture: text("architecture"),
                pretrain: text("pretrain"),
                schedule: text("schedule"),
                samples: text("samples"),
                dataset: text("dataset"),
                samples_seen: number("samples_seen"),
                parameters: number("parameters"),
                compute: compute("compute"),
                values: vec![ScoreColumn {
                    column: find("value").unwrap_or(0),
                    name: "value".to_owned(),
                    dataset: TextFrom::None,
                    metric: text("metric"),
                    quantity: Quantity::Metric,
                    scale: UnitScale::Fraction,
                }],
                rule: SourceRules::Written,
                ..empty
            },
        }
    }

    /// The layout that a mapping gives to any table.
    pub fn mapped(mapping: &Mapping, names: &[String]) -> Result<Layout, MappingError> {
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
            source: Source::Own,
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
