//! The requests to a worker, as functions.

use super::choice::ModelChoice;
use super::protocol::{
    CachedCheckpoint, CaptionProgress, CaptionResult, EncodedImage, EncodedPair, EncodedPairs,
    Failure, FoundRows, LoadedModel, LocatedClass, Placement, Progress, TextWarning, VectorPiece,
    WorkerRequest,
};
use super::worker_client::WorkerClient;
use crate::pairs::{Probe, ProbeTask};
use crate::teach::{Lesson, Taught};
use js_sys::{Array, Float32Array, Uint8Array};
use refit_clip::Scoring;
use refit_clip::caption::Decoding;
use refit_clip::locate::Method;
use refit_pairs::Duplicates;
use serde_json::{Map, Value};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, ImageBitmap};

/// An image's embedding, and how it was computed.
pub struct ImageEncoding {
    pub embedding: Vec<f32>,
    pub details: EncodedImage,
}

/// A pair's vectors, and how they came about.
pub struct PairEncoding {
    pub image: Vec<f32>,
    pub text: Vec<f32>,
    pub details: EncodedPair,
}

impl WorkerClient {
    pub async fn load(
        &self,
        choice: &ModelChoice,
        placement: Placement,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<LoadedModel, Failure> {
        let request = WorkerRequest::Load {
            key: choice.key.clone(),
            location: choice.location.clone(),
            placement,
            name: choice.known_as.clone(),
            choices: choice.choices.clone(),
        };
        let files: Array = choice.files.iter().collect();
        let loaded = self.ask_with(&request, files.into(), Array::new(), progress);
        Ok(loaded.await?.value)
    }

    /// The embeddings of texts.
    pub async fn encode_texts(
        &self,
        texts: Vec<String>,
    ) -> Result<(Vec<TextWarning>, Vec<Vec<f32>>), Failure> {
        let count = texts.len();
        let request = WorkerRequest::EncodeTexts(texts);
        let reply = self.ask_with(&request, JsValue::UNDEFINED, Array::new(), ignore);
        let reply = reply.await?;
        Ok((reply.value, vectors(&reply.attachment, count)))
    }

    /// Encodes image files in one batch; `cache` stores the embeddings for later visits. An image
    /// that cannot be decoded has a sentence instead.
    pub async fn encode_images<'a>(
        &self,
        files: impl Iterator<Item = &'a Blob>,
        cache: bool,
    ) -> Result<Vec<Result<ImageEncoding, String>>, Failure> {
        let files: Array = files.map(JsValue::from).collect();
        self.encode(files, Array::new(), cache).await
    }

    /// Encodes a frame of a video, which the worker takes over.
    pub async fn encode_frame(&self, frame: ImageBitmap) -> Result<Option<ImageEncoding>, Failure> {
        let frames = Array::of1(&frame);
        let encoded = self.encode(frames.clone(), frames, false).await?;
        Ok(encoded.into_iter().flatten().next())
    }

    async fn encode(
        &self,
        images: Array,
        transferred: Array,
        cache: bool,
    ) -> Result<Vec<Result<ImageEncoding, String>>, Failure> {
        let request = WorkerRequest::EncodeImages { cache };
        let reply = self.ask_with::<Vec<Result<EncodedImage, String>>, _>(
            &request,
            images.into(),
            transferred,
            ignore,
        );
        let reply = reply.await?;
        let count = reply.value.iter().flatten().count();
        let mut embeddings = vectors(&reply.attachment, count).into_iter();
        let encoding = |details: Result<EncodedImage, String>| {
            let details = details?;
            Ok(ImageEncoding {
                embedding: embeddings.next().unwrap_or_default(),
                details,
            })
        };
        Ok(reply.value.into_iter().map(encoding).collect())
    }

