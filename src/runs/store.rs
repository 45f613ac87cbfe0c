//! Runs and their numbers, compact: every name is kept once, a number takes sixteen bytes; those
//! of one downstream set and metric lie together, as views ask for them.

mod builder;
mod csv;
mod snapshot;

pub(super) use builder::Builder;
pub(super) use csv::COLUMNS;
pub use snapshot::{Damaged, Restore};

use crate::study::{Measurement, Study, Table};
use builder::Index;
use serde::Serialize;
use std::sync::Arc;

/// What a file was recognised as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunSource {
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

impl RunSource {
    pub const ALL: [RunSource; 5] = [
        RunSource::ZeroshotResults,
        RunSource::AllResults,
        RunSource::SegmentationResults,
        RunSource::ClipBenchmark,
        RunSource::Own,
    ];

    pub fn id(self) -> &'static str {
        match self {
            RunSource::ZeroshotResults => "zeroshot_results",
            RunSource::AllResults => "all_results",
            RunSource::SegmentationResults => "segmentation_results",
            RunSource::ClipBenchmark => "clip_benchmark",
            RunSource::Own => "own",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            RunSource::ZeroshotResults => "the openclip study's zeroshot_results.csv",
            RunSource::AllResults => "the comparison study's all_results.csv.gz",
            RunSource::SegmentationResults => "the comparison study's segmentation_results.parquet",
            RunSource::ClipBenchmark => "output of CLIP_benchmark",
            RunSource::Own => "a table of your own",
        }
    }

    /// The bundled table that was made from this file: its series stand in for the bundled ones.
    /// `None` for runs that a reader adds.
    pub fn replaces(self) -> Option<Table> {
        Table::bundled().find(|table| table.released_as == self.id())
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
    /// In the study's unit ([`crate::study::description::Head::compute_unit`]); `None` where it is not known.
    pub compute: Option<f64>,
    pub parameters: Option<f64>,
}

impl Run<'_> {
    /// With what was measured.
    fn measurement(&self, dataset: &str, metric: &str, stored: &StoredValue) -> Measurement {
        Measurement {
            run: self.name.to_owned(),
            family: self.family.to_owned(),
            architecture: self.architecture.to_owned(),
            pretrain: self.pretrain.to_owned(),
            schedule: self.schedule.to_owned(),
            samples: self.samples.to_owned(),
            samples_seen: self.samples_seen,
            parameters: self.parameters,
            compute: self.compute,
            dataset: dataset.to_owned(),
            metric: metric.to_owned(),
            value: stored.value,
            standard_error: stored.standard_error(),
            own: false,
        }
    }
}

/// A number of a name in [`Runs`].
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
struct ValueKey {
    dataset: Id,
    metric: Id,
    /// The column that it came from: percent or fraction is decided for a column as a whole.
    column: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct StoredValue {
    run: u32,
    /// NaN where it is not told; seven digits are more than any has.
    standard_error: f32,
    value: f64,
}

impl StoredValue {
    fn standard_error(&self) -> Option<f64> {
        (!self.standard_error.is_nan()).then(|| f64::from(self.standard_error))
    }
}

/// Measured numbers of one file: sets and metrics in the order of their first number, of each the
/// numbers in the file's order.
#[derive(Clone, Debug)]
pub struct Runs {
    source: RunSource,
    study: Study,
    names: Vec<Arc<str>>,
    runs: Vec<StoredRun>,
    buckets: Vec<Bucket>,
}

/// The numbers of one column that are of one downstream set and metric.
#[derive(Clone, Debug)]
struct Bucket {
    what: ValueKey,
    values: Chunks<StoredValue>,
}

/// Equal numbers of equal runs in the same order.
impl PartialEq for Runs {
    fn eq(&self, other: &Self) -> bool {
        (self.source, self.study) == (other.source, other.study) && self.iter().eq(other.iter())
    }
}

impl Runs {
    pub fn source(&self) -> RunSource {
        self.source
    }

    /// Whose unit compute is in, and whose tables the runs join.
    pub fn study(&self) -> Study {
        self.study
    }

    /// Measured numbers.
    pub fn len(&self) -> usize {
        self.buckets.iter().map(|b| b.values.len()).sum()
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
        self.buckets.iter().map(|b| self.measured(b))
    }

    /// All numbers: run, downstream set, metric, value: a fraction from 0 to 1, or what
    /// [`Study::quantity`] says of the metric.
    pub fn iter(&self) -> impl Iterator<Item = (Run<'_>, &str, &str, f64)> {
        self.buckets.iter().flat_map(|bucket| {
            let (dataset, metric) = self.measured(bucket);
            let numbers = self.numbers(bucket);
            numbers.map(move |(run, value)| (run, dataset, metric, value))
        })
    }

    /// All numbers with their runs.
    pub fn measurements(&self) -> impl Iterator<Item = Measurement> {
        let buckets = self.buckets.iter();
        buckets.flat_map(move |bucket| self.measurements_in(bucket))
    }

    /// [`Runs::measurements`] of one downstream set and metric.
    pub fn measurements_of(&self, dataset: &str, metric: &str) -> Vec<Measurement> {
        let wanted = |b: &&Bucket| self.measured(b) == (dataset, metric);
        let wanted = self.buckets.iter().filter(wanted);
        wanted.flat_map(|b| self.measurements_in(b)).collect()
    }

    fn measurements_in<'a>(&'a self, bucket: &'a Bucket) -> impl Iterator<Item = Measurement> {
        let (dataset, metric) = self.measured(bucket);
        bucket.values.iter().map(move |stored| {
            let run = self.run(&self.runs[stored.run as usize]);
            run.measurement(dataset, metric, stored)
        })
    }

