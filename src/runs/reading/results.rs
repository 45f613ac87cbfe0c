//! Columns of measured numbers: quantity, metric, set and scale.

use super::{Measured, Role, Values, has, words};
use crate::runs::mapping::{Quantity, UnitScale};
use crate::runs::metrics::{METRICS, SCORES};
use crate::study::names;

/// Words in the names of accuracies and their kin: fractions or percent.
const FRACTIONS: [&str; 30] = [
    "acc",
    "top",
    "acc1",
    "acc5",
    "accuracy",
    "top1",
    "top5",
    "recall",
    "precision",
    "map",
    "miou",
    "iou",
    "auc",
    "auroc",
    "auprc",
    "f1",
    "jaccard",
    "score",
    "value",
    "performance",
    "perf",
    "metric",
    "em",
    "dice",
    "mcc",
    "r1",
    "r5",
    "r10",
    "lp",
    "winrate",
];

/// Words that say where in training or evaluation a number was taken, and others that name no set.
const NO_SET: [&str; 32] = [
    "best",
    "val",
    "valid",
    "validation",
    "eval",
    "test",
    "train",
    "training",
    "final",
    "zeroshot",
    "zero",
    "shot",
    "mean",
    "norm",
    "average",
    "avg",
    "err",
    "error",
    "rate",
    "loss",
    "percent",
    "pct",
    "nats",
    "bits",
    "byte",
    "on",
    "the",
    "in",
    "at",
    "retrieval",
    "retr",
    "of",
];

/// What a score is called whose metric no name tells.
pub(in crate::runs) const MAIN_METRIC: &str = "main_metric";

/// Words for a number of which they tell no more than that more is better.
const SCORE_WORDS: [&str; 5] = ["score", "value", "performance", "perf", "metric"];

/// Words that tell a metric of classification or retrieval.
const CLASSIFICATION: [&str; 14] = [
    "acc",
    "accuracy",
    "top",
    "top1",
    "top5",
    "acc1",
    "acc5",
    "recall",
    "precision",
    "map",
    "f1",
    "auc",
    "auroc",
    "miou",
];

pub(super) fn read(name: &str, values: &Values) -> Option<(Role, String)> {
    // The logger's "run - metric" has a column for each run.
    if let Some((run, metric)) = name.split_once(" - ").filter(|(run, _)| *run != "1")
        && let Some((Role::Result(mut measured), why)) = read(metric, values)
        && measured.named
    {
        measured.run = Some(run.trim().to_owned());
        return Some((Role::Result(measured), format!("{why}; of the run {run}")));
    }
    let words = words(name);
    let sign = name.contains('±') && words.len() < 2;
    if sign
        || has(
            &words,
            &[
                "se", "std", "stderr", "stdev", "stddev", "standard", "sem", "ci", "variance",
            ],
        )
    {
        return Some((
            Role::Spread,
            "its name: a standard error or deviation".to_owned(),
        ));
    }
    if has(
        &words,
        &["rank", "lr", "time", "runtime", "seconds", "count", "seed"],
    ) {
        return None;
    }
    if let Some(found) = known_metric(name, values).or_else(|| exact_match(name, values)) {
        return Some(found);
    }
    if let Some(found) = loss(name, &words, values) {
        return found;
    }
    fraction(name, &words, values)
}

/// Metrics of the released files and of CLIP_benchmark, by their very names.
fn known_metric(name: &str, values: &Values) -> Option<(Role, String)> {
    let score = SCORES.contains(&name);
    if !score && (!METRICS.contains(&name) || name == "acc" || !values.are_fractions()) {
        return None;
    }
    let quantity = if score {
        Quantity::Score
    } else {
        Quantity::Metric
    };
    let metric = if score {
        format!("{name}_score")
    } else {
        name.to_owned()
    };
    let role = measured(quantity, metric, None, scale(name, values));
    Some((role, format!("its name: {}", quantity.title())))
}

