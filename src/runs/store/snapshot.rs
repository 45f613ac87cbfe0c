//! [`Runs`] as bytes that are read back at once, for a browser's store: a million numbers as CSV
//! take seconds to read.

use super::{Bucket, Chunks, RunSource, Runs, StoredRun, StoredValue, ValueKey};
use crate::study::Study;
use std::fmt;
use std::sync::Arc;

/// The form's name and edition. After it: source, study, three counts, and so many names (length
/// and UTF-8), runs, and buckets with the count of their numbers; then each bucket's numbers.
/// Integers and doubles are little-endian.
const MAGIC: &[u8] = b"refit-runs-3\n";
const HEAD: usize = MAGIC.len() + 2 + 3 * 4;
/// Bytes of a run, of a bucket, of a number.
const RUN: usize = 6 * 4 + 3 * 8;
const BUCKET: usize = 4 * 4;
const NUMBER: usize = 4 + 8 + 4;
/// Bytes that are handed on at once, or a few more.
const PIECE: usize = 1 << 16;

/// The bytes are not those of runs, or of another edition of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "This version cannot read what an earlier one stored of this file; import the file again."
        )
    }
}

impl std::error::Error for Damaged {}

impl Runs {
    /// The runs as bytes, which [`Restore`] takes back.
    pub fn snapshot(&self) -> impl Iterator<Item = Vec<u8>> {
        let place = |found: Option<usize>| found.unwrap_or(0) as u8;
        let mut head = MAGIC.to_vec();
        head.push(place(RunSource::ALL.iter().position(|s| *s == self.source)));
        head.push(place(
            Study::bundled().iter().position(|s| *s == self.study),
        ));
        let counts = [self.names.len(), self.runs.len(), self.buckets.len()];
        for count in counts {
            head.extend((count as u32).to_le_bytes());
        }
        let names = self.names.iter().map(|name| {
            let mut bytes = (name.len() as u32).to_le_bytes().to_vec();
            bytes.extend(name.as_bytes());
            bytes
        });
        let runs = self.runs.iter().map(|run| {
            let mut bytes = Vec::with_capacity(RUN);
            bytes.extend(run.names.iter().flat_map(|id| id.to_le_bytes()));
            let numbers = [run.samples_seen, run.compute, run.parameters];
            bytes.extend(numbers.iter().flat_map(|bits| bits.to_le_bytes()));
            bytes
        });
        let buckets = self.buckets.iter().map(|bucket| {
            let ValueKey {
                dataset,
                metric,
                column,
            } = bucket.what;
            let numbers = [dataset, metric, column, bucket.values.len() as u32];
            numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
        });
        let values = self.buckets.iter().flat_map(|b| b.values.iter());
        let values = values.map(|stored| {
            let mut bytes = Vec::with_capacity(NUMBER);
            bytes.extend(stored.run.to_le_bytes());
            bytes.extend(stored.value.to_le_bytes());
            bytes.extend(stored.standard_error.to_le_bytes());
            bytes
        });
        let mut records = std::iter::once(head)
            .chain(names)
            .chain(runs)
            .chain(buckets)
            .chain(values);
        std::iter::from_fn(move || {
            let mut piece = Vec::new();
            while piece.len() < PIECE {
                match records.next() {
                    Some(record) => piece.extend(record),
                    None => break,
                }
            }
            (!piece.is_empty()).then_some(piece)
        })
    }
}

/// Takes the pieces of [`Runs::snapshot`], however they are cut.
#[derive(Debug, Default)]
pub struct Restore {
    /// Not yet used.
    bytes: Vec<u8>,
    /// `None` before the head is there.
    part: Option<Part>,
}

/// What has been taken, and what is to come.
#[derive(Debug)]
struct Part {
    runs: Runs,
    /// Of names, runs and buckets.
    counts: [usize; 3],
    /// Of each bucket, the numbers to come; those before `filling` have all.
    numbers: Vec<usize>,
    filling: usize,
}

impl Restore {
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        self.bytes.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = Bytes(&bytes);
        if self.part.is_none() && rest.0.len() >= HEAD {
            self.part = Some(head(&mut rest)?);
        }
        if let Some(part) = &mut self.part {
            while part.next(&mut rest)? {}
        }
        self.bytes = rest.0.to_vec();
        Ok(())
    }

    pub fn finish(self) -> Result<Runs, Damaged> {
        let part = self.part.ok_or(Damaged)?;
        match part.is_whole() && self.bytes.is_empty() {
            true => Ok(part.runs),
            false => Err(Damaged),
        }
    }
}

fn head(bytes: &mut Bytes) -> Result<Part, Damaged> {
    if bytes.take(MAGIC.len()) != Some(MAGIC) {
        return Err(Damaged);
    }
    let mut place = || bytes.take(1).map_or(usize::MAX, |b| usize::from(b[0]));
    let runs = Runs {
        source: *RunSource::ALL.get(place()).ok_or(Damaged)?,
        study: *Study::bundled().get(place()).ok_or(Damaged)?,
        names: Vec::new(),
        runs: Vec::new(),
        buckets: Vec::new(),
    };
    let mut count = || bytes.integer().map(|n| n as usize).ok_or(Damaged);
    Ok(Part {
        runs,
        counts: [count()?, count()?, count()?],
        numbers: Vec::new(),
        filling: 0,
    })
}

