//! What can be chosen, read off the rows, and names that are not among it.

use super::Analysis;
use crate::study::Measurement;
use std::collections::BTreeSet;
use std::fmt;

/// The values that the rows of a table offer, given the choices before them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choices {
    pub datasets: Vec<String>,
    /// Of the chosen dataset.
    pub metrics: Vec<String>,
    /// Of the chosen dataset and metric, as all below.
    pub families: Vec<String>,
    pub pretrains: Vec<String>,
    pub schedules: Vec<String>,
}

impl Choices {
    pub fn of(analysis: &Analysis, rows: &[Measurement]) -> Choices {
        let in_dataset = |m: &&Measurement| m.dataset == analysis.dataset;
        let in_metric = |m: &&Measurement| in_dataset(m) && m.metric == analysis.metric;
        let mut pretrains = distinct(rows.iter().filter(in_metric).map(|m| &m.pretrain));
        for (group, sets) in &analysis.study().pretrain_groups {
            if sets.iter().any(|set| pretrains.contains(set)) {
                pretrains.insert(0, group.clone());
            }
        }
        Choices {
            datasets: distinct(rows.iter().map(|m| &m.dataset)),
            metrics: distinct(rows.iter().filter(in_dataset).map(|m| &m.metric)),
            families: distinct(rows.iter().filter(in_metric).map(|m| &m.family)),
            pretrains,
            schedules: distinct(rows.iter().filter(in_metric).map(|m| &m.schedule)),
        }
    }
}

fn distinct<'a>(values: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut set = BTreeSet::new();
    // Not `collect`, which would compile a sort of its own.
    set.extend(values);
    set.into_iter().cloned().collect()
}

/// What [`UnknownName::what`] is of a family.
pub const FAMILY: &str = "family";

/// A name that the rows do not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownName {
    pub what: &'static str,
    pub given: String,
    pub known: Vec<String>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown {} “{}”; known: {}",
            self.what,
            self.given,
            self.known.join(", ")
        )
    }
}

impl std::error::Error for UnknownName {}

impl Analysis {
    /// Replaces every name that the rows do not hold by one that they do, and says so.
    pub fn settle(&mut self, rows: &[Measurement]) -> Vec<UnknownName> {
        let standard = Analysis::of(self.table);
        let mut unknown = Vec::new();
        // In this order: the metrics on offer depend on the dataset, the rest on both.
        let known = Choices::of(self, rows).datasets;
        settle_one(
            "dataset",
            &mut self.dataset,
            &standard.dataset,
            known,
            &mut unknown,
        );
        let known = Choices::of(self, rows).metrics;
        settle_one(
            "metric",
            &mut self.metric,
            &standard.metric,
            known,
            &mut unknown,
        );
        let known = Choices::of(self, rows);
        settle_all(
            "schedule",
            &mut self.schedules,
            &standard.schedules,
            known.schedules,
            &mut unknown,
        );
        settle_all(
            FAMILY,
            &mut self.families,
            &standard.families,
            known.families,
            &mut unknown,
        );
        settle_all(
            "pre-training set",
            &mut self.pretrains,
            &standard.pretrains,
            known.pretrains,
            &mut unknown,
        );
        unknown
    }
}

impl Analysis {
    /// Chooses, for a new family that has no point of the chosen pre-training sets and schedules, those of
    /// its first point: a family that is chosen is seen.
    pub fn show_families(&mut self, before: &[String], rows: &[Measurement]) {
        for family in self.families.iter().filter(|f| !before.contains(f)) {
            let mut first = None;
            for m in rows {
                let is_of = m.family == *family && m.dataset == self.dataset;
                if !is_of || m.metric != self.metric {
                    continue;
                }
                if self.pretrains.contains(&m.pretrain) && self.schedules.contains(&m.schedule) {
                    first = None;
                    break;
                }
                first = first.or(Some(m));
            }
            if let Some(m) = first {
                add(&mut self.pretrains, &m.pretrain);
                add(&mut self.schedules, &m.schedule);
            }
        }
    }
}

fn add(chosen: &mut Vec<String>, name: &String) {
    if !chosen.contains(name) {
        chosen.push(name.clone());
    }
}

fn settle_one(
    what: &'static str,
    chosen: &mut String,
    standard: &str,
    known: Vec<String>,
    unknown: &mut Vec<UnknownName>,
) {
    if known.contains(chosen) {
        return;
    }
    let fallback = known.iter().find(|k| *k == standard).or(known.first());
    let given = std::mem::replace(chosen, fallback.cloned().unwrap_or_default());
    unknown.push(UnknownName { what, given, known });
}

fn settle_all(
    what: &'static str,
    chosen: &mut Vec<String>,
    standard: &[String],
    known: Vec<String>,
    unknown: &mut Vec<UnknownName>,
) {
    // A series is drawn once, however often it is named.
    let mut seen = BTreeSet::new();
    chosen.retain(|given| seen.insert(given.clone()));
    chosen.retain(|given| {
        let keep = known.contains(given);
        if !keep {
            unknown.push(UnknownName {
                what,
                given: given.clone(),
                known: known.clone(),
            });
        }
        keep
    });
    if chosen.is_empty() {
        chosen.extend(standard.iter().filter(|s| known.contains(s)).cloned());
    }
    if chosen.is_empty() {
        chosen.extend(known.first().cloned());
    }
}
