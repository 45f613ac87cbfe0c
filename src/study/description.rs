//! What `study.json` says: a paper as data. Documented with an example in `docs/studies.md`.
//!
//! The build script reads it, too, and compiles the [`Head`] of every bundled study into the
//! programs: this file needs the standard library and serde alone.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A study's whole description.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Address of the JSON Schema, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "String::is_empty")]
    pub schema: String,
    pub title: String,
    #[serde(default)]
    pub authors: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u32>,
    /// "2212.07143"
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arxiv: String,
    /// Address of what the authors released.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repository: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bibtex: String,
    /// Where the numbers are from, and under which terms.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub licence: String,
    /// Who wrote `read.md`, where not the authors.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub read_by: String,
    /// Place in the list of studies: those without one come last, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u32>,
    #[serde(default)]
    pub compute: Compute,
    #[serde(default)]
    pub samples: Samples,
    /// Names to show, by kind (`dataset`, `family`, `pretrain`, `schedule`) and identifier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, BTreeMap<String, String>>,
    /// Metrics whose quantity their identifier does not tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, Metric>,
    /// Pre-training sets that count as one under a name of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pretrain_groups: BTreeMap<String, Vec<String>>,
    /// Downstream sets whose mean is printed, by the group's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dataset_groups: BTreeMap<String, Vec<String>>,
    /// How the authors choose the points that a law is fitted to: the first rule that applies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors_frontier: Vec<AuthorsFrontier>,
    /// Rows that the authors leave out of every view.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The first opens first.
    pub tables: Vec<TableDescription>,
    /// File of architectures, where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub architectures: String,
    /// File of training settings by run, where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub runs: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_drawn: Vec<NotDrawn>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimFile>,
    /// Why a printed law differs, where that is known, by the law's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known_reasons: BTreeMap<String, String>,
    /// How the study selects, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Ids of findings, which the program computes by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// The compute axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Compute {
    /// "GFLOPs", "GMACs", "FLOPs"; never mixed: a MAC is about two FLOPs.
    pub unit: String,
    /// What it counts, as a phrase.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub counts: String,
    /// Whether it counts forward passes alone: training, with its backward passes, takes three times
    /// as much.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forward_only: bool,
    /// The authors hold out runs above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_above: Option<f64>,
}

/// The samples axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// "samples", "tokens".
    pub noun: String,
    /// Counts that labels stand for, where they are not nominal: "3B" is nominally 3 × 10⁹.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, f64>,
}

impl Default for Samples {
    fn default() -> Self {
        Samples {
            noun: "samples".to_owned(),
            labels: BTreeMap::new(),
        }
    }
}

/// What a metric measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// A fraction from 0 to 1, higher is better; a law is of the error, 1 − accuracy.
    #[default]
    Accuracy,
    /// A fraction from 0 to 1, lower is better.
    Error,
    /// Above 0, lower is better, in the metric's unit.
    Loss,
    /// At least 1, lower is better; a law is of its natural logarithm, a loss in nats.
    Perplexity,
    /// Any number, higher is better. No law is fitted to it.
    Score,
}

