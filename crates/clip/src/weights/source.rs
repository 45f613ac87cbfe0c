//! Where a checkpoint's bytes come from: memory, a file, a server.

use std::fmt;
use std::future::Future;

/// Bytes by position. Readers go forward as far as the format allows, so a source that streams
/// (a fetch) can continue where it stands, skip a short gap, and ask for a range only on a jump.
pub trait Source {
    /// All bytes that there are.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from position `at`.
    fn read(&mut self, at: u64, buffer: &mut [u8])
    -> impl Future<Output = Result<(), SourceError>>;
}

/// Why bytes did not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// There is nothing at this address, or no such file.
    NotFound {
        name: String,
    },
    /// The server answered with this status.
    Status {
        code: u16,
    },
    /// No answer. A browser does not say whether the network or the server's rules are why.
    Unreachable,
    /// The server gives whole files only, and this format needs parts.
    NoRanges,
    /// The bytes end before this position.
    Ended {
        at: u64,
    },
    /// Nothing came for so long.
    TimedOut {
        seconds: u32,
    },
    /// The connection broke here, and again whenever it was tried anew.
    Broken {
        at: u64,
    },
    /// The file is not what it was when reading began.
    Changed,
    /// A kept file's bytes are not those that were written.
    Damaged,
    /// The server does not say how long the file is.
    NoLength,
    /// A web page instead of a file.
    WebPage,
    Other {
        reason: String,
    },
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceError::NotFound { name } => {
                write!(f, "There is no file {name}; check the address.")
            }
            SourceError::Status { code } => write!(
                f,
                "The server answered with status {code}; download the file and open it from your disk."
            ),
            SourceError::Unreachable => write!(
                f,
                "The file cannot be reached: the network is down, or the server does not let other pages read it (CORS). Download the file and open it from your disk."
            ),
            SourceError::NoRanges => write!(
                f,
                "The server only gives whole files, and this format needs parts of it; download the file and open it from your disk."
            ),
            SourceError::Ended { at } => write!(
                f,
                "The file ends at byte {at}, before its contents do; download it again."
            ),
            SourceError::TimedOut { seconds } => write!(
                f,
                "Nothing came for {seconds} seconds; check the network and try again."
            ),
            SourceError::Broken { at } => write!(
                f,
                "The connection broke at byte {at} and did not come back; check the network and try again."
            ),
            SourceError::Changed => {
                write!(f, "The file was changed while it was read; start again.")
            }
            SourceError::Damaged => write!(
                f,
                "What was kept of the file is damaged, or an older version of this page kept it; delete it and download it again."
            ),
            SourceError::NoLength => write!(
                f,
                "The server does not say how long the file is; download it and open it from your disk."
            ),
            SourceError::WebPage => write!(
                f,
                "This is a web page, not a checkpoint; use the address of the file itself (on Hugging Face, “resolve” instead of “blob”)."
            ),
            SourceError::Other { reason } => write!(f, "The file cannot be read: {reason}."),
        }
    }
}

impl std::error::Error for SourceError {}

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

#[cfg(not(target_arch = "wasm32"))]
pub use native::FileSource;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use super::{Source, SourceError};
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
        pub fn open(path: &Path) -> Result<Self, SourceError> {
            let file = File::open(path).map_err(|error| match error.kind() {
                ErrorKind::NotFound => SourceError::NotFound {
                    name: path.display().to_string(),
                },
                _ => other(&error),
            })?;
            let size = file.metadata().map_err(|error| other(&error))?.len();
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
                seek.map_err(|error| other(&error))?;
            }
            self.file
                .read_exact(buffer)
                .map_err(|error| match error.kind() {
                    ErrorKind::UnexpectedEof => SourceError::Ended { at: self.size },
                    _ => other(&error),
                })?;
            self.at = at + buffer.len() as u64;
            Ok(())
        }
    }

    fn other(error: &std::io::Error) -> SourceError {
        SourceError::Other {
            reason: error.to_string(),
        }
    }
}
