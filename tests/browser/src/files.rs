//! A server of files for pages of other origins, which misbehaves as its paths say.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use crate::site::{Asked, content_type};

/// Bytes of an answer that breaks off.
const PIECE: usize = 10_000;

/// The files of a folder, at `/MANNER/FILE`, until the program ends. Manners:
///
/// - `honest`: with ranges; `404` where there is no such file
/// - `hiding`: the same, but a page sees neither `Content-Range` nor `ETag`
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
    let Ok(mut bytes) = fs::read(folder.join(file)) else {
        return short(&mut stream, "404 Not Found", "text/plain", "");
    };
    if manner == "short" {
        bytes.truncate(bytes.len() / 2);
    }
    let size = bytes.len();
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
    if manner != "hiding" {
        head += "Access-Control-Expose-Headers: Content-Range, ETag\r\n";
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let rest = &bytes[first..];
    match manner {
        "breaking" | "changing" | "stuck" | "cutting" => {
            let end = match manner {
                "stuck" => size / 2,
                "cutting" => size.min(first + 4_000_000),
                _ => size.min(first + PIECE),
            };
            stream.write_all(&bytes[first.min(end)..end])?;
            // A browser drops what it has not handed on when a connection breaks.
            thread::sleep(Duration::from_millis(100));
            Ok(())
        }
        "hanging" => {
            stream.write_all(&bytes[first.min(size / 2)..size / 2])?;
            wait_for_end(stream)
        }
        "slow" => rest.chunks(100_000).try_for_each(|piece| {
            thread::sleep(Duration::from_millis(50));
            stream.write_all(piece)
        }),
        "dripping" => {
            counts.drips.fetch_add(1, SeqCst);
            let dripped = rest.iter().try_for_each(|byte| {
                thread::sleep(Duration::from_millis(5));
                stream.write_all(&[*byte])
            });
            counts.drips.fetch_sub(1, SeqCst);
            dripped
        }
        _ => stream.write_all(rest),
    }
}

/// Until the browser closes the connection.
fn wait_for_end(mut stream: &TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 64])? > 0 {}
    Ok(())
}
