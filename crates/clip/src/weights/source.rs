//! Where a checkpoint's bytes come from: memory, a file on disk or, in other modules, a server or a
//! browser's file.

use crate::error::Cause;
use std::error::Error;
use std::fmt;
use std::future::Future;

/// Bytes by position. Readers go forward as far as the format allows, so that a source that streams
/// can continue where it is, skip a short gap, and request a range only for a jump.
pub trait Source {
    /// The number of bytes.
    fn size(&self) -> u64;

    /// Where each file begins, if there are several, one after the other: the parts of a sharded
    /// checkpoint.
    fn starts(&self) -> Vec<u64> {
        vec![0]
    }

    /// Fills `buffer` with the bytes from position `at`.
    fn read(&mut self, at: u64, buffer: &mut [u8])
    -> impl Future<Output = Result<(), SourceError>>;
}

/// Why a file's bytes cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// There is no such file.
    NotFound {
        /// Its path or address.
        name: String,
    },
    /// The server answered with a status other than success.
    Status {
        /// The HTTP status code.
        code: u16,
    },
    /// The server did not answer. A browser does not say whether the network is down or the server
    /// allows no requests of this page.
    Unreachable,
    /// The server sends only whole files, and this format needs parts.
    NoRanges,
    /// The file ends too early.
    Ended {
        /// Its length, in bytes.
        at: u64,
    },
    /// The server stopped sending.
    TimedOut {
        /// How long nothing was received.
        seconds: u32,
    },
    /// The connection broke, and broke again at each retry.
    Broken {
        /// The byte at which it broke.
        at: u64,
    },
    /// The file has changed since it was opened.
    Changed,
    /// The file's bytes do not match its checksums.
    Damaged,
    /// A file of a pack has another length than `pack.json` says.
    OtherLength {
        /// Its name.
        name: String,
        /// Its length, in bytes.
        found: u64,
        /// What `pack.json` says.
        expected: u64,
    },
    /// A file of a pack has another SHA-256 than `pack.json` says.
    OtherFile {
        /// Its name.
        name: String,
    },
    /// The server does not say how long the file is.
    NoLength,
    /// A web page instead of a file.
    WebPage,
    /// The operating system or the browser cannot read it.
    Other {
        /// What it says.
        cause: Cause,
    },
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceError::NotFound { name } => write!(f, "there is no file {name}"),
            SourceError::Status { code } => write!(f, "the server answered with status {code}"),
            SourceError::Unreachable => f.write_str(
                "the file cannot be reached: the network is down, or the server does not allow cross-origin requests (CORS)",
            ),
            SourceError::NoRanges => {
                f.write_str("the server sends only whole files, and this format needs parts of it")
            }
            SourceError::Ended { at } => {
                write!(f, "the file ends at byte {at}, before its contents do")
            }
            SourceError::TimedOut { seconds } => {
                write!(f, "the server sent nothing for {seconds} seconds")
            }
            SourceError::Broken { at } => {
                write!(f, "the connection broke at byte {at} and did not come back")
            }
            SourceError::Changed => f.write_str("the file was changed while it was read"),
            SourceError::Damaged => f.write_str("the file does not match its checksums"),
            SourceError::OtherLength {
                name,
                found,
                expected,
            } => write!(
                f,
                "the file {name} has {found} bytes where pack.json says {expected}"
            ),
            SourceError::OtherFile { name } => {
                write!(f, "the file {name} has another SHA-256 than pack.json says")
            }
            SourceError::NoLength => f.write_str("the server does not say how long the file is"),
            SourceError::WebPage => f.write_str("this is a web page, not a checkpoint"),
            SourceError::Other { .. } => f.write_str("the file cannot be read"),
        }
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SourceError::Other { cause } => Some(cause.as_error()),
            _ => None,
        }
    }
}

/// A file in memory.
impl Source for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        let start = usize::try_from(at).ok();
        let range = start.and_then(|start| self.get(start..start.checked_add(buffer.len())?));
        let at = self.size();
        buffer.copy_from_slice(range.ok_or(SourceError::Ended { at })?);
        Ok(())
    }
}

/// Several files, one after the other: the parts of a sharded checkpoint.
#[derive(Debug)]
pub struct Joined<S> {
    parts: Vec<(u64, S)>,
    size: u64,
}

impl<S: Source> Joined<S> {
    /// In this order.
    pub fn new(parts: Vec<S>) -> Self {
        let mut size = 0;
        let start = |part: S| {
            let start = size;
            size += part.size();
            (start, part)
        };
        Joined {
            parts: parts.into_iter().map(start).collect(),
            size,
        }
    }
}

impl<S: Source> Source for Joined<S> {
    fn size(&self) -> u64 {
        self.size
    }

    fn starts(&self) -> Vec<u64> {
        self.parts.iter().map(|(start, _)| *start).collect()
    }

    /// No part of a tensor lies in another file.
    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        let size = self.size;
        let part = self.parts.iter_mut().rev().find(|(start, _)| *start <= at);
        let (start, part) = part.ok_or(SourceError::Ended { at: size })?;
        part.read(at - *start, buffer).await
    }
}

/// One of the files of a source.
pub(super) struct Part<'a, S> {
    pub(super) source: &'a mut S,
    pub(super) start: u64,
    pub(super) size: u64,
}

impl<S: Source> Source for Part<'_, S> {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        let end = at.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(SourceError::Ended { at: self.size });
        }
        self.source.read(self.start + at, buffer).await
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub use native::FileSource;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use super::{Cause, Source, SourceError};
    use std::fs::File;
    use std::io::{ErrorKind, Read, Seek, SeekFrom};
    use std::path::Path;

    /// A file on disk.
    #[derive(Debug)]
    pub struct FileSource {
        file: File,
        size: u64,
        at: u64,
    }

    impl FileSource {
        /// Opens a file for reading.
        pub fn open(path: &Path) -> Result<Self, SourceError> {
            let file = File::open(path).map_err(|error| match error.kind() {
                ErrorKind::NotFound => SourceError::NotFound {
                    name: path.display().to_string(),
                },
                _ => other(error),
            })?;
            let size = file.metadata().map_err(other)?.len();
            Ok(FileSource { file, size, at: 0 })
        }
    }

    impl Source for FileSource {
        fn size(&self) -> u64 {
            self.size
        }

        async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
            if at != self.at {
                let seek = self.file.seek(SeekFrom::Start(at));
                seek.map_err(other)?;
            }
            self.file
                .read_exact(buffer)
                .map_err(|error| match error.kind() {
                    ErrorKind::UnexpectedEof => SourceError::Ended { at: self.size },
                    _ => other(error),
                })?;
            self.at = at + buffer.len() as u64;
            Ok(())
        }
    }

    fn other(error: std::io::Error) -> SourceError {
        SourceError::Other {
            cause: Cause::new(error),
        }
    }
}
