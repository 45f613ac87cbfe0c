//! Runs beside the bundled rows of a table.

use super::store::Runs;
use crate::study::architecture::ArchitectureCost;
use crate::study::{Measurement, Table};
use std::collections::BTreeSet;

/// What an analysis takes in place of a table's bundled rows and its study's architectures.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    pub rows: Vec<Measurement>,
    pub architectures: Vec<ArchitectureCost>,
    /// Rows from here on are the reader's.
    pub bundled: usize,
}

/// Joins runs to the bundled rows of a table.
///
/// A released file stands in for what was made from it: its rows take the place of the bundled
/// ones of the same series (downstream set, metric, family, pre-training set and schedule) in its
/// own table, and join no other. Other runs join every table of their study, as series of their
/// own: a family that the study has, too, is marked as the reader's, so that no law of the study
/// is fitted to them unasked, and no rule of the study leaves any of them out.
///
/// With a `view`, a downstream set and a metric, of the reader's rows only those come that it
/// shows, and of each other series the first, so that it can be chosen: all of a large file would
/// fill the memory.
pub fn join(
    table: Table,
    bundled: &[Measurement],
    architectures: &[ArchitectureCost],
    runs: &[&Runs],
    view: Option<(&str, &str)>,
) -> Joined {
    let mut rows = bundled.to_vec();
    let mut added: Vec<Measurement> = Vec::new();
    let mut architectures = architectures.to_vec();
    // Of the study, not of the table alone: a family has one name in all views.
    let families: BTreeSet<String> = architectures.iter().map(|a| a.family.clone()).collect();
    for runs in runs.iter().filter(|r| joins(r, table)) {
        let firsts = runs.firsts();
        if runs.source().replaces().is_some() {
            let series: BTreeSet<[&str; 5]> = firsts.iter().map(series).collect();
            let other = |m: &Measurement| m.own || !series.contains(&self::series(m));
            rows.retain(other);
            // The same file once more, under another name.
            added.retain(other);
        }
        let mut theirs: Vec<Measurement> = match view {
            Some((dataset, metric)) => {
                let wanted = runs.measurements_of(dataset, metric);
                let others = firsts.into_iter();
                let others =
                    others.filter(|m| (m.dataset.as_str(), m.metric.as_str()) != (dataset, metric));
                wanted.into_iter().chain(others).collect()
            }
            None => runs.measurements().collect(),
        };
        if runs.source().replaces().is_none() {
            for m in &mut theirs {
                m.family = family(&m.family, &families);
                m.own = true;
            }
            add_architectures(&mut architectures, runs, &families);
        }
        added.append(&mut theirs);
    }
    let bundled = rows.len();
    rows.append(&mut added);
    Joined {
        rows,
        architectures,
        bundled,
    }
}

/// Whether a file's runs are among the rows of a table.
pub fn joins(runs: &Runs, table: Table) -> bool {
    runs.study() == table.study() && runs.source().replaces().is_none_or(|t| t == table)
}

/// The name in all views of a reader's family, given those of the study.
pub fn family(name: &str, families: &BTreeSet<String>) -> String {
    match families.contains(name) {
        true => format!("{name} (yours)"),
        false => name.to_owned(),
    }
}

fn series(m: &Measurement) -> [&str; 5] {
    [&m.dataset, &m.metric, &m.family, &m.pretrain, &m.schedule].map(String::as_str)
}

/// Architectures under the reader's families: those of the same name in the study, and those
/// whose parameters the runs tell.
fn add_architectures(
    architectures: &mut Vec<ArchitectureCost>,
    runs: &Runs,
    families: &BTreeSet<String>,
) {
    let mut seen = BTreeSet::new();
    for run in runs.runs() {
        if run.architecture.is_empty() || !seen.insert((run.family, run.architecture)) {
            continue;
        }
        let family = family(run.family, families);
        let known = architectures
            .iter()
            .find(|a| a.name == run.architecture && (a.family == run.family || a.family == "clip"));
        let own = match (run.parameters, known) {
            (None, Some(known)) => ArchitectureCost {
                family,
                ..known.clone()
            },
            (Some(parameters), known) => ArchitectureCost {
                family,
                name: run.architecture.to_owned(),
                image_size: known.map_or(0, |a| a.image_size),
                compute_per_sample: match (run.compute, run.samples_seen) {
                    (Some(compute), Some(samples)) => compute / samples,
                    _ => known.map_or(f64::NAN, |a| a.compute_per_sample),
                },
                mparams: [parameters / 1e6, 0.0, 0.0],
            },
            (None, None) => continue,
        };
        architectures.push(own);
    }
}
