//! The README's figures: what the published page does in this machine's Chromium.
//!
//! `cargo xtask bench` builds the page and runs this, after the native benchmark. `REFIT_SPEED` is
//! where the same work runs in Chromium, `REFIT_PEERS` what SciPy needs for it, `REFIT_RUNS` the file of
//! the benchmark that reads runs.

// A benchmark that cannot go on stops.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod models;

use browser_tests::{Manner, NO_WORKER, Page, gzipped};
use serde_json::Value;
use std::time::Duration;

/// Refits that are measured.
const ROUNDS: usize = 201;

/// Criterion's median of a benchmark, in milliseconds.
fn native(name: &str) -> Option<f64> {
    // Criterion keeps one folder a benchmark, with the slash of its name as another character.
    let folder = name.replace('/', "_");
    let path = format!("target/criterion/{folder}/new/estimates.json");
    let estimates: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    Some(estimates["median"]["point_estimate"].as_f64()? / 1e6)
}

fn speed() {
    let Ok(address) = std::env::var("REFIT_SPEED") else {
        return;
    };
    let page = Page::builder()
        .patience(Duration::from_secs(300))
        .tolerate("")
        .open_address(&format!("http://{address}/"));
    page.wait_for("document.querySelector('#output').textContent.includes('test result: ')");
    let browser: Value = serde_json::from_str(&page.text("#speed")).expect("times");
    let peers: Value = std::env::var("REFIT_PEERS")
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    println!(
        "\n{:<26} {:>12} {:>12} {:>12} {:>12}",
        "ms", "native", "Chromium", "SciPy", "SciPy ÷ Chr."
    );
    for (name, time) in browser.as_object().expect("times by name") {
        let chromium = time.as_f64().expect("a time");
        let native = native(name).map_or("–".to_owned(), |t| format!("{t:.3}"));
        // The best fit stands against the search that the study needs for it.
        let peer = match name.as_str() {
            "fit/ade20k" => &peers["released-search/ade20k"],
            name => &peers[name],
        };
        let (peer, ratio) = match peer.as_f64() {
            Some(s) => (
                format!("{:.1}", 1e3 * s),
                format!("{:.0}", 1e3 * s / chromium),
            ),
            None => ("–".to_owned(), "–".to_owned()),
        };
        println!("{name:<26} {native:>12} {chromium:>12.3} {peer:>12} {ratio:>12}");
    }
    if let Some(one) = peers["one-start/ade20k"].as_f64() {
        println!(
            "one SciPy start from the optimum: {:.1} ms; its search ends at the mean squared error {}",
            1e3 * one,
            peers["mse"]
        );
    }
}

/// Lists the tasks that block the page for more than 50 ms, in ms.
const TASKS: &str = "globalThis.tasks = []; new PerformanceObserver(list => \
    tasks.push(...list.getEntries().map(e => e.duration))).observe({ type: 'longtask' })";

/// How many tasks there were beyond 50 ms, and the longest.
fn tasks(page: &Page) -> String {
    match sorted(&page.eval("globalThis.tasks")).as_slice() {
        [] => "no task longer than 50 ms".to_owned(),
        all @ [.., longest] => format!(
            "{} tasks longer than 50 ms, the longest {longest}",
            all.len()
        ),
    }
}

/// A bootstrap of 1,000 in the page: how long it takes, and the longest task that it blocks for.
fn responsive() {
    let page = Page::builder()
        .before_load(TASKS)
        .open("?v=2&table=plotted_frontier&family=clip");
    page.wait_for("document.querySelector('[data-parameter]')");
    page.eval("document.querySelector('#certainty').open = true");
    page.wait_for("document.querySelector('#certainty td')");
    page.wait_for("!document.querySelector('#certainty progress')");
    page.eval("globalThis.tasks = []");
    page.click("#certainty .choices button");
    page.wait_for_text("1000 resamples fitted");
    let time = page.eval("performance.getEntriesByName('refit:bootstrap').pop().duration");
    println!(
        "\n1,000 resamples in the page: {time} ms with the page's turns in between; {}",
        tasks(&page)
    );
}

