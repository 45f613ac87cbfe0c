//! `refit caption`: captions of images by a MaMMUT model.

use crate::checkpoint;
use crate::model::{self, BackendChoice, Device, ModelArguments};
use crate::pictures::{Failed, Pictures};
use crate::say;
use pollster::block_on;
use refit_clip::architecture::Architecture;
use refit_clip::backend::Backend;
use refit_clip::caption::Decoding;
use refit_clip::preprocess::Preprocessing;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Beams of the search; 1 is greedy decoding
    #[arg(long, default_value_t = 1)]
    beams: usize,
    /// Length penalty of beam search: log-likelihoods are divided by length to this power
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    length_penalty: f32,
    /// Nucleus sampling: sample among the most likely tokens whose probabilities add up to this,
    /// for example 0.9
    #[arg(long, alias = "sample", conflicts_with_all = ["beams", "length_penalty"])]
    top_p: Option<f32>,
    /// Seed of the sampling
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The most tokens of a caption
    #[arg(long, default_value_t = 30)]
    tokens: usize,
    /// Pictures, folders with pictures, or names with * in them
    #[arg(required = true)]
    pictures: Vec<PathBuf>,
}

/// What `caption --json` prints.
#[derive(Serialize)]
struct Captioned<'a> {
    architecture: &'a Architecture,
    device: Device,
    preprocessing: &'a Preprocessing,
    assumed: Vec<String>,
    pictures: Vec<CaptionedPicture>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [Failed],
}

#[derive(Serialize)]
struct CaptionedPicture {
    picture: String,
    caption: String,
    ids: Vec<u32>,
    log_likelihood: f64,
    has_ended: bool,
    /// From the first token on; a caption of one has none.
    tokens_per_second: Option<f64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let model = &arguments.model;
    match model.device.backend {
        BackendChoice::Cpu => run_on(model::open_cpu(&model.device)?, arguments),
        BackendChoice::Gpu => run_on(model::open_gpu(&model.device)?, arguments),
    }
}

fn run_on<B: Backend>((backend, device): (B, Device), arguments: &Arguments) -> Result<(), String> {
    let decoding = match arguments.top_p {
        Some(top_p) => Decoding::Sample {
            top_p,
            seed: arguments.seed,
        },
        None => Decoding::Beam {
            beams: arguments.beams,
            length_penalty: arguments.length_penalty,
        },
    };
    let mut pictures = Pictures::find(&arguments.pictures)?;
    let model = model::load(backend, &arguments.model, true)?;
    let tokenizer = model::tokenizer(&model)?;
    let mut captioned = Vec::new();
    while let Some(batch) = pictures.next_batch(model.preprocessing()) {
        for (picture, pixels) in batch {
            let mut times = Vec::new();
            let caption = model.caption(&pixels, decoding, arguments.tokens, async |_| {
                times.push(Instant::now());
                ControlFlow::Continue(())
            });
            let caption = block_on(caption).map_err(model::sentence)?;
            let span = times.first().zip(times.last()).map(|(a, b)| *b - *a);
            let span = span.filter(|span| !span.is_zero());
            captioned.push(CaptionedPicture {
                picture,
                caption: tokenizer.decode(&caption.ids),
                ids: caption.ids,
                log_likelihood: caption.log_likelihood,
                has_ended: caption.has_ended,
                tokens_per_second: span.map(|s| (times.len() - 1) as f64 / s.as_secs_f64()),
            });
        }
    }
    let output = Captioned {
        architecture: model.architecture(),
        device,
        preprocessing: model.preprocessing(),
        assumed: checkpoint::assumptions(model.info()),
        pictures: captioned,
        failed: pictures.failed(),
    };
    if arguments.model.json {
        say::json(&output)?;
        return pictures.finish();
    }
    for picture in &output.pictures {
        let cut = if picture.has_ended { "" } else { " …" };
        let speed = picture.tokens_per_second;
        let speed = speed.map_or(String::new(), |s| format!(", {s:.1} tokens a second"));
        say!("{}\n  {}{cut}", picture.picture, picture.caption);
        say!("  log-likelihood {:.3}{speed}", picture.log_likelihood);
    }
    pictures.finish()
}
