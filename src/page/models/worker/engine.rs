//! A loaded model with its tokenizer and the embeddings of the images it has encoded.

use super::super::protocol::{
    CheckpointLocation, DeviceChoice, EncodedImage, EncodedPair, EncodedPairs, Failure,
    FailureKind, LoadedModel, ModelChoices, Placement, Progress, TextWarning,
};
use super::checkpoint_source::{self, CheckpointSource};
use super::embedding_cache::{CachedEmbedding, EmbeddingCache};
use super::image;
use super::pair_cache::{CachedPair, Digest, PairCache};
use super::stored_vectors;
use super::towers::Towers;
use crate::model_error::{self, FrontEnd};
use js_sys::{Array, Float32Array, Uint8Array};
use refit_clip::LoadOptions;
use refit_clip::browser::now;
use refit_clip::locate::Localizer;
use refit_clip::preprocess::PixelValues;
use refit_clip::tokenizer::{Tokenizer, Tokens};
use refit_clip::weights::source::Source;
use std::collections::HashMap;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use xxhash_rust::xxh64::xxh64;

/// Where a checkpoint came from, to load it, and more of it later.
#[derive(Clone)]
pub struct Origin {
    pub location: CheckpointLocation,
    /// Those that are attached, for [`CheckpointLocation::Files`].
    pub files: JsValue,
    /// By which published ones are known.
    pub name: String,
    pub choices: ModelChoices,
}

impl Origin {
    async fn open(&self) -> Result<(CheckpointSource, LoadOptions), Failure> {
        checkpoint_source::open(&self.location, &self.files, &self.name, &self.choices).await
    }
}

pub struct Engine {
    pub(super) towers: Towers,
    pub(super) tokenizer: Tokenizer,
    origin: Origin,
    placement: Placement,
    /// The last block, once it was asked for.
    pub(super) localizer: Option<Localizer>,
    /// Image embeddings by the SHA-256 of their files.
    embeddings: HashMap<String, CachedEmbedding>,
    /// Where they are stored, unless another tab has that open.
    cache: Option<EmbeddingCache>,
    /// Digests of the embeddings that are not stored yet.
    unsaved: Vec<String>,
    /// The name under which embeddings are stored, if they are.
    cache_key: Option<String>,
    /// Those of pairs, once the first are encoded.
    pairs: Option<PairCache>,
}

impl Engine {
    /// Loads a checkpoint; alone, if a worker is lost meanwhile.
    pub async fn load(
        origin: Origin,
        placement: Placement,
        mut progress: impl FnMut(Progress),
    ) -> Result<(Engine, LoadedModel), Failure> {
        // Browsers free late what is sent to workers, and mixtures follow each other closely.
        let placement = match (&origin.location, placement.workers) {
            (CheckpointLocation::Mixture(_), None) => Placement {
                workers: Some(1),
                ..placement
            },
            _ => placement,
        };
        match Engine::try_to_load(origin.clone(), placement, &mut progress).await {
            Err(failure) if failure.kind == FailureKind::WorkerLost => {
                let alone = Placement {
                    workers: Some(1),
                    ..placement
                };
                let loaded = Engine::try_to_load(origin, alone, progress).await;
                loaded.map(|(engine, loaded)| (engine, without_the_lost(loaded, &failure)))
            }
            loaded => loaded,
        }
    }

    async fn try_to_load(
        origin: Origin,
        placement: Placement,
        progress: impl FnMut(Progress),
    ) -> Result<(Engine, LoadedModel), Failure> {
        let (mut source, options) = origin.open().await?;
        let start = now();
        let bytes = source.size();
        let (towers, gpu) = Towers::load(&mut source, placement, options.clone(), progress).await?;
        // The file may be out of reach later, without a network on the first visit.
        let localizer = match &origin.location {
            CheckpointLocation::Bundled(_) => Some(towers.localizer(&mut source, &options).await?),
            _ => None,
        };
        let architecture = *towers.architecture();
        let loaded = LoadedModel {
            architecture,
            info: towers.info().clone(),
            notes: source.notes(),
            logit_bias: towers.logit_bias(),
            logit_scale: towers.logit_scale(),
            gpu,
            has_f16_weights: placement.device == DeviceChoice::GpuF16,
            workers: towers.workers(),
            milliseconds: now() - start,
            bytes,
        };
        let engine = Engine {
            tokenizer: tokenizer(architecture.vocabulary, architecture.context).await?,
            towers,
            origin,
            placement,
            localizer,
            embeddings: HashMap::new(),
            cache: None,
            unsaved: Vec::new(),
            cache_key: None,
            pairs: None,
        };
        Ok((engine, loaded))
    }

