//! Columns that name a row's dataset, family and so on.

use super::words;

/// Names of columns, without case and punctuation, by the field that they fill; the earlier go
/// first.
const FIELDS: [(&str, &[&str]); 8] = [
    (
        "dataset",
        &[
            "downstream dataset",
            "dataset",
            "benchmark",
            "eval dataset",
            "task name",
            "eval set",
        ],
    ),
    (
        "family",
        &[
            "family",
            "model family",
            "model type",
            "namespace",
            "series",
            "group",
            "method",
            "condition",
            "familie",
        ],
    ),
    (
        "pretrain",
        &[
            "pretrain",
            "pretrain dataset",
            "upstream dataset",
            "pretraining set",
            "train dataset",
            "training data",
            "pretraining data",
            "pretrained",
            "data",
            "corpus",
        ],
    ),
    (
        "architecture",
        &[
            "architecture",
            "arch",
            "model simple",
            "model",
            "model name",
        ],
    ),
    (
        "schedule",
        &["schedule", "lr schedule", "lr scheduler", "scheduler"],
    ),
    (
        "run",
        &[
            "run",
            "name",
            "run name",
            "run id",
            "id",
            "checkpoint",
            "experiment",
            "config",
            "hyper id",
            "model id",
        ],
    ),
    ("metric", &["metric", "metric name"]),
    ("task", &["task"]),
];

/// The field that a column of this name fills.
pub(in crate::runs) fn field(name: &str) -> Option<&'static str> {
    rank(name).map(|(field, _)| field)
}

/// The field, and how good the name is for it: 0 is best.
pub(in crate::runs) fn rank(name: &str) -> Option<(&'static str, usize)> {
    let name = words(name).join(" ");
    FIELDS.iter().find_map(|(field, names)| {
        let at = names.iter().position(|known| *known == name)?;
        Some((*field, at))
    })
}

/// Whether a text is a checkpoint's name that tells samples: "laion2b_s34b_b79k".
pub(in crate::runs) fn is_tags(text: &str) -> bool {
    let study = crate::study::Study::of_unit("GFLOPs");
    crate::runs::checkpoint::checkpoint(study, text)
        .samples
        .is_some()
}
