//! Checksums of a cached file, taken when it was written and verified when it is read.

use super::source::{Source, SourceError};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::{Xxh64, xxh64};

/// Bytes of a block, each of which has a checksum.
pub const BLOCK: usize = 4 << 20;

/// The XXH64 checksum of each block of [`BLOCK`] bytes of a file; the last block may be shorter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksums {
    /// The file's length, in bytes.
    pub bytes: u64,
    #[serde(rename = "pieces")]
    blocks: Vec<u64>,
}

impl Checksums {
    /// Whether these bytes match the checksum of this block.
    fn matches(&self, number: usize, bytes: &[u8]) -> bool {
        self.blocks.get(number) == Some(&xxh64(bytes, 0))
    }
}

/// Computes the checksums of a file that is written in parts of any length.
#[derive(Default)]
pub struct ChecksumBuilder {
    checksums: Checksums,
    /// Of the block that is not full yet.
    open: Xxh64,
}

impl ChecksumBuilder {
    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.checksums.bytes
    }

    /// Adds the file's next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = BLOCK - (self.checksums.bytes % BLOCK as u64) as usize;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.open.update(now);
            self.checksums.bytes += now.len() as u64;
            if now.len() == room {
                self.close();
            }
            bytes = later;
        }
    }

    fn close(&mut self) {
        self.checksums.blocks.push(self.open.digest());
        self.open.reset(0);
    }

    /// The checksums of the whole file.
    pub fn finish(mut self) -> Checksums {
        if !self.checksums.bytes.is_multiple_of(BLOCK as u64) {
            self.close();
        }
        self.checksums
    }
}

/// A source that verifies the bytes of another one: they match the checksums, or reading fails with
/// [`SourceError::Damaged`].
#[derive(Debug)]
pub struct VerifiedSource<S> {
    source: S,
    checksums: Checksums,
    /// The block that was read last, and its number.
    block: Option<(usize, Vec<u8>)>,
}

impl<S: Source> VerifiedSource<S> {
    /// Fails if the source has another length than the checksums say.
    pub fn new(source: S, checksums: Checksums) -> Result<Self, SourceError> {
        if source.size() != checksums.bytes {
            return Err(SourceError::Damaged);
        }
        Ok(VerifiedSource {
            source,
            checksums,
            block: None,
        })
    }

    async fn block(&mut self, number: usize) -> Result<&[u8], SourceError> {
        if self.block.as_ref().is_none_or(|(n, _)| *n != number) {
            // Reuses the memory of the block before.
            let mut bytes = self.block.take().map(|(_, b)| b).unwrap_or_default();
            let at = number as u64 * BLOCK as u64;
            bytes.resize((self.checksums.bytes - at).min(BLOCK as u64) as usize, 0);
            self.source.read(at, &mut bytes).await?;
            if !self.checksums.matches(number, &bytes) {
                return Err(SourceError::Damaged);
            }
            self.block = Some((number, bytes));
        }
        Ok(self.block.as_ref().map_or(&[], |(_, bytes)| bytes))
    }
}

impl<S: Source> Source for VerifiedSource<S> {
    fn size(&self) -> u64 {
        self.checksums.bytes
    }

    async fn read(&mut self, at: u64, mut buffer: &mut [u8]) -> Result<(), SourceError> {
        let end = at.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.checksums.bytes) {
            return Err(SourceError::Ended {
                at: self.checksums.bytes,
            });
        }
        let mut at = at;
        while !buffer.is_empty() {
            let block = self.block((at / BLOCK as u64) as usize).await?;
            let from = (at % BLOCK as u64) as usize;
            let count = buffer.len().min(block.len() - from);
            let (now, later) = buffer.split_at_mut(count);
            now.copy_from_slice(&block[from..from + count]);
            at += count as u64;
            buffer = later;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    #[test]
    fn a_bit_that_flipped_is_noticed_where_it_lies() {
        let mut file: Vec<u8> = (0..BLOCK + 1000).map(|i| (i * 31 % 251) as u8).collect();
        let mut sums = ChecksumBuilder::default();
        for part in file.chunks(70_001) {
            sums.update(part);
        }
        let text = serde_json::to_string(&sums.finish()).unwrap();
        let sums: Checksums = serde_json::from_str(&text).unwrap();
        let read = |file: &[u8], at: usize, length: usize| {
            let mut source = VerifiedSource::new(file, sums.clone())?;
            let mut bytes = vec![0; length];
            block_on(source.read(at as u64, &mut bytes))?;
            assert_eq!(bytes, file[at..at + length]);
            Ok(())
        };
        for (at, length) in [(0, 10), (BLOCK - 5, 10), (0, file.len()), (file.len(), 0)] {
            assert_eq!(read(&file, at, length), Ok(()), "{at} {length}");
        }
        assert_eq!(read(&file[1..], 0, 1), Err(SourceError::Damaged));
        file[BLOCK + 7] ^= 4;
        assert_eq!(read(&file, 0, 10), Ok(()));
        assert_eq!(read(&file, BLOCK, 1), Err(SourceError::Damaged));
        let mut source = VerifiedSource::new(&file[..], sums.clone()).unwrap();
        let beyond = block_on(source.read(file.len() as u64 - 1, &mut [0; 2]));
        assert_eq!(
            beyond,
            Err(SourceError::Ended {
                at: file.len() as u64
            })
        );
    }
}