/// "gsm8k_5_exact_match,strict-match", as lm-evaluation-harness names them: set, metric, filter.
fn exact_match(name: &str, values: &Values) -> Option<(Role, String)> {
    let at = name
        .find("exact_match")
        .or_else(|| name.find("exact match"))?;
    if !values.are_fractions() {
        return None;
    }
    let (set, filter) = (words(&name[..at]), words(&name[at + "exact_match".len()..]));
    let metric = match filter.as_slice() {
        [] => "exact_match".to_owned(),
        filter => format!("exact_match_{}", filter.join("_")),
    };
    let set = set_id(&set).or((!set.is_empty()).then(|| set.join(" ")));
    let role = measured(Quantity::Metric, metric, set, scale(name, values));
    Some((
        role,
        format!("its name: exact match; values {}", values.range()),
    ))
}

/// Losses and perplexities; the outer `None`: the name tells neither.
fn loss(name: &str, words: &[String], values: &Values) -> Option<Option<(Role, String)>> {
    let quantity = quantity_of(name);
    let (metric, good) = match quantity {
        Quantity::Loss if has(words, &["bpb", "bpc"]) => {
            ("bits_per_byte_loss".to_owned(), values.positive)
        }
        Quantity::Loss => ("loss".to_owned(), values.positive),
        Quantity::Perplexity => {
            let unit = ["word", "byte", "token"]
                .into_iter()
                .find(|w| has(words, &[w]));
            (
                unit.map_or("perplexity".to_owned(), |w| format!("{w}_perplexity")),
                values.above_one,
            )
        }
        _ => return None,
    };
    let what = quantity.title();
    if 2 * good <= values.numbers {
        let why = format!("its name: {what}; but values {} are none", values.range());
        return Some(Some((Role::Other, why)));
    }
    let unit = match quantity {
        Quantity::Loss if metric == "loss" => " in nats",
        Quantity::Loss => " in bits",
        _ => "",
    };
    let loss_word = |w: &String| {
        matches!(
            w.as_str(),
            "ppl"
                | "perplexity"
                | "nll"
                | "xent"
                | "ce"
                | "cross"
                | "entropy"
                | "bpb"
                | "bpc"
                | "nats"
                | "word"
                | "byte"
                | "bits"
                | "per"
        )
    };
    let mut rest: Vec<String> = Vec::new();
    for (i, word) in words.iter().filter(|w| !loss_word(w)).enumerate() {
        match word.as_str() {
            // "agi_eval" and "human_eval" are sets.
            "eval" if i > 0 => rest.push("eval".to_owned()),
            "val" | "valid" | "validation" | "eval" | "test" => rest.push("validation".to_owned()),
            "train" | "training" => rest.push("training".to_owned()),
            word if word.ends_with("loss") => {
                let start = word.trim_end_matches("loss");
                rest.extend((!start.is_empty()).then(|| start.to_owned()));
            }
            word if NO_SET.contains(&word) => {}
            word => rest.push(word.to_owned()),
        }
    }
    let set = set_id(&rest).or((!rest.is_empty()).then(|| rest.join(" ")));
    let role = measured(quantity, metric, set, UnitScale::Fraction);
    Some(Some((
        role,
        format!("its name: {what}{unit}; values {}", values.range()),
    )))
}