    /// Loads the model again with a worker less, after one was lost, which the failure tells.
    pub async fn load_again(self, failure: &Failure) -> Result<(Engine, LoadedModel), Failure> {
        let workers = self.towers.workers().saturating_sub(1).max(1);
        // Memory may not hold two models at once.
        drop(self.towers);
        let placement = Placement {
            workers: Some(workers),
            ..self.placement
        };
        let (engine, loaded) = Engine::load(self.origin, placement, |_| {}).await?;
        let engine = Engine {
            embeddings: self.embeddings,
            cache: self.cache,
            unsaved: self.unsaved,
            cache_key: self.cache_key,
            pairs: self.pairs,
            ..engine
        };
        Ok((engine, without_the_lost(loaded, failure)))
    }

    /// Opens the checkpoint again, with how to load it.
    pub(super) async fn reopen(&self) -> Result<(CheckpointSource, LoadOptions), Failure> {
        self.origin.open().await
    }

    pub async fn encode_texts(
        &mut self,
        texts: &[String],
    ) -> Result<(Vec<TextWarning>, JsValue), Failure> {
        let tokens: Vec<Tokens> = texts.iter().map(|t| self.tokenizer.encode(t)).collect();
        let embeddings = self.towers.encode_texts(&tokens).await?;
        let warnings = tokens.iter().map(|tokens| TextWarning {
            truncated: tokens.truncated,
            is_mojibake: tokens.mojibake,
        });
        Ok((warnings.collect(), numbers(&embeddings)))
    }

    pub async fn encode_images(
        &mut self,
        images: &Array,
        cache: bool,
    ) -> Result<(Vec<Result<EncodedImage, String>>, JsValue), Failure> {
        let settings = *self.towers.preprocessing();
        let mut replies = Vec::new();
        let mut prepared: Vec<PixelValues> = Vec::new();
        for source in images.iter() {
            let is_cached = |digest: &str| self.embeddings.contains_key(digest);
            match image::prepare(&source, &settings, cache, is_cached).await {
                Ok((details, pixels)) => {
                    prepared.extend(pixels);
                    replies.push(Ok(details));
                }
                Err(sentence) => replies.push(Err(sentence)),
            }
        }
        let (computed, time) = self.towers.encode_images(&prepared).await?;
        let mut computed = computed.into_iter();
        let mut embeddings = Vec::new();
        for details in replies.iter_mut().filter_map(|reply| reply.as_mut().ok()) {
            if details.is_cached {
                if let Some(cached) = self.embeddings.get(&details.digest) {
                    (details.width, details.height) = (cached.width, cached.height);
                    embeddings.push(cached.embedding.clone());
                }
                continue;
            }
            (details.encode, details.on_device) = (time.milliseconds, time.device);
            (details.is_cold, details.batch) = (time.is_cold, prepared.len());
            let embedding = computed.next().unwrap_or_default();
            if !details.digest.is_empty() {
                let cached = CachedEmbedding {
                    embedding: embedding.clone(),
                    width: details.width,
                    height: details.height,
                };
                self.embeddings.insert(details.digest.clone(), cached);
                self.unsaved.push(details.digest.clone());
            }
            embeddings.push(embedding);
        }
        Ok((replies, numbers(&embeddings)))
    }

