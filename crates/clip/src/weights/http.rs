//! A file on a server, streamed, with range requests for jumps and retries after broken connections.
//!
//! Which requests are sent, when bytes are skipped and when to retry is decided here, in plain Rust;
//! a [`Transport`] sends the requests: a browser's fetch, or a script in the tests. Every request
//! asks for a range, the first one for all bytes: this shows whether the server supports ranges, and
//! keeps it from compressing, which would hide the file's length.

use super::source::{Source, SourceError};
use crate::error::Cause;
use std::future::Future;

/// Sends requests for one file, one at a time.
pub trait Transport {
    /// Requests the bytes from this position on and returns the response's head; closes the response
    /// before.
    fn get(&mut self, from: u64) -> impl Future<Output = Result<ResponseHead, TransportError>>;

    /// The next bytes of the open response, at least one; `None` after the last.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, TransportError>>;

    /// Closes the open response.
    fn close(&mut self);

    /// Waits.
    fn pause(&mut self, milliseconds: u32) -> impl Future<Output = ()>;
}

/// The status and the headers of a response. A server may hide all from a browser but status, media
/// type and length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// The HTTP status code.
    pub status: u16,
    /// `Content-Type`.
    pub media_type: Option<String>,
    /// `Content-Length` in bytes; `None` for a compressed response.
    pub length: Option<u64>,
    /// `Content-Range`.
    pub range: Option<String>,
    /// `ETag`.
    pub version: Option<String>,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// No response, or none that a browser lets the page see.
    Unreachable,
    /// The connection broke during the response.
    Broken,
    /// The server stopped sending.
    TimedOut {
        /// How long nothing was received.
        seconds: u32,
    },
}

/// How often to retry while nothing is received; the pauses double.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// The most retries.
    pub count: u32,
    /// The pause before the first, in milliseconds.
    pub milliseconds: u32,
}

impl Default for Retries {
    /// Six retries, half a minute in all.
    fn default() -> Self {
        Retries {
            count: 6,
            milliseconds: 500,
        }
    }
}

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
mod tests {
    use super::*;
    use pollster::block_on;

    /// A server with one file, and what goes wrong with it.
    #[derive(Default)]
    struct Server {
        file: Vec<u8>,
        /// Answers before which requests fail, each in turn.
        faults: Vec<TransportError>,
        /// Statuses of answers, each in turn, before it answers as it should.
        statuses: Vec<u16>,
        ignores_ranges: bool,
        /// Hides everything but status, media type and length.
        hides: bool,
        says_no_length: bool,
        media_type: &'static str,
        /// Breaks off after so many bytes of an answer.
        breaks_after: Option<usize>,
        /// Changes its file with the second request.
        changes: bool,
        /// Requests as they came.
        asked: Vec<u64>,
        pauses: Vec<u32>,
        /// What is left of the open answer.
        open: Option<(usize, usize)>,
    }

    impl Server {
        fn of(size: usize) -> Self {
            Server {
                file: (0..size).map(|i| (i * 7 % 251) as u8).collect(),
                ..Server::default()
            }
        }
    }

    impl Transport for &mut Server {
        async fn get(&mut self, from: u64) -> Result<ResponseHead, TransportError> {
            self.asked.push(from);
            if !self.faults.is_empty() {
                return Err(self.faults.remove(0));
            }
            if !self.statuses.is_empty() {
                let status = self.statuses.remove(0);
                return Ok(ResponseHead {
                    status,
                    ..ResponseHead::default()
                });
            }
            let size = self.file.len();
            if from as usize >= size {
                return Ok(ResponseHead {
                    status: 416,
                    ..ResponseHead::default()
                });
            }
            let first = if self.ignores_ranges {
                0
            } else {
                from as usize
            };
            self.open = Some((first, self.breaks_after.unwrap_or(size)));
            let version = if self.changes { self.asked.len() } else { 1 };
            Ok(ResponseHead {
                status: if self.ignores_ranges { 200 } else { 206 },
                media_type: Some(self.media_type.to_owned()),
                length: (!self.says_no_length).then_some((size - first) as u64),
                range: (!self.hides && !self.ignores_ranges && !self.says_no_length)
                    .then(|| format!("bytes {first}-{}/{size}", size - 1)),
                version: (!self.hides).then(|| format!("\"{version}\"")),
            })
        }

        async fn next(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
            const CHUNK: usize = 1000;
            let (at, left) = self.open.expect("an open answer");
            let end = self.file.len().min(at + CHUNK.min(left));
            if at == self.file.len() {
                return Ok(None);
            }
            if at == end {
                return Err(TransportError::Broken);
            }
            self.open = Some((end, left - (end - at)));
            Ok(Some(self.file[at..end].to_vec()))
        }

        fn close(&mut self) {
            self.open = None;
        }

        async fn pause(&mut self, milliseconds: u32) {
            self.pauses.push(milliseconds);
        }
    }

    const RETRIES: Retries = Retries {
        count: 2,
        milliseconds: 10,
    };

    /// Reads these ranges, and says how that went.
    fn read(server: &mut Server, ranges: &[(u64, usize)]) -> Result<(), SourceError> {
        let file = server.file.clone();
        let mut source = block_on(HttpSource::open(server, "x.pt", RETRIES))?;
        assert_eq!(source.size(), file.len() as u64);
        for (at, length) in ranges {
            let mut bytes = vec![0; *length];
            block_on(source.read(*at, &mut bytes))?;
            assert_eq!(bytes, file[*at as usize..][..*length], "{at} {length}");
        }
        Ok(())
    }

