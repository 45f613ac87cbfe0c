//! The studies that a program knows: those bundled with it, and those opened since.
//!
//! A study is described once and for as long as the program runs, so that [`Study`] and [`Table`]
//! are handles that are copied freely.

use super::description::{
    AuthorsFrontier, FIELD, File, Head, ITEM, LeftOut, Metric, Quantity, Rule, TableHead,
};
use crate::decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Deref;
use std::sync::{LazyLock, RwLock};

/// The heads of the bundled studies (`build.rs`).
const BUNDLED: &str = include_str!(concat!(env!("OUT_DIR"), "/catalogue.txt"));
/// The same, but that most are [listed](Head::listed) alone: each of the others would add to the
/// page's first view.
#[cfg(target_arch = "wasm32")]
const STARTING: &str = include_str!(concat!(env!("OUT_DIR"), "/starting.txt"));
#[cfg(not(target_arch = "wasm32"))]
const STARTING: &str = BUNDLED;

/// A study: its [`Head`], and where it is from.
#[derive(Clone, Copy)]
pub struct Study(&'static Entry);

struct Entry {
    head: Head,
    bundled: bool,
    /// What a link calls it: the id of a bundled study, the address of another.
    reference: String,
}

/// A file of measurements of a study.
#[derive(Clone, Copy)]
pub struct Table {
    study: Study,
    head: &'static TableHead,
}

static STUDIES: LazyLock<RwLock<Vec<Study>>> = LazyLock::new(|| {
    let bundled = heads(STARTING).into_iter().map(|head| {
        let reference = head.id.clone();
        Study::new(head, true, reference)
    });
    RwLock::new(bundled.collect())
});

impl Study {
    fn new(head: Head, bundled: bool, reference: String) -> Study {
        Study(Box::leak(Box::new(Entry {
            head,
            bundled,
            reference,
        })))
    }

    /// All known studies, the bundled ones first.
    pub fn all() -> Vec<Study> {
        match STUDIES.read() {
            Ok(studies) => studies.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    /// The studies that the program came with.
    pub fn bundled() -> Vec<Study> {
        let all = Study::all().into_iter();
        all.filter(|study| study.0.bundled).collect()
    }

    /// The known study that a link or an option calls so.
    pub fn find(reference: &str) -> Option<Study> {
        let reference = reference.trim_end_matches('/');
        let all = Study::all().into_iter();
        all.rev().find(|study| study.reference() == reference)
    }

    /// The bundled study whose compute is in this unit: the first, where several count so.
    pub fn of_unit(unit: &str) -> Study {
        let mut bundled = Study::bundled().into_iter();
        let found = bundled.find(|study| study.compute_unit == unit);
        found.unwrap_or_default()
    }

    /// Makes a study known, in place of an earlier one of the same reference; it is bundled if that
    /// is.
    pub fn open(head: Head, reference: &str) -> Study {
        let mut studies = match STUDIES.write() {
            Ok(studies) => studies,
            Err(poisoned) => poisoned.into_inner(),
        };
        let known = studies.iter().position(|s| s.reference() == reference);
        let bundled = known.is_some_and(|at| studies[at].0.bundled);
        let study = Study::new(head, bundled, reference.to_owned());
        match known {
            Some(at) => studies[at] = study,
            None => studies.push(study),
        }
        study
    }

    /// Whether its head is known, not only its ids.
    pub fn is_described(self) -> bool {
        self.0
            .head
            .tables
            .iter()
            .all(|table| !table.opens.is_empty())
    }

    /// What a link calls it: the id of a bundled study, the address of another.
    pub fn reference(self) -> &'static str {
        &self.0.reference
    }

    pub fn head(self) -> &'static Head {
        &self.0.head
    }

    pub fn is_bundled(self) -> bool {
        self.0.bundled
    }

    /// Its tables, the one that opens first in front.
    pub fn tables(self) -> impl DoubleEndedIterator<Item = Table> + Clone {
        let heads = self.0.head.tables.iter();
        heads.map(move |head| Table { study: self, head })
    }

    pub fn table(self, id: &str) -> Option<Table> {
        self.tables().find(|table| table.id == id)
    }

    /// Where a file of the study is, relative to the page and to the repository if it is bundled.
    pub fn path(self, file: &str) -> String {
        match self.0.bundled {
            true => format!("data/{}/{file}", self.id),
            false => format!("{}/{file}", self.0.reference),
        }
    }
}

/// Makes the heads of all bundled studies known. Only the page's first program does without.
pub fn describe_all() {
    for head in heads(BUNDLED) {
        let reference = head.id.clone();
        Study::open(head, &reference);
    }
}

impl Table {
    /// All tables of the bundled studies.
    pub fn bundled() -> impl Iterator<Item = Table> {
        Study::bundled().into_iter().flat_map(Study::tables)
    }

    /// The bundled table of this id: the first, where several studies have one.
    pub fn find(id: &str) -> Option<Table> {
        Table::bundled().find(|table| table.id == id)
    }

    /// What opens where nothing is asked for: the first table of the first study.
    pub fn first() -> Table {
        static NONE: LazyLock<(Study, TableHead)> = LazyLock::new(|| {
            let study = Study::new(Head::default(), true, String::new());
            (study, TableHead::default())
        });
        // Only a program built without a study has none.
        let none = || Table {
            study: NONE.0,
            head: &NONE.1,
        };
        Table::bundled().next().unwrap_or_else(none)
    }

    pub fn study(self) -> Study {
        self.study
    }

    pub fn head(self) -> &'static TableHead {
        self.head
    }

    /// Path of the file, as [`Study::path`].
    pub fn path(self) -> String {
        self.study.path(&self.head.file.name)
    }
}

