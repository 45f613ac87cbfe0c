//! A row's names.

use super::cells::{field, text};
use super::{RejectReason, RowError, YOURS};
use crate::runs::checkpoint::{self, checkpoint};
use crate::runs::layout::{Layout, SourceRules, TextFrom};
use crate::runs::mapping::Points;
use crate::runs::number::{self, Cells, ParsedNumber, is_missing};
use crate::runs::store::RunSource;
use crate::study::{Study, names};
use std::borrow::Cow;

/// A row's names, in the project's words.
pub(super) struct RowNames<'a> {
    pub run: Cow<'a, str>,
    pub family: Cow<'a, str>,
    pub architecture: Cow<'a, str>,
    pub pretrain: Cow<'a, str>,
    pub schedule: Cow<'a, str>,
    pub samples: Cow<'a, str>,
    pub dataset: Cow<'a, str>,
    pub task: Cow<'a, str>,
    /// What the checkpoint's name says of its samples.
    pub checkpoint_samples: Option<(String, f64)>,
    /// Of a linear probe; −1 is all.
    pub shots: Option<f64>,
}

impl<'a> RowNames<'a> {
    pub(super) fn of(
        layout: &'a Layout,
        study: Study,
        cells: &'a dyn Cells,
    ) -> Result<RowNames<'a>, RowError> {
        let get =
            |text: &'a TextFrom| field(text, cells).map_err(|why| RowError::Rejected(None, why));
        let mut names = RowNames {
            run: get(&layout.run)?,
            family: get(&layout.family)?,
            architecture: get(&layout.architecture)?,
            pretrain: get(&layout.pretrain)?,
            schedule: get(&layout.schedule)?,
            samples: get(&layout.samples)?,
            dataset: get(&layout.dataset)?,
            task: get(&layout.task)?,
            checkpoint_samples: None,
            shots: None,
        };
        let empty = |column: &str| {
            Err(RowError::Rejected(
                Some(column.to_owned()),
                RejectReason::Empty,
            ))
        };
        match layout.source {
            RunSource::AllResults | RunSource::SegmentationResults | RunSource::ClipBenchmark => {
                if names.family.is_empty() {
                    return empty("model");
                }
                names.family = checkpoint::family(&names.family).into();
                names.architecture = simple(names.architecture);
            }
            RunSource::ZeroshotResults => {}
            RunSource::Own => {
                // What a row does not tell is as in a table that does not.
                if names.family.is_empty() {
                    names.family = YOURS.into();
                }
                names.dataset = named(names.dataset);
                if names.architecture.ends_with("-quickgelu") {
                    names.architecture = simple(names.architecture);
                }
            }
        }
        if let SourceRules::ClipBenchmark { language, shots } = layout.rule {
            let found = checkpoint(study, &names.run);
            names.pretrain = found.pretrain.into();
            names.checkpoint_samples = found.samples;
            names.run = checkpoint::last_parts(&names.run).into();
            names.dataset = unprefixed(names.dataset);
            let language = language.and_then(|i| text(cells.get(i)).ok());
            if let Some(language) = language.filter(|l| !is_missing(l) && l != "en") {
                names.dataset = format!("{} ({language})", names.dataset).into();
            }
            names.shots = shots.and_then(|i| match number::number(cells.get(i), false) {
                ParsedNumber::Of { value, .. } => Some(value),
                _ => None,
            });
        }
        if layout.tags != TextFrom::None {
            let tag = get(&layout.tags)?;
            let found = checkpoint(study, &tag);
            if found.samples.is_some() || layout.pretrain == TextFrom::None {
                names.pretrain = found.pretrain.into();
            }
            if names.architecture.is_empty() {
                names.architecture = checkpoint::of_name(&tag).into();
            }
            // A checkpoint within its run has seen fewer.
            let whole = layout.progress.is_none() || layout.points == Points::Final;
            names.checkpoint_samples = found.samples.filter(|_| whole);
        }
        if matches!(layout.rule, SourceRules::AllResults(_)) {
            names.dataset = untested(names.dataset);
        }
        if names.pretrain.is_empty() {
            names.pretrain = YOURS.into();
        }
        Ok(names)
    }
}

/// A set that is called as this project's pages call it, by its identifier.
fn named(dataset: Cow<str>) -> Cow<str> {
    match names::dataset_id(&dataset) {
        Some(id) => id.into(),
        None => dataset,
    }
}

/// "mammut_ViT-L-14" as "ViT-L-14".
fn simple(model: Cow<str>) -> Cow<str> {
    match model {
        Cow::Borrowed(model) => checkpoint::architecture(model).into(),
        Cow::Owned(model) => checkpoint::architecture(&model).to_owned().into(),
    }
}

/// CLIP_benchmark's sets from the web are the same sets.
fn unprefixed(dataset: Cow<str>) -> Cow<str> {
    match dataset.strip_prefix("wds/") {
        Some(name) => name.to_owned().into(),
        None => dataset,
    }
}

/// "imagenet-r_test" is what the study calls ImageNet-R.
fn untested(dataset: Cow<str>) -> Cow<str> {
    match dataset.strip_suffix("_test") {
        Some(name) if name.starts_with("imagenet") => name.to_owned().into(),
        _ => dataset,
    }
}

pub(super) fn probe_metric(shots: Option<f64>) -> Cow<'static, str> {
    match shots {
        Some(shots) if shots > 0.0 => format!("linear_probe_{shots}_shot").into(),
        _ => "linear_probe_full".into(),
    }
}
