//! Runs and their numbers, compact: every name is kept once, a number takes sixteen bytes.

mod snapshot;

pub use snapshot::{Damaged, Restore};

use crate::study::{Measurement, Study, Table};
use serde::Serialize;
use std::collections::HashMap;
use std::hash::Hash;
use std::io::{self, Write};
use std::sync::Arc;

/// What a file was recognised as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The openclip study's `zeroshot_results.csv`.
    ZeroshotResults,
    /// The comparison study's `all_results.csv.gz`.
    AllResults,
    /// The comparison study's `segmentation_results.parquet`.
    SegmentationResults,
    /// What CLIP_benchmark writes, CSV or JSON.
    ClipBenchmark,
    /// Any other table, through a mapping.
    Own,
}

impl Source {
    pub const ALL: [Source; 5] = [
        Source::ZeroshotResults,
        Source::AllResults,
        Source::SegmentationResults,
        Source::ClipBenchmark,
        Source::Own,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Source::ZeroshotResults => "zeroshot_results",
            Source::AllResults => "all_results",
            Source::SegmentationResults => "segmentation_results",
            Source::ClipBenchmark => "clip_benchmark",
            Source::Own => "own",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Source::ZeroshotResults => "the openclip study's zeroshot_results.csv",
            Source::AllResults => "the comparison study's all_results.csv.gz",
            Source::SegmentationResults => "the comparison study's segmentation_results.parquet",
            Source::ClipBenchmark => "output of CLIP_benchmark",
            Source::Own => "a table of your own",
        }
    }

    /// The bundled table that was made from this file: its series stand in for the bundled ones.
    /// `None` for runs that a reader adds.
    pub fn replaces(self) -> Option<Table> {
        match self {
            Source::ZeroshotResults => Some(Table::Zeroshot),
            Source::AllResults => Some(Table::Sweep),
            Source::SegmentationResults => Some(Table::Segmentation),
            Source::ClipBenchmark | Source::Own => None,
        }
    }
}

/// One trained run, or one checkpoint of it: everything but what was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run<'a> {
    pub name: &'a str,
    pub family: &'a str,
    pub architecture: &'a str,
    pub pretrain: &'a str,
    pub schedule: &'a str,
    /// Samples seen as a label: "12.8B".
    pub samples: &'a str,
    pub samples_seen: Option<f64>,
    /// In the study's unit ([`Study::compute_unit`]).
    pub compute: f64,
    pub parameters: Option<f64>,
}

/// A number of a name in [`Names`].
type Id = u32;

/// [`Run`] with its names by number; doubles as bits, so that equal runs are found by hash. NaN
/// stands for what is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StoredRun {
    names: [Id; 6],
    samples_seen: u64,
    compute: u64,
    parameters: u64,
}

/// What a number is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct What {
    dataset: Id,
    metric: Id,
    /// The column that it came from: percent or fraction is decided for a column as a whole.
    column: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Stored {
    run: u32,
    what: u32,
    value: f64,
}

/// Measured numbers of one file, in its order.
#[derive(Clone, Debug)]
pub struct Runs {
    source: Source,
    study: Study,
    names: Vec<Arc<str>>,
    runs: Vec<StoredRun>,
    whats: Vec<What>,
    values: Chunks<Stored>,
}

/// Equal numbers of equal runs in the same order.
impl PartialEq for Runs {
    fn eq(&self, other: &Self) -> bool {
        (self.source, self.study) == (other.source, other.study) && self.iter().eq(other.iter())
    }
}

impl Runs {
    pub fn source(&self) -> Source {
        self.source
    }

    /// Whose unit compute is in, and whose tables the runs join.
    pub fn study(&self) -> Study {
        self.study
    }

    /// Measured numbers.
    pub fn len(&self) -> usize {
        self.values.len
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs in the order of their first number.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        self.runs.iter().map(|run| self.run(run))
    }

    /// Each downstream set and metric, in the order of its first number.
    pub fn series(&self) -> impl Iterator<Item = (&str, &str)> {
        let pair = |w: &What| (self.name(w.dataset), self.name(w.metric));
        self.whats.iter().map(pair)
    }

    /// Numbers in the file's order: run, downstream set, metric, a fraction from 0 to 1.
    pub fn iter(&self) -> impl Iterator<Item = (Run<'_>, &str, &str, f64)> {
        self.values.iter().map(|stored| {
            let what = self.whats[stored.what as usize];
            (
                self.run(&self.runs[stored.run as usize]),
                self.name(what.dataset),
                self.name(what.metric),
                stored.value,
            )
        })
    }

