//! The harness of the browser tests: `dist/` served as GitHub Pages serves it,
//! read by a real Chromium.
//!
//! `REFIT_DIST` names the built page and `REFIT_CHROME` the browser;
//! `cargo xtask test` sets both.
//!
//! ```no_run
//! let page = browser_tests::Page::open("?");
//! page.wait_for("document.querySelector('h1')");
//! assert_eq!(page.text("h1"), "Refit");
//! // Dropping the page fails the test if the browser complained.
//! ```

// Helpers of tests fail as tests do.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod files;
pub mod model;
mod page;
pub mod run;
mod site;

pub use files::Files;
pub use page::{Page, PageBuilder};
pub use site::{Extra, Manner, Request, Site};

use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// Takes the service worker away, which asks for all files once the first view is there.
pub const NO_WORKER: &str = "Object.defineProperty(navigator, 'serviceWorker', {value: undefined})";

/// Size in bytes after gzip at its best, about what a host that compresses sends.
pub fn gzipped(body: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("memory takes it");
    encoder.finish().expect("memory takes it").len()
}
