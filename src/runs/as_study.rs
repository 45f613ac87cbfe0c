//! A table of runs as a study of its own: a folder to begin a paper with, which page and terminal
//! write, and what a law is fitted to where no study is named.

use crate::runs::mapping::YOURS;
use crate::study::description::{Compute, Description, Samples, TableDescription};
use crate::study::{Measurement, UNSPECIFIED, folder};
use crate::text;
use std::collections::BTreeMap;

/// The files of a study's folder, by name: its description, and the measurements in the columns of
/// `docs/studies.md`. Compute is in `unit`.
pub fn study_files(
    title: &str,
    rows: &[Measurement],
    unit: &str,
    tokens: bool,
) -> Result<[(&'static str, String); 2], serde_json::Error> {
    let noun = if tokens { "tokens" } else { "samples" };
    let description = Description {
        title: title.to_owned(),
        compute: Compute {
            unit: unit.to_owned(),
            ..Compute::default()
        },
        samples: Samples {
            noun: noun.to_owned(),
            ..Samples::default()
        },
        tables: vec![TableDescription {
            id: "runs".to_owned(),
            file: "runs.csv".to_owned(),
            title: "All runs".to_owned(),
            rows: "runs".to_owned(),
            opens: opens(rows),
            ..TableDescription::default()
        }],
        ..Description::default()
    };
    let json = serde_json::to_string_pretty(&description)?;
    Ok([(folder::DESCRIPTION, json + "\n"), ("runs.csv", csv(rows))])
}

/// Whether losses are measured, as of language models, whose samples are tokens.
pub fn counts_tokens(rows: &[Measurement]) -> bool {
    let loss = |m: &&Measurement| m.metric.ends_with("loss") || m.metric.ends_with("perplexity");
    2 * rows.iter().filter(loss).count() > rows.len()
}

/// The view that opens: the dataset and metric with the most rows, and all of their series.
fn opens(rows: &[Measurement]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for m in rows {
        *counts.entry((&m.dataset, &m.metric)).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count);
    let Some((&(dataset, metric), _)) = most else {
        return String::new();
    };
    let shown = rows
        .iter()
        .filter(|m| (m.dataset.as_str(), m.metric.as_str()) == (dataset, metric));
    let distinct = |get: fn(&Measurement) -> &str| {
        let mut names: Vec<&str> = Vec::new();
        for m in shown.clone() {
            if !names.contains(&get(m)) {
                names.push(get(m));
            }
        }
        names.truncate(6);
        names.join(",")
    };
    format!(
        "dataset={dataset}&metric={metric}&family={}&pretrain={}&schedule={}&frontier=pareto",
        distinct(|m| &m.family),
        distinct(|m| told(&m.pretrain)),
        distinct(|m| told(&m.schedule))
    )
}

/// Measurements in our own columns; those that no row fills are left out.
fn csv(rows: &[Measurement]) -> String {
    type Column = (&'static str, fn(&Measurement) -> String);
    const COLUMNS: [Column; 13] = [
        ("run", |m| text::cell(&m.run)),
        ("family", |m| text::cell(&m.family)),
        ("architecture", |m| text::cell(&m.architecture)),
        ("pretrain", |m| name(&m.pretrain)),
        ("schedule", |m| name(&m.schedule)),
        ("samples", |m| text::cell(&m.samples)),
        ("samples_seen", |m| decimal(m.samples_seen)),
        ("parameters", |m| decimal(m.parameters)),
        ("compute", |m| decimal(m.compute)),
        ("dataset", |m| text::cell(&m.dataset)),
        ("metric", |m| text::cell(&m.metric)),
        ("value", |m| m.value.to_string()),
        ("standard_error", |m| decimal(m.standard_error)),
    ];
    let filled = |(_, get): &&Column| rows.iter().any(|m| !get(m).is_empty());
    let columns: Vec<&Column> = COLUMNS.iter().filter(filled).collect();
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let mut text = line(columns.iter().map(|(name, _)| (*name).to_owned()).collect());
    for m in rows {
        text.push_str(&line(columns.iter().map(|(_, get)| get(m)).collect()));
    }
    text
}

/// A pre-training set or schedule; what stands for one that no column told tells nothing.
fn told(name: &str) -> &str {
    match name {
        YOURS => UNSPECIFIED,
        name => name,
    }
}

/// A cell that is empty where nothing is told.
fn name(name: &str) -> String {
    match told(name) {
        UNSPECIFIED => String::new(),
        name => text::cell(name),
    }
}

fn decimal(x: Option<f64>) -> String {
    x.map_or(String::new(), |x| x.to_string())
}
