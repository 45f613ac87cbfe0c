//! The README's figures of the models: engines side by side in this machine's Chromium.
//!
//! `cargo xtask bench --clip` builds the engine's page and runs this. `REFIT_CLIP` is the folder
//! of the page and the checkpoint; with `REFIT_PEERS`, PyTorch's times as JSON, it also holds
//! onnxruntime-web and its models. Every engine has a browser of its own, all stay open, and a
//! round runs each of them once, so that ratios hold on a machine that is shared. Last, what a
//! caption of a MaMMUT takes, in pictures.

// A benchmark that cannot go on stops.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use browser_tests::{Files, Page};
use serde_json::Value;
use std::time::Duration;

/// What is run: an expression, rounds at most, and a name.
const JOBS: [(&str, usize, &str); 3] = [
    ("clipBench.encodeImage(pictures(1), 1)", 15, "1 picture"),
    ("clipBench.encodeImage(pictures(8), 8)", 5, "8 pictures"),
    ("clipBench.encodeText(texts(10), 10)", 5, "10 × 77"),
];

/// An engine that has spent so many milliseconds on a job does not run it again.
const ENOUGH: f64 = 45_000.0;

/// How far an engine's embeddings may be from open_clip's for its times to count.
const WRONG: f64 = 1e-3;

const REFERENCE: &str =
    include_str!("../../../../crates/clip/tests/reference/formula_ViT-B-32.json");

/// Inputs: the reference's first pictures, which need no resizing, and texts of 77 tokens; and
/// the largest difference from the reference's first picture and its texts.
const DRIVER: &str = r#"
globalThis.pictures = (n) => {
    const mean = [0.48145466, 0.4578275, 0.40821073], std = [0.26862954, 0.26130258, 0.27577711];
    const size = 224, all = new Float32Array(n * 3 * size * size);
    for (let k = 0, i = 0; k < n; k++)
        for (let c = 0; c < 3; c++)
            for (let y = 0; y < size; y++)
                for (let x = 0; x < size; x++, i++) {
                    const value = 0.5 + 0.25 * Math.sin(0.05 * (c + 1) * x + k) + 0.25 * Math.cos(0.03 * (c + 2) * y + 2 * k);
                    const byte = Math.min(255, Math.max(0, Math.floor(255 * value + 0.5)));
                    all[i] = (Math.fround(byte / 255) - Math.fround(mean[c])) / Math.fround(std[c]);
                }
    return all;
};
globalThis.texts = (n) => Int32Array.from({ length: n * 77 }, (_, i) => {
    const at = i % 77;
    return at === 0 ? 49406 : at === 76 ? 49407 : 320 + 7 * at + Math.floor(i / 77);
});
globalThis.difference = async (images, ids, texts) => {
    const picture = (await clipBench.encodeImage(pictures(1), 1)).data;
    const padded = Int32Array.from({ length: ids.length * 77 }, (_, i) => ids[Math.floor(i / 77)][i % 77] ?? 0);
    const units = (await clipBench.encodeText(padded, ids.length)).data;
    const far = (a, b) => b.reduce((most, x, i) => Math.max(most, Number.isNaN(a[i]) ? 1 : Math.abs(a[i] - x)), 0);
    return Math.max(far(picture, images[0]), far(units, texts.flat()));
};
"#;

/// Tokens of a caption; pictures and captions in turns.
const TOKENS: usize = 20;
/// What a caption is written on, its name and rounds.
const CAPTIONS: [(&str, &str, usize); 3] = [
    ("cpu&workers=1", "CPU, 1 worker", 9),
    ("cpu&workers=2", "CPU, 2 workers", 9),
    ("gpu", "WebGPU", 3),
];

/// Pages of engines: a name and an address.
type Pages = [(&'static str, &'static str)];

