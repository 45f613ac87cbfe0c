//! A GPU's times by batch and precision, as a table in Markdown: `cargo xtask bench --clip --gpu`.
//!
//! Times go from pixels and token ids in memory to embeddings in memory, so the upload and the
//! download count; in parentheses stands what the GPU's own clock says of it. `peers.py --gpu` prints
//! PyTorch's on the same terms.

use crate::{gpu_kernels, median, picture, text};
use pollster::block_on;
use refit_clip::architecture::{Architecture, TransformerConfig};
use refit_clip::backend::Backend;
use refit_clip::backend::gpu::{DeviceOptions, Gpu, Precision};
use refit_clip::caption::Decoding;
use refit_clip::weights::source::FileSource;
use refit_clip::{LoadOptions, Model};
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

const BATCHES: [usize; 3] = [1, 8, 64];
/// Tokens of a caption.
const TOKENS: usize = 20;

/// Milliseconds of a run, the median, and those that the GPU worked, the mean.
struct Time {
    all: f64,
    device: Option<f64>,
}

impl Time {
    fn of(gpu: &Gpu, mut work: impl FnMut()) -> Time {
        // What ran before does not count.
        gpu.take_seconds();
        let mut runs = 0.0;
        let all = median(|| {
            work();
            runs += 1.0;
        });
        let device = gpu.take_seconds().map(|seconds| 1e3 * seconds / runs);
        Time { all, device }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.all)?;
        match self.device {
            Some(device) => write!(f, " ({device:.2})"),
            None => Ok(()),
        }
    }
}

/// Prints the table for a CLIP and a MaMMUT, then one of single kernels.
pub(crate) fn print([clip, mammut]: &[PathBuf; 2]) {
    println!(
        "| | precision | load s | 1 | 8 | 64 | TFLOP/s at 64 |\n|---|---|---|---|---|---|---|"
    );
    let mut kernels = Vec::new();
    for precision in [Precision::F32, Precision::F16] {
        let options = DeviceOptions {
            precision,
            ..DeviceOptions::default()
        };
        match block_on(Gpu::open(options)) {
            Ok(gpu) => {
                println!(
                    "| {} | {precision:?} | | ms | ms | ms | |",
                    gpu.adapter().name
                );
                towers(gpu.clone(), clip, precision);
                captions(gpu.clone(), mammut, precision);
                kernels.push((gpu, precision));
            }
            Err(reason) => println!("| {reason} | {precision:?} | | | | | |"),
        }
    }
    // Software would take an hour.
    kernels.retain(|(gpu, _)| !gpu.adapter().is_software);
    for (gpu, precision) in kernels {
        gpu_kernels::print(&gpu, precision);
    }
}

fn load(gpu: Gpu, path: &Path, captions: bool) -> (Model<Gpu>, f64) {
    let mut source = FileSource::open(path).unwrap();
    let options = LoadOptions {
        captions,
        ..LoadOptions::default()
    };
    let start = Instant::now();
    let model = block_on(Model::load(gpu, &mut source, options, |_| {})).unwrap();
    (model, start.elapsed().as_secs_f64())
}

/// Floating-point operations of a tower's blocks for one sequence; the rest is below a hundredth.
fn flop(tower: TransformerConfig, tokens: usize) -> f64 {
    let (width, tokens) = (tower.width as f64, tokens as f64);
    let matrices = 4.0 * width * width + 2.0 * width * tower.hidden as f64;
    tower.layers as f64 * (2.0 * tokens * matrices + 4.0 * tokens * tokens * width)
}

fn row(name: &str, precision: Precision, load: f64, times: [Time; 3], flop: f64) {
    let [one, eight, most] = times;
    let rate = flop * BATCHES[2] as f64 / (1e-3 * most.all) / 1e12;
    println!("| {name} | {precision:?} | {load:.1} | {one} | {eight} | {most} | {rate:.2} |");
}

fn towers(gpu: Gpu, path: &Path, precision: Precision) {
    let (model, seconds) = load(gpu.clone(), path, false);
    let architecture: Architecture = *model.architecture();
    let pictures: Vec<_> = (0..BATCHES[2])
        .map(|k| picture(architecture.image_size(), k))
        .collect();
    let texts: Vec<_> = (0..BATCHES[2] as u32).map(text).collect();
    let images = BATCHES.map(|n| {
        Time::of(&gpu, || {
            drop(block_on(model.encode_images(&pictures[..n])).unwrap());
        })
    });
    let prompts = BATCHES.map(|n| {
        Time::of(&gpu, || {
            drop(block_on(model.encode_texts(&texts[..n])).unwrap());
        })
    });
    let patches = architecture.grid * architecture.grid + 1;
    let image_flop = flop(architecture.vision, patches);
    row("ViT-B/32, images", precision, seconds, images, image_flop);
    let text_flop = flop(architecture.text, architecture.context);
    row("texts of 77 tokens", precision, seconds, prompts, text_flop);
}

fn captions(gpu: Gpu, path: &Path, precision: Precision) {
    let (model, seconds) = load(gpu.clone(), path, true);
    let image = picture(model.architecture().image_size(), 0);
    let go_on = async |_: &[u32]| ControlFlow::Continue(());
    let mut tokens = 0;
    let time = Time::of(&gpu, || {
        let caption = block_on(model.caption(&image, Decoding::GREEDY, TOKENS, go_on)).unwrap();
        tokens = caption.ids.len();
    });
    let embedding = Time::of(&gpu, || {
        drop(block_on(model.encode_images(std::slice::from_ref(&image))).unwrap());
    });
    println!(
        "| MaMMUT ViT-B/32, a caption of {tokens} tokens | {precision:?} | {seconds:.1} | {time} | | | |"
    );
    println!("| its image embedding | {precision:?} | | {embedding} | | | |");
}
