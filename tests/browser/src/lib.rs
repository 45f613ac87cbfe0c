//! The harness of the browser tests: `dist/` served as GitHub Pages serves it,
//! read by a real Chromium.
//!
//! `REFIT_DIST` names the built page and `REFIT_CHROME` the browser;
//! `cargo xtask test` sets both.
//!
//! ```no_run
//! let page = browser_tests::Page::open("");
//! page.wait_for("document.querySelector('h1')");
//! assert_eq!(page.text("h1"), "Refit");
//! // Dropping the page fails the test if the browser complained.
//! ```

mod page;
mod site;

pub use page::{Page, PageBuilder};
pub use site::{Request, Site};