/// Accuracies, errors, recalls and averages of them.
fn fraction(name: &str, words: &[String], values: &Values) -> Option<(Role, String)> {
    let inverse = name.replace(' ', "").starts_with("1-");
    let rate = [("wer", "word_accuracy"), ("cer", "character_accuracy")];
    let rate = rate.into_iter().find(|(rate, _)| has(words, &[rate]));
    let error = inverse || rate.is_some() || has(words, &["err", "error", "errors"]);
    let known = error || has(words, &FRACTIONS) || recall_at(name).is_some();
    let average = has(words, &["average", "avg"]);
    if !(known || average) || !values.are_fractions() {
        return None;
    }
    let rest = of_set(words);
    let set = set_id(&rest);
    let (metric, set) = match recall_at(name) {
        None if let Some((word, accuracy)) = rate => {
            let rest: Vec<String> = rest.iter().filter(|w| *w != word).cloned().collect();
            let all = average.then(|| "average".to_owned());
            let named = (!rest.is_empty()).then(|| rest.join(" "));
            (accuracy.to_owned(), set_id(&rest).or(named).or(all))
        }
        Some(recall) => (recall, set.or((!rest.is_empty()).then(|| rest.join(" ")))),
        None if average && set.is_none() => {
            let datasets = rest
                .iter()
                .any(|w| w.starts_with("dataset") || w.starts_with("task"));
            let count = rest
                .iter()
                .find(|w| datasets && w.bytes().all(|b| b.is_ascii_digit()));
            let set = count.map_or("average".to_owned(), |n| format!("average of {n} sets"));
            let accuracy = has(words, &["acc", "accuracy", "acc1", "top1"]);
            (
                if accuracy { "acc1" } else { "average" }.to_owned(),
                Some(set),
            )
        }
        None if has(words, &["jaccard"]) => {
            let digits = |w: &str| w.bytes().all(|b| b.is_ascii_digit());
            let of: Vec<String> = rest.iter().filter(|w| !digits(w)).cloned().collect();
            let parts = words.iter().filter(|w| *w != "score" && !of.contains(w));
            let metric: Vec<&str> = parts.map(String::as_str).collect();
            let set = set_id(&of).or((!of.is_empty()).then(|| of.join(" ")));
            (metric.join("_"), set)
        }
        None => named(name, words, set, &rest),
    };
    let quantity = if error {
        Quantity::Error
    } else {
        Quantity::Metric
    };
    let scale = scale(name, values);
    let unit = match scale {
        UnitScale::Percent => ", in percent",
        UnitScale::Fraction => ", as a fraction",
        UnitScale::Detect => "",
    };
    let why = format!(
        "its name: {}{unit}; values {}",
        quantity.title(),
        values.range()
    );
    Some((measured(quantity, metric, set, scale), why))
}

/// The words of a column's name that tell no metric, and so perhaps a set.
fn of_set(words: &[String]) -> Vec<String> {
    const OF_METRICS: [&str; 12] = [
        "1", "5", "10", "r", "image", "img", "text", "txt", "to", "i2t", "t2i", "exact",
    ];
    let other = |w: &&String| {
        let word = w.as_str();
        ![&FRACTIONS[..], &NO_SET, &OF_METRICS, &["match"]]
            .iter()
            .any(|known| known.contains(&word))
    };
    words.iter().filter(other).cloned().collect()
}

/// The set that a column of results is called after, where its name has more than words for results:
/// "hellaswag (%)".
pub(in crate::runs) fn set_of(name: &str) -> Option<String> {
    let words = words(name);
    let mut rest = of_set(&words);
    rest.retain(|word| word.len() > 2);
    let known = set_id(&words).or_else(|| set_id(&rest));
    known.or((!rest.is_empty()).then(|| rest.join(" ")))
}

/// Metric and set of an accuracy or an error.
fn named(
    name: &str,
    words: &[String],
    set: Option<String>,
    rest: &[String],
) -> (String, Option<String>) {
    let of = |set: Option<String>| (crate::runs::metrics::metric(name), set);
    match set {
        Some(set) => of(Some(set)),
        // Tasks beyond the studies' have a plain accuracy: "hellaswag acc_norm".
        None if !rest.is_empty() && has(words, &["acc", "accuracy"]) => {
            let metric = if has(words, &["norm"]) {
                "acc_norm"
            } else {
                "acc"
            };
            (metric.to_owned(), Some(rest.join(" ")))
        }
        None if !rest.is_empty() && has(words, &["top1", "acc1", "top5", "acc5"]) => {
            of(Some(rest.join(" ")))
        }
        // Of a number that is called a score nobody knows which metric it is, nor of which set.
        None if words.iter().any(|w| SCORE_WORDS.contains(&w.as_str()))
            && !has(words, &CLASSIFICATION) =>
        {
            let total = has(words, &["total", "overall"]).then(|| "average".to_owned());
            (MAIN_METRIC.to_owned(), total)
        }
        None => of(None),
    }
}

/// "image_retrieval_recall@5" of "image retr. R@5", "text_to_image_R@5" and "t2i R5".
fn recall_at(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let words = words(name);
    let k = ["@1", "@5", "@10"]
        .iter()
        .rev()
        .find(|k| lower.contains(**k))
        .map(|k| &k[1..])
        .or(["r1", "r5", "r10"]
            .iter()
            .find(|r| has(&words, &[r]))
            .map(|r| &r[1..]))?;
    let recall = has(&words, &["r", "recall", "r1", "r5", "r10"]);
    let from_text =
        lower.contains("text_to_image") || lower.contains("text to image") || has(&words, &["t2i"]);
    let from_image =
        lower.contains("image_to_text") || lower.contains("image to text") || has(&words, &["i2t"]);
    let what = match () {
        () if !recall => return None,
        () if from_text => "image_retrieval_",
        () if from_image => "text_retrieval_",
        () if has(&words, &["image", "img"]) => "image_retrieval_",
        () if has(&words, &["text", "txt"]) => "text_retrieval_",
        () => "",
    };
    Some(format!("{what}recall@{k}"))
}