const OURS: &Pages = &[
    ("Refit, 1 worker", "honest/bench.html?backend=cpu&workers=1"),
    (
        "Refit, 2 workers",
        "honest/bench.html?backend=cpu&workers=2",
    ),
    ("Refit, WebGPU", "honest/bench.html?backend=gpu"),
];
/// A host that sends no headers gives onnxruntime-web one thread.
const THEIRS: &Pages = &[
    (
        "onnxruntime-web, 1 thread",
        "honest/onnxruntime.html?backend=wasm",
    ),
    (
        "onnxruntime-web, 2 threads",
        "isolated/onnxruntime.html?backend=wasm&threads=2",
    ),
    (
        "onnxruntime-web, WebGPU",
        "honest/onnxruntime.html?backend=webgpu",
    ),
];
/// Which of all engines' times are divided by which.
const RATIOS: [(usize, usize); 5] = [(0, 1), (3, 0), (3, 1), (4, 1), (5, 2)];

struct Engine {
    name: &'static str,
    page: Page,
    /// Seconds of loading, milliseconds of the first picture.
    load: f64,
    first: f64,
    difference: f64,
    /// The page's memory before the load, in MB.
    before: Option<f64>,
    /// Times in milliseconds of each job.
    times: [Vec<f64>; 3],
}

/// Runs a promise to its end, and how many milliseconds that took.
fn run(page: &Page, promise: &str) -> (f64, Value) {
    page.eval(&format!(
        "globalThis.done = undefined; globalThis.begun = performance.now();
         Promise.resolve({promise}).then(
             (value) => globalThis.done = [performance.now() - begun, typeof value === 'number' ? value : null],
             (error) => globalThis.done = String(error));
         null"
    ));
    page.wait_for("globalThis.done !== undefined");
    let done = page.eval("globalThis.done");
    match done[0].as_f64() {
        Some(ms) => (ms, done[1].clone()),
        None => panic!("{promise}: {done}"),
    }
}

fn open(files: &Files, address: &str) -> Page {
    let page = Page::builder()
        .patience(Duration::from_secs(600))
        .tolerate("")
        .open_address(&format!("{}/{address}", files.address()));
    page.wait_for("globalThis.clipBenchReady");
    page.eval(&format!("{DRIVER}; null"));
    page
}

/// What a caption of a MaMMUT ViT-B/32 takes beside a picture's unit vector.
fn captions(files: &Files) {
    println!(
        "\n{:<26} {:>10} {:>10} {:>10}",
        "MaMMUT ViT-B/32 f32, ms", "1 picture", "a caption", "÷"
    );
    for (backend, name, rounds) in CAPTIONS {
        let weights = "mammut_ViT-B-32.safetensors";
        let address = format!("honest/bench.html?backend={backend}&weights={weights}&captions");
        let page = open(files, &address);
        run(&page, "clipBench.load()");
        let picture = || run(&page, "clipBench.encodeImage(pictures(1), 1)").0;
        let promise =
            format!("clipBench.caption(pictures(1), {TOKENS}).then(({{ data }}) => data)");
        let caption = || {
            let (ms, tokens) = run(&page, &promise);
            assert_eq!(tokens.as_f64(), Some(TOKENS as f64), "it ended before");
            ms
        };
        // The first of each compiles.
        picture();
        caption();
        let times: Vec<(f64, f64)> = (0..rounds).map(|_| (picture(), caption())).collect();
        let [pictures, captions, ratios] = [
            |(picture, _): &(f64, f64)| *picture,
            |(_, caption): &(f64, f64)| *caption,
            |(picture, caption): &(f64, f64)| caption / picture,
        ]
        .map(|of| median(&times.iter().map(of).collect::<Vec<_>>()));
        println!("{name:<26} {pictures:>10.0} {captions:>10.0} {ratios:>10.2}");
    }
}