    /// Numbers of one downstream set and metric, in the file's order.
    pub fn of<'a>(
        &'a self,
        dataset: &str,
        metric: &str,
    ) -> impl Iterator<Item = Measurement> + use<'a> {
        let wanted: Vec<bool> = self.series().map(|s| s == (dataset, metric)).collect();
        let chosen = self.values.iter().filter(move |v| wanted[v.what as usize]);
        chosen.map(|stored| self.measurement(stored))
    }

    /// The first number of each series: downstream set, metric, family, pre-training set and
    /// schedule.
    pub fn firsts(&self) -> Vec<Measurement> {
        let mut groups = Index::new();
        let group_of: Vec<u32> = (self.runs.iter())
            .map(|run| {
                let [_, family, _, pretrain, schedule, _] = run.names;
                groups.id(&[family, pretrain, schedule])
            })
            .collect();
        // A series' place is its group times the sets and metrics, plus its own.
        let mut missing = vec![true; groups.all.len() * self.whats.len()];
        let mut firsts = Vec::new();
        for stored in self.values.iter() {
            let group = group_of[stored.run as usize] as usize;
            let place = group * self.whats.len() + stored.what as usize;
            if std::mem::take(&mut missing[place]) {
                firsts.push(self.measurement(stored));
            }
        }
        firsts
    }

    fn measurement(&self, stored: &Stored) -> Measurement {
        let run = self.run(&self.runs[stored.run as usize]);
        let what = self.whats[stored.what as usize];
        Measurement {
            run: run.name.to_owned(),
            family: run.family.to_owned(),
            architecture: run.architecture.to_owned(),
            pretrain: run.pretrain.to_owned(),
            schedule: run.schedule.to_owned(),
            samples: run.samples.to_owned(),
            samples_seen: run.samples_seen,
            compute: run.compute,
            dataset: self.name(what.dataset).to_owned(),
            metric: self.name(what.metric).to_owned(),
            value: stored.value,
        }
    }

    fn run(&self, run: &StoredRun) -> Run<'_> {
        let [name, family, architecture, pretrain, schedule, samples] =
            run.names.map(|id| self.name(id));
        Run {
            name,
            family,
            architecture,
            pretrain,
            schedule,
            samples,
            samples_seen: known(run.samples_seen),
            compute: f64::from_bits(run.compute),
            parameters: known(run.parameters),
        }
    }

    fn name(&self, id: Id) -> &str {
        &self.names[id as usize]
    }

    /// Bytes that the runs take in memory, names included.
    pub fn bytes(&self) -> usize {
        let names = self
            .names
            .iter()
            .map(|n| n.len() + size_of::<Arc<str>>() + 16);
        names.sum::<usize>()
            + self.runs.len() * size_of::<StoredRun>()
            + self.whats.len() * size_of::<What>()
            + self.values.len * size_of::<Stored>()
    }

    /// Writes the runs as a CSV table that [`super::Reader`] takes back to equal runs: the columns
    /// of `data/`, and in front of them what the file was, its study and the parameters.
    ///
    /// The same runs always give the same bytes.
    pub fn write_csv(&self, to: &mut impl Write) -> io::Result<()> {
        self.csv()
            .try_for_each(|piece| to.write_all(piece.as_bytes()))
    }

    /// [`Runs::write_csv`] in pieces of some KiB, for a page that works between turns.
    pub fn csv(&self) -> impl Iterator<Item = String> {
        let header = COLUMNS.join(",") + "\n";
        let mut rows = self.iter();
        let pieces = std::iter::from_fn(move || {
            let mut piece = String::new();
            for (run, dataset, metric, value) in rows.by_ref().take(Self::ROWS_OF_PIECE) {
                self.write_row(&mut piece, &run, dataset, metric, value);
            }
            (!piece.is_empty()).then_some(piece)
        });
        std::iter::once(header).chain(pieces)
    }

    const ROWS_OF_PIECE: usize = 500;

    fn write_row(&self, to: &mut String, run: &Run, dataset: &str, metric: &str, value: f64) {
        let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
        let cells = [
            self.source.id(),
            self.study.id(),
            &number(run.parameters),
            run.name,
            run.family,
            run.architecture,
            run.pretrain,
            run.schedule,
            run.samples,
            &number(run.samples_seen),
            &run.compute.to_string(),
            dataset,
            metric,
            &value.to_string(),
        ];
        for (i, cell) in cells.into_iter().enumerate() {
            if i > 0 {
                to.push(',');
            }
            match cell.contains(['"', ',', '\n', '\r']) {
                true => {
                    to.push('"');
                    to.push_str(&cell.replace('"', "\"\""));
                    to.push('"');
                }
                false => to.push_str(cell),
            }
        }
        to.push('\n');
    }
}

