//! Studies that are not bundled: at an address, dropped as a zip, wrong, and without a network.

use browser_tests::{Manner, Page, PageBuilder};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

/// Fitted parameters are on the page.
const FITTED: &str = "document.querySelector('[data-parameter=A]')";
/// Where the study is said to be; this test's own server stands in for the host.
const ADDRESS: &str = "https://raw.githubusercontent.com/owner/repository/main/study";
const STAND_IN: &str = "const real = fetch; globalThis.fetch = (what, how) => { \
    const address = String(what.url ?? what); \
    const host = 'https://raw.githubusercontent.com/'; \
    return address.startsWith(host) \
        ? real(new URL('elsewhere/' + address.slice(host.length), document.baseURI), how) : real(what, how); };";

/// The example of the docs.
fn example() -> Vec<(&'static str, String)> {
    let names = [
        "study.json",
        "runs.csv",
        "printed/laws.csv",
        "printed/predictions.csv",
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/example-study");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).expect(name);
    names.map(|name| (name, read(name))).to_vec()
}

/// A page whose server has the files where the address leads.
fn with(files: &[(&str, String)]) -> PageBuilder {
    let builder = Page::builder().before_load(STAND_IN).tolerate("404");
    files.iter().fold(builder, |builder, (name, text)| {
        let path = format!("elsewhere/owner/repository/main/study/{name}");
        builder.serve(&path, text.clone().into_bytes(), Manner::Whole)
    })
}

fn link(query: &str) -> String {
    format!(
        "?study={}{query}",
        ADDRESS.replace(':', "%3A").replace('/', "%2F")
    )
}

fn a(page: &Page) -> f64 {
    let value = page
        .attribute("[data-parameter=A]", "data-value")
        .expect("a value");
    value.parse().expect("a number")
}

#[test]
fn a_study_opens_by_address_and_again_without_a_network() {
    let page = with(&example())
        .tolerate("ERR_EMPTY_RESPONSE")
        .open(&link("&at=1e20"));
    page.wait_for("document.querySelector('h1').innerText === 'validation loss'");
    page.wait_for("document.querySelector('.law h3')?.innerText === 'Tiny'");
    assert!((a(&page) - 397.2).abs() < 0.05, "{}", a(&page));
    page.wait_for_text("Loss against compute in FLOPs");
    page.wait_for_text("1.998 nats");
    page.screenshot("study-light", 1280, 1200, false);
    page.screenshot("study-phone", 360, 800, true);
    // Its figures are among the figures, and lead back to it.
    page.go(&link("&page=figures"));
    page.wait_for_text("Tiny language models: an example");
    page.wait_for("[...document.querySelectorAll('.figure-card h3 a')].some(a => a.innerText === 'Loss over compute' && a.href.includes('study=https'))");
    // Its printed numbers are checked among those of all papers.
    page.go(&link("&page=verify&find=fig1%2FA"));
    page.wait_for("document.querySelector('main.verify').innerText.includes('397.2')");
    page.wait_for("navigator.serviceWorker.controller !== null");
    page.go_offline();
    page.go(&link("&frontier=all"));
    page.wait_for("document.querySelector('.law h3')?.innerText === 'Tiny'");
}

#[test]
fn a_wrong_study_is_told_and_leaves_the_rest() {
    let mut files = example();
    files[1].1 = files[1].1.replacen("3.192", "NaN", 1);
    let page = with(&files).open(&link(""));
    page.wait_for_text("The study is not well formed.");
    page.wait_for_text("runs.csv, line 2, column value: “NaN” is not a number");
    page.screenshot("study-wrong-light", 1280, 900, false);
    page.wait_for(FITTED);
    page.go("?study=https%3A%2F%2Fexample.org%2Fstudy");
    page.wait_for_text("A study can be opened from https://raw.githubusercontent.com/");
}

#[test]
fn a_dropped_zip_is_a_study() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in example() {
        let options = SimpleFileOptions::default();
        zip.start_file(format!("tiny-main/{name}"), options)
            .expect("a file");
        zip.write_all(text.as_bytes()).expect("written");
    }
    let bytes = zip.finish().expect("a zip").into_inner();
    let page = Page::open("?");
    page.wait_for(FITTED);
    page.eval(&format!(
        "(() => {{ const data = new DataTransfer(); \
         data.items.add(new File([new Uint8Array({bytes:?})], 'tiny.zip')); \
         document.body.dispatchEvent(new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }})); }})()"
    ));
    page.wait_for("location.search.includes('study=local%3Atiny')");
    page.wait_for("document.querySelector('.law h3')?.innerText === 'Tiny'");
    assert!((a(&page) - 397.2).abs() < 0.05, "{}", a(&page));
    // It is listed, and gone once it is deleted.
    page.go("?page=yours");
    page.wait_for("document.querySelector('[data-study=\"local:tiny\"]')");
    page.eval("document.querySelector('#studies').scrollIntoView()");
    page.screenshot("studies-light", 1280, 900, false);
    page.click("[data-study] button");
    page.wait_for("document.querySelector('[data-study]') === null");
    page.go("?study=local%3Atiny");
    page.wait_for_text("A study can be opened from");
}

#[test]
fn a_bundled_study_opens_from_the_list_a_link_and_a_table() {
    let page = Page::open("?table=llama3");
    page.wait_for("document.querySelector('h1').innerText.startsWith('validation set')");
    page.wait_for(FITTED);
    page.set_value("select[name='Study']", "datacomp");
    page.wait_for("document.querySelector('select[name=Measurements]').value === 'filtering'");
    page.wait_for("document.querySelector('main.explore canvas')");
    page.eval("history.back()");
    page.wait_for("document.querySelector('h1').innerText.startsWith('validation set')");
    page.go("?study=zoo");
    page.wait_for(
        "document.querySelector('select[name=Measurements]').value === 'published_models'",
    );
}
