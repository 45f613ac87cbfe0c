//! An analysis as a URL's query string: only what differs from the table's standard view.

use super::Analysis;
use super::drawing::Drawing;
use super::keys::{self, KEYS, Key, Values};
use super::query_string::{parts, push};
use crate::study::{Study, Table};
use refit_fit::Loss;
use refit_fit::law::{Form, Law};
use std::fmt;

/// Version of the query's meaning; the `v` key.
pub const VERSION: &str = "2";

/// Before it had the key `loss`, a law said how it was fitted: a line in log-log was a law.
const WITHOUT_LOSS: &str = "1";

/// The key that names the study, where the table's id does not tell it.
const STUDY: &str = "study";

/// The key that names the edition of the data: row numbers mean nothing without it.
const EDITION: &str = "data";

/// Longest query that is read, in bytes: longer ones are not ours.
const LONGEST: usize = 2_000;

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

impl Notice {
    fn unknown(key: &str, value: &str) -> Notice {
        Notice::UnknownValue {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    /// What is wrong with the query, as what is said of it: "has the unknown key “colour”".
    pub fn fact(&self) -> String {
        match self {
            Notice::UnknownKey(key) => format!("has the unknown key “{key}”"),
            Notice::UnknownValue { key, value } => {
                format!("asks for {key} “{value}”, which does not exist")
            }
            Notice::OtherVersion(version) => format!("was made for version {version}"),
            Notice::OtherData => "excludes runs of another edition of the data".to_owned(),
            Notice::TooManyTargets => format!("asks for more than {MOST_TARGETS} predictions"),
            Notice::TooLong => "is too long".to_owned(),
        }
    }

    /// What a link shows nevertheless.
    fn consequence(&self) -> &'static str {
        match self {
            Notice::UnknownKey(_) => "it was ignored",
            Notice::UnknownValue { .. } => "the default is shown",
            Notice::OtherVersion(_) => "it may mean something else now",
            Notice::OtherData => "all runs are shown",
            Notice::TooManyTargets => "the others are left out",
            Notice::TooLong => "the standard view is shown",
        }
    }
}

/// Of a link.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The link {}; {}.", self.fact(), self.consequence())
    }
}

/// Key-value pairs of the query, in a fixed order, unescaped. Empty for the standard view.
fn pairs(analysis: &Analysis) -> Vec<(&'static str, String)> {
    let standard = Analysis::of(analysis.table);
    let mut pairs = Vec::new();
    let (study, table) = (analysis.study(), analysis.table);
    let told_by_table = table == Table::first() || Table::find(&table.id) == Some(table);
    if !told_by_table {
        pairs.push((STUDY, study.reference().to_owned()));
    }
    let opens_first = match told_by_table {
        true => Table::first(),
        false => study.tables().next().unwrap_or(table),
    };
    for key in &KEYS {
        let values = (key.write)(analysis);
        let default = match key.name {
            keys::TABLE => vec![opens_first.id.clone()],
            _ => (key.write)(&standard),
        };
        if values == default {
            continue;
        }
        match key.values {
            Values::One | Values::List => pairs.push((key.name, values.join(","))),
            Values::Each => {
                let values = values.into_iter().filter(|v| !v.is_empty());
                pairs.extend(values.map(|v| (key.name, v)));
            }
        }
    }
    if !analysis.excluded.is_empty() {
        pairs.push((EDITION, edition(analysis.table).to_owned()));
    }
    pairs
}

/// The query string, without `?`; empty for the standard view.
pub fn to_query(analysis: &Analysis) -> String {
    link(analysis, &Drawing::default())
}

/// The query string of an analysis and its drawing, without `?`; empty where both are standard.
pub fn link(analysis: &Analysis, drawing: &Drawing) -> String {
    let mut query = String::new();
    for (key, value) in pairs(analysis) {
        push(&mut query, key, &value);
    }
    drawing.write(&mut query);
    match query.is_empty() {
        true => query,
        false => format!("v={VERSION}{query}"),
    }
}

/// Reads a query string, with or without `?`. Whatever cannot be taken becomes a notice and
/// leaves the standard choice; nothing fails. Keys in `others` belong to somebody else.
pub fn from_query(query: &str, others: &[&str]) -> (Analysis, Vec<Notice>) {
    if query.len() > LONGEST {
        return (Analysis::default(), vec![Notice::TooLong]);
    }
    let mut notices = Vec::new();
    let mut pairs = parts(query);
    let value = |wanted: &str| {
        let found = pairs.iter().rev().find(|(key, _)| key == wanted);
        found.map(|(_, value)| value.clone())
    };
    let (study, table) = (value(STUDY), value(keys::TABLE));
    let table = match (study, table) {
        (Some(study), table) => match Study::find(&study) {
            Some(found) => found.table_or_first(table.as_deref(), &mut notices),
            None => {
                notices.push(Notice::unknown(STUDY, &study));
                None
            }
        },
        // A link that names no study means a bundled one.
        (None, Some(table)) => {
            let found = Table::find(&table);
            if found.is_none() {
                notices.push(Notice::unknown(keys::TABLE, &table));
            }
            found
        }
        (None, None) => None,
    };
    let mut analysis = table.map_or_else(Analysis::default, Analysis::of);
    if pairs.iter().any(|(k, v)| k == "v" && v == WITHOUT_LOSS) {
        pairs = with_loss(pairs);
    }
    pairs.retain(|(key, _)| key != STUDY && key != keys::TABLE && !others.contains(&key.as_str()));
    read_pairs(&pairs, &mut analysis, &mut notices);
    (analysis, notices)
}

