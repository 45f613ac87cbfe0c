//! A file on a server, streamed, with range requests for jumps and retries after broken connections.
//!
//! Which requests are sent, when bytes are skipped and when to retry is decided here, in plain Rust;
//! a [`Transport`] sends the requests: a browser's fetch, or a script in the tests. Every request
//! asks for a range, the first one for all bytes: this shows whether the server supports ranges, and
//! keeps it from compressing, which would hide the file's length.

mod transport;

pub use transport::{ResponseHead, Retries, Transport, TransportError};

use super::source::{Source, SourceError};
use crate::error::Cause;

/// Up to so many bytes are skipped rather than requesting a new range.
const GAP: u64 = 1 << 20;

/// A file on a server, as a [`Source`].
pub struct HttpSource<T> {
    transport: T,
    retries: Retries,
    /// What errors call it.
    name: String,
    size: u64,
    version: Option<String>,
    /// The server supports range requests.
    has_ranges: bool,
    is_open: bool,
    /// The latest bytes; those before `used` were read already.
    chunk: Vec<u8>,
    used: usize,
    /// Where the first unused byte lies in the file.
    at: u64,
}

/// Why an attempt to read failed.
enum ReadFailure {
    /// A retry may help.
    Temporary(SourceError),
    Permanent(SourceError),
}

impl<T: Transport> HttpSource<T> {
    /// Requests a file; `name` is what errors call it.
    pub async fn open(mut transport: T, name: &str, retries: Retries) -> Result<Self, SourceError> {
        let mut failures = 0;
        let (head, has_ranges, size) = loop {
            let answer = match transport.get(0).await {
                // A server that refuses pages refuses them again.
                Err(fault) => return Err(source_error(fault, 0)),
                Ok(head) => check_head(&head, 0, name).map(|found| (head, found)),
            };
            match answer {
                Ok((head, (has_ranges, size))) => {
                    let size = size.ok_or(SourceError::NoLength)?;
                    break (head, has_ranges, size);
                }
                Err(ReadFailure::Permanent(error)) => return Err(error),
                Err(ReadFailure::Temporary(error)) => {
                    if failures == retries.count {
                        return Err(error);
                    }
                    transport.pause(retries.milliseconds << failures).await;
                    failures += 1;
                }
            }
        };
        Ok(HttpSource {
            transport,
            retries,
            name: name.to_owned(),
            size,
            version: head.version,
            has_ranges,
            is_open: true,
            chunk: Vec::new(),
            used: 0,
            at: 0,
        })
    }

    /// Skips or requests bytes until the next unused byte is the one at this position, which must be
    /// in the file.
    async fn seek_to(&mut self, wanted: u64) -> Result<(), ReadFailure> {
        let is_ahead = wanted >= self.at && wanted - self.at <= GAP + self.unused();
        if !is_ahead && !self.has_ranges {
            return Err(ReadFailure::Permanent(SourceError::NoRanges));
        }
        if !is_ahead || !self.is_open {
            self.request_from(wanted).await?;
        }
        loop {
            let skipped = self.unused().min(wanted - self.at);
            self.used += skipped as usize;
            self.at += skipped;
            if self.unused() > 0 {
                return Ok(());
            }
            let at = self.at;
            let failed = |fault| ReadFailure::Temporary(source_error(fault, at));
            let next = self.transport.next().await.map_err(failed)?;
            self.chunk = next.ok_or(failed(TransportError::Broken))?;
            self.used = 0;
        }
    }

    async fn request_from(&mut self, from: u64) -> Result<(), ReadFailure> {
        self.is_open = false;
        let head = self.transport.get(from).await;
        // It was there before: the network is down.
        let head = head.map_err(|fault| ReadFailure::Temporary(source_error(fault, from)))?;
        let (is_part, size) = check_head(&head, from, &self.name)?;
        let other =
            |old: &Option<String>| old.is_some() && head.version.is_some() && *old != head.version;
        if size.is_some_and(|size| size != self.size) || other(&self.version) {
            return Err(ReadFailure::Permanent(SourceError::Changed));
        }
        if !is_part && from > 0 {
            return Err(ReadFailure::Permanent(SourceError::NoRanges));
        }
        self.is_open = true;
        self.chunk.clear();
        self.used = 0;
        self.at = from;
        Ok(())
    }

