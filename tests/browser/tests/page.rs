//! The built page, as a reader's browser sees it.

use std::io::Write;

use browser_tests::{Page, Request};
use flate2::{Compression, write::GzEncoder};

/// What the first view may cost, compressed.
const BUDGET: usize = 350_000;

/// Takes WebAssembly away, as a locked-down browser does.
const NO_WEBASSEMBLY: &str = "delete globalThis.WebAssembly";

/// The program has replaced the static text, whose notice goes with it.
const STARTED: &str = "!document.querySelector('#boot-status')";

#[test]
fn the_page_starts_without_complaints() {
    let page = Page::open("");
    page.wait_for(STARTED);
    assert_eq!(page.text("h1"), "Refit");
    page.screenshot("start-light", 1280, 900, false);
    page.screenshot("start-dark-narrow", 320, 720, true);
}

#[test]
fn without_webassembly_the_printed_coefficients_stay() {
    let page = Page::builder().before_load(NO_WEBASSEMBLY).open("");
    page.wait_for_text("does not run WebAssembly");
    assert!(page.text("main").contains("A = 57.862083"));
    assert_eq!(
        page.eval("document.querySelectorAll('.printed tbody tr').length"),
        12
    );
    page.screenshot("static-light", 1280, 900, false);
    page.screenshot("static-dark-narrow", 320, 720, true);
    let wide = page.eval("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(wide, false, "the page scrolls sideways");
}

#[test]
fn a_program_that_does_not_arrive_is_explained() {
    let fail = "globalThis.fetch = () => Promise.reject(new TypeError('no network'))";
    let page = Page::builder()
        .before_load(fail)
        .tolerate("could not be loaded")
        .tolerate("preload")
        .open("");
    page.wait_for_text("could not be loaded");
    assert!(page.text("main").contains("A = 57.862083"));
}

#[test]
fn an_unknown_address_leads_back() {
    let page = Page::builder().tolerate("404").open("no-such-page");
    assert!(page.text("h1").contains("no page at this address"));
    page.click("a");
    page.wait_for(STARTED);
}

#[test]
fn the_first_view_keeps_its_budget() {
    let page = Page::open("");
    page.wait_for(STARTED);
    let requests = page.requests();
    let mut total = 0;
    println!("{:>9} {:>9}  the first view", "bytes", "gzip");
    for Request { path, status, body } in &requests {
        assert_eq!(*status, 200, "{path}");
        let size = gzipped(body);
        total += size;
        println!("{:>9} {size:>9}  /{path}", body.len());
    }
    println!("{:>9} {total:>9}  of {BUDGET}", "");
    let mut paths: Vec<_> = requests.iter().map(|request| &request.path).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), requests.len(), "a file was sent twice");
    assert!(total <= BUDGET, "{total} bytes exceed {BUDGET}");
}

fn gzipped(body: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("memory takes it");
    encoder.finish().expect("memory takes it").len()
}