impl Quantity {
    pub const ALL: [(Quantity, &'static str); 5] = [
        (Quantity::Accuracy, "accuracy"),
        (Quantity::Error, "error"),
        (Quantity::Loss, "loss"),
        (Quantity::Perplexity, "perplexity"),
        (Quantity::Score, "score"),
    ];

    pub fn id(self) -> &'static str {
        let found = Quantity::ALL.iter().find(|(q, _)| *q == self);
        found.map_or("", |(_, id)| id)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Metric {
    pub title: String,
    pub quantity: Quantity,
    /// "nats", "bits"; empty for fractions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// A rule by which a law's points are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Geometric compute bins, the lowest error of each, only improving points.
    Bins,
    /// [`Rule::Bins`] by a mask that asks for compute and error separately.
    BinsByMask,
    /// Five equal bins of log compute, the lowest error of each at the bin's centre.
    BinnedMinima,
    Pareto,
    All,
}

impl Rule {
    pub const ALL: [(Rule, &'static str); 5] = [
        (Rule::Bins, "bins"),
        (Rule::BinsByMask, "bins-by-mask"),
        (Rule::BinnedMinima, "binned-minima"),
        (Rule::Pareto, "pareto"),
        (Rule::All, "all"),
    ];

    fn id(self) -> &'static str {
        let found = Rule::ALL.iter().find(|(rule, _)| *rule == self);
        found.map_or("", |(_, id)| id)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuthorsFrontier {
    pub rule: Rule,
    /// Of this pre-training set alone; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pretrain: String,
}

/// Rows for which every condition holds that is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LeftOut {
    /// Empty for all tables; likewise below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub architecture_ends: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_below: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_above: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples_above: Option<f64>,
    /// Error or loss of at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_from: Option<f64>,
}

/// A file of measurements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TableDescription {
    /// In links: letters, digits, `_`, `-`.
    pub id: String,
    pub file: String,
    pub title: String,
    /// What a row is, in the plural; "runs" where nothing else is said.
    #[serde(default = "runs", skip_serializing_if = "is_runs")]
    pub rows: String,
    /// The view that opens, as in a link: `dataset=imagenet1k&metric=acc1&family=clip`.
    pub opens: String,
    /// How the points of printed laws were rounded, where they were read back from a figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_from_figure: Option<Rounding>,
    /// The format of the authors' own file that the table was made from (`zeroshot_results`,
    /// `all_results`, `segmentation_results`), which a reader may import in its place.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub released_as: String,
    /// Why the table is no longer the authors' last word, where it is not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub superseded: String,
    /// Computes of IsoFLOP profiles, in the study's unit; runs within 10 % of one are of it. Without
    /// them runs whose computes are within 5 % of a neighbour's are one profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<f64>,
}

fn runs() -> String {
    "runs".to_owned()
}

fn is_runs(rows: &str) -> bool {
    rows == "runs"
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    pub error_decimals: u32,
    pub compute_digits: u32,
    /// Datasets whose errors are exact all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exact: Vec<String>,
}

/// A figure that the measurements can draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Where it stands in the paper.
    pub place: String,
    pub title: String,
    /// What it shows.
    pub sentence: String,
    /// The analysis and its drawing, as in a link.
    pub query: String,
    /// Ids of printed laws.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub laws: Vec<String>,
}

/// A figure that they cannot draw, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NotDrawn {
    pub title: String,
    pub reason: String,
}

/// A file of printed numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimFile {
    pub file: String,
    pub kind: ClaimKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    /// Coefficients of laws.
    Coefficients,
    /// Coefficients of laws over parameters and samples.
    Surface,
    /// Predictions of laws, measurements beside them, and mean absolute errors.
    Predictions,
    Measurements,
    /// Compute-optimal samples.
    OptimalSamples,
    /// Numbers whose measurements were not released.
    Finetuning,
}

/// A file of a study, and its SHA-256 in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Relative to the study's folder.
    pub name: String,
    pub sha256: String,
}

/// What every program needs of a study before it reads its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    pub id: String,
    pub title: String,
    pub arxiv: String,
    pub compute_unit: String,
    pub forward_only: bool,
    pub held_out_above: Option<f64>,
    pub samples_noun: String,
    pub sample_labels: Vec<(String, f64)>,
    /// Kind, identifier, name.
    pub names: Vec<[String; 3]>,
    pub metrics: Vec<(String, Metric)>,
    pub pretrain_groups: Vec<(String, Vec<String>)>,
    pub authors_frontier: Vec<AuthorsFrontier>,
    pub left_out: Vec<LeftOut>,
    pub tables: Vec<TableHead>,
    pub architectures: File,
    pub runs: File,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableHead {
    pub id: String,
    pub file: File,
    pub title: String,
    pub rows: String,
    pub opens: String,
    /// Whether its points were read back from a figure.
    pub from_figure: bool,
    pub released_as: String,
}

impl Description {
    /// The study's BibTeX entry: its own, or one made of title, authors, year and arXiv.
    pub fn citation(&self) -> String {
        if !self.bibtex.is_empty() {
            return self.bibtex.clone();
        }
        let year = self.year.map_or(String::new(), |year| year.to_string());
        let fields = [
            ("title", self.title.clone()),
            ("author", self.authors.join(" and ")),
            ("year", year),
            ("eprint", self.arxiv.clone()),
        ];
        let told = fields.iter().filter(|(_, text)| !text.is_empty());
        let lines: Vec<String> = told
            .map(|(key, text)| format!("  {key} = {{{text}}},\n"))
            .collect();
        format!("@misc{{study,\n{}}}", lines.concat())
    }