impl Default for Study {
    /// The one that opens where nothing is asked for.
    fn default() -> Self {
        Table::first().study()
    }
}

impl Deref for Study {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.0.head
    }
}

impl Deref for Table {
    type Target = TableHead;

    fn deref(&self) -> &TableHead {
        self.head
    }
}

impl PartialEq for Study {
    fn eq(&self, other: &Study) -> bool {
        self.reference() == other.reference()
    }
}

impl Eq for Study {}

impl PartialEq for Table {
    fn eq(&self, other: &Table) -> bool {
        (self.study, &self.head.id) == (other.study, &other.head.id)
    }
}

impl Eq for Table {}

impl PartialOrd for Study {
    fn partial_cmp(&self, other: &Study) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Study {
    fn cmp(&self, other: &Study) -> std::cmp::Ordering {
        self.reference().cmp(other.reference())
    }
}

impl PartialOrd for Table {
    fn partial_cmp(&self, other: &Table) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Table {
    fn cmp(&self, other: &Table) -> std::cmp::Ordering {
        (self.study, &self.head.id).cmp(&(other.study, &other.head.id))
    }
}

impl fmt::Debug for Study {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reference())
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.study.reference(), self.id)
    }
}

impl Serialize for Study {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reference())
    }
}

impl<'de> Deserialize<'de> for Study {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let reference = String::deserialize(deserializer)?;
        Study::find(&reference)
            .ok_or_else(|| D::Error::custom(format!("there is no study “{reference}”")))
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.id)
    }
}

/// Reads what [`Head::to_text`] wrote, of any number of studies. Lines of another kind are left out.
pub fn heads(text: &str) -> Vec<Head> {
    let mut heads: Vec<Head> = Vec::new();
    for line in text.lines() {
        let mut fields = line.split(FIELD);
        let mut next = || fields.next().unwrap_or_default().to_owned();
        let kind = next();
        if kind == "study" {
            heads.push(Head {
                id: next(),
                title: next(),
                arxiv: next(),
                compute_unit: next(),
                forward_only: !next().is_empty(),
                held_out_above: decimal::parse(&next()),
                samples_noun: next(),
                ..Head::default()
            });
        } else if let Some(head) = heads.last_mut() {
            add(head, &kind, &mut next);
        }
    }
    heads
}

