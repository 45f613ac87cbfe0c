//! A file that is held to its length and its SHA-256 while it is read.

use super::PackFile;
use crate::weights::source::{Source, SourceError};
use sha2::{Digest, Sha256};

/// Bytes that are read at once where a reader skips some.
const CHUNK: usize = 1 << 20;

/// A file of a pack, which is what its manifest says, or reading its last bytes fails; or any other file. What a reader
/// skips is read all the same, so that all bytes are in the sum.
pub struct CheckedSource<S> {
    source: S,
    expected: Option<Expected>,
}

struct Expected {
    file: PackFile,
    sum: Sha256,
    /// Bytes from the first on that are in the sum.
    summed: u64,
    skipped: Vec<u8>,
}

impl<S: Source> CheckedSource<S> {
    /// Fails at once where the length is another.
    pub fn new(source: S, file: Option<&PackFile>) -> Result<Self, SourceError> {
        if let Some(file) = file.filter(|file| file.bytes != source.size()) {
            return Err(SourceError::OtherLength {
                name: file.name.clone(),
                found: source.size(),
                expected: file.bytes,
            });
        }
        let expected = file.map(|file| Expected {
            file: file.clone(),
            sum: Sha256::new(),
            summed: 0,
            skipped: Vec::new(),
        });
        Ok(CheckedSource { source, expected })
    }
}

impl Expected {
    /// The bytes at `at`, all before which are in the sum.
    fn add(&mut self, at: u64, bytes: &[u8]) -> Result<(), SourceError> {
        let known = self.summed.saturating_sub(at) as usize;
        let Some(new) = bytes.get(known..).filter(|new| !new.is_empty()) else {
            return Ok(());
        };
        self.sum.update(new);
        self.summed += new.len() as u64;
        if self.summed < self.file.bytes {
            return Ok(());
        }
        let sum = std::mem::take(&mut self.sum).finalize();
        let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        match hex == self.file.sha256 {
            true => Ok(()),
            false => {
                // Each further read fails too.
                self.summed = 0;
                let name = self.file.name.clone();
                Err(SourceError::OtherFile { name })
            }
        }
    }
}

impl<S: Source> Source for CheckedSource<S> {
    fn size(&self) -> u64 {
        self.source.size()
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        let Some(expected) = &mut self.expected else {
            return self.source.read(at, buffer).await;
        };
        while expected.summed < at.min(expected.file.bytes) {
            let from = expected.summed;
            let count = (CHUNK as u64).min(at - from);
            expected.skipped.resize(count as usize, 0);
            self.source.read(from, &mut expected.skipped).await?;
            let skipped = std::mem::take(&mut expected.skipped);
            expected.add(from, &skipped)?;
            expected.skipped = skipped;
        }
        self.source.read(at, buffer).await?;
        expected.add(at, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::Holds;
    use pollster::block_on;

    fn file(bytes: &[u8]) -> PackFile {
        let sum = Sha256::digest(bytes);
        PackFile {
            name: "a shard".to_owned(),
            bytes: bytes.len() as u64,
            sha256: sum.iter().map(|byte| format!("{byte:02x}")).collect(),
            holds: Holds::Image,
        }
    }

    #[test]
    fn a_file_is_what_its_manifest_says_or_fails_with_its_name() {
        let bytes: Vec<u8> = (0..3 * CHUNK + 5).map(|i| (i % 251) as u8).collect();
        let file = file(&bytes);
        let end = bytes.len() as u64;
        let mut other = bytes.clone();
        other[7] ^= 1;
        // In order, with a gap, and back.
        for reads in [
            &[(0, 9), (9, end - 9)][..],
            &[(end - 1, 1)],
            &[(5, 100), (3, 50), (0, end)],
        ] {
            let read = |bytes: &[u8]| {
                let mut source = CheckedSource::new(bytes, Some(&file))?;
                for (at, length) in reads {
                    let mut part = vec![0; *length as usize];
                    block_on(source.read(*at, &mut part))?;
                    assert_eq!(part, bytes[*at as usize..][..part.len()]);
                }
                Ok(())
            };
            assert_eq!(read(&bytes), Ok(()), "{reads:?}");
            let name = "a shard".to_owned();
            assert_eq!(
                read(&other),
                Err(SourceError::OtherFile { name }),
                "{reads:?}"
            );
        }
        let short = CheckedSource::new(&bytes[1..], Some(&file)).err();
        let name = "a shard".to_owned();
        assert_eq!(
            short,
            Some(SourceError::OtherLength {
                name,
                found: end - 1,
                expected: end
            })
        );
        assert!(CheckedSource::new(&other[..], None).is_ok());
    }
}
