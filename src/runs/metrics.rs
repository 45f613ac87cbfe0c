//! Metrics by the names of their columns.

use super::reading::words;

/// Metrics that are fractions, by their columns in the released files and in CLIP_benchmark's.
pub(super) const METRICS: [&str; 21] = [
    "acc1",
    "acc5",
    "mean_per_class_recall",
    "image_retrieval_recall@5",
    "text_retrieval_recall@5",
    "mean_average_precision",
    "miou",
    "lp_acc1",
    "acc",
    "image_retrieval_recall@1",
    "text_retrieval_recall@1",
    "image_retrieval_recall@10",
    "text_retrieval_recall@10",
    "text_acc",
    "image_acc",
    "group_acc",
    "lp_acc5",
    "lp_mean_per_class_recall",
    "lp_mean_average_precision",
    "jaccard_score",
    "jaccard",
];

/// Those of the studies' tables, which come first.
pub(super) const RELEASED: &[&str] = METRICS.split_at(9).0;

/// CLIP_benchmark's scores of captions, which are no fractions.
pub(super) const SCORES: [&str; 8] = [
    "Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "METEOR", "ROUGE_L", "CIDEr", "SPICE",
];

/// The project's name of a metric, by that of its column.
pub fn metric(column: &str) -> String {
    if METRICS.contains(&column) && column != "acc" {
        return column.to_owned();
    }
    let words = words(column);
    let has = |names: &[&str]| words.iter().any(|w| names.contains(&w.as_str()));
    if has(&["top5", "acc5"]) || column.contains("acc@5") || (has(&["top"]) && has(&["5"])) {
        "acc5".to_owned()
    } else if has(&["miou", "iou"]) {
        "miou".to_owned()
    } else if has(&["recall", "map", "precision", "auc", "auroc", "f1"]) {
        column.to_owned()
    } else {
        "acc1".to_owned()
    }
}
