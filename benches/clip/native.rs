//! The models natively, on the processor and on the GPU: `cargo bench --bench clip -- FOLDER`; with
//! `--gpu` the GPU alone and in more detail ([`gpu_table`]), with `--where` maps beside answers alone.
//!
//! FOLDER gets two checkpoints whose weights are a formula, unless they are there: ViT-B/32 (605
//! MB), which is measured, and MaMMUT ViT-B/32 (732 MB), for the benchmark of the page. Prints
//! milliseconds, and the memory that a load took beyond what the model keeps.

// A benchmark that cannot go on stops.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "../../crates/clip/tests/formula.rs"]
#[expect(dead_code, reason = "the benchmark makes its own pictures")]
mod formula;
#[path = "../../crates/clip/tests/formula_source.rs"]
mod formula_source;
mod gpu_kernels;
mod gpu_table;

use formula::{FormulaFile, Tensor};
use pollster::block_on;
use refit_clip::backend::Backend;
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::{self, Gpu, Precision};
use refit_clip::locate::Region;
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::Tokens;
use refit_clip::weights::source::{FileSource, Source};
use refit_clip::{Classes, LoadOptions, Model, Scoring};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

const CHECKPOINTS: [(&str, &str); 2] = [
    (
        "ViT-B-32.safetensors",
        include_str!("../../crates/clip/tests/reference/formula_ViT-B-32.json"),
    ),
    (
        "mammut_ViT-B-32.safetensors",
        include_str!("../../crates/clip/tests/reference/formula_mammut_ViT-B-32.json"),
    ),
];
const RUNS: usize = 9;
/// What has taken so many milliseconds is not run again.
const ENOUGH: f64 = 20_000.0;

fn write_checkpoint(path: &Path, reference: &str) {
    let reference: serde_json::Value = serde_json::from_str(reference).unwrap();
    let tensors = reference["tensors"].as_array().unwrap().iter();
    let tensors = tensors.map(|tensor| {
        let shape: Vec<usize> = serde_json::from_value(tensor["shape"].clone()).unwrap();
        Tensor::new(tensor["name"].as_str().unwrap(), &shape)
    });
    let mut source = FormulaFile::new(tensors.collect());
    // Under another name until it is whole.
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part).unwrap();
    let mut bytes = vec![0; 1 << 20];
    let mut at = 0;
    while at < source.size() {
        let length = bytes.len().min((source.size() - at) as usize);
        block_on(source.read(at, &mut bytes[..length])).unwrap();
        file.write_all(&bytes[..length]).unwrap();
        at += length as u64;
    }
    std::fs::rename(part, path).unwrap();
}

/// A figure of this process in MB, where the system tells (`VmRSS`, `VmHWM`).
fn memory(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1000.0)
}

