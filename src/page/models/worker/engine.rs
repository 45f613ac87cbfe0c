//! A model that is ready, on whatever it runs.

use super::super::protocol::{
    CheckpointLocation, Device, EncodedImage, Failure, FailureKind, GpuInfo, LoadedModel, Progress,
    TextWarning,
};
use super::embedding_cache::Memory;
use super::open_checkpoint;
use super::picture;
use crate::model_error::{self, FrontEnd};
use js_sys::{Array, Float32Array, Uint8Array};
use refit_clip::architecture::Activation;
use refit_clip::backend::cpu::Cpu;
use refit_clip::backend::gpu::{self, Gpu, Precision};
use refit_clip::backend::{Backend, ComputeError};
use refit_clip::browser::{EncodingTime, TimedModel, now};
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::{Tokenizer, Tokens};
use refit_clip::weights::source::Source;
use refit_clip::{ClipError, LoadOptions};
use std::collections::HashMap;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

pub(super) enum Towers {
    Cpu(Box<TimedModel<Cpu>>),
    Gpu(Box<TimedModel<Gpu>>),
}

pub struct Engine {
    pub(super) towers: Towers,
    pub(super) tokenizer: Tokenizer,
    /// Where it was loaded from, for what writes captions.
    pub(super) from: (CheckpointLocation, JsValue, LoadOptions),
    /// Unit vectors of pictures that were seen, by their bytes' SHA-256.
    seen: HashMap<String, (Vec<f32>, u32, u32)>,
    /// Where they are kept, if nobody else has that open.
    memory: Option<Memory>,
    /// Those that are not kept yet.
    unkept: Vec<String>,
}

/// What WebGPU says of this machine.
pub async fn gpu() -> Result<GpuInfo, Failure> {
    let gpu = open(Precision::F32).await?;
    let facts = facts(&gpu);
    gpu.destroy();
    Ok(facts)
}

async fn open(precision: Precision) -> Result<Gpu, ClipError> {
    let options = gpu::DeviceOptions {
        precision,
        ..gpu::DeviceOptions::default()
    };
    Ok(Gpu::open(options).await?)
}

fn facts(gpu: &Gpu) -> GpuInfo {
    let adapter = gpu.adapter();
    let (buffer_bytes, binding_bytes) = gpu.limits();
    GpuInfo {
        name: adapter.name.clone(),
        is_software: adapter.is_software,
        has_f16: adapter.has_f16,
        has_clock: adapter.has_clock,
        buffer_bytes,
        binding_bytes,
    }
}

impl Engine {
    /// Loads a checkpoint; `file` is it where it is the reader's own.
    pub async fn load(
        place: CheckpointLocation,
        device: Device,
        quick_gelu: bool,
        file: JsValue,
        mut progress: impl FnMut(Progress),
    ) -> Result<(Engine, LoadedModel), Failure> {
        let options = LoadOptions {
            activation: match quick_gelu {
                true => Activation::QuickGelu,
                false => Activation::Gelu,
            },
            ..LoadOptions::default()
        };
        let mut source = open_checkpoint::open(&place, &file).await?;
        let start = now();
        let bytes = source.size();
        let gpu = match device {
            Device::Cpu => None,
            Device::Gpu => Some(open(Precision::F32).await?),
            Device::GpuF16 => Some(open(Precision::F16).await?),
            // Software is slower than the processor's own kernels.
            Device::Best => open(Precision::F32)
                .await
                .ok()
                .filter(|gpu| !gpu.adapter().is_software),
        };
        let facts = gpu.as_ref().map(facts);
        let source = &mut source;
        let towers = match gpu {
            None => {
                let model = TimedModel::load(Cpu::default(), source, options, &mut progress);
                Towers::Cpu(Box::new(model.await.map_err(on_processor)?))
            }
            Some(gpu) => {
                let model = TimedModel::load(gpu, source, options, &mut progress);
                Towers::Gpu(Box::new(model.await?))
            }
        };
        let (architecture, scale) = match &towers {
            Towers::Cpu(model) => (*model.model().architecture(), model.model().scale()),
            Towers::Gpu(model) => (*model.model().architecture(), model.model().scale()),
        };
        let engine = Engine {
            tokenizer: tokenizer(architecture.vocabulary, architecture.context).await?,
            towers,
            from: (place, file, options),
            seen: HashMap::new(),
            memory: None,
            unkept: Vec::new(),
        };
        let ready = LoadedModel {
            architecture,
            scale,
            gpu: facts,
            has_f16_weights: device == Device::GpuF16,
            milliseconds: now() - start,
            bytes,
        };
        Ok((engine, ready))
    }

