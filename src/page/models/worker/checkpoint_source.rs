//! A checkpoint as a source of bytes, wherever it lies.

use super::super::protocol::{CheckpointLocation, Failure, FailureKind};
use super::super::samples::FILE_UNREADABLE;
use super::checkpoint_cache::{self, CachedFile};
use refit_clip::browser::{BlobSource, FetchTransport};
use refit_clip::weights::checksums::VerifiedSource;
use refit_clip::weights::http::{HttpSource, Retries};
use refit_clip::weights::source::{Source, SourceError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Response};

/// Seconds without a byte after which a load fails.
pub const TIMEOUT: u32 = 30;

pub enum CheckpointSource {
    Blob(BlobSource),
    Cached(VerifiedSource<CachedFile>),
    Server(HttpSource<FetchTransport>),
}

impl Source for CheckpointSource {
    fn size(&self) -> u64 {
        match self {
            CheckpointSource::Blob(source) => source.size(),
            CheckpointSource::Cached(source) => source.size(),
            CheckpointSource::Server(source) => source.size(),
        }
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        match self {
            CheckpointSource::Blob(source) => source.read(at, buffer).await,
            CheckpointSource::Cached(source) => source.read(at, buffer).await,
            CheckpointSource::Server(source) => source.read(at, buffer).await,
        }
    }
}

/// Opens a checkpoint; `file` is the attached one, for [`CheckpointLocation::File`].
pub async fn open(
    location: &CheckpointLocation,
    file: &JsValue,
) -> Result<CheckpointSource, Failure> {
    Ok(match location {
        CheckpointLocation::Bundled(path) => {
            let blob = bundled(path).await?.blob().map_err(unreadable)?;
            let blob = JsFuture::from(blob).await.map_err(unreadable)?;
            CheckpointSource::Blob(BlobSource(blob.unchecked_into()))
        }
        CheckpointLocation::File => {
            CheckpointSource::Blob(BlobSource(file.clone().unchecked_into::<Blob>()))
        }
        CheckpointLocation::Cached(key) => {
            let (file, checksums) = checkpoint_cache::open(key).await?;
            CheckpointSource::Cached(VerifiedSource::new(file, checksums)?)
        }
        CheckpointLocation::Address(address) => {
            let fetch = FetchTransport::new(address, TIMEOUT);
            CheckpointSource::Server(HttpSource::open(fetch, address, Retries::default()).await?)
        }
    })
}

/// Fetches a file that comes with the page.
pub async fn bundled(path: &str) -> Result<Response, Failure> {
    let base = js_sys::Reflect::get(&js_sys::global(), &"base".into());
    let base = base
        .ok()
        .and_then(|base| base.as_string())
        .unwrap_or_default();
    let address = web_sys::Url::new_with_base(path, &base).map_err(unreadable)?;
    let response = JsFuture::from(super::scope().fetch_with_str(&address.href()));
    let response: Response = response.await.map_err(unreadable)?.unchecked_into();
    match response.ok() {
        true => Ok(response),
        false => {
            let sentence = format!(
                "The page’s file {path} is missing (status {}); reload the page.",
                response.status()
            );
            Err(Failure::new(FailureKind::Other, sentence))
        }
    }
}

pub fn unreadable(_: JsValue) -> Failure {
    Failure::new(FailureKind::Other, FILE_UNREADABLE)
}