fn start(files: &Files, name: &'static str, address: &str) -> Engine {
    let page = open(files, address);
    let before = page.peak_memory("renderer");
    let (load, _) = run(&page, "clipBench.load()");
    let (first, _) = run(&page, JOBS[0].0);
    let reference: Value = serde_json::from_str(REFERENCE).expect("the reference");
    let [images, ids, texts] = ["image_embeddings", "token_ids", "text_embeddings"]
        .map(|name| reference[name].to_string());
    let (_, difference) = run(&page, &format!("difference({images}, {ids}, {texts})"));
    let difference = difference.as_f64().unwrap_or(f64::NAN);
    println!(
        "{name}: loaded in {:.1} s, off by {difference:.1e}",
        load / 1e3
    );
    Engine {
        name,
        page,
        load: load / 1e3,
        first,
        difference,
        before,
        times: Default::default(),
    }
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let folder = std::env::var("REFIT_CLIP").expect("`cargo xtask bench --clip` sets REFIT_CLIP");
    let files = Files::start(folder);
    let peers = std::env::var("REFIT_PEERS").ok();
    compare(
        &files,
        peers.map(|text| serde_json::from_str(&text).expect("times of PyTorch")),
    );
    captions(&files);
}

/// The engines beside each other, onnxruntime-web and PyTorch's times where there are `peers`.
fn compare(files: &Files, peers: Option<Value>) {
    let theirs = if peers.is_some() { THEIRS } else { &[] };
    let pages = OURS.iter().chain(theirs);
    let mut engines: Vec<Engine> = pages
        .map(|(name, address)| start(files, name, address))
        .collect();
    for (job, (promise, rounds, name)) in JOBS.into_iter().enumerate() {
        for _ in 0..rounds {
            for engine in &mut engines {
                if engine.times[job].iter().sum::<f64>() > ENOUGH {
                    continue;
                }
                let (ms, _) = run(&engine.page, promise);
                engine.times[job].push(ms);
                println!("{name}, {}: {ms:.0} ms", engine.name);
            }
        }
    }
    println!(
        "\n{:<26} {:>8} {:>10} {:>10} {:>10} {:>10} {:>9} {:>20}",
        "ViT-B/32 f32, ms",
        "load s",
        "first",
        JOBS[0].2,
        JOBS[1].2,
        JOBS[2].2,
        "max |Δ|",
        "MB: page, peak, GPU"
    );
    for engine in &engines {
        let [one, eight, ten] = engine.times.each_ref().map(|times| median(times));
        let peaks = ["renderer", "gpu-process"].map(|kind| engine.page.peak_memory(kind));
        let memory = [engine.before, peaks[0], peaks[1]];
        let memory = memory.map(|mb| mb.map_or("–".to_owned(), |mb| format!("{mb:.0}")));
        let wrong = if engine.difference < WRONG {
            ""
        } else {
            "  WRONG VALUES"
        };
        println!(
            "{:<26} {:>8.1} {:>10.0} {one:>10.0} {eight:>10.0} {ten:>10.0} {:>9.1e} {:>20}{wrong}",
            engine.name,
            engine.load,
            engine.first,
            engine.difference,
            memory.join(" "),
        );
    }
    if let Some(peers) = peers {
        let torch =
            ["image_1", "image_8", "text_10"].map(|job| peers[job].as_f64().unwrap_or(f64::NAN));
        println!(
            "{:<26} {:>8} {:>10} {:>10.0} {:>10.0} {:>10.0}",
            "PyTorch, one thread", "", "", torch[0], torch[1], torch[2]
        );
    }
    for (theirs, ours) in RATIOS {
        let (Some(theirs), Some(ours)) = (engines.get(theirs), engines.get(ours)) else {
            continue;
        };
        // Of the same round, and the middle of those.
        let ratio = |job: usize| {
            let pairs = ours.times[job].iter().zip(&theirs.times[job]);
            median(&pairs.map(|(a, b)| b / a).collect::<Vec<_>>())
        };
        println!(
            "{} ÷ {}: {:.2}, {:.2}, {:.2}",
            theirs.name,
            ours.name,
            ratio(0),
            ratio(1),
            ratio(2)
        );
    }
}
