//! An analysis as a URL's query string: only what differs from the table's standard view.

use super::drawing::Drawing;
use super::{Analysis, Edges, ResamplingUnit};
use crate::decimal;
use crate::study::Table;
use crate::study::digest::sha256;
use crate::study::frontier::Rule;
use crate::study::select::Axis;
use refit_fit::bootstrap::BootstrapInterval;
use refit_fit::law::{Form, Law};
use refit_fit::order;
use refit_fit::{Interval, Loss};
use std::fmt;

/// Version of the query's meaning; the `v` key.
pub const VERSION: &str = "2";

/// Before it had the key `loss`, a law said how it was fitted: a line in log-log was a law.
const WITHOUT_LOSS: &str = "1";

/// Longest query that is read, in bytes: longer ones are not ours.
const LONGEST: usize = 2_000;

/// Most rows that are left out: a link has to hold their numbers.
pub const MOST_EXCLUDED: usize = 200;

/// Most predictions that a link asks for.
pub const MOST_TARGETS: usize = 8;

/// Something in the query that could not be taken as it stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    UnknownKey(String),
    UnknownValue {
        key: String,
        value: String,
    },
    OtherVersion(String),
    /// Rows are left out by number, and the numbers are those of other data.
    OtherData,
    TooManyTargets,
    TooLong,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::UnknownKey(key) => write!(
                f,
                "The link has “{key}”, which this page does not know; it was left out."
            ),
            Notice::UnknownValue { key, value } => write!(
                f,
                "The link asks for {key} “{value}”, which is not on offer; the standard choice is shown."
            ),
            Notice::OtherVersion(version) => write!(
                f,
                "The link was made for version {version} of this page; what it means here may differ."
            ),
            Notice::OtherData => write!(
                f,
                "The link leaves out runs of another edition of the data; here all runs are shown."
            ),
            Notice::TooManyTargets => write!(
                f,
                "The link asks for more than {MOST_TARGETS} predictions; the first {MOST_TARGETS} are shown."
            ),
            Notice::TooLong => write!(
                f,
                "The link is longer than any that this page makes; the standard view is shown."
            ),
        }
    }
}

/// Key-value pairs of the query, in a fixed order, unescaped. Empty for the standard view.
fn pairs(a: &Analysis) -> Vec<(&'static str, String)> {
    let standard = Analysis::of(a.table);
    let mut pairs = Vec::new();
    let mut put = |key, value: String, standard: String| {
        if value != standard {
            pairs.push((key, value));
        }
    };
    let list = |v: &[String]| v.join(",");
    let threshold = |t: Option<f64>| t.map_or("none".to_owned(), |t| format!("{t:e}"));
    put(
        "table",
        a.table.id().into(),
        Analysis::default().table.id().into(),
    );
    put("dataset", a.dataset.clone(), standard.dataset);
    put("metric", a.metric.clone(), standard.metric);
    put("family", list(&a.families), list(&standard.families));
    put("pretrain", list(&a.pretrains), list(&standard.pretrains));
    put("schedule", list(&a.schedules), list(&standard.schedules));
    put(
        "frontier",
        a.frontier.id().into(),
        standard.frontier.id().into(),
    );
    put("edges", a.edges.id().into(), standard.edges.id().into());
    put("axis", a.axis.id().into(), standard.axis.id().into());
    put("law", a.law.id().into(), standard.law.id().into());
    put("loss", a.loss.id(), standard.loss.id());
    put(
        "threshold",
        threshold(a.threshold),
        threshold(standard.threshold),
    );
    put(
        "interval",
        a.interval.id().into(),
        standard.interval.id().into(),
    );
    let (ours, theirs) = (a.resampling, standard.resampling);
    put("resample", ours.unit.id().into(), theirs.unit.id().into());
    put(
        "resamples",
        ours.count.to_string(),
        theirs.count.to_string(),
    );
    put("seed", ours.seed.to_string(), theirs.seed.to_string());
    put("ends", ours.ends.id().into(), theirs.ends.id().into());
    for at in &a.at {
        put("at", at.clone(), String::new());
    }
    if !a.excluded.is_empty() {
        put("exclude", ranges(&a.excluded), String::new());
        put("data", edition(a.table), String::new());
    }
    pairs
}

/// The query string, without `?`; empty for the standard view.
pub fn to_query(analysis: &Analysis) -> String {
    let pairs = pairs(analysis);
    if pairs.is_empty() {
        return String::new();
    }
    let mut query = format!("v={VERSION}");
    for (key, value) in pairs {
        query.push('&');
        query.push_str(key);
        query.push('=');
        escape(&value, &mut query);
    }
    query
}

