//! The table of an analysis's keys: links and the terminal's options are read and written by it.

use super::{Analysis, BinRange, ResamplingUnit, loss, resamples};
use crate::decimal;
use crate::study::frontier::FrontierRule;
use crate::study::select::Axis;
use refit_fit::Interval;
use refit_fit::bootstrap::BootstrapInterval;
use refit_fit::law::{Form, Law};
use refit_fit::order;

/// Most rows that a link can leave out: it has to hold their numbers.
pub const MOST_EXCLUDED: usize = 200;

/// One choice of an analysis. Its default is what [`Key::write`] gives for [`Analysis::of`].
pub struct Key {
    /// In a link's query, and after `--` in the terminal.
    pub name: &'static str,
    pub values: Values,
    pub write: fn(&Analysis) -> Vec<String>,
    /// False, with nothing changed, where a value is not one of this key's.
    pub read: fn(&mut Analysis, &[&str]) -> bool,
    /// Help in the terminal; empty where the terminal has no such option.
    pub help: &'static str,
    /// The values to choose from, where they are listed.
    pub choices: Option<fn() -> Vec<&'static str>>,
}

/// How many values a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// The last one counts.
    One,
    /// Separated by commas in a link, the option repeated in the terminal.
    List,
    /// The key repeated, each with one value.
    Each,
}

/// What only the terminal needs is left out of the page.
const fn in_terminal<T: Copy>(native: T, page: T) -> T {
    if cfg!(target_arch = "wasm32") {
        page
    } else {
        native
    }
}

/// A key with one of an enum's values, by their ids.
macro_rules! choice {
    ($name:literal, $type:ty, $($field:ident).+, $help:literal) => {
        Key {
            name: $name,
            values: Values::One,
            write: |a| vec![a.$($field).+.id().to_owned()],
            read: |a, v| put(&mut a.$($field).+, <$type>::ALL.into_iter().find(|x| v == [x.id()])),
            help: in_terminal($help, ""),
            choices: in_terminal(Some(|| <$type>::ALL.into_iter().map(|x| x.id()).collect()), None),
        }
    };
}

/// A key whose one value is parsed.
macro_rules! parsed {
    ($name:expr, $write:expr, $read:expr, $help:literal) => {
        Key {
            name: $name,
            values: Values::One,
            write: $write,
            read: $read,
            help: in_terminal($help, ""),
            choices: None,
        }
    };
}

/// A key with names that the data have.
macro_rules! names {
    ($name:literal, $field:ident, $help:literal) => {
        Key {
            name: $name,
            values: Values::List,
            write: |a| a.$field.clone(),
            read: |a, v| put(&mut a.$field, names(v)),
            help: in_terminal($help, ""),
            choices: None,
        }
    };
}

