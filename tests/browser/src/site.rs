//! A static server that answers as GitHub Pages does.

use std::{
    fs,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use tiny_http::{Header, Response, Server};

/// The folder that the page is served under: a project's site has one.
const BASE: &str = "/refit/";

/// One request that the browser made.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path below the site's folder, without its query.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// What was sent.
    pub body: Vec<u8>,
}

/// The built page, served on a free port until dropped.
pub struct Site {
    server: Arc<Server>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Site {
    /// Serves the folder that `REFIT_DIST` names.
    pub fn start() -> Self {
        let dist = PathBuf::from(
            std::env::var_os("REFIT_DIST")
                .expect("REFIT_DIST names the built page: run `cargo xtask test --only browser`"),
        );
        assert!(
            dist.join("index.html").is_file(),
            "there is no page in {}: run `cargo xtask build`",
            dist.display()
        );
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a free port"));
        let requests = Arc::default();
        thread::spawn({
            let (server, requests) = (Arc::clone(&server), Arc::clone(&requests));
            move || serve(&server, &dist, &requests)
        });
        Self { server, requests }
    }

    /// The address of a path below the site's folder.
    pub fn address(&self, path: &str) -> String {
        format!("http://{}{BASE}{path}", self.server.server_addr())
    }

    /// What was asked for so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn serve(server: &Server, dist: &Path, requests: &Mutex<Vec<Request>>) {
    for request in server.incoming_requests() {
        let path = request.url().split(['?', '#']).next().unwrap_or_default();
        let path = path.strip_prefix(BASE).unwrap_or("404").to_owned();
        let file = match path.as_str() {
            "" => "index.html",
            path => path,
        };
        let (status, file, body) = match read(dist, file) {
            Some(body) => (200, file, body),
            None => (404, "404.html", read(dist, "404.html").unwrap_or_default()),
        };
        requests.lock().unwrap().push(Request {
            path: path.clone(),
            status,
            body: body.clone(),
        });
        let kind = Header::from_bytes("Content-Type", content_type(file)).expect("a valid header");
        let answer = Response::from_data(body)
            .with_status_code(status)
            .with_header(kind);
        // The browser may have left: its test says so, not the server.
        let _ = request.respond(answer);
    }
}

fn read(dist: &Path, file: &str) -> Option<Vec<u8>> {
    let inside = Path::new(file)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    inside.then(|| fs::read(dist.join(file)).ok())?
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
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
