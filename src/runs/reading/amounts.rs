//! Columns of compute, parameters, samples, epochs and steps.

use super::{Role, Unit, Values, has, words};

/// FLOPs, or MACs, below which no run of a model has been.
const SMALLEST_RUN: f64 = 1e14;

/// FLOPs, or MACs, below which no forward pass of a model is.
const SMALLEST_PASS: f64 = 1e5;

/// Words that make an amount a ratio.
const RATIOS: [&str; 8] = [
    "increase",
    "ratio",
    "multiplier",
    "multiple",
    "utilization",
    "utilisation",
    "efficiency",
    "share",
];

pub(super) fn read(name: &str, values: &Values) -> Option<(Role, String)> {
    let words = words(name);
    if let Some(index) = index(name, &words) {
        return Some(index);
    }
    // Ratios of amounts are none.
    if has(&words, &RATIOS) {
        return None;
    }
    // A logger's section: "throughput/total_tokens".
    let section = name.rsplit_once('/').or_else(|| name.rsplit_once('.'));
    let total = words.iter().any(|w| w == "total" || w == "num");
    if let Some((_, last)) = section.filter(|_| total)
        && super::words(last).len() > 1
        && let Some(found) = read(last, values)
    {
        return Some(found);
    }
    let log = words
        .iter()
        .any(|w| matches!(w.as_str(), "log" | "log10" | "lg"));
    if let Some((unit, factor, each)) = compute(name, &words, values)? {
        return Some(compute_role(values, (unit, factor, each), log));
    }
    // A rate, a time, a spread or a measured number is no amount.
    let other = has(
        &words,
        &["per", "loss", "ppl", "acc", "accuracy", "error", "lr"],
    );
    let an_epoch = has(&words, &["epoch", "epochs"]) && has(&words, &["per", "each", "train"]);
    if parameters(&words) && !other {
        return Some(counted(
            Role::Parameters,
            "parameters",
            name,
            &words,
            values,
            log,
        ));
    }
    let tokens = has(&words, &["token", "tokens", "d"]) || words.concat().ends_with("tokens");
    let open_clip = words == ["train", "num", "samples"];
    let unique = tokens && has(&words, &["unique"]);
    if open_clip || unique || (tokens && an_epoch) {
        let noun = if tokens { "tokens" } else { "samples" };
        return Some(counted(
            Role::SamplesAnEpoch,
            noun,
            name,
            &words,
            values,
            log,
        ));
    }
    if let Some(noun) = samples(&words).filter(|_| !other) {
        if noun == "samples"
            && values.max < 1e6
            && values.suffixed == 0
            && !log
            && scale_of(name, &words).is_none()
            && !has(&words, &["seen", "total"])
        {
            let why = format!(
                "{} samples are no training run: those of an evaluation, perhaps",
                values.range()
            );
            return Some((Role::Other, why));
        }
        return Some(counted(Role::Samples, noun, name, &words, values, log));
    }
    match words.join(" ").as_str() {
        "epochs" | "total epochs" | "num epochs" | "n epochs" => {
            Some((Role::Epochs, "its name: epochs".to_owned()))
        }
        "epoch"
        | "step"
        | "steps"
        | "iteration"
        | "iterations"
        | "iter"
        | "global step"
        | "train step"
        | "training step"
        | "trainer global step"
        | "checkpoint"
        | "ckpt" => Some((
            Role::Progress,
            "its name: a checkpoint's place in its run".to_owned(),
        )),
        _ => None,
    }
}

/// What a name without its values counts: "parameters" or "samples".
pub(in crate::runs) fn counts(name: &str) -> Option<&'static str> {
    let words = words(name);
    match (parameters(&words), samples(&words)) {
        (true, _) => Some("parameters"),
        (_, Some(_)) => Some("samples"),
        _ => None,
    }
}

fn index(name: &str, words: &[String]) -> Option<(Role, String)> {
    let unnamed = name.is_empty() || words.first().is_some_and(|w| w == "unnamed");
    (unnamed || name == "index" || name == "level_0")
        .then(|| (Role::Index, "a row's number".to_owned()))
}