    #[test]
    fn a_stream_is_one_request() {
        let mut server = Server::of(2_000_000);
        // Forward, with gaps that are let pass.
        let ranges = [
            (0, 64),
            (64, 5000),
            (6000, 0),
            (6001, 1),
            (1_000_000, 1_000_000),
        ];
        assert_eq!(read(&mut server, &ranges), Ok(()));
        assert_eq!(server.asked, [0]);
        // The same where the server knows no ranges.
        server.asked.clear();
        server.ignores_ranges = true;
        assert_eq!(read(&mut server, &ranges), Ok(()));
        assert_eq!(server.asked, [0]);
    }

    #[test]
    fn a_jump_is_a_request() {
        let mut server = Server::of(3_000_000);
        let ranges = [(0, 64), (2_999_000, 1000), (100, 50), (200, 50), (150, 10)];
        assert_eq!(read(&mut server, &ranges), Ok(()));
        assert_eq!(server.asked, [0, 2_999_000, 100, 150]);
        server.ignores_ranges = true;
        for jump in [(2_999_000, 1000), (0, 1)] {
            let error = read(&mut server, &[(0, 64), jump]);
            assert_eq!(error, Err(SourceError::NoRanges));
        }
    }

    #[test]
    fn a_broken_connection_is_taken_up_where_it_broke() {
        let mut server = Server::of(10_000);
        server.breaks_after = Some(3500);
        assert_eq!(read(&mut server, &[(0, 10_000)]), Ok(()));
        assert_eq!(server.asked, [0, 3500, 7000]);
        assert_eq!(server.pauses, [10, 10]);
        server.ignores_ranges = true;
        let broken = Err(SourceError::Broken { at: 3500 });
        assert_eq!(read(&mut server, &[(0, 10_000)]), broken);
    }

    #[test]
    fn what_stays_broken_is_given_up() {
        let mut server = Server::of(10_000);
        server.breaks_after = Some(0);
        let broken = Err(SourceError::Broken { at: 5 });
        assert_eq!(read(&mut server, &[(5, 10)]), broken);
        assert_eq!(server.asked, [0, 5, 5]);
        // The pauses double.
        assert_eq!(server.pauses, [10, 20]);
    }

    #[test]
    fn a_server_that_is_busy_is_asked_again() {
        let mut server = Server::of(100);
        server.statuses = vec![503, 429];
        assert_eq!(read(&mut server, &[(0, 100)]), Ok(()));
        assert_eq!(server.pauses, [10, 20]);
        server.statuses = vec![500; 3];
        let busy = Err(SourceError::Status { code: 500 });
        assert_eq!(read(&mut server, &[]), busy);
    }

    #[test]
    fn refusals_are_final() {
        for (status, error) in [
            (
                404,
                SourceError::NotFound {
                    name: "x.pt".to_owned(),
                },
            ),
            (401, SourceError::Status { code: 401 }),
            (403, SourceError::Status { code: 403 }),
            (416, SourceError::Ended { at: 0 }),
        ] {
            let mut server = Server::of(100);
            server.statuses = vec![status];
            assert_eq!(read(&mut server, &[]), Err(error));
            assert_eq!(server.asked, [0]);
        }
        let mut server = Server::of(100);
        server.faults = vec![TransportError::Unreachable];
        assert_eq!(read(&mut server, &[]), Err(SourceError::Unreachable));
        server.faults = vec![TransportError::TimedOut { seconds: 3 }];
        let late = Err(SourceError::TimedOut { seconds: 3 });
        assert_eq!(read(&mut server, &[]), late);
    }

    #[test]
    fn what_an_answer_lacks_is_said_or_done_without() {
        let mut server = Server::of(100);
        server.hides = true;
        assert_eq!(read(&mut server, &[(0, 10), (50, 50), (20, 5)]), Ok(()));
        server.says_no_length = true;
        assert_eq!(read(&mut server, &[]), Err(SourceError::NoLength));
        server.media_type = "Text/HTML; charset=utf-8";
        assert_eq!(read(&mut server, &[]), Err(SourceError::WebPage));
    }

    #[test]
    fn a_file_that_changes_is_not_mixed() {
        let mut server = Server::of(10_000);
        server.changes = true;
        let ranges = [(5000, 10), (0, 10)];
        assert_eq!(read(&mut server, &ranges), Err(SourceError::Changed));
        // By its length, where a server hides its version.
        let mut server = Server::of(10_000);
        server.hides = true;
        let mut source = block_on(HttpSource::open(&mut server, "x.pt", RETRIES)).unwrap();
        block_on(source.read(5000, &mut [0; 10])).unwrap();
        source.transport.file.push(0);
        let changed = block_on(source.read(0, &mut [0; 10]));
        assert_eq!(changed, Err(SourceError::Changed));
    }

    #[test]
    fn nothing_is_read_beyond_the_end() {
        let mut server = Server::of(100);
        for (at, length) in [(90, 11), (101, 0), (u64::MAX, 1)] {
            let error = read(&mut server, &[(at, length)]);
            assert_eq!(error, Err(SourceError::Ended { at: 100 }));
        }
    }
}
