//! A server that fails in every way, as a script.

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
