//! Wide tables: a column a set, named by the set alone.

use super::Table;
use crate::runs::mapping::{Quantity, UnitScale};
use crate::runs::reading::{Measured, Reading, Role, set_id, words};

/// Settings of a training run, which may be small numbers, too.
const SETTINGS: [&str; 27] = [
    "lr",
    "seed",
    "wd",
    "decay",
    "dropout",
    "temperature",
    "batch",
    "bs",
    "depth",
    "width",
    "layers",
    "heads",
    "warmup",
    "beta",
    "beta1",
    "beta2",
    "time",
    "hours",
    "days",
    "runtime",
    "image",
    "size",
    "dim",
    "rank",
    "count",
    "epoch",
    "patch",
];

/// Takes columns of fractions or percent for results of the sets that they are called after, where
/// at least one is a known set's and there are three. What is assumed with that, in a sentence.
pub(super) fn read_sets(table: &Table, readings: &mut [Reading]) -> Option<String> {
    let is_set = |(i, r): &(usize, &Reading)| {
        let name = words(&r.column);
        let setting = name.iter().any(|w| SETTINGS.contains(&w.as_str()));
        let free = r.is == Role::Other && r.numbers && !setting && !name.is_empty();
        free && table.values.get(*i).is_some_and(|v| v.within(0.0, 100.0))
    };
    let found: Vec<usize> = readings
        .iter()
        .enumerate()
        .filter(is_set)
        .map(|(i, _)| i)
        .collect();
    let known = found
        .iter()
        .filter(|i| set_id(&words(&readings[**i].column)).is_some());
    if found.len() < 3 || known.count() == 0 {
        return None;
    }
    let mut unnamed = 0;
    for i in &found {
        let r = &mut readings[*i];
        let id = set_id(&words(&r.column));
        let imagenet = id.as_deref().is_some_and(|id| id.starts_with("imagenet"));
        unnamed += usize::from(!imagenet);
        r.why = "its name is a set’s, beside others’".to_owned();
        r.is = Role::Result(Measured {
            quantity: Quantity::Metric,
            metric: if imagenet { "acc1" } else { "main_metric" }.to_owned(),
            set: Some(id.unwrap_or_else(|| r.column.clone())),
            scale: UnitScale::Detect,
            run: None,
            named: false,
        });
    }
    Some(format!(
        "{} columns are taken for sets by their names; the table does not say which metric {unnamed} of them hold: “main_metric”. Those of ImageNet are taken for top-1 accuracies.",
        found.len()
    ))
}