/// Reads a query of a study's own description: its tables are those of the study.
pub fn from_study(study: Study, query: &str) -> (Analysis, Vec<Notice>) {
    let mut pairs = parts(query);
    let mut notices = Vec::new();
    let table = pairs.iter().find(|(key, _)| key == keys::TABLE);
    let table = study.table_or_first(table.map(|(_, id)| id.as_str()), &mut notices);
    let mut analysis = table.map_or_else(Analysis::default, Analysis::of);
    pairs.retain(|(key, _)| key != keys::TABLE);
    read_pairs(&pairs, &mut analysis, &mut notices);
    (analysis, notices)
}

impl Study {
    /// The table of this id; without one, and with a notice where there is none, the first.
    fn table_or_first(self, id: Option<&str>, notices: &mut Vec<Notice>) -> Option<Table> {
        let found = id.and_then(|id| self.table(id));
        if let (Some(id), None) = (id, found) {
            notices.push(Notice::unknown(keys::TABLE, id));
        }
        found.or_else(|| self.tables().next())
    }
}

/// Applies the pairs of a table's `opens` to its analysis.
pub(super) fn apply(query: &str, analysis: &mut Analysis) {
    read_pairs(&parts(query), analysis, &mut Vec::new());
}

fn read_pairs(pairs: &[(String, String)], analysis: &mut Analysis, notices: &mut Vec<Notice>) {
    let mut data = None;
    for (key, value) in pairs {
        if let Some(known) = KEYS.iter().find(|k| k.name == key) {
            read(known, value, analysis, notices);
        } else if key == EDITION {
            data = Some(value.as_str());
        } else if key == "v" {
            if value != VERSION && value != WITHOUT_LOSS {
                notices.push(Notice::OtherVersion(value.clone()));
            }
        } else if !Drawing::KEYS.contains(&key.as_str()) {
            notices.push(Notice::UnknownKey(key.clone()));
        }
    }
    if !analysis.excluded.is_empty() && data != Some(edition(analysis.table)) {
        analysis.excluded.clear();
        notices.push(Notice::OtherData);
    }
}

fn read(key: &Key, value: &str, analysis: &mut Analysis, notices: &mut Vec<Notice>) {
    if key.name == keys::AT && analysis.at.len() == MOST_TARGETS {
        if !notices.contains(&Notice::TooManyTargets) {
            notices.push(Notice::TooManyTargets);
        }
        return;
    }
    let values: Vec<&str> = match key.values {
        Values::List => value.split(',').collect(),
        Values::One | Values::Each => vec![value],
    };
    if !(key.read)(analysis, &values) {
        notices.push(Notice::unknown(key.name, value));
    }
}

/// A query of version 1 as one of version 2: every law with the loss that it was fitted with.
fn with_loss(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut new = Vec::new();
    for (key, value) in pairs {
        if key == "law" {
            let (law, loss) = match value.as_str() {
                "line" => (Law::Power.id(), Loss::LogSquares),
                law => (law, Loss::Squares),
            };
            new.push(("loss".to_owned(), loss.id()));
            new.push((key, law.to_owned()));
        } else {
            new.push((key, value));
        }
    }
    new
}

/// The first digits of the data's SHA-256.
fn edition(table: Table) -> &'static str {
    table.head().file.sha256.get(..8).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::keys::MOST_EXCLUDED;
    use crate::analysis::{BinRange, Resampling, ResamplingUnit};
    use crate::study::frontier::FrontierRule;
    use crate::study::select::Axis;
    use proptest::prelude::*;
    use refit_fit::Interval;
    use refit_fit::bootstrap::BootstrapInterval;

    fn word() -> impl Strategy<Value = String> {
        "[a-zé%&=+# /@1-9-]{1,8}"
    }

    fn analyses() -> impl Strategy<Value = Analysis> {
        let first = (
            prop::sample::select(Table::bundled().collect::<Vec<_>>()),
            word(),
            word(),
            prop::collection::vec(word(), 1..4),
            prop::collection::vec(word(), 1..4),
            prop::collection::vec(word(), 1..3),
        );
        let second = (
            prop::sample::select(FrontierRule::ALL.to_vec()),
            prop::sample::select(BinRange::ALL.to_vec()),
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
            bin_range: s.1,
            law: s.2,
            threshold: s.3,
            interval: s.4,
            at: s.5,
            axis: t.0,
            loss: t.1,
            excluded: t.6.into_iter().collect(),
            resampling: Resampling {
                unit: t.2,
                interval: t.3,
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
            to_query(&Analysis::of(Table::find("zeroshot").unwrap())),
            "v=2&table=zeroshot"
        );
    }

    #[test]
    fn links_of_version_1_keep_their_meaning() {
        let (analysis, notices) = from_query("?v=1&table=zeroshot&law=line", &[]);
        assert_eq!(analysis, Analysis::of(Table::find("zeroshot").unwrap()));
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
