//! `refit classify` and `refit embed`: a checkpoint on this machine's processor or GPU.

use clap::ValueEnum;
use image::{ColorType, DynamicImage, ImageDecoder, ImageReader};
use pollster::block_on;
use refit::clip::architecture::{Activation, Architecture, Configuration};
use refit::clip::preprocess::{Channels, Picture, Pixels, preprocess};
use refit::clip::tokenizer::{Tokenizer, Tokens};
use refit::clip::weights::source::FileSource;
use refit::clip::{Model, Options};
use refit::compute::Backend;
use refit::compute::cpu::Cpu;
use refit::compute::gpu::{self, Gpu, Precision};
use serde::Serialize;
use std::path::{Path, PathBuf};

const MERGES: &[u8] = include_bytes!("../../../public/clip/merges.bin");
const ENTITIES: &str = include_str!("../../../public/clip/entities.txt");

#[derive(Clone, Copy, ValueEnum)]
enum ActivationChoice {
    Gelu,
    QuickGelu,
}

#[derive(Clone, Copy, ValueEnum)]
enum BackendChoice {
    Cpu,
    Gpu,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Dtype {
    F32,
    F16,
}

/// Which model, and how it is run.
#[derive(clap::Args)]
pub struct ModelArguments {
    /// Checkpoint: .safetensors, .pt or .bin, with open_clip's or transformers' names
    #[arg(long)]
    weights: PathBuf,
    /// The model's configuration; by default open_clip_config.json or config.json beside it
    #[arg(long)]
    config: Option<PathBuf>,
    /// Activation, where neither configuration nor file name tells it
    #[arg(long, value_enum)]
    activation: Option<ActivationChoice>,
    /// Where to compute
    #[arg(long, value_enum, default_value = "cpu")]
    backend: BackendChoice,
    /// How numbers are kept; sums are f32 in either, and f16 is for GPUs
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Dtype,
    /// Threads of the processor; by default all
    #[arg(long)]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Classify {
    #[command(flatten)]
    model: ModelArguments,
    /// Labels, separated by commas
    #[arg(long, value_delimiter = ',', required = true)]
    labels: Vec<String>,
    /// Prompt with {} for the label; may be repeated, which averages over prompts
    #[arg(long, default_value = "a photo of a {}.")]
    template: Vec<String>,
    #[arg(required = true)]
    pictures: Vec<PathBuf>,
}

#[derive(clap::Args)]
pub struct Embed {
    #[command(flatten)]
    model: ModelArguments,
    /// A text to embed; may be repeated
    #[arg(long)]
    text: Vec<String>,
    pictures: Vec<PathBuf>,
}

/// What computed.
#[derive(Serialize)]
struct Device {
    backend: &'static str,
    /// The GPU's name, as its driver has it.
    adapter: Option<String>,
    dtype: Dtype,
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

pub fn classify(arguments: &Classify) -> Result<(), String> {
    let model = &arguments.model;
    match model.backend {
        BackendChoice::Cpu => classify_on(open_cpu(model)?, arguments),
        BackendChoice::Gpu => classify_on(open_gpu(model)?, arguments),
    }
}

fn classify_on<B: Backend>(
    (backend, device): (B, Device),
    arguments: &Classify,
) -> Result<(), String> {
    let model = load(backend, &arguments.model)?;
    let tokenizer = tokenizer()?;
    let trimmed = arguments.labels.iter().map(|label| label.trim().to_owned());
    let labels: Vec<String> = trimmed.filter(|label| !label.is_empty()).collect();
    for label in &labels {
        report(label, &tokenizer.encode(label));
    }
    let classes = block_on(model.classes(&tokenizer, &labels, &arguments.template));
    let classes = classes.map_err(|e| e.to_string())?;
    let embeddings = encode_pictures(&model, &arguments.pictures)?;
    let classified = embeddings.into_iter().map(|Embedding { of, embedding }| {
        let shares = model.probabilities(&embedding, &classes);
        let share = |(label, probability): (&String, f32)| Share {
            label: label.clone(),
            probability,
        };
        let mut labels: Vec<Share> = classes.labels.iter().zip(shares).map(share).collect();
        labels.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        ClassifiedPicture {
            picture: of,
            labels,
        }
    });
    let output = Classified {
        architecture: model.architecture(),
        device,
        scale: model.scale(),
        templates: &arguments.template,
        pictures: classified.collect(),
    };
    if arguments.model.json {
        return print_json(&output);
    }
    for picture in &output.pictures {
        say!("{}", picture.picture);
        for share in &picture.labels {
            say!("  {:>6.2} %  {}", 100.0 * share.probability, share.label);
        }
    }
    Ok(())
}

pub fn embed(arguments: &Embed) -> Result<(), String> {
    if arguments.pictures.is_empty() && arguments.text.is_empty() {
        return Err("nothing to embed: give a picture or --text".to_owned());
    }
    let model = &arguments.model;
    match model.backend {
        BackendChoice::Cpu => embed_on(open_cpu(model)?, arguments),
        BackendChoice::Gpu => embed_on(open_gpu(model)?, arguments),
    }
}

fn embed_on<B: Backend>((backend, device): (B, Device), arguments: &Embed) -> Result<(), String> {
    let model = load(backend, &arguments.model)?;
    let tokenizer = tokenizer()?;
    let tokens = arguments.text.iter().map(|text| {
        let tokens = tokenizer.encode(text);
        report(text, &tokens);
        tokens
    });
    let tokens: Vec<Tokens> = tokens.collect();
    let texts = block_on(model.encode_texts(&tokens)).map_err(|e| e.to_string())?;
    let named = |(of, embedding): (&String, Vec<f32>)| Embedding {
        of: of.clone(),
        embedding,
    };
    let output = Embedded {
        architecture: model.architecture(),
        device,
        pictures: encode_pictures(&model, &arguments.pictures)?,
        texts: arguments.text.iter().zip(texts).map(named).collect(),
    };
    if arguments.model.json {
        return print_json(&output);
    }
    for Embedding { of, embedding } in output.pictures.iter().chain(&output.texts) {
        let numbers: Vec<String> = embedding.iter().map(f32::to_string).collect();
        say!("{of}\t{}", numbers.join(" "));
    }
    Ok(())
}

fn print_json(output: &impl Serialize) -> Result<(), String> {
    let json = serde_json::to_string_pretty(output).map_err(|e| e.to_string())?;
    say!("{json}");
    Ok(())
}

fn tokenizer() -> Result<Tokenizer, String> {
    Tokenizer::new(MERGES, ENTITIES).map_err(|e| e.to_string())
}

/// Says what happened to a text that was not taken as it stands.
fn report(text: &str, tokens: &Tokens) {
    if tokens.cut > 0 {
        eprintln!("refit: “{text}” is cut: {} tokens do not fit", tokens.cut);
    }
    if tokens.mojibake {
        eprintln!("refit: “{text}” looks wrongly decoded; open_clip would try to repair it");
    }
}

fn open_cpu(arguments: &ModelArguments) -> Result<(Cpu, Device), String> {
    if arguments.dtype == Dtype::F16 {
        return Err("the processor computes in f32: choose --backend gpu for f16".to_owned());
    }
    let cpu = arguments
        .threads
        .map_or_else(Cpu::default, Cpu::with_threads);
    let device = Device {
        backend: "cpu",
        adapter: None,
        dtype: Dtype::F32,
    };
    Ok((cpu, device))
}

fn open_gpu(arguments: &ModelArguments) -> Result<(Gpu, Device), String> {
    let options = gpu::Options {
        precision: match arguments.dtype {
            Dtype::F32 => Precision::F32,
            Dtype::F16 => Precision::F16,
        },
        ..gpu::Options::default()
    };
    let gpu = block_on(Gpu::open(options)).map_err(|e| e.to_string())?;
    let name = &gpu.adapter().name;
    if gpu.adapter().is_software {
        eprintln!(
            "refit: {name} is no GPU but software that stands in for one: --backend cpu is faster"
        );
    }
    let device = Device {
        backend: "gpu",
        adapter: Some(name.clone()),
        dtype: arguments.dtype,
    };
    Ok((gpu, device))
}

fn load<B: Backend>(backend: B, arguments: &ModelArguments) -> Result<Model<B>, String> {
    let path = &arguments.weights;
    let configuration = configuration(arguments)?;
    let chosen = arguments.activation.map(|choice| match choice {
        ActivationChoice::Gelu => Activation::Gelu,
        ActivationChoice::QuickGelu => Activation::QuickGelu,
    });
    let known = Activation::of_checkpoint(&path.display().to_string());
    let activation = chosen.or(configuration.activation).or(known);
    if activation.is_none() {
        eprintln!("refit: the activation is not known, GELU is taken; --activation chooses");
    }
    let options = Options {
        configuration: Configuration {
            activation,
            ..configuration
        },
        ..Options::default()
    };
    let mut source = FileSource::open(path).map_err(|e| e.to_string())?;
    block_on(Model::load(backend, &mut source, options, |_| {})).map_err(|e| e.to_string())
}

/// The configuration that was named, or the one that lies beside the checkpoint.
fn configuration(arguments: &ModelArguments) -> Result<Configuration, String> {
    let beside = ["open_clip_config.json", "config.json"];
    let mut beside = beside
        .iter()
        .map(|name| arguments.weights.with_file_name(name));
    let path = arguments
        .config
        .clone()
        .or_else(|| beside.find(|path| path.is_file()));
    let Some(path) = path else {
        return Ok(Configuration::default());
    };
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let json = std::fs::read_to_string(&path).map_err(|error| problem(&error))?;
    Configuration::read(&json).map_err(|error| problem(&error))
}

fn encode_pictures<B: Backend>(
    model: &Model<B>,
    paths: &[PathBuf],
) -> Result<Vec<Embedding>, String> {
    let size = model.architecture().picture();
    let pixels = paths.iter().map(|path| {
        let pixels = read_picture(path, size);
        pixels.map_err(|reason| format!("{}: {reason}", path.display()))
    });
    let pixels = pixels.collect::<Result<Vec<Pixels>, String>>()?;
    let units = block_on(model.encode_images(&pixels)).map_err(|e| e.to_string())?;
    let named = |(path, embedding): (&PathBuf, Vec<f32>)| Embedding {
        of: path.display().to_string(),
        embedding,
    };
    Ok(paths.iter().zip(units).map(named).collect())
}

/// Decodes a picture, turns it as its EXIF data say (as a browser does), and prepares it.
fn read_picture(path: &Path, size: usize) -> Result<Pixels, String> {
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let reader = reader.map_err(|e| e.to_string())?;
    let mut decoder = reader.into_decoder().map_err(|e| e.to_string())?;
    let orientation = decoder.orientation().map_err(|e| e.to_string())?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (channels, bytes) = match picture.color() {
        ColorType::L8 | ColorType::L16 => (Channels::Gray, picture.into_luma8().into_raw()),
        ColorType::La8 | ColorType::La16 => {
            (Channels::GrayAlpha, picture.into_luma_alpha8().into_raw())
        }
        color if color.has_alpha() => (Channels::Rgba, picture.into_rgba8().into_raw()),
        _ => (Channels::Rgb, picture.into_rgb8().into_raw()),
    };
    let picture = Picture::new(width, height, channels, &bytes).map_err(|e| e.to_string())?;
    Ok(preprocess(&picture, size))
}
