//! Damaged copies of files, for the tests of readers. `PROPTEST_CASES` says how many each test
//! makes, 256 if it is not set.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use std::ops::Range;

/// A file whose copies are damaged.
#[derive(Clone)]
pub(crate) struct Seed {
    pub(crate) bytes: Vec<u8>,
    /// Where the file is described, which most of the changes hit.
    pub(crate) described: Range<usize>,
}

impl Seed {
    /// A file that is described everywhere.
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        let described = 0..bytes.len();
        Seed { bytes, described }
    }
}

#[derive(Clone, Debug)]
enum Place {
    Anywhere(Index),
    Described(Index),
    /// A directory lies at the end.
    End(Index),
}

#[derive(Clone, Debug)]
enum Change {
    Set(u8),
    /// A little-endian number: lengths and positions.
    Number(u64, usize),
    Insert(Vec<u8>),
    Remove(usize),
    /// The bytes from elsewhere.
    Copy(Index, usize),
    Cut,
}

/// What is changed in a file.
#[derive(Clone, Debug)]
pub(crate) struct Damage(Vec<(Place, Change)>);

impl Damage {
    fn apply(&self, seed: &Seed) -> Vec<u8> {
        let mut bytes = seed.bytes.clone();
        for (place, change) in &self.0 {
            if bytes.is_empty() {
                break;
            }
            let length = bytes.len();
            let at = match place {
                Place::Anywhere(index) => index.index(length),
                Place::Described(index) => {
                    let Range { start, end } = seed.described;
                    (start + index.index(end - start)).min(length - 1)
                }
                Place::End(index) => length - 1 - index.index(length.min(600)),
            };
            match change {
                Change::Set(byte) => bytes[at] = *byte,
                Change::Number(number, width) => {
                    let end = length.min(at + width);
                    bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
                }
                Change::Insert(new) => drop(bytes.splice(at..at, new.iter().copied())),
                Change::Remove(count) => drop(bytes.drain(at..length.min(at + count))),
                Change::Copy(from, count) => {
                    let from = from.index(length);
                    let count = (*count).min(length - from).min(length - at);
                    bytes.copy_within(from..from + count, at);
                }
                Change::Cut => bytes.truncate(at),
            }
        }
        bytes
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    let place = prop_oneof![
        1 => index().prop_map(Place::Anywhere),
        3 => index().prop_map(Place::Described),
        1 => index().prop_map(Place::End),
    ];
    let odd = [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, 1 << 32];
    let odd = [&odd[..], &[1 << 62, u64::MAX - 7, u64::MAX]].concat();
    let width = prop::sample::select(vec![1, 2, 4, 8]);
    let change = prop_oneof![
        8 => any::<u8>().prop_map(Change::Set),
        3 => (prop::sample::select(odd), width).prop_map(|(n, width)| Change::Number(n, width)),
        2 => prop::collection::vec(any::<u8>(), 1..9).prop_map(Change::Insert),
        2 => (1..40usize).prop_map(Change::Remove),
        3 => (index(), 1..60usize).prop_map(|(from, count)| Change::Copy(from, count)),
        1 => Just(Change::Cut),
    ];
    prop::collection::vec((place, change), 1..6).prop_map(Damage)
}

/// Reads damaged copies of each of the files; a panic fails.
pub(crate) fn survives(seeds: &[Seed], read: impl Fn(&[u8])) {
    let cases = (0..seeds.len(), damage());
    try_all(cases, |(seed, damage)| read(&damage.apply(&seeds[seed])));
}

/// Tries values of a strategy; the smallest that panics is printed.
pub(crate) fn try_all<S: Strategy>(strategy: S, read: impl Fn(S::Value)) {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&strategy, |value| {
        read(value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
