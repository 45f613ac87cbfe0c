//! `refit classify` and `refit embed`.

use crate::model::{self, BackendChoice, Device, ModelArguments};
use crate::say;
use pollster::block_on;
use refit_clip::Model;
use refit_clip::architecture::Architecture;
use refit_clip::backend::Backend;
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::Tokens;
use serde::Serialize;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Classify {
    #[command(flatten)]
    model: ModelArguments,
    /// Labels, separated by commas
    #[arg(long, value_delimiter = ',', required = true)]
    labels: Vec<String>,
    /// Prompt template, {} stands for the label; repeat to average over templates
    #[arg(long, default_value = "a photo of a {}.")]
    template: Vec<String>,
    /// Also score each label's first prompt as a caption (MaMMUT only)
    #[arg(long)]
    by_caption: bool,
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
    pictures: Vec<PathBuf>,
}

/// What `classify --json` prints.
#[derive(Serialize)]
struct Classified<'a> {
    architecture: &'a Architecture,
    device: Device,
    scale: f32,
    templates: &'a [String],
    pictures: Vec<ClassifiedPicture>,
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
    probability: f32,
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
    pictures: Vec<Embedding>,
    texts: Vec<Embedding>,
}

#[derive(Serialize)]
struct Embedding {
    of: String,
    /// A unit vector.
    embedding: Vec<f32>,
}

pub(crate) fn classify(arguments: &Classify) -> Result<(), String> {
    let model = &arguments.model;
    match model.backend {
        BackendChoice::Cpu => classify_on(model::open_cpu(model)?, arguments),
        BackendChoice::Gpu => classify_on(model::open_gpu(model)?, arguments),
    }
}

fn classify_on<B: Backend>(
    (backend, device): (B, Device),
    arguments: &Classify,
) -> Result<(), String> {
    let model = model::load(backend, &arguments.model, arguments.by_caption)?;
    let tokenizer = model::tokenizer(&model)?;
    let trimmed = arguments.labels.iter().map(|label| label.trim().to_owned());
    let labels: Vec<String> = trimmed.filter(|label| !label.is_empty()).collect();
    for label in &labels {
        report(label, &tokenizer.encode(label));
    }
    let classes = block_on(model.classes(&tokenizer, &labels, &arguments.template));
    let classes = classes.map_err(model::sentence)?;
    let template = &arguments.template[0];
    let prompt = |label: &String| tokenizer.encode(&template.replace("{}", label));
    let prompts: Vec<Tokens> = labels.iter().map(prompt).collect();
    let pixels = model::read_pictures(&arguments.pictures, model.architecture())?;
    let embeddings = encode_pictures(&model, &arguments.pictures, &pixels)?;
    let mut classified = Vec::with_capacity(pixels.len());
    for (Embedding { of, embedding }, pixels) in embeddings.into_iter().zip(&pixels) {
        let mut by_caption = match arguments.by_caption {
            true => {
                let likelihoods = block_on(model.log_likelihoods(pixels, &prompts));
                by_captions(&likelihoods.map_err(model::sentence)?)
            }
            false => Vec::new(),
        }
        .into_iter();
        let shares = model.probabilities(&embedding, &classes);
        let share = |(label, probability): (&String, f32)| Share {
            label: label.clone(),
            probability,
            by_caption: by_caption.next(),
        };
        let mut labels: Vec<Share> = classes.labels.iter().zip(shares).map(share).collect();
        labels.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        classified.push(ClassifiedPicture {
            picture: of,
            labels,
        });
    }
    let output = Classified {
        architecture: model.architecture(),
        device,
        scale: model.scale(),
        templates: &arguments.template,
        pictures: classified,
    };
    if arguments.model.json {
        return say::json(&output);
    }
    for picture in &output.pictures {
        say!("{}", picture.picture);
        for share in &picture.labels {
            let by_caption = share.by_caption.as_ref().map_or(String::new(), |by| {
                let (percent, log) = (100.0 * by.probability, by.log_likelihood);
                format!("  (as a caption {percent:.2} %, log-likelihood {log:.3})")
            });
            let percent = 100.0 * share.probability;
            say!("  {percent:>6.2} %  {}{by_caption}", share.label);
        }
    }
    Ok(())
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
    match model.backend {
        BackendChoice::Cpu => embed_on(model::open_cpu(model)?, arguments),
        BackendChoice::Gpu => embed_on(model::open_gpu(model)?, arguments),
    }
}

fn embed_on<B: Backend>((backend, device): (B, Device), arguments: &Embed) -> Result<(), String> {
    let model = model::load(backend, &arguments.model, false)?;
    let tokenizer = model::tokenizer(&model)?;
    let pixels = model::read_pictures(&arguments.pictures, model.architecture())?;
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
    let output = Embedded {
        architecture: model.architecture(),
        device,
        pictures: encode_pictures(&model, &arguments.pictures, &pixels)?,
        texts: arguments.text.iter().zip(texts).map(named).collect(),
    };
    if arguments.model.json {
        return say::json(&output);
    }
    for Embedding { of, embedding } in output.pictures.iter().chain(&output.texts) {
        let numbers: Vec<String> = embedding.iter().map(f32::to_string).collect();
        say!("{of}\t{}", numbers.join(" "));
    }
    Ok(())
}

/// Says what happened to a text that was not taken as it stands.
fn report(text: &str, tokens: &Tokens) {
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

fn encode_pictures<B: Backend>(
    model: &Model<B>,
    paths: &[PathBuf],
    pixels: &[PixelValues],
) -> Result<Vec<Embedding>, String> {
    let units = block_on(model.encode_images(pixels)).map_err(model::sentence)?;
    let named = |(path, embedding): (&PathBuf, Vec<f32>)| Embedding {
        of: path.display().to_string(),
        embedding,
    };
    Ok(paths.iter().zip(units).map(named).collect())
}
