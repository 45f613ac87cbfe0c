//! A static server that answers as GitHub Pages does.

use crate::files::{self, Counts};
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Component, Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// The folder that the page is served under: a project's site has one.
const BASE: &str = "/refit/";

/// One request that the browser made.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path below the site's folder, without its query.
    pub path: String,
    /// The status of the answer, if all goes well.
    pub status: u16,
    /// What was sent, but of files that misbehave.
    pub body: Vec<u8>,
}

/// A file that a site has beside the built page.
#[derive(Clone)]
pub struct Extra {
    /// The path below the site's folder.
    pub path: String,
    pub body: Vec<u8>,
    pub manner: Manner,
}

/// How an [`Extra`] is sent.
#[derive(Clone, Copy, PartialEq)]
pub enum Manner {
    Whole,
    /// The connection breaks off in the middle.
    Breaks,
    /// Nothing comes after the middle, and the connection stays open.
    Hangs,
}
/// Below the site, files that are served as misbehaving hosts do: `files/MANNER/FILE`
/// ([`crate::Files`]), from the folder of models.
const FILES: &str = "files";

/// The built page, served on a free port until the tests end.
///
/// A thread and an answer for each connection: a pool of threads that connections
/// keep for themselves leaves, now and then, a request that nobody reads.
pub struct Site {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    /// Nobody is answered any more.
    gone: Arc<AtomicBool>,
}

impl Site {
    /// Serves the folder that `REFIT_DIST` names.
    pub fn start() -> Self {
        Self::with(Vec::new())
    }

    /// The same, and more files.
    pub fn with(extras: Vec<Extra>) -> Self {
        let extras = Arc::new(extras);
        let dist = PathBuf::from(
            std::env::var_os("REFIT_DIST")
                .expect("REFIT_DIST names the built page: run `cargo xtask test --only browser`"),
        );
        assert!(
            dist.join("index.html").is_file(),
            "there is no page in {}: run `cargo xtask build`",
            dist.display()
        );
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let heard = Arc::clone(&requests);
        let gone = Arc::new(AtomicBool::new(false));
        let silent = Arc::clone(&gone);
        let counts = Arc::<Counts>::default();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if silent.load(Ordering::Relaxed) {
                    continue;
                }
                let (dist, heard) = (dist.clone(), Arc::clone(&heard));
                let (counts, extras) = (Arc::clone(&counts), Arc::clone(&extras));
                // The browser may leave early: its test says so, not the server.
                thread::spawn(move || answer(&stream, &dist, &heard, &extras, &counts));
            }
        });
        Self {
            address,
            requests,
            gone,
        }
    }

    /// The address of a path below the site's folder.
    pub fn address(&self, path: &str) -> String {
        format!("http://{}{BASE}{path}", self.address)
    }

    /// Hangs up on whoever asks from now on, as if there were no network.
    pub fn go_away(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// What was asked for so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// What a browser asks for.
pub(crate) struct Asked {
    /// The path, with its query.
    pub address: String,
    /// The first byte of the range, where one is asked for.
    pub from: Option<usize>,
    /// Without a body.
    pub only_head: bool,
}

impl Asked {
    /// Reads a request; there is none on a connection that was opened ahead of need, and closed.
    pub(crate) fn read(stream: &TcpStream) -> io::Result<Option<Self>> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let Some(address) = first.split(' ').nth(1) else {
            return Ok(None);
        };
        let mut asked = Asked {
            address: address.to_owned(),
            from: None,
            only_head: first.starts_with("HEAD "),
        };
        // What is left unread when a connection closes would reset it.
        while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
            let line = line.to_ascii_lowercase();
            if let Some(range) = line.strip_prefix("range: bytes=") {
                asked.from = range.split('-').next().and_then(|from| from.parse().ok());
            }
        }
        Ok(Some(asked))
    }
}

/// Reads one request and answers it with a file of the site, or its 404 page.
fn answer(
    mut stream: &TcpStream,
    dist: &Path,
    requests: &Mutex<Vec<Request>>,
    extras: &[Extra],
    counts: &Counts,
) -> io::Result<()> {
    let Some(mut asked) = Asked::read(stream)? else {
        return Ok(());
    };
    let below = asked.address.strip_prefix(BASE);
    if let Some(file) = below.and_then(|path| path.strip_prefix(FILES)) {
        requests.lock().unwrap().push(Request {
            path: format!("{FILES}{file}"),
            status: if asked.from.is_some() { 206 } else { 200 },
            body: Vec::new(),
        });
        asked.address = file.to_owned();
        return files::respond(stream, &asked, crate::model::folder(), counts);
    }
    let path = asked.address.split(['?', '#']).next().unwrap_or_default();
    let path = path.strip_prefix(BASE).unwrap_or("404");
    let file = match path.is_empty() || path.ends_with('/') {
        true => &format!("{path}index.html"),
        false => path,
    };
    let extra = extras.iter().find(|extra| extra.path == path);
    let found = extra.map(|extra| extra.body.clone());
    let (status, reason, file, body) = match found.or_else(|| read(dist, file)) {
        Some(body) => (200, "OK", file, body),
        None => {
            let body = read(dist, "404.html").unwrap_or_default();
            (404, "Not Found", "404.html", body)
        }
    };
    requests.lock().unwrap().push(Request {
        path: path.to_owned(),
        status,
        body: body.clone(),
    });
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        content_type(file),
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if asked.only_head {
        return Ok(());
    }
    match extra.map(|extra| extra.manner) {
        None | Some(Manner::Whole) => stream.write_all(&body),
        Some(manner) => {
            stream.write_all(&body[..body.len() / 2])?;
            // A browser drops what it has not handed on when a connection breaks.
            thread::sleep(Duration::from_millis(100));
            if manner == Manner::Hangs {
                while stream.read(&mut [0; 64])? > 0 {}
            }
            Ok(())
        }
    }
}

fn read(dist: &Path, file: &str) -> Option<Vec<u8>> {
    let inside = Path::new(file)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    inside.then(|| fs::read(dist.join(file)).ok())?
}

pub(crate) fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("csv") => "text/csv; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
