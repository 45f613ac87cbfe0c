//! Embeddings of pairs, stored while they are made, so that a run that was interrupted goes on. A file holds one record
//! after the other: the pair's SHA-256, its image's width and height, how many tokens of its text did not fit, the
//! vectors of both, and a checksum of all that.

use super::super::protocol::Failure;
use super::opfs::{self, ExclusiveFile, VECTORS};
use super::stored_vectors::PAIRS;
use std::collections::HashMap;
use xxhash_rust::xxh64::xxh64;

/// SHA-256 of an image's bytes and a text.
pub type Digest = [u8; DIGEST];

#[derive(Clone)]
pub struct CachedPair {
    pub width: u32,
    pub height: u32,
    pub truncated: u32,
    pub image: Vec<f32>,
    pub text: Vec<f32>,
}

pub struct PairCache {
    file: ExclusiveFile,
    /// Numbers of a vector.
    width: usize,
    /// Where each pair's record begins.
    places: HashMap<Digest, u64>,
    end: u64,
    /// The browser's storage took no more.
    is_full: bool,
}

const DIGEST: usize = 32;
/// Bytes of the file that are read at once.
const SLICE: usize = 4 << 20;

impl PairCache {
    /// Opens the file of a key, for vectors of `width` numbers; it fails where another tab has it open.
    pub async fn open(key: &str, width: usize) -> Result<PairCache, Failure> {
        let folder = opfs::folder(VECTORS).await?;
        let file = opfs::file(&folder, &format!("{PAIRS}{key}-{width}"), true).await?;
        let mut cache = PairCache {
            file: ExclusiveFile::open(&file).await?,
            width,
            places: HashMap::new(),
            end: 0,
            is_full: false,
        };
        let record = cache.record();
        let size = cache.file.size()?;
        let mut slice = vec![0; (SLICE / record).max(1) * record];
        // A record that an interruption cut off is written over.
        while cache.end + record as u64 <= size {
            let read = cache.file.read(cache.end, &mut slice)?;
            for record in slice[..read].chunks_exact(record) {
                if let Some(digest) = record.first_chunk() {
                    cache.places.insert(*digest, cache.end);
                }
                cache.end += record.len() as u64;
            }
            if read < record {
                break;
            }
        }
        Ok(cache)
    }

    /// Bytes of a record.
    fn record(&self) -> usize {
        DIGEST + 3 * 4 + 2 * 4 * self.width + 8
    }

    /// A pair's vectors, if they are stored and whole.
    pub fn get(&self, digest: &Digest) -> Option<CachedPair> {
        let mut record = vec![0; self.record()];
        let read = self
            .file
            .read(*self.places.get(digest)?, &mut record)
            .ok()?;
        let (content, sum) = record.split_last_chunk()?;
        if read < record.len() || xxh64(content, 0) != u64::from_le_bytes(*sum) {
            return None;
        }
        let (own, content) = content.split_first_chunk()?;
        let (sizes, numbers) = content.split_at_checked(12)?;
        let sizes = sizes.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b));
        let sizes: Vec<u32> = sizes.collect();
        let numbers = numbers.as_chunks().0.iter();
        let mut image: Vec<f32> = numbers.map(|b| f32::from_le_bytes(*b)).collect();
        let text = image.split_off(self.width);
        (own == digest).then_some(CachedPair {
            width: sizes[0],
            height: sizes[1],
            truncated: sizes[2],
            image,
            text,
        })
    }

    /// Stores a pair's vectors, if there is room; otherwise they are computed again the next time.
    pub fn add(&mut self, digest: &Digest, pair: &CachedPair) {
        if self.is_full || pair.image.len() != self.width || pair.text.len() != self.width {
            return;
        }
        let mut record = digest.to_vec();
        let sizes = [pair.width, pair.height, pair.truncated];
        record.extend(sizes.iter().flat_map(|x| x.to_le_bytes()));
        let numbers = pair.image.iter().chain(&pair.text);
        record.extend(numbers.flat_map(|x| x.to_le_bytes()));
        record.extend(xxh64(&record, 0).to_le_bytes());
        match self.file.write(self.end, &record) {
            Ok(()) => {
                self.places.insert(*digest, self.end);
                self.end += record.len() as u64;
            }
            Err(_) => self.is_full = true,
        }
    }

    /// Whether pairs are no longer stored.
    pub fn is_full(&self) -> bool {
        self.is_full
    }
}