/// Reads a query string, with or without `?`. Whatever cannot be taken becomes a notice and
/// leaves the standard choice; nothing fails. Keys in `others` belong to somebody else.
pub fn from_query(query: &str, others: &[&str]) -> (Analysis, Vec<Notice>) {
    if query.len() > LONGEST {
        return (Analysis::default(), vec![Notice::TooLong]);
    }
    let pairs = parts(query);
    let mut notices = Vec::new();
    // The table first: it sets the standard for all the rest.
    let mut analysis = Analysis::default();
    for (key, value) in pairs.iter().filter(|(key, _)| key == "table") {
        match Table::ALL.into_iter().find(|t| t.id() == value) {
            Some(table) => analysis = Analysis::of(table),
            None => notices.push(unknown(key, value)),
        }
    }
    let mut edition = None;
    let before_loss = pairs.iter().any(|(k, v)| k == "v" && v == WITHOUT_LOSS);
    for (key, value) in &pairs {
        let taken = match key.as_str() {
            "table" => true,
            "v" => {
                if value != VERSION && !before_loss {
                    notices.push(Notice::OtherVersion(value.clone()));
                }
                true
            }
            "dataset" => put(&mut analysis.dataset, name(value)),
            "metric" => put(&mut analysis.metric, name(value)),
            "family" => put(&mut analysis.families, names(value)),
            "pretrain" => put(&mut analysis.pretrains, names(value)),
            "schedule" => put(&mut analysis.schedules, names(value)),
            "frontier" => put(
                &mut analysis.frontier,
                Rule::ALL.into_iter().find(|r| r.id() == value),
            ),
            "edges" => put(
                &mut analysis.edges,
                Edges::ALL.into_iter().find(|e| e.id() == value),
            ),
            "axis" => put(
                &mut analysis.axis,
                Axis::ALL.into_iter().find(|a| a.id() == value),
            ),
            "law" if before_loss => {
                let (law, loss) = match value.as_str() {
                    "line" => ("power", Loss::LogSquares),
                    law => (law, Loss::Squares),
                };
                analysis.loss = loss;
                put(
                    &mut analysis.law,
                    Law::ALL.into_iter().find(|l| l.id() == law),
                )
            }
            "law" => put(
                &mut analysis.law,
                Law::ALL.into_iter().find(|l| l.id() == value),
            ),
            "loss" => put(&mut analysis.loss, super::loss::parse(value)),
            "resample" => put(
                &mut analysis.resampling.unit,
                ResamplingUnit::ALL.into_iter().find(|u| u.id() == value),
            ),
            "resamples" => put(&mut analysis.resampling.count, super::resamples(value)),
            "seed" => put(&mut analysis.resampling.seed, value.parse().ok()),
            "ends" => put(
                &mut analysis.resampling.ends,
                BootstrapInterval::ALL.into_iter().find(|e| e.id() == value),
            ),
            "threshold" => put(&mut analysis.threshold, threshold(value)),
            "interval" => put(
                &mut analysis.interval,
                Interval::ALL.into_iter().find(|i| i.id() == value),
            ),
            "at" if analysis.at.len() == MOST_TARGETS => {
                if !notices.contains(&Notice::TooManyTargets) {
                    notices.push(Notice::TooManyTargets);
                }
                true
            }
            "at" => name(value).map(|at| analysis.at.push(at)).is_some(),
            "exclude" => put(&mut analysis.excluded, rows(value)),
            "data" => {
                edition = Some(value);
                true
            }
            // How it is drawn is read by itself.
            other if Drawing::KEYS.contains(&other) || others.contains(&other) => true,
            other => {
                notices.push(Notice::UnknownKey(other.to_owned()));
                true
            }
        };
        if !taken {
            notices.push(unknown(key, value));
        }
    }
    if !analysis.excluded.is_empty() && edition != Some(&self::edition(analysis.table)) {
        analysis.excluded.clear();
        notices.push(Notice::OtherData);
    }
    (analysis, notices)
}