/// A reader's file of 3 million rows: how long reading it takes, what memory, and how long the
/// page is blocked at a time; the same after a reload.
fn reading() {
    let file = std::env::var("REFIT_RUNS").ok();
    let Some(file) = file.and_then(|path| std::fs::read(path).ok()) else {
        return;
    };
    let page = Page::builder()
        .before_load(TASKS)
        .patience(Duration::from_secs(300))
        .serve("runs.csv.gz", file, Manner::Whole)
        .open("?v=2&page=yours");
    page.wait_for_text("Drop files anywhere");
    page.eval(
        "(async () => {
            const blob = await (await fetch('runs.csv.gz')).blob();
            const data = new DataTransfer();
            data.items.add(new File([blob], 'runs.csv.gz'));
            tasks = [];
            globalThis.since = performance.now();
            for (const kind of ['dragover', 'drop'])
                document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
        })()",
    );
    let before = page.peak_memory("renderer");
    page.wait_for("document.querySelector('[data-import]')");
    let seconds = |page: &Page| {
        let time = page.eval("performance.now() - globalThis.since").as_f64();
        time.unwrap_or_default() / 1e3
    };
    println!(
        "\na file of 3 million rows in the page: {:.1} s; {}",
        seconds(&page),
        tasks(&page)
    );
    println!("  {}", page.text("[data-import] [role=status]"));
    let more = page.peak_memory("renderer").zip(before);
    if let Some((after, before)) = more {
        println!(
            "  {:.0} MB of memory above the page's own {before:.0}",
            after - before
        );
    }
    page.wait_for("document.querySelector('[data-files=\"1\"]')");
    page.go("?v=2&table=sweep");
    page.eval("globalThis.since = 0");
    page.wait_for("document.querySelector('[data-parameter]')");
    println!(
        "  reloaded, its view is there after {:.1} s; {}",
        seconds(&page),
        tasks(&page)
    );
}

/// 1,431 marks: what drawing them takes, and how many frames a second there are while they are
/// moved by hand, zoomed by the wheel and hovered over.
fn drawing() {
    let page = Page::open("?v=2&table=segmentation");
    page.wait_for("document.querySelector('[data-parameter]')");
    // The wheel zooms where the chart has the focus.
    page.eval("document.querySelector('.canvas canvas:last-of-type').focus()");
    // One event a frame, as a mouse at rest would; the time of each frame.
    page.eval(
        "globalThis.frames = (event, options) => new Promise(done => {
            const canvas = document.querySelector('.canvas canvas:last-of-type');
            const { left, top, width, height } = canvas.getBoundingClientRect();
            const times = [];
            let i = 0;
            const turn = now => {
                times.push(now);
                if (i === 120) return done(times.slice(1).map((t, j) => t - times[j]));
                const at = { clientX: left + width / 2 + 100 * Math.sin(i / 9), clientY: top + height / 2 };
                canvas.dispatchEvent(new (event === 'wheel' ? WheelEvent : PointerEvent)(event,
                    { ...at, bubbles: true, cancelable: true, pointerId: 1, ...options(i) }));
                i += 1;
                requestAnimationFrame(turn);
            };
            requestAnimationFrame(turn);
        })",
    );
    let frames = |event: &str, options: &str| {
        page.eval("performance.clearMeasures('refit:draw')");
        let times = sorted(&page.eval(&format!("frames('{event}', i => ({{{options}}}))")));
        let draws =
            sorted(&page.eval("performance.getEntriesByName('refit:draw').map(e => e.duration)"));
        (times, draws)
    };
    println!(
        "\n1,431 marks: frames a second (the slowest frame in ms), draws (median, slowest in ms)"
    );
    for (what, event, options) in [
        ("hover", "pointermove", ""),
        ("zoom", "wheel", "deltaY: i % 40 < 20 ? -30 : 30"),
        ("move", "pointermove", ""),
    ] {
        if what == "move" {
            page.eval(
                "document.querySelector('.canvas canvas:last-of-type').dispatchEvent(new PointerEvent('pointerdown',
                    { bubbles: true, pointerId: 1, clientX: 640, clientY: 500 }))",
            );
        }
        let (times, draws) = frames(event, options);
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        let slowest = times.last().copied().unwrap_or_default();
        print!(
            "{what:<6} {:>5.1} ({slowest:.1})  {:>4} draws",
            1e3 / mean,
            draws.len()
        );
        match draws.as_slice() {
            [] => println!(),
            [.., last] => println!(" ({:.1}, {last:.1})", draws[draws.len() / 2]),
        }
    }
}

fn sorted(times: &Value) -> Vec<f64> {
    let times = times.as_array().into_iter().flatten();
    let mut times: Vec<f64> = times.filter_map(Value::as_f64).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn main() {
    speed();
    responsive();
    reading();
    drawing();
    let page = Page::builder().before_load(NO_WORKER).open("?");
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
    let page = Page::open("?v=2&table=plotted_frontier&family=clip");
    page.wait_for("document.querySelector('[data-parameter]')");
    page.eval("performance.clearMeasures()");
    for round in 0..ROUNDS {
        let interval = ["released", "honest"][round % 2];
        page.set_value("select[name='Interval']", interval);
    }
    let entries = page.eval("performance.getEntriesByName('refit:fit').map(e => e.duration)");
    let times = sorted(&entries);
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
    models::run();
}