    pub async fn texts(
        &mut self,
        texts: &[String],
    ) -> Result<(Vec<TextWarning>, JsValue), Failure> {
        let tokens: Vec<Tokens> = texts.iter().map(|t| self.tokenizer.encode(t)).collect();
        let units = match &self.towers {
            Towers::Cpu(model) => model.encode_texts(&tokens).await,
            Towers::Gpu(model) => model.encode_texts(&tokens).await,
        }?;
        let notes = tokens.iter().map(|tokens| TextWarning {
            cut: tokens.truncated,
            mojibake: tokens.mojibake,
        });
        Ok((notes.collect(), numbers(&units)))
    }

    pub async fn pictures(
        &mut self,
        pictures: &Array,
        keep: bool,
    ) -> Result<(Vec<Result<EncodedImage, String>>, JsValue), Failure> {
        let size = self.size();
        let mut seen = Vec::new();
        let mut prepared: Vec<PixelValues> = Vec::new();
        for picture in pictures.iter() {
            let known = |digest: &str| self.seen.contains_key(digest);
            match picture::prepare(&picture, size, keep, known).await {
                Ok((one, pixels)) => {
                    prepared.extend(pixels);
                    seen.push(Ok(one));
                }
                Err(sentence) => seen.push(Err(sentence)),
            }
        }
        let (units, run) = match &self.towers {
            Towers::Cpu(model) => encode(model, &prepared).await,
            Towers::Gpu(model) => encode(model, &prepared).await,
        }?;
        let mut fresh = units.into_iter();
        let mut all = Vec::new();
        for one in seen.iter_mut().filter_map(|one| one.as_mut().ok()) {
            if one.known {
                if let Some((unit, width, height)) = self.seen.get(&one.digest) {
                    (one.width, one.height) = (*width, *height);
                    all.push(unit.clone());
                }
                continue;
            }
            (one.encode, one.tower) = (run.milliseconds, run.device);
            (one.is_cold, one.batch) = (run.is_cold, prepared.len());
            let unit = fresh.next().unwrap_or_default();
            if !one.digest.is_empty() {
                let entry = (unit.clone(), one.width, one.height);
                self.seen.insert(one.digest.clone(), entry);
                self.unkept.push(one.digest.clone());
            }
            all.push(unit);
        }
        Ok((seen, numbers(&all)))
    }

    /// Remembers pictures under a key, and those of earlier visits.
    pub async fn remember(&mut self, key: &str) {
        let width = match &self.towers {
            Towers::Cpu(model) => model.model().architecture().embedding,
            Towers::Gpu(model) => model.model().architecture().embedding,
        };
        if !key.is_empty()
            && let Ok((memory, seen)) = Memory::open(key, width).await
        {
            self.memory = Some(memory);
            self.seen = seen;
        }
    }

    /// Keeps what was seen, once nobody waits for it.
    pub fn keep(&mut self) {
        for digest in std::mem::take(&mut self.unkept) {
            if let (Some(memory), Some(entry)) = (&mut self.memory, self.seen.get(&digest)) {
                memory.add(&digest, entry);
            }
        }
    }

    /// Side of the picture that the model takes.
    pub(super) fn size(&self) -> usize {
        match &self.towers {
            Towers::Cpu(model) => model.model().architecture().image_size(),
            Towers::Gpu(model) => model.model().architecture().image_size(),
        }
    }
}

/// There is no other device to go to.
fn on_processor(error: ClipError) -> Failure {
    match error {
        ClipError::Compute(ComputeError::OutOfMemory { .. }) => Failure::new(
            FailureKind::Other,
            "The processor has no room for this model: a page may have 4 GB of memory at most, here perhaps less. Choose a smaller model, or a GPU.",
        ),
        error => error.into(),
    }
}

async fn encode<B: Backend>(
    model: &TimedModel<B>,
    pictures: &[PixelValues],
) -> Result<(Vec<Vec<f32>>, EncodingTime), ClipError> {
    if pictures.is_empty() {
        return Ok(Default::default());
    }
    let units = model.encode_images(pictures).await?;
    Ok((units, model.last()))
}

fn numbers(units: &[Vec<f32>]) -> JsValue {
    Float32Array::from(units.concat().as_slice()).into()
}

async fn tokenizer(vocabulary: usize, context: usize) -> Result<Tokenizer, Failure> {
    let merges = open_checkpoint::own("clip/merges.bin").await?;
    let merges = JsFuture::from(merges.array_buffer().map_err(open_checkpoint::unreadable)?);
    let merges = Uint8Array::new(&merges.await.map_err(open_checkpoint::unreadable)?).to_vec();
    let entities = open_checkpoint::own("clip/entities.txt").await?;
    let entities = JsFuture::from(entities.text().map_err(open_checkpoint::unreadable)?);
    let entities = entities.await.map_err(open_checkpoint::unreadable)?;
    let entities = entities.as_string().unwrap_or_default();
    let tokenizer = Tokenizer::new(&merges, &entities);
    let tokenizer = tokenizer.and_then(|whole| whole.for_model(vocabulary, context));
    tokenizer.map_err(|error| {
        let sentence = model_error::vocabulary_sentence(&error, FrontEnd::Page);
        Failure::new(FailureKind::Other, sentence)
    })
}
