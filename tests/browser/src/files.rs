//! A server of files for pages of other origins, which misbehaves as its paths say.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use crate::model::{self, FormulaFile};
use crate::site::{Asked, content_type};

/// Bytes of an answer that breaks off.
const PIECE: usize = 10_000;
/// Bytes of a formula that are worked out at a time.
const CHUNK: usize = 1 << 20;

/// The files of a folder, and [`model::FULL_SIZE`], at `/MANNER/FILE`, until the program ends.
/// Manners:
///
/// - `honest`: with ranges; `404` where there is no such file
/// - `isolated`: the same, and pages have shared memory (COOP, COEP)
/// - `hiding`: as `honest`, but a page sees neither `Content-Range` nor `ETag`
/// - `whole`: without ranges
/// - `breaking`: an answer breaks off after 10,000 bytes
/// - `stuck`: what is beyond the file's middle never comes
/// - `changing`: breaks off, and is another file with every request
/// - `hanging`: the same, but the connection stays open
/// - `silent`: does not answer
/// - `private`: lets no other origin's page read
/// - `page`: a web page instead of the file
/// - `short`: half of the file
/// - `cutting`: an answer breaks off after 4,000,000 bytes
/// - `halving`: an answer that begins in the file's first half ends with that half
/// - `slow`: 2 MB a second
/// - `dripping`: a byte now and then; `/drips` tells how many such answers are under way
pub struct Files {
    address: SocketAddr,
}

#[derive(Default)]
pub(crate) struct Counts {
    requests: AtomicUsize,
    drips: AtomicUsize,
}

impl Files {
    /// Serves a folder on a free port.
    pub fn start(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let counts = Arc::<Counts>::default();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, counts) = (folder.clone(), Arc::clone(&counts));
                // The browser may leave early: its test says so, not the server.
                thread::spawn(move || answer(&stream, &folder, &counts));
            }
        });
        Self { address }
    }

    /// The address before `/MANNER/FILE`.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn answer(stream: &TcpStream, folder: &Path, counts: &Counts) -> io::Result<()> {
    match Asked::read(stream)? {
        Some(asked) => respond(stream, &asked, folder, counts),
        None => Ok(()),
    }
}

/// What a file has in it.
enum Content {
    Bytes(Vec<u8>),
    Formula(&'static FormulaFile),
}

impl Content {
    fn of(folder: &Path, file: &str) -> Option<Self> {
        match file {
            model::FULL_SIZE => Some(Content::Formula(model::full_size())),
            file => fs::read(folder.join(file)).ok().map(Content::Bytes),
        }
    }

    fn size(&self) -> usize {
        match self {
            Content::Bytes(bytes) => bytes.len(),
            Content::Formula(file) => file.size() as usize,
        }
    }

    fn send(&self, mut stream: &TcpStream, range: Range<usize>) -> io::Result<()> {
        match self {
            Content::Bytes(bytes) => stream.write_all(&bytes[range]),
            Content::Formula(file) => {
                let mut buffer = vec![0; CHUNK];
                let mut starts = range.clone().step_by(CHUNK);
                starts.try_for_each(|at| {
                    let bytes = &mut buffer[..CHUNK.min(range.end - at)];
                    file.fill(at as u64, bytes);
                    stream.write_all(bytes)
                })
            }
        }
    }
}

/// Answers a request for `/MANNER/FILE`.
pub(crate) fn respond(
    mut stream: &TcpStream,
    asked: &Asked,
    folder: &Path,
    counts: &Counts,
) -> io::Result<()> {
    let request = counts.requests.fetch_add(1, SeqCst);
    let mut parts = asked.address.trim_start_matches('/').splitn(2, '/');
    let manner = parts.next().unwrap_or_default();
    let file = parts.next().unwrap_or_default();
    let file = file.split('?').next().unwrap_or_default();
    let open = "Access-Control-Allow-Origin: *\r\n";
    let short = |stream: &mut &TcpStream, status: &str, media: &str, body: &str| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{open}Connection: close");
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())
    };
    match manner {
        "drips" => {
            let drips = counts.drips.load(SeqCst).to_string();
            return short(&mut stream, "200 OK", "text/plain", &drips);
        }
        "page" => return short(&mut stream, "200 OK", "text/html", "<!doctype html>"),
        "silent" => return wait_for_end(stream),
        _ => {}
    }
    let Some(content) = Content::of(folder, file) else {
        return short(&mut stream, "404 Not Found", "text/plain", "");
    };
    let size = match manner {
        "short" => content.size() / 2,
        _ => content.size(),
    };
    let from = asked.from.filter(|_| manner != "whole");
    let first = from.unwrap_or(0).min(size);
    let mut head = match from {
        None => "HTTP/1.1 200 OK\r\n".to_owned(),
        Some(from) if from >= size => {
            format!("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{size}\r\n")
        }
        Some(from) => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{size}\r\n",
            size - 1
        ),
    };
    let version = if manner == "changing" { request } else { 0 };
    head += &format!(
        "Content-Type: {}\r\nContent-Length: {}\r\nETag: \"{version}\"\r\nConnection: close\r\n",
        content_type(file),
        size - first
    );
    if manner != "private" {
        head += open;
    }
    if manner == "isolated" {
        head += "Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Embedder-Policy: require-corp\r\n";
    }
    if manner != "hiding" {
        head += "Access-Control-Expose-Headers: Content-Range, ETag\r\n";
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let send = |range: Range<usize>| content.send(stream, range);
    let half = first.max(size / 2);
    match manner {
        "breaking" | "changing" | "stuck" | "cutting" | "halving" => {
            let end = match manner {
                "stuck" => half,
                "halving" if first < half => half,
                "halving" => size,
                "cutting" => size.min(first + 4_000_000),
                _ => size.min(first + PIECE),
            };
            send(first..end)?;
            // A browser drops what it has not handed on when a connection breaks.
            thread::sleep(Duration::from_millis(100));
            Ok(())
        }
        "hanging" => {
            send(first..half)?;
            wait_for_end(stream)
        }
        "slow" => (first..size).step_by(100_000).try_for_each(|at| {
            thread::sleep(Duration::from_millis(50));
            send(at..size.min(at + 100_000))
        }),
        "dripping" => {
            counts.drips.fetch_add(1, SeqCst);
            let dripped = (first..size).try_for_each(|at| {
                thread::sleep(Duration::from_millis(5));
                send(at..at + 1)
            });
            counts.drips.fetch_sub(1, SeqCst);
            dripped
        }
        _ => send(first..size),
    }
}

/// Until the browser closes the connection.
fn wait_for_end(mut stream: &TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 64])? > 0 {}
    Ok(())
}
