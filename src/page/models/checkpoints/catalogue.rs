//! The studies' checkpoints with their results, and which of them is recommended.

use crate::page::data;
use crate::runs::flops;
use crate::study::architecture::ArchitectureCost;
use crate::study::checkpoint::PublishedCheckpoint;
use crate::study::{DataError, Study};
use leptos::prelude::ReadSignal;
use std::sync::Arc;

/// The catalogue, once it is loaded.
pub type Catalogue = ReadSignal<Option<Result<Arc<Vec<CheckpointWithResults>>, DataError>>>;

/// A checkpoint with its results in the study.
#[derive(Clone)]
pub struct CheckpointWithResults {
    pub checkpoint: PublishedCheckpoint,
    /// Top-1 accuracy on ImageNet-1k, and compute in the study's unit.
    pub results: Option<(f64, f64)>,
    /// Bytes of its weights as float32, from its number of parameters.
    pub bytes: u64,
    /// FLOPs of an image and its text, forward, where a study tells.
    pub operations: Option<f64>,
}

impl CheckpointWithResults {
    /// Its architecture as its papers write it: "ViT-B/32".
    pub fn short_name(&self) -> String {
        let name = &self.checkpoint.architecture;
        let (size, patch) = name.rsplit_once('-').unwrap_or((name, ""));
        let family = match self.checkpoint.family.as_str() {
            "mammut" => "MaMMUT ",
            _ => "",
        };
        match patch {
            "" => format!("{family}{size}"),
            patch => format!("{family}{size}/{patch}"),
        }
    }
}

/// The checkpoint for readers who have not chosen one: of those whose licence is stated and that a
/// study measured the one that computes least, and of equals the most accurate.
pub fn recommended(all: &[CheckpointWithResults]) -> Option<&CheckpointWithResults> {
    let known = all.iter().filter_map(|listed| {
        let (accuracy, _) = listed
            .results
            .filter(|_| listed.checkpoint.licence.is_some())?;
        Some((listed, listed.operations?, accuracy))
    });
    let best = known.min_by(|(_, a, high), (_, b, low)| a.total_cmp(b).then(low.total_cmp(high)));
    best.map(|(listed, ..)| listed)
}

pub async fn checkpoints_with_results() -> Result<Arc<Vec<CheckpointWithResults>>, DataError> {
    let checkpoints = data::checkpoints().await?;
    let mut tables = Vec::new();
    // A checkpoint's study measured it in its first table.
    for study in Study::bundled() {
        let listed = checkpoints.iter().any(|c| c.study == Some(study));
        if let (true, Some(table)) = (listed, study.tables().next()) {
            tables.push((study, data::bundled(table).await?));
        }
    }
    let list = checkpoints.into_iter().map(|checkpoint| {
        let results = tables.iter().find_map(|(study, (rows, _))| {
            let row = rows.iter().find(|row| {
                row.dataset == "imagenet1k" && row.metric == "acc1" && checkpoint.is_of(*study, row)
            })?;
            Some((row.value, row.compute?))
        });
        let architecture = tables.iter().find_map(|(study, (_, architectures))| {
            let of = |a: &&ArchitectureCost| {
                a.family == checkpoint.family && a.name == checkpoint.architecture
            };
            Some((study, architectures.iter().find(of)?))
        });
        CheckpointWithResults {
            results,
            bytes: architecture.map_or(0, |(_, a)| (4e6 * a.mparams[0]) as u64),
            operations: architecture.and_then(|(study, a)| {
                Some(a.compute_per_sample * flops(&study.head().compute_unit)?)
            }),
            checkpoint,
        }
    });
    Ok(Arc::new(list.collect()))
}