impl Part {
    fn is_whole(&self) -> bool {
        let there = [
            self.runs.names.len(),
            self.runs.runs.len(),
            self.runs.buckets.len(),
        ];
        there == self.counts && self.filling == self.counts[2]
    }

    /// Takes one record; false where its bytes are not yet there, or all are.
    fn next(&mut self, bytes: &mut Bytes) -> Result<bool, Damaged> {
        let runs = &mut self.runs;
        let known = |id: u32, all: usize| match (id as usize) < all {
            true => Ok(id),
            false => Err(Damaged),
        };
        let names = runs.names.len();
        if names < self.counts[0] {
            let mut ahead = Bytes(bytes.0);
            let length = ahead.integer().map(|n| n as usize);
            let Some(name) = length.and_then(|n| ahead.take(n)) else {
                return Ok(false);
            };
            let name = std::str::from_utf8(name).map_err(|_| Damaged)?;
            runs.names.push(Arc::from(name));
            *bytes = ahead;
        } else if runs.runs.len() < self.counts[1] {
            let Some(mut record) = bytes.take(RUN).map(Bytes) else {
                return Ok(false);
            };
            let mut run = StoredRun {
                names: [0; 6],
                samples_seen: 0,
                compute: 0,
                parameters: 0,
            };
            for id in &mut run.names {
                *id = known(record.integer().ok_or(Damaged)?, names)?;
            }
            for bits in [&mut run.samples_seen, &mut run.compute, &mut run.parameters] {
                *bits = record.double().ok_or(Damaged)?;
            }
            runs.runs.push(run);
        } else if runs.buckets.len() < self.counts[2] {
            let Some(mut record) = bytes.take(BUCKET).map(Bytes) else {
                return Ok(false);
            };
            let mut integer = || record.integer().ok_or(Damaged);
            runs.buckets.push(Bucket {
                what: ValueKey {
                    dataset: known(integer()?, names)?,
                    metric: known(integer()?, names)?,
                    column: integer()?,
                },
                values: Chunks(Vec::new()),
            });
            self.numbers.push(integer()? as usize);
        } else if let Some(bucket) = runs.buckets.get_mut(self.filling) {
            let left = &mut self.numbers[self.filling];
            if *left == 0 {
                self.filling += 1;
                return Ok(true);
            }
            let Some(mut record) = bytes.take(NUMBER).map(Bytes) else {
                return Ok(false);
            };
            bucket.values.push(StoredValue {
                run: known(record.integer().ok_or(Damaged)?, runs.runs.len())?,
                value: f64::from_bits(record.double().ok_or(Damaged)?),
                standard_error: f32::from_bits(record.integer().ok_or(Damaged)?),
            });
            *left -= 1;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn integer(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    }

    /// The bits of a double.
    fn double(&mut self) -> Option<u64> {
        let bytes = self.take(8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{ReadOptions, Reader};

    fn runs() -> Runs {
        let mut text = "source,study,parameters,run,family,architecture,pretrain,schedule,samples,samples_seen,compute,dataset,metric,value\n".to_owned();
        for i in 0..3000 {
            let (run, value) = (i / 3, f64::from(i % 7) / 8.0);
            text += &format!(
                "own,comparison,,rün {run},mine,,yours,cosine,,{},1e{},set {},acc1,{value}\n",
                if run % 2 == 0 { "3e9" } else { "" },
                8 + run % 3,
                i % 3,
            );
        }
        let mut reader = Reader::new(ReadOptions::default());
        reader.push(text.as_bytes()).unwrap();
        reader.finish().runs
    }

    #[test]
    fn a_snapshot_is_read_back_however_it_is_cut() {
        let runs = runs();
        assert_eq!(runs.len(), 3000);
        let bytes = runs.snapshot().collect::<Vec<_>>().concat();
        for length in [1, 7, 1000, bytes.len()] {
            let mut restore = Restore::default();
            for piece in bytes.chunks(length) {
                restore.push(piece).unwrap();
            }
            let back = restore.finish().unwrap();
            assert_eq!(back, runs);
            assert!(back.runs().eq(runs.runs()));
        }
    }

    #[test]
    fn damage_is_told() {
        let bytes = runs().snapshot().collect::<Vec<_>>().concat();
        let read = |bytes: &[u8]| {
            let mut restore = Restore::default();
            restore.push(bytes)?;
            restore.finish()
        };
        assert_eq!(read(b""), Err(Damaged));
        assert_eq!(read(&bytes[..bytes.len() - 1]), Err(Damaged));
        assert_eq!(read(&[&bytes[..], b"x"].concat()), Err(Damaged));
        for place in (0..bytes.len()).step_by(11) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x80;
            // Another number is a number; nothing panics.
            let _ = read(&damaged);
        }
    }
}