    /// Encodes images with their texts; a pair whose image cannot be decoded has a sentence instead. Also whether the
    /// vectors are stored for a run that goes on.
    pub async fn encode_pairs<'a>(
        &self,
        images: impl Iterator<Item = &'a Blob>,
        texts: Vec<String>,
    ) -> Result<(Vec<Result<PairEncoding, String>>, bool), Failure> {
        let images: Array = images.map(JsValue::from).collect();
        let request = WorkerRequest::EncodePairs(texts);
        let reply = self.ask_with::<EncodedPairs, _>(&request, images.into(), Array::new(), ignore);
        let reply = reply.await?;
        let EncodedPairs { pairs, is_stored } = reply.value;
        let count = 2 * pairs.iter().flatten().count();
        let mut vectors = vectors(&reply.attachment, count).into_iter();
        let encoding = |details: Result<EncodedPair, String>| {
            let details = details?;
            Ok(PairEncoding {
                image: vectors.next().unwrap_or_default(),
                text: vectors.next().unwrap_or_default(),
                details,
            })
        };
        Ok((pairs.into_iter().map(encoding).collect(), is_stored))
    }

    pub async fn caption(
        &self,
        file: &Blob,
        decoding: Decoding,
        tokens: usize,
        progress: impl Fn(CaptionProgress) + 'static,
    ) -> Result<CaptionResult, Failure> {
        let request = WorkerRequest::Caption { decoding, tokens };
        let reply = self.ask_with(&request, file.into(), Array::new(), progress);
        Ok(reply.await?.value)
    }

    /// The log-likelihood of each text as a caption of an image.
    pub async fn score_captions(
        &self,
        file: &Blob,
        texts: Vec<String>,
    ) -> Result<Vec<f64>, Failure> {
        let request = WorkerRequest::ScoreCaptions(texts);
        let ignore = |_: CaptionProgress| {};
        let reply = self.ask_with(&request, file.into(), Array::new(), ignore);
        Ok(reply.await?.value)
    }

    /// Where in an image a class is, by its vector.
    pub async fn locate(
        &self,
        file: &Blob,
        method: Method,
        (vector, scoring): (Vec<f32>, Scoring),
    ) -> Result<LocatedClass, Failure> {
        let request = WorkerRequest::Locate {
            method,
            vector,
            scoring,
        };
        let reply = self.ask_with(&request, file.into(), Array::new(), ignore);
        Ok(reply.await?.value)
    }

    /// Teaches a head on embeddings, one after the other; `progress` hears how many are taught, of how many.
    pub async fn teach(
        &self,
        lesson: Lesson,
        vectors: &[f32],
        progress: impl Fn((usize, usize)) + 'static,
    ) -> Result<Taught, Failure> {
        let request = WorkerRequest::Teach(Box::new(lesson));
        let vectors = Float32Array::from(vectors);
        let transferred = Array::of1(&vectors.buffer());
        let reply = self.ask_with(&request, vectors.into(), transferred, progress);
        Ok(reply.await?.value)
    }

    /// Teaches probes on subsets of embeddings, one after the other; `progress` hears how many are taught, of how many.
    pub async fn probe(
        &self,
        task: ProbeTask,
        vectors: &[f32],
        progress: impl Fn((usize, usize)) + 'static,
    ) -> Result<Probe, Failure> {
        let request = WorkerRequest::Probe(Box::new(task));
        let vectors = Float32Array::from(vectors);
        let transferred = Array::of1(&vectors.buffer());
        let reply = self.ask_with(&request, vectors.into(), transferred, progress);
        Ok(reply.await?.value)
    }

    /// The near duplicates among vectors of this width.
    pub async fn duplicates(
        &self,
        vectors: &[f32],
        width: usize,
        threshold: f32,
    ) -> Result<Duplicates, Failure> {
        let request = WorkerRequest::Duplicates { width, threshold };
        let vectors = Float32Array::from(vectors);
        let transferred = Array::of1(&vectors.buffer());
        let reply = self.ask_with::<Vec<u32>, _>(&request, vectors.into(), transferred, ignore);
        let firsts = reply.await?.value;
        let mut duplicates = Duplicates::new(firsts.len() as u32);
        for (i, first) in firsts.into_iter().enumerate() {
            duplicates.join(first, i as u32);
        }
        Ok(duplicates)
    }

    /// Gives an index's vectors to the worker.
    pub async fn open_vectors(&self, pieces: Vec<(VectorPiece, Blob)>) -> Result<(), Failure> {
        let (pieces, files): (Vec<VectorPiece>, Vec<Blob>) = pieces.into_iter().unzip();
        let files: Array = files.iter().collect();
        let request = WorkerRequest::OpenVectors(pieces);
        let reply = self.ask_with::<(), _>(&request, files.into(), Array::new(), ignore);
        reply.await?;
        Ok(())
    }

    /// The best rows among them; `progress` hears how many bytes are done.
    pub async fn search_vectors(
        &self,
        query: Vec<f32>,
        top: usize,
        keep: u64,
        progress: impl Fn(u64) + 'static,
    ) -> Result<FoundRows, Failure> {
        let request = WorkerRequest::SearchVectors { query, top, keep };
        let reply = self.ask_with(&request, JsValue::UNDEFINED, Array::new(), progress);
        Ok(reply.await?.value)
    }

    /// How many rows a Parquet file has.
    pub async fn count_rows(&self, file: &Blob) -> Result<u64, Failure> {
        let request = WorkerRequest::CountRows;
        let reply = self.ask_with(&request, file.into(), Array::new(), ignore);
        Ok(reply.await?.value)
    }

    /// What metadata say of rows, which are sorted.
    pub async fn describe_rows(
        &self,
        file: &Blob,
        rows: Vec<u64>,
    ) -> Result<Vec<(u64, Map<String, Value>)>, Failure> {
        let request = WorkerRequest::DescribeRows(rows);
        let reply = self.ask_with(&request, file.into(), Array::new(), ignore);
        Ok(reply.await?.value)
    }

    /// The bytes of a checkpoint, or of a mixture, as a file.
    pub async fn copy(
        &self,
        choice: &ModelChoice,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<Blob, Failure> {
        let request = WorkerRequest::Copy(choice.location.clone());
        let files: Array = choice.files.iter().collect();
        let reply = self.ask_with::<(), _>(&request, files.into(), Array::new(), progress);
        Ok(reply.await?.attachment.unchecked_into())
    }

    pub async fn download(
        &self,
        key: String,
        address: &str,
        name: &str,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<CachedCheckpoint, Failure> {
        let request = WorkerRequest::Download {
            key,
            address: address.to_owned(),
            name: name.to_owned(),
        };
        let reply = self.ask_with(&request, JsValue::UNDEFINED, Array::new(), progress);
        Ok(reply.await?.value)
    }

    /// The bytes that [`write_cached`](Self::write_cached) stored under a name, if any.
    pub async fn read_cached(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let request = WorkerRequest::Get(name.to_owned());
        let reply = self.ask_with::<(), _>(&request, JsValue::UNDEFINED, Array::new(), ignore);
        let bytes = reply.await?.attachment;
        Ok(bytes.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }

    pub async fn write_cached(&self, name: String, bytes: &[u8]) -> Result<(), Failure> {
        let request = WorkerRequest::Put(name);
        let bytes = Uint8Array::from(bytes).into();
        let reply = self.ask_with::<(), _>(&request, bytes, Array::new(), ignore);
        reply.await?;
        Ok(())
    }
}

fn ignore(_: Progress) {}

/// Splits the numbers of `count` vectors.
fn vectors(numbers: &JsValue, count: usize) -> Vec<Vec<f32>> {
    let Some(numbers) = numbers.dyn_ref::<Float32Array>() else {
        return Vec::new();
    };
    let numbers = numbers.to_vec();
    if count == 0 || numbers.is_empty() {
        return Vec::new();
    }
    numbers
        .chunks(numbers.len() / count)
        .map(<[f32]>::to_vec)
        .collect()
}
