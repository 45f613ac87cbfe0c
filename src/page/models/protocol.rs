//! What the page asks of a worker, and what comes back: JSON, with pictures, files and vectors
//! beside it as the objects that they are.

pub use refit_clip::Progress;

use crate::model_error::{self, FrontEnd};
use refit_clip::ClipError;
use refit_clip::architecture::Architecture;
use refit_clip::backend::ComputeError;
use refit_clip::caption::Decoding;
use refit_clip::weights::WeightsError;
use refit_clip::weights::checksums::Checksums;
use refit_clip::weights::source::SourceError;
use serde::{Deserialize, Serialize};

/// In place of a question's number: the caption that is written now shall end.
pub const STOP: &str = "stop";

/// What the engine runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Device {
    /// The GPU where there is a real one, else the processor.
    #[default]
    Best,
    Cpu,
    Gpu,
    /// The GPU, numbers kept as float16.
    GpuF16,
}

/// Where a checkpoint is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckpointLocation {
    /// A file of this page.
    Bundled(String),
    /// What a download left, by its [`CachedCheckpoint::key`].
    Cached(String),
    /// A server, where this browser keeps no files.
    Address(String),
    /// A file of the reader's, which lies beside.
    File,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Which GPU is there: [`GpuInfo`].
    Gpu,
    /// Makes a model ready in place of the one before: [`LoadedModel`], with [`Progress`].
    Load {
        /// Under which seen pictures are remembered; empty for none.
        key: String,
        place: CheckpointLocation,
        device: Device,
        /// Where no configuration says it.
        quick_gelu: bool,
    },
    /// Unit vectors of texts: [`TextWarning`]s, the vectors beside.
    Texts(Vec<String>),
    /// Unit vectors of the pictures beside: a [`EncodedImage`] or a sentence for each, the vectors of
    /// those that could be seen beside. `keep` remembers them by their bytes.
    Pictures {
        keep: bool,
    },
    /// Writes a caption of at most so many tokens about the picture beside: [`CaptionResult`], with
    /// [`CaptionProgress`]. What writes is loaded first, where it was left out.
    Caption {
        decoding: Decoding,
        tokens: usize,
    },
    /// How likely each text is as a caption of the picture beside: log-likelihoods, with
    /// [`CaptionProgress`] while what writes is loaded.
    Likelihoods(Vec<String>),
    /// Downloads a checkpoint to keep it: [`CachedCheckpoint`], with [`Progress`].
    Download {
        key: String,
        address: String,
        name: String,
    },
    /// All that is kept: [`CacheListing`].
    CacheListing,
    /// Deletes what is kept under a key, a broken-off download too.
    Delete(String),
    /// The bytes beside, kept under a name; and back: beside, where there are any.
    Put(String),
    Get(String),
}

/// How far a caption is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaptionProgress {
    /// What writes captions comes first.
    Loading(Progress),
    /// The likeliest words so far.
    Words(String),
}

/// A caption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptionResult {
    pub text: String,
    /// Between start and end.
    pub tokens: usize,
    pub log_likelihood: f64,
    /// By itself, not because it grew too long or was stopped.
    pub has_ended: bool,
    /// From the first token on; a caption of one has none.
    pub tokens_per_second: Option<f64>,
}

/// A GPU as WebGPU tells of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuInfo {
    pub name: String,
    pub is_software: bool,
    pub has_f16: bool,
    pub has_clock: bool,
    /// The largest buffer, in bytes, and the most of it that a kernel can bind.
    pub buffer_bytes: u64,
    pub binding_bytes: u64,
}

/// A model that is ready.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadedModel {
    pub architecture: Architecture,
    /// The factor from cosine to logit.
    pub scale: f32,
    /// `None` on the processor.
    pub gpu: Option<GpuInfo>,
    pub has_f16_weights: bool,
    pub milliseconds: f64,
    pub bytes: u64,
}

/// What happened to a text that was not taken as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextWarning {
    /// Tokens that did not fit.
    pub cut: usize,
    pub mojibake: bool,
}

/// What was seen of a picture, and how long each step took in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EncodedImage {
    /// SHA-256 of its file, in hexadecimal; empty for a frame of a camera.
    pub digest: String,
    pub width: u32,
    pub height: u32,
    /// It was known from before; nothing was computed.
    pub known: bool,
    pub decode: f64,
    pub resize: f64,
    /// The whole batch's: upload, tower and download.
    pub encode: f64,
    /// Of it, on the device itself, where it tells.
    pub tower: Option<f64>,
    pub is_cold: bool,
    /// Pictures of the batch.
    pub batch: usize,
}

/// A checkpoint that was downloaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedCheckpoint {
    /// Name of its files.
    pub key: String,
    pub name: String,
    pub address: String,
    pub sums: Checksums,
}

/// A download that broke off, or is under way in another tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialDownload {
    pub key: String,
    pub name: String,
    pub address: String,
    /// How far it is.
    #[serde(default)]
    pub progress: Progress,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CacheListing {
    pub kept: Vec<CachedCheckpoint>,
    pub parts: Vec<PartialDownload>,
    /// Bytes that this page uses, and may use, as the browser tells.
    pub used: f64,
    pub quota: f64,
}

/// What a failure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The device does not go on, or cannot hold the model: another must be taken.
    Device,
    /// What was kept is not what was written.
    Damaged,
    /// The browser has no room for it.
    Full,
    /// Another tab is at it.
    Busy,
    /// The browser keeps no files.
    NoFiles,
    /// The worker is gone; the next question starts another.
    Stopped,
    Other,
}

/// A sentence for the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub sentence: String,
}

impl Failure {
    pub fn new(kind: FailureKind, sentence: impl Into<String>) -> Failure {
        Failure {
            kind,
            sentence: sentence.into(),
        }
    }
}

impl From<ClipError> for Failure {
    fn from(error: ClipError) -> Self {
        let kind = match &error {
            ClipError::Compute(ComputeError::TooLarge { .. })
            | ClipError::Compute(ComputeError::OutOfMemory { .. })
            | ClipError::Compute(ComputeError::Lost { .. })
            | ClipError::Compute(ComputeError::Refused { .. })
            | ClipError::Compute(ComputeError::NoDevice { .. })
            | ClipError::Compute(ComputeError::Unsupported { .. }) => FailureKind::Device,
            ClipError::Weights(WeightsError::Source(SourceError::Damaged)) => FailureKind::Damaged,
            _ => FailureKind::Other,
        };
        Failure::new(kind, model_error::sentence(&error, FrontEnd::Page))
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        ClipError::from(error).into()
    }
}
