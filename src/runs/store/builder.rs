//! [`Runs`] being filled.

use super::{Bucket, Chunks, Id, Run, RunSource, Runs, StoredRun, StoredValue, ValueKey};
use crate::study::Study;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// [`Runs`] being filled.
#[derive(Debug)]
pub(in crate::runs) struct Builder {
    names: Index<Arc<str>>,
    runs: Index<StoredRun>,
    whats: Index<ValueKey>,
    /// One for each of `whats`.
    values: Vec<Chunks<StoredValue>>,
    /// Numbers so far.
    len: usize,
    /// Bytes of the names.
    text: usize,
}

/// Distinct things and their numbers.
#[derive(Debug)]
pub(super) struct Index<T> {
    all: Vec<T>,
    ids: HashMap<T, u32>,
    /// Where the last one was found: neighbours in a file are often equal.
    last: usize,
}

impl<T: Clone + Eq + Hash> Index<T> {
    pub(super) fn new() -> Self {
        Index {
            all: Vec::new(),
            ids: HashMap::new(),
            last: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn id(&mut self, item: &T) -> u32 {
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
    pub(crate) fn new() -> Builder {
        Builder {
            names: Index::new(),
            runs: Index::new(),
            whats: Index::new(),
            values: Vec::new(),
            len: 0,
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

    pub(crate) fn run(&mut self, run: &Run) -> u32 {
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
            compute: bits(run.compute),
            parameters: bits(run.parameters),
        };
        self.runs.id(&stored)
    }

    /// A number with its standard error, in the same unit.
    pub(crate) fn value(
        &mut self,
        run: u32,
        [dataset, metric]: [&str; 2],
        column: u32,
        (value, standard_error): (f64, Option<f64>),
    ) {
        let what = ValueKey {
            dataset: self.name(dataset),
            metric: self.name(metric),
            column,
        };
        let what = self.whats.id(&what) as usize;
        if what == self.values.len() {
            self.values.push(Chunks(Vec::new()));
        }
        self.values[what].push(StoredValue {
            run,
            standard_error: standard_error.map_or(f32::NAN, |s| s as f32),
            value,
        });
        self.len += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes in use, the indices that are dropped at the end included.
    pub(crate) fn bytes(&self) -> usize {
        // A hash table has up to twice as many places as entries, and a byte for each.
        let index = |entries: usize, size: usize| entries * (3 * size + 2);
        self.len * size_of::<StoredValue>()
            + index(self.runs.all.len(), size_of::<StoredRun>())
            + index(self.names.all.len(), size_of::<Arc<str>>() + 8)
            + self.text
    }

    /// `keep` gives what becomes of a column's numbers: it sees each and its standard error, may change them, and says
    /// whether it stays; `None` where all stay as they are. Runs that have no number left are among
    /// the runs yet ([`Runs::without_rest`]).
    pub(crate) fn finish<K: FnMut(&mut f64, &mut f32) -> bool>(
        self,
        source: RunSource,
        study: Study,
        keep: impl Fn(u32) -> Option<K>,
    ) -> Runs {
        let mut buckets: Vec<Bucket> = (self.whats.all.into_iter().zip(self.values))
            .map(|(what, values)| Bucket { what, values })
            .collect();
        for bucket in &mut buckets {
            if let Some(mut keep) = keep(bucket.what.column) {
                bucket
                    .values
                    .retain(|stored| keep(&mut stored.value, &mut stored.standard_error));
            }
        }
        Runs {
            source,
            study,
            names: self.names.all,
            runs: self.runs.all,
            buckets,
        }
    }
}

/// The runs of which a number is left, and the buckets' places among them.
pub(super) fn measured(runs: Vec<StoredRun>, buckets: &mut [Bucket]) -> Vec<StoredRun> {
    let mut is_measured = vec![false; runs.len()];
    for stored in buckets.iter().flat_map(|b| b.values.iter()) {
        is_measured[stored.run as usize] = true;
    }
    if is_measured.iter().all(|is| *is) {
        return runs;
    }
    let mut left = Vec::new();
    let mut place = vec![0; runs.len()];
    for (i, run) in runs.into_iter().enumerate() {
        place[i] = left.len() as u32;
        if is_measured[i] {
            left.push(run);
        }
    }
    for bucket in buckets {
        bucket.values.retain(|stored| {
            stored.run = place[stored.run as usize];
            true
        });
    }
    left
}
