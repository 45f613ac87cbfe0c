//! `refit classify` and `refit embed`.

use crate::checkpoint;
use crate::heads;
use crate::labels::Labels;
use crate::model::{self, BackendChoice, Device, ModelArguments};
use crate::pictures::{Failed, Pictures};
use crate::say;
use pollster::block_on;
use refit_clip::architecture::Architecture;
use refit_clip::backend::Backend;
use refit_clip::preprocess::{PixelValues, Preprocessing};
use refit_clip::tokenizer::Tokens;
use refit_clip::{Classes, Model};
use serde::Serialize;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Classify {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    labels: Labels,
    /// A head in place of labels: of `refit probe`, a linear layer (.pth, .safetensors), class embeddings (.npy)
    #[arg(long, conflicts_with_all = ["labels", "labels_file", "by_caption"])]
    head: Option<PathBuf>,
    /// Also score each label's first prompt as a caption (MaMMUT only)
    #[arg(long)]
    by_caption: bool,
    /// Pictures, folders with pictures, or names with * in them
    #[arg(required = true)]
    pictures: Vec<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Embed {
    #[command(flatten)]
    model: ModelArguments,
    /// A text to embed; may be repeated
    #[arg(long)]
    text: Vec<String>,
    /// Pictures, folders with pictures, or names with * in them
    pictures: Vec<PathBuf>,
}

/// What `classify --json` prints.
#[derive(Serialize)]
struct Classified<'a> {
    architecture: &'a Architecture,
    device: Device,
    #[serde(flatten)]
    known: Known<'a>,
    scale: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    bias: Option<f32>,
    templates: &'a [String],
    pictures: &'a [ClassifiedPicture],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [Failed],
}

/// How images were prepared, and what was assumed about the checkpoint.
#[derive(Serialize)]
pub(crate) struct Known<'a> {
    preprocessing: &'a Preprocessing,
    assumed: Vec<String>,
}

impl<'a> Known<'a> {
    pub(crate) fn about<B: Backend>(model: &'a Model<B>) -> Self {
        Known {
            preprocessing: model.preprocessing(),
            assumed: checkpoint::assumptions(model.info()),
        }
    }
}

#[derive(Serialize)]
struct ClassifiedPicture {
    picture: String,
    /// The likeliest first.
    labels: Vec<Share>,
}

#[derive(Serialize)]
struct Share {
    label: String,
    /// `None` of a head with one output, which is a score.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f32>,
    /// The cosine with the label, or the logit of a head.
    score: f32,
    /// Of this label alone, by a model with a bias.
    #[serde(skip_serializing_if = "Option::is_none")]
    sigmoid: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_caption: Option<ByCaption>,
}

/// A label by its prompt's likelihood as a caption.
#[derive(Serialize)]
struct ByCaption {
    log_likelihood: f64,
    /// Among all labels.
    probability: f64,
}

/// What `embed --json` prints.
#[derive(Serialize)]
struct Embedded<'a> {
    architecture: &'a Architecture,
    device: Device,
    #[serde(flatten)]
    known: Known<'a>,
    pictures: Vec<Embedding>,
    texts: Vec<Embedding>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [Failed],
}

#[derive(Serialize)]
struct Embedding {
    of: String,
    /// A unit vector.
    embedding: Vec<f32>,
}

pub(crate) fn classify(arguments: &Classify) -> Result<(), String> {
    let model = &arguments.model;
    match model.device.backend {
        BackendChoice::Cpu => classify_on(model::open_cpu(&model.device)?, arguments),
        BackendChoice::Gpu => classify_on(model::open_gpu(&model.device)?, arguments),
    }
}

fn classify_on<B: Backend>(
    (backend, device): (B, Device),
    arguments: &Classify,
) -> Result<(), String> {
    let labels = arguments.labels.labels()?;
    let templates = arguments.labels.templates()?;
    let mut pictures = Pictures::find(&arguments.pictures)?;
    let model = model::load(backend, &arguments.model, arguments.by_caption)?;
    let tokenizer = model::tokenizer(&model)?;
    for label in &labels {
        report(label, &tokenizer.encode(label));
    }
    let width = model.architecture().embedding;
    let classes = match &arguments.head {
        Some(head) => heads::classes(head, width, &arguments.model.about(&model))?,
        None => {
            block_on(model.classes(&tokenizer, &labels, &templates)).map_err(model::sentence)?
        }
    };
    let prompt = |label: &String| tokenizer.encode(&templates[0].replace("{}", label));
    let prompts: Vec<Tokens> = labels.iter().map(prompt).collect();
    let mut classified = Vec::new();
    while let Some(batch) = pictures.next_batch(model.preprocessing()) {
        let (names, pixels): (Vec<String>, Vec<PixelValues>) = batch.into_iter().unzip();
        let embeddings = block_on(model.encode_images(&pixels)).map_err(model::sentence)?;
        for ((picture, embedding), pixels) in names.into_iter().zip(embeddings).zip(&pixels) {
            let by_caption = match arguments.by_caption {
                true => {
                    let likelihoods = block_on(model.log_likelihoods(pixels, &prompts));
                    by_captions(&likelihoods.map_err(model::sentence)?)
                }
                false => Vec::new(),
            };
            let labels = shares(&model, &classes, &embedding, by_caption);
            classified.push(ClassifiedPicture { picture, labels });
        }
    }
    if arguments.model.json {
        say::json(&Classified {
            architecture: model.architecture(),
            device,
            known: Known::about(&model),
            scale: model.scale(),
            bias: model.bias(),
            templates: &templates,
            pictures: &classified,
            failed: pictures.failed(),
        })?;
    } else {
        classified.iter().for_each(print);
    }
    pictures.finish()
}

