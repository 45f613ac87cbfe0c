//! Metrics by the names of their columns.

/// Metrics that are fractions, by their columns in the released files and in CLIP_benchmark's.
pub(super) const METRICS: [&str; 9] = [
    "acc1",
    "acc5",
    "mean_per_class_recall",
    "image_retrieval_recall@5",
    "text_retrieval_recall@5",
    "mean_average_precision",
    "miou",
    "lp_acc1",
    "acc",
];

/// A column's name without case and punctuation, in words.
pub(super) fn words(name: &str) -> Vec<String> {
    // Letters beyond ASCII stay as they are: the tables of their cases are not worth their size.
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric());
    words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// The project's name of a metric, by that of its column.
pub fn metric(column: &str) -> String {
    if METRICS.contains(&column) && column != "acc" {
        return column.to_owned();
    }
    let words = words(column);
    let has = |names: &[&str]| words.iter().any(|w| names.contains(&w.as_str()));
    if has(&["top5", "acc5"]) || (has(&["top"]) && has(&["5"])) {
        "acc5".to_owned()
    } else if has(&["miou", "iou"]) {
        "miou".to_owned()
    } else if has(&["recall", "map", "precision", "auc", "auroc", "f1"]) {
        column.to_owned()
    } else {
        "acc1".to_owned()
    }
}
