//! The README's figures: what the published page does in this machine's Chromium.
//!
//! `cargo xtask bench` builds the page and runs this.

use browser_tests::{Page, gzipped};

/// Refits that are measured.
const ROUNDS: usize = 201;

fn main() {
    let page = Page::open("");
    page.wait_for("document.querySelector('[data-parameter]')");
    let (mut raw, mut small) = (0, 0);
    println!("\n{:>9} {:>9}  first view", "bytes", "gzip");
    for request in page.requests() {
        let size = gzipped(&request.body);
        println!("{:>9} {size:>9}  /{}", request.body.len(), request.path);
        raw += request.body.len();
        small += size;
    }
    println!("{raw:>9} {small:>9}  in all");

    // The law of fig. 1: 25 points. Every choice refits; the page marks its own work.
    let page = Page::open("?v=1&table=plotted_frontier&family=clip");
    page.wait_for("document.querySelector('[data-parameter]')");
    page.eval("performance.clearMeasures()");
    for round in 0..ROUNDS {
        let interval = ["released", "honest"][round % 2];
        page.set_value("select[name='Interval']", interval);
    }
    let entries = page.eval("performance.getEntriesByName('refit:fit').map(e => e.duration)");
    let mut times: Vec<f64> = entries
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_f64)
        .collect();
    times.sort_by(f64::total_cmp);
    assert!(
        times.len() >= ROUNDS / 2,
        "only {} refits were marked",
        times.len()
    );
    let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
    println!(
        "\nrefit of one law, 25 points, selection and global search: median {:.2} ms, 5 % {:.2}, 95 % {:.2}, of {}",
        at(0.5),
        at(0.05),
        at(0.95),
        times.len()
    );
}