/// What one compute column's name tells: its unit, how many of it 1 is, of a sample or a run.
/// The outer `None`: it names a rate or part of a model, which is no amount of a run.
type ComputeName = Option<(&'static str, f64, bool)>;

fn compute(name: &str, words: &[String], values: &Values) -> Option<ComputeName> {
    let found = words.iter().enumerate();
    let unit_word = found.filter_map(|(i, w)| Some((i, unit(w, words.get(i + 1))?)));
    let Some((at, (mut factor, unit))) = unit_word.into_iter().next() else {
        let plain = matches!(
            words.join(" ").as_str(),
            "compute"
                | "c"
                | "total compute"
                | "training compute"
                | "train compute"
                | "compute budget"
                | "budget"
                | "log compute"
                | "log10 compute"
                | "log c"
                | "log10 c"
        );
        // A run of 1e15 GFLOPs is beyond all that was trained; it must be FLOPs.
        let flops = values.max > 1e15 || values.max < 40.0;
        let budget = words.iter().any(|w| w == "budget") && values.max < 1e12;
        let factor = if flops { 1.0 } else { 1e9 };
        return Some((plain && !budget).then_some(("FLOPs", factor, false)));
    };
    if has(words, &["image", "text", "visual"]) && !has(words, &["per"]) {
        return Some(None);
    }
    // A letter in brackets may be one that amounts of other kinds never have.
    let bracket = name.rfind(['(', '[']).map(|at| super::words(&name[at..]));
    let letter = match bracket.as_deref() {
        Some([letter]) => match letter.as_str() {
            "p" => Some(1e15),
            "e" => Some(1e18),
            "z" => Some(1e21),
            _ => None,
        },
        _ => None,
    };
    if let Some(scale) = letter.or_else(|| scale_of(name, words)) {
        factor *= scale;
    }
    let after: Vec<&str> = words[at + 1..].iter().map(String::as_str).collect();
    // "PFLOP/s-days": a rate times a time is compute.
    let time = match after.as_slice() {
        ["s", time, ..] | [time, ..] => match *time {
            "day" | "days" => Some(86_400.0),
            "hour" | "hours" => Some(3_600.0),
            _ => None,
        },
        [] => None,
    };
    if let Some(seconds) = time {
        return Some(Some((unit, factor * seconds, false)));
    }
    let per = has(words, &["per"]);
    let of = [
        "sample", "samples", "image", "example", "forward", "pass", "token",
    ];
    let each = (per || has(words, &["forward"])) && has(words, &of);
    let rate = per
        || (has(words, &["throughput"]) && !has(words, &["total"]))
        || matches!(after.first(), Some(&("s" | "sec" | "second")));
    match (each, rate) {
        (true, _) => Some(Some((unit, factor, true))),
        (false, true) => None,
        (false, false) => Some(Some((unit, factor, false))),
    }
}

/// "gflops", "PetaFLOP", "MACs", and "PF" before days: how many 1 is, and of what.
fn unit(word: &str, next: Option<&String>) -> Option<(f64, &'static str)> {
    let timed = next.is_some_and(|w| matches!(w.as_str(), "day" | "days" | "s" | "hours"));
    let ends = [
        ("flops", "FLOPs"),
        ("flop", "FLOPs"),
        ("macs", "MACs"),
        ("mac", "MACs"),
        ("fs", "FLOPs"),
        ("f", "FLOPs"),
    ];
    let usable = |end: &str| end.len() > 2 || (timed && word.len() > end.len());
    let strip = |(end, unit): (&str, &'static str)| {
        Some((word.strip_suffix(end).filter(|_| usable(end))?, unit))
    };
    let (prefix, unit) = ends.into_iter().find_map(strip)?;
    let total = ["total", "training", "train", "log10", "log", "n", "num"];
    let prefix = total
        .iter()
        .find_map(|t| prefix.strip_prefix(t))
        .unwrap_or(prefix);
    let factor = match prefix {
        "" => 1.0,
        "k" | "kilo" => 1e3,
        "m" | "mega" => 1e6,
        "g" | "giga" => 1e9,
        "t" | "tera" => 1e12,
        "p" | "peta" => 1e15,
        "e" | "exa" => 1e18,
        "z" | "zetta" => 1e21,
        "y" | "yotta" => 1e24,
        _ => return None,
    };
    Some((factor, unit))
}

fn compute_role(
    values: &Values,
    (unit, factor, each): (&'static str, f64, bool),
    log: bool,
) -> (Role, String) {
    let bare = factor == 1.0;
    // 1e5 to 1e40 FLOPs; a name of logarithms may hold plain numbers all the same.
    let log10 = log && values.within(5.0, 40.0);
    let role = |log10, each, told| {
        Role::Compute(Unit {
            unit,
            scale: factor,
            log10,
            each,
            told,
        })
    };
    let counted = match factor {
        1.0 => unit.to_owned(),
        scale => format!("{scale:e} {unit}"),
    };
    if log10 {
        let why = format!("its name: log10 of {counted}; values {}", values.range());
        return (role(true, each, true), why);
    }
    if bare && !log && values.within(14.0, 40.0) && !each {
        let why = format!(
            "its name: {counted}; values {} are no run's, but perhaps their logarithms",
            values.range()
        );
        return (role(true, false, false), why);
    }
    if bare && !each && values.max < SMALLEST_PASS {
        let why = format!(
            "its name: {counted}; values {} are too few, and in a unit that it does not tell",
            values.range()
        );
        return (role(false, true, false), why);
    }
    if !each && values.max * factor < SMALLEST_RUN {
        let why = format!(
            "its name: {counted}; values {}: a forward pass, as a run takes more",
            values.range()
        );
        return (role(false, true, true), why);
    }
    let of = if each { "of a sample" } else { "of a run" };
    let why = format!("its name: {counted} {of}; values {}", values.range());
    (role(false, each, true), why)
}

fn parameters(words: &[String]) -> bool {
    // Words that say which parameters, and that they are counted.
    const BESIDE: [&str; 20] = [
        "n",
        "num",
        "number",
        "of",
        "count",
        "total",
        "model",
        "size",
        "non",
        "embedding",
        "embeddings",
        "trainable",
        "active",
        "activated",
        "dense",
        "log10",
        "log",
        "in",
        "learnable",
        "the",
    ];
    let bare: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|w| !is_scale(w) && !matches!(*w, "log10" | "log"))
        .collect();
    let of = |w: &&&str| !BESIDE.contains(*w);
    let rest: Vec<&&str> = bare.iter().filter(of).collect();
    match rest.as_slice() {
        [] => matches!(bare.as_slice(), ["n"] | ["model", "size"]),
        [word] => {
            matches!(
                **word,
                "parameters"
                    | "params"
                    | "param"
                    | "parameter"
                    | "mparams"
                    | "bparams"
                    | "nparams"
                    | "nonembedding"
            ) && bare.len() < 6
        }
        _ => false,
    }
}

fn samples(words: &[String]) -> Option<&'static str> {
    let bare: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|w| !is_scale(w) && !matches!(*w, "log10" | "log"))
        .collect();
    match bare.join(" ").as_str() {
        "tokens"
        | "token"
        | "n tokens"
        | "num tokens"
        | "num token"
        | "token num"
        | "pretraining tokens"
        | "pretraining data size"
        | "tokens seen"
        | "seen tokens"
        | "training tokens"
        | "train tokens"
        | "total tokens"
        | "token count"
        | "number of tokens"
        | "tokens trained"
        | "d" => Some("tokens"),
        "samples seen"
        | "seen samples"
        | "total samples seen"
        | "total samples"
        | "total examples"
        | "samples seen pretty"
        | "samples"
        | "n samples"
        | "num samples"
        | "images seen"
        | "examples seen"
        | "examples"
        | "image text pairs seen"
        | "pairs seen" => Some("samples"),
        _ => None,
    }
}