/// Adds the fact of one line to a head.
fn add(head: &mut Head, kind: &str, next: &mut dyn FnMut() -> String) {
    match kind {
        "architectures" => head.architectures = file(next),
        "runs" => head.runs = file(next),
        "table" => head.tables.push(TableHead {
            id: next(),
            file: file(next),
            title: next(),
            rows: next(),
            opens: next(),
            from_figure: !next().is_empty(),
            released_as: next(),
        }),
        "label" => {
            let label = next();
            head.sample_labels
                .extend(decimal::parse(&next()).map(|count| (label, count)));
        }
        "name" => head.names.push([next(), next(), next()]),
        "metric" => {
            let id = next();
            let title = next();
            let quantity = next();
            let quantity = Quantity::ALL.iter().find(|(_, id)| *id == quantity);
            head.metrics.push((
                id,
                Metric {
                    title,
                    quantity: quantity.map(|(q, _)| *q).unwrap_or_default(),
                    unit: next(),
                },
            ));
        }
        "group" => head.pretrain_groups.push((next(), list(&next()))),
        "frontier" => {
            let rule = next();
            let rule = Rule::ALL.iter().find(|(_, id)| *id == rule);
            let pretrain = next();
            head.authors_frontier
                .extend(rule.map(|(rule, _)| AuthorsFrontier {
                    rule: *rule,
                    pretrain,
                }));
        }
        "left out" => head.left_out.push(LeftOut {
            tables: list(&next()),
            datasets: list(&next()),
            schedules: list(&next()),
            architecture_ends: next(),
            compute_below: decimal::parse(&next()),
            compute_above: decimal::parse(&next()),
            samples_above: decimal::parse(&next()),
            error_from: decimal::parse(&next()),
        }),
        _ => {}
    }
}

fn file(next: &mut dyn FnMut() -> String) -> File {
    File {
        name: next(),
        sha256: next(),
    }
}

fn list(field: &str) -> Vec<String> {
    match field {
        "" => Vec::new(),
        items => items.split(ITEM).map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::description::Description;

    #[test]
    fn the_bundled_heads_are_those_of_the_folders() {
        for study in Study::bundled() {
            let text = std::fs::read_to_string(study.path("study.json")).unwrap();
            let description: Description = serde_json::from_str(&text).unwrap();
            let sum = |name: &str| {
                let path = study.path(name);
                super::super::digest::sha256(&path)
                    .unwrap_or_default()
                    .to_owned()
            };
            assert_eq!(*study, description.head(&study.id, sum));
            assert_eq!(study.reference(), study.id);
        }
    }

    #[test]
    fn a_table_is_found_by_its_id_alone() {
        let ids: Vec<&str> = Study::bundled().iter().map(|s| s.reference()).collect();
        assert_eq!(ids[..2], ["comparison", "openclip"]);
        for table in Table::bundled() {
            assert_eq!(table.study().table(&table.id), Some(table));
        }
        assert_eq!(Table::find("zeroshot").unwrap().study().id, "openclip");
        assert_eq!(Table::first().id, "sweep");
    }

    #[test]
    fn an_opened_study_replaces_the_one_before() {
        let head = |title: &str| Head {
            id: "own".to_owned(),
            title: title.to_owned(),
            tables: vec![TableHead::default()],
            ..Head::default()
        };
        Study::open(head("first"), "https://host/own");
        let second = Study::open(head("second"), "https://host/own");
        assert_eq!(Study::find("https://host/own").unwrap().title, "second");
        assert_eq!(second.path("a.csv"), "https://host/own/a.csv");
        assert!(!Study::bundled().contains(&second));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(study|table|label|metric|frontier|left out|[a-z]*)[\t\n\u{1f}a-z0-9.-]{0,200}") {
            let _ = heads(&text);
        }
    }
}
