//! One model on several CPU workers, as on a machine with eight cores.

use super::{READY, drawn, drop_files};
use browser_tests::run::in_workers;
use browser_tests::{Page, PageBuilder};
use std::time::Duration;

/// The page and its workers see so many cores; then `script` runs in every worker.
fn builder(script: &str) -> PageBuilder {
    let cores = "Object.defineProperty(navigator, 'hardwareConcurrency', {value: 8});";
    in_workers(
        Page::builder().before_load(cores),
        &format!("{cores}{script}"),
    )
}

/// Divides the bundled model between so many workers.
fn divide(page: &Page, workers: usize) {
    page.wait_for(READY);
    page.set_value("select[name=Workers]", &workers.to_string());
    page.wait_for(&format!(
        "document.querySelector('.model-status')?.innerText.includes('divided between {workers} workers')"
    ));
}

#[test]
fn any_number_of_workers_computes_what_open_clip_does() {
    let page = builder("").open("?page=run");
    page.wait_for(READY);
    // Its parts would be too small to be worth it.
    let status = page.text(".model-status");
    assert!(status.contains("is ready on the CPU; "), "{status}");
    page.eval("document.querySelector('#device').open = true");
    for workers in [2, 3, 5, 8] {
        divide(&page, workers);
        page.wait_for("!document.querySelector('button.check').disabled");
        page.click("button.check");
        let checked = format!("The CPU, with {workers} workers, reproduces open_clip’s embeddings");
        page.wait_for_text(&checked);
        let sentence = page.text(".checked");
        // Less than 1e-6.
        let is_small = ["× 10⁻⁷", "× 10⁻⁸"]
            .iter()
            .any(|power| sentence.contains(power));
        assert!(is_small, "{sentence}");
        page.wait_for_text("10 of 10 images");
    }
    page.screenshot("run-workers-light", 1280, 900, false);
    page.screenshot("run-workers-dark", 1280, 900, true);
    page.screenshot("run-workers-phone", 360, 900, false);
    page.set_value("select[name=Workers]", "auto");
    page.wait_for("document.querySelector('.model-status')?.innerText.includes('on the CPU; ')");
}

/// Lets one of the workers that have a part of the model do this when the test says so.
fn one_peer(end: &str) -> String {
    format!(
        "if (self.name === 'peer') new BroadcastChannel('end').onmessage = () =>
            navigator.locks.request('end', {{ifAvailable: true}}, (lock) => {{
                if (lock) {{ {end} }}
                return lock && new Promise(() => {{}});
            }});"
    )
}

fn lose_one(script: &str, sentence: &str) {
    let page = builder(script)
        .tolerate("ended by the test")
        .open("?page=run");
    divide(&page, 3);
    page.wait_for_text("10 of 10 images");
    page.eval("new BroadcastChannel('end').postMessage('now')");
    drop_files(
        &page,
        &[drawn("first.png", 64, 64), drawn("second.png", 80, 64)],
    );
    page.wait_for_text(sentence);
    page.wait_for_text("The model was loaded again, and runs with 2 workers.");
    page.wait_for("document.querySelector('.count').innerText.startsWith('2 of 2')");
    page.wait_for("document.querySelector('.bars li')");
    assert!(!page.has(".model .error"));
    let status = page.text(".model-status");
    assert!(status.contains("divided between 2 workers"), "{status}");
}

#[test]
fn a_worker_that_dies_is_left_out() {
    let end = "setTimeout(() => { throw new Error('ended by the test'); })";
    lose_one(&one_peer(end), "ended by the test");
}

/// How long a leader waits for a worker.
const MINUTE_IS_SECOND: &str = "const real = setInterval;
    globalThis.setInterval = (tick, ms) => real(tick, ms / 60);";

#[test]
fn a_worker_that_never_answers_is_left_out() {
    let script = format!("{MINUTE_IS_SECOND}{}", one_peer("self.close()"));
    lose_one(&script, "no answer for 60 seconds");
}

#[test]
fn a_worker_that_cannot_start_is_left_out() {
    let script = "if (self.name === 'peer') throw new Error('ended by the test');";
    let page = builder(script)
        .tolerate("ended by the test")
        .open("?page=run");
    page.wait_for(READY);
    page.set_value("select[name=Workers]", "2");
    page.wait_for_text("10 of 10 images");
    let status = page.text(".model-status");
    assert!(status.contains("is ready on the CPU; "), "{status}");
}

/// A tab that the browser suspends answers when it goes on, however long that was.
#[test]
fn a_suspended_tab_goes_on() {
    let page = builder(MINUTE_IS_SECOND).open("?page=run");
    divide(&page, 2);
    page.wait_for_text("10 of 10 images");
    let files: Vec<String> = (0..40).map(|i| drawn("drawn.png", 64 + i, 64)).collect();
    drop_files(&page, &files);
    page.wait_for("document.querySelector('.count')?.innerText.includes('of 40')");
    page.suspend(true);
    // Twice as long as a worker that does not answer is waited for.
    std::thread::sleep(Duration::from_secs(2));
    page.suspend(false);
    page.wait_for("document.querySelector('.count').innerText.startsWith('40 of 40')");
    assert!(!page.has(".model .error"));
    let status = page.text(".model-status");
    assert!(status.contains("divided between 2 workers"), "{status}");
}