/// Parameters, samples and tokens: their scale by name, letters, logarithms or size.
fn counted(
    role: fn(Unit) -> Role,
    unit: &'static str,
    name: &str,
    words: &[String],
    values: &Values,
    log: bool,
) -> (Role, String) {
    let of = |scale, log10, told| {
        role(Unit {
            unit,
            scale,
            log10,
            each: false,
            told,
        })
    };
    let in_name = scale_of(name, words).or(match words.first().map(String::as_str) {
        Some("mparams") => Some(1e6),
        Some("bparams") => Some(1e9),
        _ => words.iter().any(|w| w == "mparams").then_some(1e6),
    });
    if log && values.within(3.0, 20.0) {
        let why = format!("its name: log10 of {unit}; values {}", values.range());
        return (of(1.0, true, true), why);
    }
    if let Some(scale) = in_name {
        return (
            of(scale, false, true),
            format!("its name: {unit}, in units of {scale:e}"),
        );
    }
    if values.suffixed > 0 {
        let why = format!("its name: {unit}; letters tell thousands, millions and billions");
        return (of(1.0, false, true), why);
    }
    let small = if unit == "parameters" { 1e5 } else { 1e6 };
    if values.max < small {
        let why = format!(
            "its name: {unit}; values {} are too few to be single ones",
            values.range()
        );
        return (of(1e6, false, false), why);
    }
    (
        of(1.0, false, true),
        format!("its name: {unit}; values {}", values.range()),
    )
}

fn is_scale(word: &str) -> bool {
    matches!(
        word,
        "k" | "m"
            | "mm"
            | "mio"
            | "b"
            | "bn"
            | "g"
            | "t"
            | "thousands"
            | "thousand"
            | "million"
            | "millions"
            | "billion"
            | "billions"
            | "trillion"
            | "trillions"
    )
}

/// What a name says that 1 stands for: "(M)", "in billions", "(1e18 FLOPs)", "10^21".
pub(super) fn scale_of(name: &str, words: &[String]) -> Option<f64> {
    if let Some(at) = name.find("10^") {
        let digits: String = name[at + 3..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        return Some(10f64.powi(digits.parse::<i32>().ok().filter(|d| *d < 40)?));
    }
    let power = words.iter().find_map(|w| {
        let (one, exponent) = w.trim_start_matches('x').split_once('e')?;
        let exponent: i32 = exponent.parse().ok().filter(|d| (0..40).contains(d))?;
        let one = if one.is_empty() {
            1.0
        } else {
            super::super::number::parse(one)?
        };
        Some(one * 10f64.powi(exponent))
    });
    if power.is_some() {
        return power;
    }
    // A letter alone is a scale at the end or in brackets only.
    let bracket = name.rfind(['(', '[']).map(|at| super::words(&name[at..]));
    let last = bracket.as_ref().and_then(|w| w.first()).or(words.last())?;
    if words.len() < 2 {
        return None;
    }
    match last.as_str() {
        "k" | "thousand" | "thousands" => Some(1e3),
        "m" | "mm" | "mio" | "million" | "millions" => Some(1e6),
        "b" | "bn" | "g" | "billion" | "billions" => Some(1e9),
        "t" | "trillion" | "trillions" => Some(1e12),
        _ => None,
    }
}