fn unknown(key: &str, value: &str) -> Notice {
    Notice::UnknownValue {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn put<T>(place: &mut T, value: Option<T>) -> bool {
    value.map(|value| *place = value).is_some()
}

fn name(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn names(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> = text.split(',').filter_map(name).collect();
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

/// The first digits of the data's SHA-256: row numbers mean nothing without.
fn edition(table: Table) -> String {
    let sum = sha256(&table.path()).and_then(|sum| sum.get(..8));
    sum.unwrap_or("unknown").to_owned()
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

/// Key and value of every part of a query string, with or without `?`.
pub(super) fn parts(query: &str) -> Vec<(String, String)> {
    let query = query.strip_prefix('?').unwrap_or(query);
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (unescape(key), unescape(value))
        })
        .collect()
}

pub(super) fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' | b'@' => {
                out.push(byte as char);
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes
            .get(i + 1..i + 3)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[i], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Resampling;
    use proptest::prelude::*;

    fn word() -> impl Strategy<Value = String> {
        "[a-zé%&=+# /@1-9-]{1,8}"
    }

    fn analyses() -> impl Strategy<Value = Analysis> {
        let first = (
            prop::sample::select(Table::ALL.to_vec()),
            word(),
            word(),
            prop::collection::vec(word(), 1..4),
            prop::collection::vec(word(), 1..4),
            prop::collection::vec(word(), 1..3),
        );
        let second = (
            prop::sample::select(Rule::ALL.to_vec()),
            prop::sample::select(Edges::ALL.to_vec()),
            prop::sample::select(Law::ALL.to_vec()),
            prop::option::of(1e-3f64..1e15),
            prop::sample::select(Interval::ALL.to_vec()),
            prop::collection::vec(word(), 0..3),
        );
        let third = (
            prop::sample::select(Axis::ALL.to_vec()),
            prop::sample::select(Loss::ALL.to_vec()),
            prop::sample::select(ResamplingUnit::ALL.to_vec()),
            prop::sample::select(BootstrapInterval::ALL.to_vec()),
            200usize..=10_000,
            any::<u64>(),
            prop::collection::btree_set(0usize..5_000, 0..MOST_EXCLUDED),
        );
        (first, second, third).prop_map(|(f, s, t)| Analysis {
            table: f.0,
            dataset: f.1,
            metric: f.2,
            families: f.3,
            pretrains: f.4,
            schedules: f.5,
            frontier: s.0,
            edges: s.1,
            law: s.2,
            threshold: s.3,
            interval: s.4,
            at: s.5,
            axis: t.0,
            loss: t.1,
            excluded: t.6.into_iter().collect(),
            resampling: Resampling {
                unit: t.2,
                ends: t.3,
                count: t.4,
                seed: t.5,
            },
        })
    }

    proptest! {
        #[test]
        fn a_link_shows_the_same_analysis(analysis in analyses()) {
            let (back, notices) = from_query(&to_query(&analysis), &[]);
            prop_assert_eq!(back, analysis);
            prop_assert_eq!(notices, vec![]);
        }

        #[test]
        fn any_query_is_read(query in ".{0,300}") {
            let _ = from_query(&query, &["page"]);
        }
    }

    #[test]
    fn rows_of_other_data_are_not_left_out() {
        let analysis = Analysis {
            excluded: vec![3, 4, 5, 9],
            ..Analysis::default()
        };
        let query = to_query(&analysis);
        assert!(query.contains("exclude=3-5,9&data="), "{query}");
        assert_eq!(from_query(&query, &[]), (analysis, vec![]));
        let (other, notices) = from_query("?v=2&exclude=3-5&data=00000000", &[]);
        assert_eq!((other.excluded, notices), (vec![], vec![Notice::OtherData]));
        let (_, notices) = from_query("?v=2&exclude=0-99999999999", &[]);
        assert_eq!(notices.len(), 1);
    }

    #[test]
    fn standard_views_are_short() {
        assert_eq!(to_query(&Analysis::default()), "");
        assert_eq!(
            to_query(&Analysis::of(Table::Zeroshot)),
            "v=2&table=zeroshot"
        );
    }

    #[test]
    fn links_of_version_1_keep_their_meaning() {
        let (analysis, notices) = from_query("?v=1&table=zeroshot&law=line", &[]);
        assert_eq!(analysis, Analysis::of(Table::Zeroshot));
        assert_eq!(notices, vec![]);
        let (analysis, _) = from_query("?v=1&table=zeroshot&law=power", &[]);
        assert_eq!((analysis.law, analysis.loss), (Law::Power, Loss::Squares));
        let (analysis, _) = from_query("?v=1&law=line", &[]);
        assert_eq!(
            (analysis.law, analysis.loss),
            (Law::Power, Loss::LogSquares)
        );
    }

    #[test]
    fn a_link_asks_for_eight_predictions_at_most() {
        let (analysis, notices) = from_query(&"&at=1e12".repeat(10), &[]);
        assert_eq!(analysis.at.len(), MOST_TARGETS);
        assert_eq!(notices, vec![Notice::TooManyTargets]);
    }

    #[test]
    fn what_is_not_known_is_said() {
        let (analysis, notices) = from_query("?v=9&law=cubic&colour=red&page=verify", &["page"]);
        assert_eq!(analysis, Analysis::default());
        assert_eq!(notices.len(), 3);
    }
}