    /// Bytes that were received and not read yet.
    fn unused(&self) -> u64 {
        (self.chunk.len() - self.used) as u64
    }

    fn close(&mut self) {
        self.transport.close();
        self.is_open = false;
        self.chunk.clear();
        self.used = 0;
    }
}

impl<T: Transport> Source for HttpSource<T> {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        let end = at.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(SourceError::Ended { at: self.size });
        }
        let mut done = 0;
        let mut failures = 0;
        while done < buffer.len() {
            match self.seek_to(at + done as u64).await {
                Ok(()) => {
                    let bytes = &self.chunk[self.used..];
                    let count = bytes.len().min(buffer.len() - done);
                    buffer[done..done + count].copy_from_slice(&bytes[..count]);
                    self.used += count;
                    self.at += count as u64;
                    done += count;
                    failures = 0;
                }
                Err(ReadFailure::Permanent(error)) => {
                    self.close();
                    return Err(error);
                }
                Err(ReadFailure::Temporary(error)) => {
                    self.close();
                    // Without ranges all of it would have to come again.
                    if failures == self.retries.count || !self.has_ranges {
                        return Err(error);
                    }
                    let pause = self.retries.milliseconds << failures;
                    self.transport.pause(pause).await;
                    failures += 1;
                }
            }
        }
        Ok(())
    }
}

fn source_error(fault: TransportError, at: u64) -> SourceError {
    match fault {
        TransportError::TimedOut { seconds } => SourceError::TimedOut { seconds },
        TransportError::Unreachable if at == 0 => SourceError::Unreachable,
        TransportError::Unreachable | TransportError::Broken => SourceError::Broken { at },
    }
}

/// Whether a response to a request from `from` on is the requested part rather than the whole file,
/// and how long the file is, if it says so.
fn check_head(
    head: &ResponseHead,
    from: u64,
    name: &str,
) -> Result<(bool, Option<u64>), ReadFailure> {
    let code = head.status;
    match code {
        200 | 206 => {}
        404 | 410 => {
            let name = name.to_owned();
            return Err(ReadFailure::Permanent(SourceError::NotFound { name }));
        }
        // The file ends before this position, which it did not when it was opened.
        416 if from > 0 => return Err(ReadFailure::Permanent(SourceError::Changed)),
        416 => return Err(ReadFailure::Permanent(SourceError::Ended { at: 0 })),
        408 | 425 | 429 | 500 | 502 | 503 | 504 => {
            return Err(ReadFailure::Temporary(SourceError::Status { code }));
        }
        _ => return Err(ReadFailure::Permanent(SourceError::Status { code })),
    }
    let is_page = |media: &String| {
        media
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("text/html")
    };
    if head.media_type.as_ref().is_some_and(is_page) {
        return Err(ReadFailure::Permanent(SourceError::WebPage));
    }
    if code == 200 {
        return Ok((false, head.length));
    }
    let unseen = head.length.map(|length| from + length);
    let Some(range) = &head.range else {
        return Ok((true, unseen));
    };
    let Some((first, total)) = read_range(range) else {
        return Ok((true, unseen));
    };
    if first != from {
        return Err(ReadFailure::Permanent(SourceError::Other {
            cause: Cause::new(format!(
                "the server sent byte {first} where byte {from} was requested"
            )),
        }));
    }
    Ok((true, total.or(unseen)))
}

/// The first byte and the file's length in "bytes 5-9/10", where the length may be unknown.
fn read_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let first = range.split_once('-')?.0.trim().parse().ok()?;
    Some((first, total.trim().parse().ok()))
}

#[cfg(test)]
mod tests;