/// Columns of [`Runs::write_csv`].
pub(super) const COLUMNS: [&str; 14] = [
    "source",
    "study",
    "parameters",
    "run",
    "family",
    "architecture",
    "pretrain",
    "schedule",
    "samples",
    "samples_seen",
    "compute",
    "dataset",
    "metric",
    "value",
];

fn known(bits: u64) -> Option<f64> {
    Some(f64::from_bits(bits)).filter(|x| !x.is_nan())
}

/// A list in pieces: growing it copies nothing, so that memory never peaks at three times its
/// size.
#[derive(Clone, Debug)]
struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Chunks<T> {
    const LENGTH: usize = 1 << 14;

    fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < Self::LENGTH => last.push(item),
            _ => {
                let mut chunk = Vec::with_capacity(Self::LENGTH);
                chunk.push(item);
                self.chunks.push(chunk);
            }
        }
        self.len += 1;
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        for chunk in &mut self.chunks {
            chunk.retain_mut(&mut keep);
        }
        self.len = self.chunks.iter().map(Vec::len).sum();
    }
}

/// [`Runs`] being filled.
#[derive(Debug)]
pub(super) struct Builder {
    names: Index<Arc<str>>,
    runs: Index<StoredRun>,
    whats: Index<What>,
    values: Chunks<Stored>,
    /// Bytes of the names.
    text: usize,
}

/// Distinct things and their numbers.
#[derive(Debug)]
struct Index<T> {
    all: Vec<T>,
    ids: HashMap<T, u32>,
    /// Where the last one was found: neighbours in a file are often equal.
    last: usize,
}

impl<T: Clone + Eq + Hash> Index<T> {
    fn new() -> Self {
        Index {
            all: Vec::new(),
            ids: HashMap::new(),
            last: 0,
        }
    }

    fn id(&mut self, item: &T) -> u32 {
        if self.all.get(self.last) == Some(item) {
            return self.last as u32;
        }
        let next = self.all.len() as u32;
        let id = *self.ids.entry(item.clone()).or_insert(next);
        if id == next {
            self.all.push(item.clone());
        }
        self.last = id as usize;
        id
    }
}

impl Builder {
    pub fn new() -> Builder {
        Builder {
            names: Index::new(),
            runs: Index::new(),
            whats: Index::new(),
            values: Chunks {
                chunks: Vec::new(),
                len: 0,
            },
            text: 0,
        }
    }

    fn name(&mut self, name: &str) -> Id {
        if let Some(id) = self.names.ids.get(name) {
            return *id;
        }
        self.text += name.len();
        self.names.id(&Arc::from(name))
    }

    pub fn run(&mut self, run: &Run) -> u32 {
        let bits = |x: Option<f64>| x.unwrap_or(f64::NAN).to_bits();
        let stored = StoredRun {
            names: [
                self.name(run.name),
                self.name(run.family),
                self.name(run.architecture),
                self.name(run.pretrain),
                self.name(run.schedule),
                self.name(run.samples),
            ],
            samples_seen: bits(run.samples_seen),
            compute: run.compute.to_bits(),
            parameters: bits(run.parameters),
        };
        self.runs.id(&stored)
    }

    pub fn value(&mut self, run: u32, dataset: &str, metric: &str, column: u32, value: f64) {
        let what = What {
            dataset: self.name(dataset),
            metric: self.name(metric),
            column,
        };
        let what = self.whats.id(&what);
        self.values.push(Stored { run, what, value });
    }

    pub fn len(&self) -> usize {
        self.values.len
    }

    /// Bytes in use, the indices that are dropped at the end included.
    pub fn bytes(&self) -> usize {
        // A hash table has up to twice as many places as entries, and a byte for each.
        let index = |entries: usize, size: usize| entries * (3 * size + 2);
        self.values.len * size_of::<Stored>()
            + index(self.runs.all.len(), size_of::<StoredRun>())
            + index(self.names.all.len(), size_of::<Arc<str>>() + 8)
            + self.text
    }

    /// `keep` sees a number's column and the number, which it may change, and says whether it
    /// stays.
    pub fn finish(
        mut self,
        source: Source,
        study: Study,
        mut keep: impl FnMut(u32, &mut f64) -> bool,
    ) -> Runs {
        let whats = self.whats.all;
        self.values
            .retain(|stored| keep(whats[stored.what as usize].column, &mut stored.value));
        Runs {
            source,
            study,
            names: self.names.all,
            runs: self.runs.all,
            whats,
            values: self.values,
        }
    }
}
