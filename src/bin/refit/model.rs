//! Loading a checkpoint onto the CPU or GPU, and images for it.

use clap::ValueEnum;
use image::{ColorType, DynamicImage, ImageDecoder, ImageReader};
use pollster::block_on;
use refit::model_error::{self, FrontEnd};
use refit_clip::architecture::{Activation, Architecture, Configuration};
use refit_clip::backend::Backend;
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::{self, Gpu, Precision};
use refit_clip::preprocess::{Channels, Image, PixelValues, preprocess};
use refit_clip::tokenizer::Tokenizer;
use refit_clip::weights::source::FileSource;
use refit_clip::{ClipError, LoadOptions, Model};
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
pub(crate) enum BackendChoice {
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
pub(crate) struct ModelArguments {
    /// Checkpoint: .safetensors, .pt or .bin, with open_clip's or transformers' names
    #[arg(long)]
    weights: PathBuf,
    /// Configuration [default: open_clip_config.json or config.json beside the checkpoint]
    #[arg(long)]
    config: Option<PathBuf>,
    /// Activation, where neither configuration nor file name gives it
    #[arg(long, value_enum)]
    activation: Option<ActivationChoice>,
    /// Device
    #[arg(long, value_enum, default_value = "cpu")]
    pub backend: BackendChoice,
    /// Storage type; sums are always f32, and f16 needs a GPU
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Dtype,
    /// CPU threads [default: all]
    #[arg(long)]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What the model ran on.
#[derive(Serialize)]
pub(crate) struct Device {
    backend: &'static str,
    /// The GPU's name, as its driver has it.
    adapter: Option<String>,
    dtype: Dtype,
}

/// What went wrong, for the reader of a terminal.
pub(crate) fn sentence(error: impl Into<ClipError>) -> String {
    model_error::sentence(&error.into(), FrontEnd::Terminal)
}

/// The model's tokenizer.
pub(crate) fn tokenizer<B: Backend>(model: &Model<B>) -> Result<Tokenizer, String> {
    let architecture = model.architecture();
    let (vocabulary, context) = (architecture.vocabulary, architecture.context);
    let tokenizer = Tokenizer::new(MERGES, ENTITIES).and_then(|t| t.for_model(vocabulary, context));
    tokenizer.map_err(|e| model_error::vocabulary_sentence(&e, FrontEnd::Terminal))
}

pub(crate) fn open_cpu(arguments: &ModelArguments) -> Result<(Cpu, Device), String> {
    if arguments.dtype == Dtype::F16 {
        return Err("f16 needs a GPU: choose --backend gpu".to_owned());
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

pub(crate) fn open_gpu(arguments: &ModelArguments) -> Result<(Gpu, Device), String> {
    let options = gpu::DeviceOptions {
        precision: match arguments.dtype {
            Dtype::F32 => Precision::F32,
            Dtype::F16 => Precision::F16,
        },
        ..gpu::DeviceOptions::default()
    };
    let gpu = block_on(Gpu::open(options)).map_err(sentence)?;
    let name = &gpu.adapter().name;
    if gpu.adapter().is_software {
        eprintln!("refit: {name} is a software renderer, not a GPU: --backend cpu is faster");
    }
    let device = Device {
        backend: "gpu",
        adapter: Some(name.clone()),
        dtype: arguments.dtype,
    };
    Ok((gpu, device))
}

pub(crate) fn load<B: Backend>(
    backend: B,
    arguments: &ModelArguments,
    captions: bool,
) -> Result<Model<B>, String> {
    let path = &arguments.weights;
    let configuration = configuration(arguments)?;
    let chosen = arguments.activation.map(|choice| match choice {
        ActivationChoice::Gelu => Activation::Gelu,
        ActivationChoice::QuickGelu => Activation::QuickGelu,
    });
    let known = Activation::of_checkpoint(&path.display().to_string());
    let activation = chosen.or(configuration.activation).or(known);
    if activation.is_none() {
        eprintln!("refit: unknown activation, using GELU; choose with --activation");
    }
    let options = LoadOptions {
        configuration: Configuration {
            activation,
            ..configuration
        },
        captions,
        ..LoadOptions::default()
    };
    let mut source = FileSource::open(path).map_err(sentence)?;
    block_on(Model::load(backend, &mut source, options, |_| {})).map_err(sentence)
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

/// Pictures as a model takes them.
pub(crate) fn read_pictures(
    paths: &[PathBuf],
    architecture: &Architecture,
) -> Result<Vec<PixelValues>, String> {
    let pixels = paths.iter().map(|path| {
        let pixels = read_picture(path, architecture.image_size());
        pixels.map_err(|reason| format!("{}: {reason}", path.display()))
    });
    pixels.collect()
}

/// Decodes a picture, turns it as its EXIF data say (as a browser does), and prepares it.
fn read_picture(path: &Path, size: usize) -> Result<PixelValues, String> {
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
    let picture = Image::new(width, height, channels, &bytes);
    let picture = picture.map_err(|e| model_error::image_sentence(&e))?;
    Ok(preprocess(&picture, size))
}
