//! Loading a checkpoint onto the CPU or GPU.

use crate::checkpoint::{self, Choices};
use clap::ValueEnum;
use pollster::block_on;
use refit::model_error::{self, FrontEnd};
use refit_clip::backend::Backend;
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::{self, Gpu, Precision};
use refit_clip::head::HeadModel;
use refit_clip::locate::Localizer;
use refit_clip::tokenizer::Tokenizer;
use refit_clip::{ClipError, LoadOptions, Model};
use serde::Serialize;
use std::path::{Path, PathBuf};

const MERGES: &[u8] = include_bytes!("../../../public/clip/merges.bin");
const ENTITIES: &str = include_str!("../../../public/clip/entities.txt");

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
    /// Checkpoint: .safetensors, .pt or .bin, with open_clip's or transformers' names; a folder with
    /// one; or the index of one in several files
    #[arg(long)]
    weights: PathBuf,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    pub device: DeviceArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What a model is run on.
#[derive(clap::Args)]
pub(crate) struct DeviceArguments {
    /// Device
    #[arg(long, value_enum, default_value = "cpu")]
    pub backend: BackendChoice,
    /// Storage type; sums are always f32, and f16 needs a GPU
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Dtype,
    /// CPU threads [default: all]
    #[arg(long)]
    threads: Option<usize>,
}

/// Which model, where a command can do without, or finds it in a record.
#[derive(clap::Args)]
pub(crate) struct OptionalModel {
    /// Checkpoint, as of `refit classify` [default: that of the index]
    #[arg(long)]
    pub weights: Option<PathBuf>,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    pub device: DeviceArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl OptionalModel {
    /// The model at a path.
    pub(crate) fn load<B: Backend>(&self, backend: B, weights: &Path) -> Result<Model<B>, String> {
        load_at(backend, weights, &self.choices, false)
    }
}

impl ModelArguments {
    /// Where the checkpoint is.
    pub(crate) fn weights(&self) -> &Path {
        &self.weights
    }

    /// The model, for heads that are taught on it.
    pub(crate) fn about<B: Backend>(&self, model: &Model<B>) -> HeadModel {
        HeadModel {
            name: name(&self.weights),
            identity: model.info().identity(),
        }
    }
}

/// A checkpoint's name: that of its file.
pub(crate) fn name(weights: &Path) -> String {
    let name = weights.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
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

pub(crate) fn open_cpu(arguments: &DeviceArguments) -> Result<(Cpu, Device), String> {
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

pub(crate) fn open_gpu(arguments: &DeviceArguments) -> Result<(Gpu, Device), String> {
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
    load_at(backend, &arguments.weights, &arguments.choices, captions)
}

fn load_at<B: Backend>(
    backend: B,
    path: &Path,
    choices: &Choices,
    captions: bool,
) -> Result<Model<B>, String> {
    let options = LoadOptions {
        captions,
        ..checkpoint::options(path, choices)?
    };
    let mut source = checkpoint::open(path)?;
    let model = block_on(Model::load(backend, &mut source, options, |_| {})).map_err(sentence)?;
    checkpoint::say_assumptions(model.info());
    Ok(model)
}

/// The last block of a loaded model, to see where in a picture a text is.
pub(crate) fn localizer<B: Backend>(
    model: &Model<B>,
    arguments: &ModelArguments,
) -> Result<Localizer, String> {
    let options = checkpoint::options(&arguments.weights, &arguments.choices)?;
    let mut source = checkpoint::open(&arguments.weights)?;
    block_on(model.localizer(&mut source, &options)).map_err(sentence)
}