fn measured(quantity: Quantity, metric: String, set: Option<String>, scale: UnitScale) -> Role {
    Role::Result(Measured {
        quantity,
        metric,
        set,
        scale,
        run: None,
        named: true,
    })
}

/// Percent or fraction, as the name or the column as a whole tells.
fn scale(name: &str, values: &Values) -> UnitScale {
    let percent = name.contains('%') || has(&words(name), &["percent", "pct", "percentage"]);
    match percent && values.signs == 0 && values.above_one > 0 {
        true => UnitScale::Percent,
        false => UnitScale::Detect,
    }
}

/// What a metric of this name is.
pub(in crate::runs) fn quantity_of(name: &str) -> Quantity {
    let words = words(name);
    let ends = |end: &str| words.iter().any(|w| w.ends_with(end));
    if ends("ppl") || ends("perplexity") {
        Quantity::Perplexity
    } else if ends("loss")
        || has(&words, &["nll", "xent", "bpb", "bpc", "ce"])
        || (has(&words, &["entropy"]) && (has(&words, &["cross"]) || words.len() == 1))
    {
        Quantity::Loss
    } else if SCORES.contains(&name) {
        Quantity::Score
    } else if has(&words, &["err", "error"]) {
        Quantity::Error
    } else {
        Quantity::Metric
    }
}

