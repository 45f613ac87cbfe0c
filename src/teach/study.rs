//! Points of *The Role of Pre-training Data in Transfer Learning* on the same set.

use crate::study::Measurement;
use serde::Serialize;
use std::collections::BTreeMap;

/// The table's file.
pub const FILE: &str = "data/transfer/shots.csv";
/// For the reader.
pub const TITLE: &str = "Entezari et al. 2023, CLIP fine-tuned";
const FAMILY: &str = "CLIP";
const METRIC: &str = "fine-tuned";

/// One pre-training set's accuracies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    pub architecture: String,
    pub pretrain: String,
    /// Shots, and the accuracy of the best released setting at them.
    pub points: Vec<(f64, f64)>,
}

/// The id of the study's set that a name means: case, spaces and punctuation do not matter, nor a few usual words around
/// it.
pub fn set(rows: &[Measurement], name: &str) -> Option<String> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let name = plain(name);
    let name = ["oxfordiiit", "oxford"]
        .iter()
        .find_map(|p| name.strip_prefix(p))
        .unwrap_or(&name);
    let known = rows.iter().map(|row| &row.dataset);
    known.clone().find(|set| plain(set) == name).cloned()
}

/// The study's accuracies on a set, as Explore draws them: at each number of shots the best of the released settings.
pub fn published(rows: &[Measurement], set: &str) -> Vec<Published> {
    let mut all: BTreeMap<(&str, &str), BTreeMap<u64, f64>> = BTreeMap::new();
    for row in rows {
        let is_of = row.dataset == set && row.metric == METRIC && row.family == FAMILY;
        let Some(shots) = row.samples_seen.filter(|_| is_of) else {
            continue;
        };
        let series = all.entry((&row.architecture, &row.pretrain)).or_default();
        let best = series.entry(shots as u64).or_insert(row.value);
        *best = best.max(row.value);
    }
    let published =
        |((architecture, pretrain), points): ((&str, &str), BTreeMap<u64, f64>)| Published {
            architecture: architecture.to_owned(),
            pretrain: pretrain.to_owned(),
            points: points
                .into_iter()
                .map(|(shots, best)| (shots as f64, best))
                .collect(),
        };
    all.into_iter().map(published).collect()
}