/// In the order in which a link has them. The table is first: the other defaults depend on it.
pub const KEYS: [Key; 19] = [
    Key {
        name: TABLE,
        values: Values::One,
        write: |a| vec![a.table.id.clone()],
        read: |a, v| {
            let table = one(v).and_then(|id| a.study().table(id));
            put(a, table.map(Analysis::of))
        },
        help: in_terminal(
            "Table of measurements [default: the study's first with the dataset and metric]",
            "",
        ),
        choices: None,
    },
    parsed!(
        "dataset",
        |a| vec![a.dataset.clone()],
        |a, v| put(&mut a.dataset, name(v)),
        "Benchmark, such as imagenet1k or mscoco_captions"
    ),
    parsed!(
        "metric",
        |a| vec![a.metric.clone()],
        |a, v| put(&mut a.metric, name(v)),
        "Metric, such as acc1 or image_retrieval_recall@5"
    ),
    names!(
        "family",
        families,
        "Model family; repeat for several series"
    ),
    names!(
        "pretrain",
        pretrains,
        "Pre-training dataset; or a group of them; repeat for several"
    ),
    names!(
        "schedule",
        schedules,
        "Learning-rate schedule; repeat for several"
    ),
    choice!(
        "frontier",
        FrontierRule,
        frontier,
        "How the points to fit are chosen"
    ),
    choice!(
        "edges",
        BinRange,
        bin_range,
        "Runs that set the range of the compute bins"
    ),
    choice!("axis", Axis, axis, "What the law is a function of"),
    choice!("law", Law, law, "Law to fit"),
    parsed!(
        "loss",
        |a| vec![a.loss.id()],
        |a, v| put(&mut a.loss, one(v).and_then(loss::parse)),
        "Loss to minimise: squares, log-squares, huber[:DELTA], binomial[:IMAGES] or asymmetric[:FACTOR]"
    ),
    parsed!(
        "threshold",
        |a| vec![a.threshold.map_or("none".to_owned(), |t| format!("{t:e}"))],
        |a, v| put(&mut a.threshold, one(v).and_then(threshold)),
        "Compute above which runs are held out, or none"
    ),
    choice!(
        "interval",
        Interval,
        interval,
        "Interval of predictions: 95 %, or the authors', which covers about 50 %"
    ),
    choice!(
        "resample",
        ResamplingUnit,
        resampling.unit,
        "What to resample"
    ),
    parsed!(
        "resamples",
        |a| vec![a.resampling.count.to_string()],
        |a, v| put(&mut a.resampling.count, one(v).and_then(resamples)),
        "Number of resamples, 200 to 10,000"
    ),
    parsed!(
        "seed",
        |a| vec![a.resampling.seed.to_string()],
        |a, v| put(
            &mut a.resampling.seed,
            one(v).and_then(|seed| seed.parse().ok())
        ),
        "Seed of the random numbers"
    ),
    choice!(
        "ends",
        BootstrapInterval,
        resampling.interval,
        "Bootstrap interval"
    ),
    Key {
        name: AT,
        values: Values::Each,
        write: |a| a.at.clone(),
        read: |a, v| name(v).map(|at| a.at.push(at)).is_some(),
        help: in_terminal(
            "Predict here: a compute, or “ViT-L-14 at 12.8B”; repeat for several",
            "",
        ),
        choices: None,
    },
    parsed!(
        EXCLUDE,
        |a| match a.excluded.is_empty() {
            true => Vec::new(),
            false => vec![ranges(&a.excluded)],
        },
        |a, v| put(&mut a.excluded, one(v).and_then(rows)),
        ""
    ),
];

/// The keys that the query treats apart.
pub(super) const TABLE: &str = "table";
pub(super) const AT: &str = "at";
pub(super) const EXCLUDE: &str = "exclude";

fn put<T>(place: &mut T, value: Option<T>) -> bool {
    value.map(|value| *place = value).is_some()
}

fn one<'a>(values: &[&'a str]) -> Option<&'a str> {
    match values {
        [value] => Some(value),
        _ => None,
    }
}

fn name(values: &[&str]) -> Option<String> {
    one(values).filter(|v| !v.is_empty()).map(str::to_owned)
}

fn names(values: &[&str]) -> Option<Vec<String>> {
    let names: Vec<String> = values.iter().filter_map(|v| name(&[v])).collect();
    (!names.is_empty()).then_some(names)
}

/// "none", or a positive number.
pub fn threshold(text: &str) -> Option<Option<f64>> {
    match text {
        "none" => Some(None),
        _ => decimal::parse(text)
            .filter(|t| t.is_finite() && *t > 0.0)
            .map(Some),
    }
}

/// Row numbers in order as "3,7-9".
fn ranges(rows: &[usize]) -> String {
    let mut text = String::new();
    let mut i = 0;
    while i < rows.len() {
        let first = i;
        while i + 1 < rows.len() && rows[i + 1] == rows[i] + 1 {
            i += 1;
        }
        if first > 0 {
            text.push(',');
        }
        text.push_str(&rows[first].to_string());
        if i > first {
            text.push('-');
            text.push_str(&rows[i].to_string());
        }
        i += 1;
    }
    text
}

/// [`ranges`] read back, in order and without repetition.
fn rows(text: &str) -> Option<Vec<usize>> {
    let mut rows = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last - first > MOST_EXCLUDED {
            return None;
        }
        rows.extend(first..=last);
    }
    order::sort_by(&mut rows, Ord::cmp);
    rows.dedup();
    (rows.len() <= MOST_EXCLUDED).then_some(rows)
}
