//! The messages between the page and its workers. Each is JSON with an attachment: a file, images,
//! or numbers as a JavaScript object.

pub use refit_clip::Progress;

use crate::model_error::{self, FrontEnd};
#[cfg(doc)]
use crate::pairs::Probe;
use crate::pairs::ProbeTask;
use crate::teach::Lesson;
#[cfg(doc)]
use crate::teach::Taught;
use refit_clip::architecture::{Activation, Architecture};
use refit_clip::backend::ComputeError;
use refit_clip::caption::Decoding;
use refit_clip::locate::{Map, Method};
use refit_clip::mix::Tower;
use refit_clip::weights::WeightsError;
use refit_clip::weights::checksums::Checksums;
use refit_clip::weights::source::SourceError;
use refit_clip::{CheckpointInfo, ClipError, Scoring};
use refit_pairs::search::{Hit, Stored};
use serde::{Deserialize, Serialize};

/// Comes from a worker without a request: the model was loaded anew ([`LoadedModel`]).
pub const RELOADED: &str = "reloaded";

/// Sent instead of a request: the caption being generated, or the search, shall end here.
pub const STOP: &str = "stop";

/// What a model runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceChoice {
    /// The GPU, unless there is none or it is a software renderer; then the CPU.
    #[default]
    Best,
    Cpu,
    Gpu,
    /// The GPU with float16 weights.
    GpuF16,
}

/// On what a model runs, as the reader chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    pub device: DeviceChoice,
    /// How many workers divide a model on the CPU; `None` for those that make it faster.
    pub workers: Option<usize>,
}

/// Where a checkpoint is read from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CheckpointLocation {
    /// A file that comes with the page, by its path.
    Bundled(String),
    /// A finished download, by its [`CachedCheckpoint::key`].
    Cached(String),
    /// A server, where this browser stores no files.
    Address(String),
    /// Files of the reader's, which are attached: a checkpoint, its parts, its configuration.
    Files,
    /// A mixture of others, computed as it is read.
    Mixture(Box<Recipe>),
}

/// A mixture of checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    pub base: Ingredient,
    pub others: Vec<Ingredient>,
    /// λ, one for each of the others.
    pub coefficients: Vec<f64>,
    pub tower: Tower,
}

/// A checkpoint of a [`Recipe`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ingredient {
    /// For errors.
    pub name: String,
    /// No mixture.
    pub location: CheckpointLocation,
    /// How many of the attached files are its own, in order.
    pub files: usize,
    /// The name by which published ones are known.
    pub known_as: String,
    pub choices: ModelChoices,
}

/// What the reader chose about a checkpoint that can be read in several ways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChoices {
    /// `None` for what the configuration or the name tells.
    pub activation: Option<Activation>,
    /// Which of several states, by its key.
    pub weights_key: Option<String>,
}

/// What the page asks of a worker. The reply's type is named in brackets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum WorkerRequest {
    /// Describe the GPU ([`GpuInfo`]).
    Gpu,
    /// Load a model in place of the one before ([`LoadedModel`]), reporting [`Progress`].
    Load {
        /// Under which image embeddings are cached; empty for no cache.
        key: String,
        location: CheckpointLocation,
        placement: Placement,
        /// The checkpoint's name, by which published ones are known.
        name: String,
        choices: ModelChoices,
    },
    /// Encode texts: a [`TextWarning`] each, and their embeddings attached.
    EncodeTexts(Vec<String>),
    /// Encode the attached images: an [`EncodedImage`] or a sentence each, and the embeddings of
    /// those that could be decoded attached. `cache` stores them by the SHA-256 of their files.
    EncodeImages { cache: bool },
    /// Encode the attached images and their texts ([`EncodedPairs`]); attached come the vectors of the first image, of its
    /// text, of the next image. They are stored by the SHA-256 of both.
    EncodePairs(Vec<String>),
    /// Caption the attached image with at most `tokens` tokens ([`CaptionResult`]), reporting
    /// [`CaptionProgress`]. The decoder is loaded first, if it is not yet.
    Caption { decoding: Decoding, tokens: usize },
    /// The log-likelihood of each text as a caption of the attached image, reporting
    /// [`CaptionProgress`] while the decoder loads.
    ScoreCaptions(Vec<String>),
    /// Say where in the attached image a class is ([`LocatedClass`]), by its vector.
    Locate {
        method: Method,
        vector: Vec<f32>,
        /// With the class's bias alone.
        scoring: Scoring,
    },
    /// Teach a head ([`Taught`]) on the attached embeddings, reporting how many heads are taught, of how many.
    Teach(Box<Lesson>),
    /// Teach probes ([`Probe`]) on subsets of the attached embeddings, reporting how many are taught, of how many.
    Probe(Box<ProbeTask>),
    /// The first of each attached vector's near duplicates (a list of places); the vectors are float32 of this width.
    Duplicates { width: usize, threshold: f32 },
    /// Take an index's vectors in place of those before: files of whole vectors, which are attached.
    OpenVectors(Vec<VectorPiece>),
    /// Find a query's best rows among them ([`FoundRows`]), reporting how many bytes are done; so many bytes may stay in
    /// memory.
    SearchVectors {
        query: Vec<f32>,
        top: usize,
        keep: u64,
    },
    /// Say how many rows the attached Parquet file has.
    CountRows,
    /// Say what the attached metadata have of these rows, which are sorted (a list of row and columns).
    DescribeRows(Vec<u64>),
    /// Download a checkpoint into the cache ([`CachedCheckpoint`]), reporting [`Progress`].
    Download {
        key: String,
        address: String,
        name: String,
    },
    /// List the cache ([`CacheListing`]).
    ListCache,
    /// Delete a checkpoint or an interrupted download by its key.
    Delete(String),
    /// Delete the embeddings of images and pairs that are stored.
    DeleteVectors,
    /// Attach a checkpoint's bytes as a [`Blob`](web_sys::Blob), reporting [`Progress`].
    Copy(CheckpointLocation),
    /// Store the attached bytes under a name.
    Put(String),
    /// Attach the bytes that are stored under a name, if any.
    Get(String),
}