fn median(mut work: impl FnMut()) -> f64 {
    let mut times = Vec::new();
    while times.len() < RUNS && times.iter().sum::<f64>() < ENOUGH {
        let start = Instant::now();
        work();
        times.push(1e3 * start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn measure<B: Backend>(name: &str, backend: B, path: &Path) {
    let mut source = FileSource::open(path).unwrap();
    let start = Instant::now();
    // What came before does not count.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let model = block_on(Model::load(
        backend,
        &mut source,
        LoadOptions::default(),
        |_| {},
    ))
    .unwrap();
    let load = start.elapsed().as_secs_f64();
    let beyond = memory("VmHWM")
        .zip(memory("VmRSS"))
        .map(|(peak, now)| peak - now);
    let size = model.architecture().image_size();
    let pictures: Vec<PixelValues> = (0..8).map(|k| picture(size, k)).collect();
    let texts: Vec<Tokens> = (0..10).map(text).collect();
    let one = median(|| drop(block_on(model.encode_images(&pictures[..1])).unwrap()));
    let eight = median(|| drop(block_on(model.encode_images(&pictures)).unwrap()));
    let prompts = median(|| drop(block_on(model.encode_texts(&texts)).unwrap()));
    let beyond = beyond.map_or("–".to_owned(), |mb| format!("{mb:.0}"));
    println!("{name:<34} {load:>8.1} {beyond:>10} {one:>12.1} {eight:>12.1} {prompts:>12.1}");
}

/// One picture's answer, and where in it a class is by the gradient, in turns: the map takes the tower
/// once, too.
fn measure_locating(path: &Path) {
    let mut source = FileSource::open(path).unwrap();
    let options = LoadOptions::default();
    let model = Model::load(Cpu::default(), &mut source, options.clone(), |_| {});
    let model = block_on(model).unwrap();
    let start = Instant::now();
    let localizer = block_on(model.localizer(&mut source, &options)).unwrap();
    let load = 1e3 * start.elapsed().as_secs_f64();
    let picture = picture(model.architecture().image_size(), 3);
    let texts: Vec<Tokens> = (0..10).map(text).collect();
    let vectors = block_on(model.encode_texts(&texts)).unwrap();
    let region = Region::whole(224, 224);
    let classes = |count: usize| Classes {
        labels: vec![String::new(); count],
        vectors: vectors[..count].to_vec(),
        scoring: Scoring::Cosine,
    };
    let (one, ten) = (classes(1), classes(10));
    let locate = |classes: &Classes| {
        block_on(model.locate(&localizer, &picture, region, classes)).unwrap();
    };
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..2 * RUNS {
        let pictures = std::slice::from_ref(&picture);
        let answer = || drop(block_on(model.encode_images(pictures)).unwrap());
        let work: [&dyn Fn(); 3] = [&answer, &|| locate(&one), &|| locate(&ten)];
        for (work, times) in work.into_iter().zip(&mut times) {
            let start = Instant::now();
            work();
            times.push(1e3 * start.elapsed().as_secs_f64());
        }
    }
    let [answer, one, ten] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    let name = path.file_stem().unwrap().to_string_lossy();
    println!(
        "{name}: an answer {answer:.1} ms, where a class is {one:.1} ms ({:.2} ×), where ten are {ten:.1} ms ({:.2} ×); loading the last block {load:.0} ms",
        one / answer,
        ten / answer
    );
}

/// What no photograph is, yet any size.
fn picture(size: usize, k: usize) -> PixelValues {
    PixelValues {
        size,
        planes: (0..3 * size * size)
            .map(|i| ((i * (k + 1)) as f32 * 0.01).sin())
            .collect(),
    }
}

/// 77 tokens.
fn text(k: u32) -> Tokens {
    Tokens {
        ids: [49406]
            .into_iter()
            .chain((0..75).map(|i| 320 + 7 * i + k))
            .chain([49407])
            .collect(),
        truncated: 0,
        mojibake: false,
    }
}

fn main() {
    // Cargo adds an option of its own.
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let folder = PathBuf::from(folder.unwrap_or_else(|| "target/clip-bench".to_owned()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, reference) in CHECKPOINTS {
        let path = folder.join(name);
        if !path.is_file() {
            write_checkpoint(&path, reference);
        }
    }
    if std::env::args().any(|argument| argument == "--gpu") {
        return gpu_table::print(&CHECKPOINTS.map(|(name, _)| folder.join(name)));
    }
    if std::env::args().any(|argument| argument == "--where") {
        for (name, _) in CHECKPOINTS {
            measure_locating(&folder.join(name));
        }
        return;
    }
    let path = &folder.join(CHECKPOINTS[0].0);
    println!(
        "\n{:<34} {:>8} {:>10} {:>12} {:>12} {:>12}",
        "ViT-B/32, native", "load s", "+ peak MB", "1 picture ms", "8 pictures", "10 × 77"
    );
    for threads in [1, 2] {
        let name = format!("processor, {threads} threads");
        measure(&name, Cpu::with_threads(threads), path);
    }
    for precision in [Precision::F32, Precision::F16] {
        let options = gpu::DeviceOptions {
            precision,
            ..gpu::DeviceOptions::default()
        };
        match block_on(Gpu::open(options)) {
            Ok(gpu) => measure(&format!("{} {precision:?}", gpu.adapter().name), gpu, path),
            Err(error) => println!("GPU {precision:?}: {error}"),
        }
    }
}
