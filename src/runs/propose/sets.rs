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

/// Sets of language models' evaluations, as words run together.
const BENCHMARKS: [&str; 64] = [
    "agieval",
    "aime",
    "arc",
    "arcc",
    "arcchallenge",
    "arce",
    "arceasy",
    "bbh",
    "boolq",
    "cb",
    "ceval",
    "cmmlu",
    "cola",
    "commonsenseqa",
    "copa",
    "coqa",
    "csqa",
    "drop",
    "gpqa",
    "gpqadiamond",
    "gsm8k",
    "hellaswag",
    "humaneval",
    "ifeval",
    "jeopardy",
    "lambada",
    "lambadaopenai",
    "livecodebench",
    "logiqa",
    "math",
    "math500",
    "mathqa",
    "mbpp",
    "mgsm",
    "mmlu",
    "mmlupro",
    "mnli",
    "mrpc",
    "multirc",
    "musr",
    "naturalqs",
    "naturalquestions",
    "nq",
    "obqa",
    "openbookqa",
    "piqa",
    "qnli",
    "qqp",
    "race",
    "record",
    "rte",
    "sciq",
    "siqa",
    "socialiqa",
    "squad",
    "sst2",
    "storycloze",
    "swebench",
    "triviaqa",
    "truthfulqa",
    "wic",
    "winograd",
    "winogrande",
    "xwinograd",
];

/// Whether a column is called after a set that people evaluate on: "ARC-C", "mmlu_zeroshot",
/// "eval_metrics.icl.boolq".
pub(in crate::runs) fn is_known(name: &str) -> bool {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let mut of_set = words(last);
    let shots = |w: &String| {
        w.ends_with("shot")
            || matches!(w.as_str(), "em" | "sm" | "sub" | "prompt")
            || (w.len() < 3 && w.bytes().all(|b| b.is_ascii_digit()))
    };
    while of_set.len() > 1 && of_set.last().is_some_and(shots) {
        of_set.pop();
    }
    set_id(&words(name)).is_some() || BENCHMARKS.contains(&of_set.concat().as_str())
}

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
    let (known, others): (Vec<usize>, Vec<usize>) =
        found.iter().partition(|i| is_known(&readings[**i].column));
    // Fractions and percent of one table are all the one or the other; whole numbers are counts.
    let unit = |i: &usize| table.values.get(*i).is_some_and(|v| v.max > 1.0);
    let percent = known.iter().any(unit);
    let alike = |i: &usize| {
        unit(i) == percent
            && table
                .values
                .get(*i)
                .is_some_and(|v| 2 * v.whole <= v.numbers)
    };
    let mut found: Vec<usize> = others
        .into_iter()
        .filter(alike)
        .chain(known.clone())
        .collect();
    found.sort_unstable();
    if found.len() < 3 || known.is_empty() {
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
    let imagenet = match found.len() - unnamed {
        0 => "",
        _ => " Those of ImageNet are taken for top-1 accuracies.",
    };
    Some(format!(
        "{} columns are taken for sets by their names; the table does not say which metric {unnamed} of them hold: “main_metric”.{imagenet}",
        found.len()
    ))
}
