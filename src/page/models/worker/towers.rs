//! The model on the CPU or on the GPU: the one place that tells the two apart.

use super::super::protocol::{DeviceChoice, Failure, FailureKind, GpuInfo, Placement, Progress};
use refit_clip::architecture::Architecture;
use refit_clip::backend::ComputeError;
use refit_clip::backend::gpu::{DeviceOptions, Gpu, Precision};
use refit_clip::backend::group::Group;
use refit_clip::browser::{EncodingTime, TimedModel, WorkerPeer, start_peers};
use refit_clip::caption::{Caption, Decoding};
use refit_clip::locate::{Localizer, Located, Map, Region};
use refit_clip::preprocess::{PixelValues, Preprocessing};
use refit_clip::tokenizer::Tokens;
use refit_clip::weights::source::Source;
use refit_clip::{CheckpointInfo, Classes, ClipError, LoadOptions};
use std::ops::ControlFlow;

pub enum Towers {
    /// Divided between this worker and those that it started.
    Cpu(Box<TimedModel<Group<WorkerPeer>>>),
    Gpu(Box<TimedModel<Gpu>>),
}

/// The same expression for a model on either device.
macro_rules! on_either {
    ($towers:expr, $model:ident => $result:expr) => {
        match $towers {
            Towers::Cpu($model) => $result,
            Towers::Gpu($model) => $result,
        }
    };
}

impl Towers {
    /// Loads a checkpoint; also describes the GPU, if it is on one.
    pub async fn load<S: Source>(
        source: &mut S,
        placement: Placement,
        options: LoadOptions,
        progress: impl FnMut(Progress),
    ) -> Result<(Towers, Option<GpuInfo>), Failure> {
        let gpu = match placement.device {
            DeviceChoice::Cpu => None,
            DeviceChoice::Gpu => Some(open(Precision::F32).await?),
            DeviceChoice::GpuF16 => Some(open(Precision::F16).await?),
            // A software renderer is slower than the CPU's own kernels.
            DeviceChoice::Best => open(Precision::F32)
                .await
                .ok()
                .filter(|gpu| !gpu.adapter().is_software),
        };
        let info = gpu.as_ref().map(info);
        let towers = match gpu {
            None => {
                let peers = start_peers(placement.workers, source.size()).await;
                let model = TimedModel::load(Group::new(peers), source, options, progress);
                Towers::Cpu(Box::new(model.await.map_err(cpu_failure)?))
            }
            Some(gpu) => {
                let model = TimedModel::load(gpu, source, options, progress);
                Towers::Gpu(Box::new(model.await?))
            }
        };
        Ok((towers, info))
    }

    pub fn architecture(&self) -> &Architecture {
        on_either!(self, model => model.model().architecture())
    }

    /// How many workers divide the model; a GPU does not.
    pub fn workers(&self) -> usize {
        match self {
            Towers::Cpu(model) => model.model().backend().size(),
            Towers::Gpu(_) => 1,
        }
    }

    pub fn info(&self) -> &CheckpointInfo {
        on_either!(self, model => model.model().info())
    }

    pub fn preprocessing(&self) -> &Preprocessing {
        on_either!(self, model => model.model().preprocessing())
    }

    pub fn logit_bias(&self) -> Option<f32> {
        on_either!(self, model => model.model().bias())
    }

    pub fn logit_scale(&self) -> f32 {
        on_either!(self, model => model.model().scale())
    }

    pub async fn encode_texts(&self, texts: &[Tokens]) -> Result<Vec<Vec<f32>>, ClipError> {
        on_either!(self, model => model.encode_texts(texts).await)
    }

    pub async fn encode_images(
        &self,
        images: &[PixelValues],
    ) -> Result<(Vec<Vec<f32>>, EncodingTime), ClipError> {
        if images.is_empty() {
            return Ok(Default::default());
        }
        on_either!(self, model => Ok((model.encode_images(images).await?, model.last())))
    }

    pub fn has_decoder(&self) -> bool {
        on_either!(self, model => model.model().has_captions())
    }

    pub async fn load_decoder<S: Source>(
        &mut self,
        source: &mut S,
        options: &LoadOptions,
        progress: impl FnMut(Progress),
    ) -> Result<(), ClipError> {
        on_either!(self, model => model.load_captions(source, options, progress).await)
    }

    pub async fn caption(
        &self,
        image: &PixelValues,
        decoding: Decoding,
        tokens: usize,
        progress: impl AsyncFnMut(&[u32]) -> ControlFlow<()>,
    ) -> Result<Caption, ClipError> {
        on_either!(self, model => model.caption(image, decoding, tokens, progress).await)
    }

    /// Reads the last block again, to see where in an image a class is.
    pub async fn localizer<S: Source>(
        &self,
        source: &mut S,
        options: &LoadOptions,
    ) -> Result<Localizer, ClipError> {
        on_either!(self, model => model.model().localizer(source, options).await)
    }

    pub async fn locate(
        &self,
        localizer: &Localizer,
        image: &PixelValues,
        region: Region,
        classes: &Classes,
    ) -> Result<Located, ClipError> {
        on_either!(self, model => model.model().locate(localizer, image, region, classes).await)
    }

    pub async fn locate_by_tiles(
        &self,
        tiles: &[PixelValues],
        size: (usize, usize),
        classes: &Classes,
    ) -> Result<Vec<Map>, ClipError> {
        on_either!(self, model => model.model().locate_by_tiles(tiles, size, classes).await)
    }

    pub async fn log_likelihoods(
        &self,
        image: &PixelValues,
        texts: &[Tokens],
    ) -> Result<Vec<f64>, ClipError> {
        on_either!(self, model => model.model().log_likelihoods(image, texts).await)
    }
}

/// Describes this machine's GPU.
pub async fn gpu_info() -> Result<GpuInfo, Failure> {
    let gpu = open(Precision::F32).await?;
    let info = info(&gpu);
    gpu.destroy();
    Ok(info)
}

async fn open(precision: Precision) -> Result<Gpu, ClipError> {
    let options = DeviceOptions {
        precision,
        ..DeviceOptions::default()
    };
    Ok(Gpu::open(options).await?)
}

fn info(gpu: &Gpu) -> GpuInfo {
    let adapter = gpu.adapter();
    let (buffer_bytes, binding_bytes) = gpu.limits();
    GpuInfo {
        name: adapter.name.clone(),
        is_software: adapter.is_software,
        has_f16: adapter.has_f16,
        has_timestamps: adapter.has_clock,
        buffer_bytes,
        binding_bytes,
    }
}

/// Running out of memory is not the device's failure here: there is no device with more room.
fn cpu_failure(error: ClipError) -> Failure {
    match error {
        ClipError::Compute(ComputeError::OutOfMemory { .. }) => Failure::new(
            FailureKind::Other,
            "The model does not fit into memory: a page may use at most 4 GB on the CPU, here perhaps less. Choose a smaller model, or a GPU.",
        ),
        error => error.into(),
    }
}
