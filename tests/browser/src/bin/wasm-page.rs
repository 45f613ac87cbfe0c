//! Reads the verdict off the page that `wasm-bindgen-test-runner` serves.
//!
//! `wasm-page ADDRESS` waits for the server, opens its page in Chromium, prints
//! the tests' output and fails when they did.

// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::{
    net::TcpStream,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use browser_tests::{Files, Page};

const PATIENCE: Duration = Duration::from_secs(600);

/// What the tests of checkpoints read from a server.
const CHECKPOINTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../crates/clip/tests/reference/containers"
);

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1) else {
        eprintln!("usage: wasm-page 127.0.0.1:PORT");
        return ExitCode::FAILURE;
    };
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(&address).is_err() {
        if Instant::now() > deadline {
            eprintln!("nothing answers at {address}");
            return ExitCode::FAILURE;
        }
        thread::sleep(Duration::from_millis(100));
    }
    // Tests may make the browser complain; their own verdict is what counts.
    let files = Files::start(CHECKPOINTS);
    let page = Page::builder()
        .before_load(&format!("globalThis.files = '{}'", files.address()))
        .patience(PATIENCE)
        .tolerate("")
        .open_address(&format!("http://{address}/"));
    page.wait_for("document.querySelector('#output').textContent.includes('test result: ')");
    let output = page.text("#output");
    println!("{output}");
    match output.contains("test result: ok") {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