/// How far a caption is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaptionProgress {
    /// The decoder loads.
    Loading(Progress),
    /// The best caption so far.
    Words(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptionResult {
    pub text: String,
    /// Without the start and end tokens.
    pub tokens: usize,
    pub log_likelihood: f64,
    /// The model ended the caption; otherwise it was cut at the token limit or by the reader.
    pub has_ended: bool,
    /// Counted from the first token on; `None` for a caption of one.
    pub tokens_per_second: Option<f64>,
}

/// Vectors of an index that lie together in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorPiece {
    /// The first one's row in the index.
    pub first: u64,
    pub stored: Stored,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FoundRows {
    /// The best first.
    pub hits: Vec<Hit>,
    /// Vectors that have a number that is none.
    pub not_finite: u64,
    /// Bytes that were searched, those of them that came from files, and those that are in memory now.
    pub scanned: u64,
    pub read: u64,
    pub kept: u64,
    pub milliseconds: f64,
    /// What could not be read, in sentences.
    pub problems: Vec<String>,
}

/// Pairs that were encoded, or why not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EncodedPairs {
    pub pairs: Vec<Result<EncodedPair, String>>,
    /// Their vectors are stored for a run that goes on.
    pub is_stored: bool,
}

/// A pair that was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodedPair {
    /// The image's width and height in pixels.
    pub width: u32,
    pub height: u32,
    /// The text did not fit into the model's context.
    pub is_truncated: bool,
    /// The vectors came from the cache.
    pub is_cached: bool,
}

/// Where in an image a class is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocatedClass {
    pub map: Map,
    pub width: u32,
    pub height: u32,
    /// How long it took, without decoding the image or loading the last block.
    pub milliseconds: f64,
}

/// What WebGPU says about a GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuInfo {
    pub name: String,
    /// A software renderer.
    pub is_software: bool,
    pub has_f16: bool,
    /// It has timestamp queries.
    pub has_timestamps: bool,
    /// The largest buffer, in bytes.
    pub buffer_bytes: u64,
    /// The largest part of a buffer that a kernel can bind, in bytes.
    pub binding_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadedModel {
    pub architecture: Architecture,
    /// What the checkpoint is, and what was assumed about it.
    pub info: CheckpointInfo,
    /// What to know of the models that are mixed, and of workers that were lost, in sentences.
    pub notes: Vec<String>,
    /// Of a model that was trained with a sigmoid loss.
    pub logit_bias: Option<f32>,
    /// The factor from cosine similarity to logit.
    pub logit_scale: f32,
    /// `None` on the CPU.
    pub gpu: Option<GpuInfo>,
    pub has_f16_weights: bool,
    /// How many workers divide it on the CPU; 1 on the GPU.
    pub workers: usize,
    /// How long loading took.
    pub milliseconds: f64,
    /// The size of the checkpoint.
    pub bytes: u64,
}

/// What the tokenizer changed or suspects in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextWarning {
    /// Tokens that did not fit into the model's context.
    pub truncated: usize,
    pub is_mojibake: bool,
}

/// An image that was encoded; times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EncodedImage {
    /// SHA-256 of its file in hexadecimal; empty for a camera frame.
    pub digest: String,
    pub width: u32,
    pub height: u32,
    /// The embedding came from the cache.
    pub is_cached: bool,
    pub decode: f64,
    pub resize: f64,
    /// For the whole batch: upload, image tower and download.
    pub encode: f64,
    /// The part of `encode` on the device itself, where the device measures it.
    pub on_device: Option<f64>,
    /// The first run with this model.
    pub is_cold: bool,
    pub batch: usize,
}

/// A checkpoint in the cache; stored as JSON beside its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedCheckpoint {
    /// The stem of its files' names.
    pub key: String,
    pub name: String,
    pub address: String,
    #[serde(rename = "sums")]
    pub checksums: Checksums,
    /// The configuration files that lay beside it, each with its name.
    #[serde(default)]
    pub configurations: Vec<(String, String)>,
}

/// A download that was interrupted or is under way in another tab; stored as JSON beside its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialDownload {
    pub key: String,
    pub name: String,
    pub address: String,
    #[serde(default)]
    pub progress: Progress,
}

/// The cached checkpoints, and the storage they take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CacheListing {
    pub checkpoints: Vec<CachedCheckpoint>,
    pub partial: Vec<PartialDownload>,
    /// Bytes of the embeddings of images and pairs.
    pub vectors: f64,
    /// Bytes that this page uses.
    pub used: f64,
    /// Bytes that the browser allows it.
    pub quota: f64,
}

/// The kinds of failure that the page treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The device was lost or cannot hold the model; another may.
    Device,
    /// A cached file has changed or is gone.
    Damaged,
    /// The browser's storage is full.
    Full,
    /// Another tab has the file open.
    Busy,
    /// The browser stores no files.
    NoFiles,
    /// One of the workers that divide the model was lost; the others can load it again.
    WorkerLost,
    /// The worker was stopped; the next request starts another.
    Stopped,
    Other,
}

/// Why a request failed, as a sentence for the reader.
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
            ClipError::Compute(ComputeError::WorkerLost { .. }) => FailureKind::WorkerLost,
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