    /// `sha256` gives a file's digest by its name in the folder.
    pub fn head(&self, id: &str, sha256: impl Fn(&str) -> String) -> Head {
        let file = |name: &str| File {
            name: name.to_owned(),
            sha256: match name {
                "" => String::new(),
                name => sha256(name),
            },
        };
        let names = self.names.iter().flat_map(|(kind, names)| {
            let row = |(id, name): (&String, &String)| [kind.clone(), id.clone(), name.clone()];
            names.iter().map(row)
        });
        let table = |table: &TableDescription| TableHead {
            id: table.id.clone(),
            file: file(&table.file),
            title: table.title.clone(),
            rows: table.rows.clone(),
            opens: table.opens.clone(),
            from_figure: table.read_from_figure.is_some(),
            released_as: table.released_as.clone(),
        };
        Head {
            id: id.to_owned(),
            title: self.title.clone(),
            arxiv: self.arxiv.clone(),
            compute_unit: self.compute.unit.clone(),
            forward_only: self.compute.forward_only,
            held_out_above: self.compute.held_out_above,
            samples_noun: self.samples.noun.clone(),
            sample_labels: self.samples.labels.clone().into_iter().collect(),
            names: names.collect(),
            metrics: self.metrics.clone().into_iter().collect(),
            pretrain_groups: self.pretrain_groups.clone().into_iter().collect(),
            authors_frontier: self.authors_frontier.clone(),
            left_out: self.left_out.clone(),
            tables: self.tables.iter().map(table).collect(),
            architectures: file(&self.architectures),
            runs: file(&self.runs),
        }
    }
}

/// Between the fields of a line.
pub const FIELD: char = '\t';
/// Between the items of a list in a field.
pub const ITEM: char = '\u{1f}';

impl Head {
    /// What a list of studies and a link need: ids, and the arXiv number.
    pub fn listed(&self) -> Head {
        let table = |table: &TableHead| TableHead {
            id: table.id.clone(),
            ..TableHead::default()
        };
        Head {
            id: self.id.clone(),
            arxiv: self.arxiv.clone(),
            tables: self.tables.iter().map(table).collect(),
            ..Head::default()
        }
    }

    /// As text, a line a fact: read back by `catalogue.rs` without a JSON parser, which would make
    /// the page larger.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let number = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:e}"));
        let mut line = |fields: &[&str]| {
            let clean = |field: &&str| field.replace(['\n', '\r', FIELD], " ");
            let fields: Vec<String> = fields.iter().map(clean).collect();
            // Writing to a string cannot fail. A field that is missing reads as an empty one.
            let _ = writeln!(text, "{}", fields.join("\t").trim_end_matches(FIELD));
        };
        let list = |items: &[String]| items.join(&ITEM.to_string());
        line(&[
            "study",
            &self.id,
            &self.title,
            &self.arxiv,
            &self.compute_unit,
            if self.forward_only { "1" } else { "" },
            &number(self.held_out_above),
            &self.samples_noun,
        ]);
        for (kind, file) in [("architectures", &self.architectures), ("runs", &self.runs)] {
            if !file.name.is_empty() {
                line(&[kind, &file.name, &file.sha256]);
            }
        }
        for t in &self.tables {
            let figure = if t.from_figure { "figure" } else { "" };
            line(&[
                "table",
                &t.id,
                &t.file.name,
                &t.file.sha256,
                &t.title,
                &t.rows,
                &t.opens,
                figure,
                &t.released_as,
            ]);
        }
        for (label, count) in &self.sample_labels {
            line(&["label", label, &number(Some(*count))]);
        }
        for [kind, id, name] in &self.names {
            line(&["name", kind, id, name]);
        }
        for (id, metric) in &self.metrics {
            line(&[
                "metric",
                id,
                &metric.title,
                metric.quantity.id(),
                &metric.unit,
            ]);
        }
        for (name, sets) in &self.pretrain_groups {
            line(&["group", name, &list(sets)]);
        }
        for of in &self.authors_frontier {
            line(&["frontier", of.rule.id(), &of.pretrain]);
        }
        for rule in &self.left_out {
            line(&[
                "left out",
                &list(&rule.tables),
                &list(&rule.datasets),
                &list(&rule.schedules),
                &rule.architecture_ends,
                &number(rule.compute_below),
                &number(rule.compute_above),
                &number(rule.samples_above),
                &number(rule.error_from),
            ]);
        }
        text
    }
}