    /// Numbers of one downstream set and metric.
    pub fn of(&self, dataset: &str, metric: &str) -> impl Iterator<Item = (Run<'_>, f64)> {
        let wanted = |b: &&Bucket| self.measured(b) == (dataset, metric);
        // Few buckets are wanted, so that they may be listed.
        let wanted: Vec<&Bucket> = self.buckets.iter().filter(wanted).collect();
        wanted.into_iter().flat_map(|bucket| self.numbers(bucket))
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
        let mut firsts = Vec::new();
        for bucket in &self.buckets {
            let (dataset, metric) = self.measured(bucket);
            let mut missing = vec![true; groups.len()];
            let mut left = groups.len();
            for stored in bucket.values.iter() {
                if std::mem::take(&mut missing[group_of[stored.run as usize] as usize]) {
                    let run = self.run(&self.runs[stored.run as usize]);
                    firsts.push(run.measurement(dataset, metric, stored));
                    left -= 1;
                }
                if left == 0 {
                    break;
                }
            }
        }
        firsts
    }

    /// Keeps the numbers for which the second pass of `keep` says so; it gets the pass, the number's
    /// bucket and its run, both by place.
    pub(super) fn retain(mut self, mut keep: impl FnMut(u8, usize, u32) -> bool) -> Runs {
        for pass in 0..2 {
            for (i, bucket) in self.buckets.iter_mut().enumerate() {
                bucket
                    .values
                    .retain(|stored| keep(pass, i, stored.run) || pass == 0);
            }
        }
        self.without_rest()
    }

    /// Of each set, metric, family, pre-training set and schedule, the numbers that no other with
    /// as little compute (else samples, else parameters) is as good as.
    pub(super) fn envelope(mut self) -> Runs {
        let mut buckets = std::mem::take(&mut self.buckets);
        for bucket in &mut buckets {
            let metric = self.name(bucket.what.metric);
            let quantity = self.study.quantity(metric);
            let mut order: Vec<(usize, [Id; 3], f64, f64)> = Vec::new();
            for (i, stored) in bucket.values.iter().enumerate() {
                let stored_run = &self.runs[stored.run as usize];
                let run = self.run(stored_run);
                let [_, family, _, pretrain, schedule, _] = stored_run.names;
                let x = run.compute.or(run.samples_seen).or(run.parameters);
                let loss = quantity.loss(stored.value).unwrap_or(-stored.value);
                order.push((
                    i,
                    [family, pretrain, schedule],
                    x.unwrap_or(f64::INFINITY),
                    loss,
                ));
            }
            order.sort_by(|a, b| {
                let by = a.1.cmp(&b.1).then(a.2.total_cmp(&b.2));
                by.then(a.3.total_cmp(&b.3))
            });
            let mut stays = vec![false; order.len()];
            let (mut series, mut best) = (None, f64::INFINITY);
            for (i, of, _, loss) in order {
                if series != Some(of) {
                    (series, best) = (Some(of), f64::INFINITY);
                }
                stays[i] = loss < best;
                best = best.min(loss);
            }
            let mut stays = stays.into_iter();
            bucket.values.retain(|_| stays.next() == Some(true));
        }
        self.buckets = buckets;
        self.without_rest()
    }

    /// Numbers of a run, set and metric that an earlier number has.
    pub(super) fn repeated(&self) -> u64 {
        let mut seen = vec![false; self.runs.len()];
        let mut repeated = 0;
        for bucket in &self.buckets {
            for value in bucket.values.iter() {
                let run = &mut seen[value.run as usize];
                repeated += u64::from(std::mem::replace(run, true));
            }
            for value in bucket.values.iter() {
                seen[value.run as usize] = false;
            }
        }
        repeated
    }

    /// Without empty buckets and runs that have no number left.
    pub(super) fn without_rest(mut self) -> Runs {
        self.buckets.retain(|bucket| bucket.values.len() > 0);
        self.runs = builder::measured(self.runs, &mut self.buckets);
        self
    }

    fn numbers<'a>(&'a self, bucket: &'a Bucket) -> impl Iterator<Item = (Run<'a>, f64)> {
        let values = bucket.values.iter();
        values.map(|stored| (self.run(&self.runs[stored.run as usize]), stored.value))
    }

    /// A bucket's downstream set and metric.
    fn measured(&self, bucket: &Bucket) -> (&str, &str) {
        (
            self.name(bucket.what.dataset),
            self.name(bucket.what.metric),
        )
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
            compute: known(run.compute),
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
            + self.buckets.len() * size_of::<Bucket>()
            + self.len() * size_of::<StoredValue>()
    }
}

fn known(bits: u64) -> Option<f64> {
    Some(f64::from_bits(bits)).filter(|x| !x.is_nan())
}

/// A list in pieces: growing it copies nothing, so that memory never peaks at three times its
/// size.
#[derive(Clone, Debug)]
struct Chunks<T>(Vec<Vec<T>>);

impl<T> Chunks<T> {
    /// A table of many columns has as many last chunks.
    const LENGTH: usize = 1 << 8;

    fn push(&mut self, item: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < Self::LENGTH => last.push(item),
            _ => {
                let mut chunk = Vec::with_capacity(Self::LENGTH);
                chunk.push(item);
                self.0.push(chunk);
            }
        }
    }

    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        for chunk in &mut self.0 {
            chunk.retain_mut(&mut keep);
        }
    }
}