/// The studies' identifier of a set that these words name.
pub(in crate::runs) fn set_id(words: &[String]) -> Option<String> {
    const ALIASES: [(&str, &str); 10] = [
        ("in1k", "imagenet1k"),
        ("imagenet1k", "imagenet1k"),
        ("inet", "imagenet1k"),
        ("imagenetv2", "imagenetv2"),
        ("coco", "mscoco_captions"),
        ("mscoco", "mscoco_captions"),
        ("flickr", "flickr30k"),
        ("winogavil", "winogavil"),
        ("imagenetsketch", "imagenet_sketch"),
        ("imageneto", "imagenet-o"),
    ];
    let joined = words.concat();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == joined);
    let known = || {
        [" ", "-", "_", ""]
            .into_iter()
            .find_map(|between| names::dataset_id(&words.join(between)))
    };
    match alias {
        Some((_, id)) => Some((*id).to_owned()),
        None => known().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::number::Cell;

    fn values(cells: &[&str]) -> Values {
        let mut values = Values::default();
        for cell in cells {
            values.add(Cell::Text(cell), false);
        }
        values
    }

    /// Quantity, metric and set of a column.
    fn result(name: &str, cells: &[&str]) -> (Quantity, String, String) {
        match super::super::read(name, &values(cells)).is {
            Role::Result(m) => (m.quantity, m.metric, m.set.unwrap_or_default()),
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn names_tell_quantity_metric_and_set() {
        use Quantity::{Error, Loss, Metric, Perplexity};
        for (name, cell, quantity, metric, set) in [
            ("acc1", "0.5", Metric, "acc1", ""),
            ("ImageNet 1k acc", "0.5", Metric, "acc1", "imagenet1k"),
            (
                "imagenet-zeroshot-val-top1",
                "0.5",
                Metric,
                "acc1",
                "imagenet1k",
            ),
            (
                "imagenet-zeroshot-val-top5",
                "0.5",
                Metric,
                "acc5",
                "imagenet1k",
            ),
            ("top1_err %", "25", Error, "acc1", ""),
            ("1 - acc", "0.2", Error, "acc1", ""),
            ("val/loss", "2.5", Loss, "loss", "validation"),
            ("loss", "4.6", Loss, "loss", ""),
            ("openLM_loss", "4.6", Loss, "loss", "openlm"),
            ("ppl", "30", Perplexity, "perplexity", ""),
            ("wikitext ppl", "30", Perplexity, "perplexity", "wikitext"),
            (
                "wikitext bpb",
                "0.8",
                Loss,
                "bits_per_byte_loss",
                "wikitext",
            ),
            (
                "hellaswag acc_norm",
                "41.48",
                Metric,
                "acc_norm",
                "hellaswag",
            ),
            (
                "Flickr image retr. R@1",
                "0.8",
                Metric,
                "image_retrieval_recall@1",
                "flickr30k",
            ),
            (
                "MSCOCO text retr. R@10",
                "0.8",
                Metric,
                "text_retrieval_recall@10",
                "mscoco_captions",
            ),
            (
                "image_to_text_R@1",
                "0.8",
                Metric,
                "text_retrieval_recall@1",
                "",
            ),
            (
                "image_retrieval_recall@10",
                "0.8",
                Metric,
                "image_retrieval_recall@10",
                "",
            ),
            ("Average score", "0.77", Metric, "average", "average"),
            (
                "Average perf. on 38 datasets",
                "0.7",
                Metric,
                "average",
                "average of 38 sets",
            ),
            (
                "WinoGAViL jaccard score 10-12",
                "0.57",
                Metric,
                "jaccard_10_12",
                "winogavil",
            ),
        ] {
            let expected = (quantity, metric.to_owned(), set.to_owned());
            assert_eq!(result(name, &[cell]), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_result_is_not_one() {
        for (name, cells) in [
            ("image_to_text_mean_rank", &["99"][..]),
            ("acc_stderr", &["0.01"]),
            ("loss", &["0", "2.5"]),
            ("ppl", &["0.9", "3"]),
            ("accuracy", &["250"]),
            ("lr", &["0.001"]),
        ] {
            let role = super::super::read(name, &values(cells)).is;
            assert!(!matches!(role, Role::Result(_)), "{name}: {role:?}");
        }
    }

    #[test]
    fn names_and_values_tell_amounts() {
        // What it is, its scale, log10, and whether of a sample.
        let unit = |name: &str, cells: &[&str]| match super::super::read(name, &values(cells)).is {
            Role::Compute(u) => format!("compute {:e} {} {} {}", u.scale, u.unit, u.log10, u.each),
            Role::Parameters(u) => format!("parameters {:e} {}", u.scale, u.log10),
            Role::Samples(u) => format!("{} {:e} {}", u.unit, u.scale, u.log10),
            Role::SamplesAnEpoch(u) => format!("{} an epoch", u.unit),
            other => format!("{other:?}"),
        };
        for (name, cells, is) in [
            (
                "FLOPs (B)",
                &["5", "29"][..],
                "compute 1e9 FLOPs false true",
            ),
            (
                "compute (1e18 FLOPs)",
                &["0.1", "1e4"],
                "compute 1e18 FLOPs false false",
            ),
            ("log10_flops", &["17", "22"], "compute 1e0 FLOPs true false"),
            (
                "PF-days",
                &["0.0012", "115"],
                "compute 8.64e19 FLOPs false false",
            ),
            ("Training FLOP", &["6e18"], "compute 1e0 FLOPs false false"),
            ("budget", &["6e18"], "compute 1e0 FLOPs false false"),
            ("gflops_per_sample", &["14"], "compute 1e9 FLOPs false true"),
            ("params (M)", &["50"], "parameters 1e6 false"),
            ("Model Size", &["44e6", "16e9"], "parameters 1e0 false"),
            ("model_size", &["125m", "66b"], "parameters 1e0 false"),
            ("Params (B)", &["7"], "parameters 1e9 false"),
            ("tokens", &["2.0B"], "tokens 1e0 false"),
            ("num_token", &["4e9"], "tokens 1e0 false"),
            ("log10 tokens", &["9", "11.5"], "tokens 1e0 true"),
            ("tokens_per_epoch", &["85B"], "tokens an epoch"),
            ("train_num_samples", &["1000000"], "samples an epoch"),
            ("samples_seen", &["3e9"], "samples 1e0 false"),
        ] {
            assert_eq!(unit(name, cells), is, "{name}");
        }
        let small = super::super::read("num_samples", &values(&["5000"]));
        assert_eq!(small.is, Role::Other);
        assert!(small.why.contains("evaluation"), "{}", small.why);
        assert_eq!(
            super::super::read("throughput (FLOPs/s)", &values(&["1e15"])).is,
            Role::Other
        );
    }
}