/// Each label's share of a picture, the likeliest first.
fn shares<B: Backend>(
    model: &Model<B>,
    classes: &Classes,
    embedding: &[f32],
    by_caption: Vec<ByCaption>,
) -> Vec<Share> {
    let probabilities = model.probabilities(embedding, classes);
    let scores = classes.scores(embedding);
    let sigmoids = model.sigmoids(embedding, classes);
    let mut by_caption = by_caption.into_iter();
    let share = |(i, label): (usize, &String)| Share {
        label: label.clone(),
        probability: (!classes.is_score()).then(|| probabilities[i]),
        score: scores[i],
        sigmoid: sigmoids.as_ref().map(|sigmoids| sigmoids[i]),
        by_caption: by_caption.next(),
    };
    let mut shares: Vec<Share> = classes.labels.iter().enumerate().map(share).collect();
    // In the order of probabilities, of which a score has none.
    shares.sort_by(|a, b| b.score.total_cmp(&a.score));
    shares
}

fn print(picture: &ClassifiedPicture) {
    say!("{}", picture.picture);
    for share in &picture.labels {
        let sigmoid = share.sigmoid.map_or(String::new(), |alone| {
            format!("  (alone {:.2} %)", 100.0 * alone)
        });
        let by_caption = share.by_caption.as_ref().map_or(String::new(), |by| {
            let (percent, log) = (100.0 * by.probability, by.log_likelihood);
            format!("  (as a caption {percent:.2} %, log-likelihood {log:.3})")
        });
        match share.probability {
            Some(share_of_one) => {
                let percent = 100.0 * share_of_one;
                say!("  {percent:>6.2} %  {}{sigmoid}{by_caption}", share.label);
            }
            None => say!("  {:>8.4}  {}", share.score, share.label),
        }
    }
}

/// How likelihoods share out what they have together.
fn by_captions(log_likelihoods: &[f64]) -> Vec<ByCaption> {
    let shares = refit_clip::softmax(log_likelihoods);
    let by_caption = |(log_likelihood, probability): (&f64, f64)| ByCaption {
        log_likelihood: *log_likelihood,
        probability,
    };
    log_likelihoods.iter().zip(shares).map(by_caption).collect()
}

pub(crate) fn embed(arguments: &Embed) -> Result<(), String> {
    if arguments.pictures.is_empty() && arguments.text.is_empty() {
        return Err("nothing to embed: give a picture or --text".to_owned());
    }
    let model = &arguments.model;
    match model.device.backend {
        BackendChoice::Cpu => embed_on(model::open_cpu(&model.device)?, arguments),
        BackendChoice::Gpu => embed_on(model::open_gpu(&model.device)?, arguments),
    }
}

fn embed_on<B: Backend>((backend, device): (B, Device), arguments: &Embed) -> Result<(), String> {
    let mut pictures = Pictures::find(&arguments.pictures)?;
    let model = model::load(backend, &arguments.model, false)?;
    let tokenizer = model::tokenizer(&model)?;
    let tokens = arguments.text.iter().map(|text| {
        let tokens = tokenizer.encode(text);
        report(text, &tokens);
        tokens
    });
    let tokens: Vec<Tokens> = tokens.collect();
    let texts = block_on(model.encode_texts(&tokens)).map_err(model::sentence)?;
    let named = |(of, embedding): (&String, Vec<f32>)| Embedding {
        of: of.clone(),
        embedding,
    };
    let mut embedded = Vec::new();
    while let Some(batch) = pictures.next_batch(model.preprocessing()) {
        let (names, pixels): (Vec<String>, Vec<PixelValues>) = batch.into_iter().unzip();
        let embeddings = block_on(model.encode_images(&pixels)).map_err(model::sentence)?;
        let named = names.into_iter().zip(embeddings);
        embedded.extend(named.map(|(of, embedding)| Embedding { of, embedding }));
    }
    let output = Embedded {
        architecture: model.architecture(),
        device,
        known: Known::about(&model),
        pictures: embedded,
        texts: arguments.text.iter().zip(texts).map(named).collect(),
        failed: pictures.failed(),
    };
    if arguments.model.json {
        say::json(&output)?;
    } else {
        for Embedding { of, embedding } in output.pictures.iter().chain(&output.texts) {
            let numbers: Vec<String> = embedding.iter().map(f32::to_string).collect();
            say!("{of}\t{}", numbers.join(" "));
        }
    }
    pictures.finish()
}

/// Says what happened to a text that was not taken as it stands.
pub(crate) fn report(text: &str, tokens: &Tokens) {
    if tokens.truncated > 0 {
        eprintln!(
            "refit: “{text}” is truncated by {} tokens",
            tokens.truncated
        );
    }
    if tokens.mojibake {
        eprintln!("refit: “{text}” looks wrongly decoded; open_clip would try to repair it");
    }
}
