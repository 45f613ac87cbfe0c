//! A row's names.

use super::cells::{field, text};
use super::{Not, Why, YOURS};
use crate::runs::checkpoint::{self, checkpoint};
use crate::runs::layout::{Layout, Rule, Text};
use crate::runs::number::{self, Cells, Number, is_missing};
use crate::runs::store::Source;
use crate::study::{Study, names};
use std::borrow::Cow;

/// A row's names, in the project's words.
pub struct Described<'a> {
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

impl<'a> Described<'a> {
    pub fn of(
        layout: &'a Layout,
        study: Study,
        cells: &'a dyn Cells,
    ) -> Result<Described<'a>, Not> {
        let get = |text: &'a Text| field(text, cells).map_err(|why| Not::Refused(None, why));
        let mut described = Described {
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
        let empty = |column: &str| Err(Not::Refused(Some(column.to_owned()), Why::Empty));
        match layout.source {
            Source::AllResults | Source::SegmentationResults | Source::ClipBenchmark => {
                if described.family.is_empty() {
                    return empty("model");
                }
                described.family = checkpoint::family(&described.family).into();
                described.architecture = simple(described.architecture);
            }
            Source::ZeroshotResults => {}
            Source::Own if described.family.is_empty() => return empty("family"),
            Source::Own => described.dataset = named(described.dataset),
        }
        if let Rule::ClipBenchmark { language, shots } = layout.rule {
            let found = checkpoint(study, &described.run);
            described.pretrain = found.pretrain.into();
            described.checkpoint_samples = found.samples;
            described.dataset = unprefixed(described.dataset);
            let language = language.and_then(|i| text(cells.get(i)).ok());
            if let Some(language) = language.filter(|l| !is_missing(l) && l != "en") {
                described.dataset = format!("{} ({language})", described.dataset).into();
            }
            described.shots = shots.and_then(|i| match number::number(cells.get(i), false) {
                Number::Of { value, .. } => Some(value),
                _ => None,
            });
        }
        if matches!(layout.rule, Rule::AllResults(_)) {
            described.dataset = untested(described.dataset);
        }
        if described.pretrain.is_empty() {
            described.pretrain = YOURS.into();
        }
        Ok(described)
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

pub fn probe_metric(shots: Option<f64>) -> Cow<'static, str> {
    match shots {
        Some(shots) if shots > 0.0 => format!("linear_probe_{shots}_shot").into(),
        _ => "linear_probe_full".into(),
    }
}