    /// Encodes pairs, or takes their vectors from the cache, where new ones are stored at once. Returns the vectors of each
    /// image and its text, one after the other.
    pub async fn encode_pairs(
        &mut self,
        images: &Array,
        texts: &[String],
    ) -> Result<(EncodedPairs, JsValue), Failure> {
        let settings = *self.towers.preprocessing();
        if let (None, Some(key)) = (&self.pairs, &self.cache_key) {
            // Without it, as while another tab has it, an interrupted run begins anew.
            let width = self.towers.architecture().embedding;
            self.pairs = PairCache::open(key, width).await.ok();
        }
        let mut pairs: Vec<Result<(CachedPair, bool), String>> = Vec::new();
        let mut missing: Vec<(usize, Option<Digest>)> = Vec::new();
        let mut prepared: Vec<PixelValues> = Vec::new();
        for (i, (image, text)) in images.iter().zip(texts).enumerate() {
            let digest = match &self.pairs {
                Some(_) => image::pair_digest(image.unchecked_ref(), text).await,
                None => None,
            };
            let cached = digest.and_then(|digest| self.pairs.as_ref()?.get(&digest));
            if let Some(pair) = cached {
                pairs.push(Ok((pair, true)));
                continue;
            }
            match image::prepare(&image, &settings, false, |_| false).await {
                Ok((details, pixels)) => {
                    prepared.extend(pixels);
                    missing.push((i, digest));
                    let pair = CachedPair {
                        width: details.width,
                        height: details.height,
                        truncated: 0,
                        image: Vec::new(),
                        text: Vec::new(),
                    };
                    pairs.push(Ok((pair, false)));
                }
                Err(sentence) => pairs.push(Err(sentence)),
            }
        }
        if !missing.is_empty() {
            let (images, _) = self.towers.encode_images(&prepared).await?;
            let tokens = missing
                .iter()
                .map(|(i, _)| self.tokenizer.encode(&texts[*i]));
            let tokens: Vec<Tokens> = tokens.collect();
            let texts = self.towers.encode_texts(&tokens).await?;
            let computed = images.into_iter().zip(texts).zip(&tokens);
            for ((i, digest), ((image, text), tokens)) in missing.into_iter().zip(computed) {
                let Ok((pair, _)) = &mut pairs[i] else {
                    continue;
                };
                (pair.image, pair.text) = (image, text);
                pair.truncated = tokens.truncated as u32;
                if let (Some(cache), Some(digest)) = (&mut self.pairs, digest) {
                    cache.add(&digest, pair);
                }
            }
        }
        let is_stored = self.pairs.as_ref().is_some_and(|cache| !cache.is_full());
        let mut vectors = Vec::new();
        let pairs = pairs.into_iter().map(|pair| {
            let (pair, is_cached) = pair?;
            vectors.extend([pair.image, pair.text]);
            Ok(EncodedPair {
                width: pair.width,
                height: pair.height,
                is_truncated: pair.truncated > 0,
                is_cached,
            })
        });
        let pairs = pairs.collect();
        Ok((EncodedPairs { pairs, is_stored }, numbers(&vectors)))
    }

    /// Uses the embeddings that are stored under a key, and stores further ones there. A checkpoint
    /// that is run in another way has others.
    pub async fn open_cache(&mut self, key: &str) {
        let info = self.towers.info();
        let width = info.architecture.embedding;
        let way = xxh64(info.identity().as_bytes(), 0);
        if key.is_empty() {
            return;
        }
        let key = format!("{key}-{way:016x}");
        if let Ok((cache, embeddings)) = EmbeddingCache::open(&key, width).await {
            self.cache = Some(cache);
            self.embeddings = embeddings;
        }
        self.cache_key = Some(key);
    }

    /// Deletes the embeddings that are stored, of this model and of others.
    pub async fn delete_stored(&mut self) -> Result<(), Failure> {
        // A file that is open cannot be deleted.
        (self.cache, self.pairs) = (None, None);
        let deleted = stored_vectors::delete().await;
        if let Some(key) = &self.cache_key {
            let width = self.towers.architecture().embedding;
            let opened = EmbeddingCache::open(key, width).await;
            self.cache = opened.ok().map(|(cache, _)| cache);
        }
        deleted
    }

    /// Stores new embeddings; called after the reply, so that nobody waits for it.
    pub fn save_embeddings(&mut self) {
        for digest in std::mem::take(&mut self.unsaved) {
            if let (Some(cache), Some(embedding)) = (&mut self.cache, self.embeddings.get(&digest))
            {
                cache.add(&digest, embedding);
            }
        }
    }
}

/// Says why the model has fewer workers than were wanted.
fn without_the_lost(mut loaded: LoadedModel, failure: &Failure) -> LoadedModel {
    let left = match loaded.workers {
        1 => "one worker".to_owned(),
        count => format!("{count} workers"),
    };
    loaded.notes.push(format!(
        "{} The model was loaded again, and runs with {left}.",
        failure.sentence
    ));
    loaded
}

fn numbers(vectors: &[Vec<f32>]) -> JsValue {
    Float32Array::from(vectors.concat().as_slice()).into()
}

async fn tokenizer(vocabulary: usize, context: usize) -> Result<Tokenizer, Failure> {
    use checkpoint_source::{bundled, unreadable};
    let merges = bundled("clip/merges.bin").await?;
    let merges = JsFuture::from(merges.array_buffer().map_err(unreadable)?);
    let merges = Uint8Array::new(&merges.await.map_err(unreadable)?).to_vec();
    let entities = bundled("clip/entities.txt").await?;
    let entities = JsFuture::from(entities.text().map_err(unreadable)?);
    let entities = entities.await.map_err(unreadable)?;
    let entities = entities.as_string().unwrap_or_default();
    let tokenizer = Tokenizer::new(&merges, &entities);
    let tokenizer = tokenizer.and_then(|whole| whole.for_model(vocabulary, context));
    tokenizer.map_err(|error| {
        let sentence = model_error::vocabulary_sentence(&error, FrontEnd::Page);
        Failure::new(FailureKind::Other, sentence)
    })
}
