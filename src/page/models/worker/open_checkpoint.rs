//! A checkpoint's bytes, wherever they are.

use super::super::protocol::{CheckpointLocation, Failure, FailureKind};
use super::file_store;
use refit_clip::browser::{BlobSource, FetchTransport};
use refit_clip::weights::checksums::VerifiedSource;
use refit_clip::weights::http::{HttpSource, Retries};
use refit_clip::weights::source::{Source, SourceError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Response};

/// Seconds without a byte after which a load is given up.
pub const PATIENCE: u32 = 30;

pub enum Opened {
    Blob(BlobSource),
    Kept(VerifiedSource<file_store::File>),
    Server(HttpSource<FetchTransport>),
}

impl Source for Opened {
    fn size(&self) -> u64 {
        match self {
            Opened::Blob(source) => source.size(),
            Opened::Kept(source) => source.size(),
            Opened::Server(source) => source.size(),
        }
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        match self {
            Opened::Blob(source) => source.read(at, buffer).await,
            Opened::Kept(source) => source.read(at, buffer).await,
            Opened::Server(source) => source.read(at, buffer).await,
        }
    }
}

/// Opens a checkpoint; `file` is it where it is the reader's own.
pub async fn open(place: &CheckpointLocation, file: &JsValue) -> Result<Opened, Failure> {
    Ok(match place {
        CheckpointLocation::Bundled(path) => {
            let blob = own(path).await?.blob().map_err(unreadable)?;
            let blob = JsFuture::from(blob).await.map_err(unreadable)?;
            Opened::Blob(BlobSource(blob.unchecked_into()))
        }
        CheckpointLocation::File => Opened::Blob(BlobSource(file.clone().unchecked_into::<Blob>())),
        CheckpointLocation::Cached(key) => {
            let (file, sums) = file_store::open(key).await?;
            Opened::Kept(VerifiedSource::new(file, sums)?)
        }
        CheckpointLocation::Address(address) => {
            let fetch = FetchTransport::new(address, PATIENCE);
            Opened::Server(HttpSource::open(fetch, address, Retries::default()).await?)
        }
    })
}

/// A file of this page.
pub async fn own(path: &str) -> Result<Response, Failure> {
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
                "This page's own file {path} is missing ({}); reload the page.",
                response.status()
            );
            Err(Failure::new(FailureKind::Other, sentence))
        }
    }
}

pub fn unreadable(_: JsValue) -> Failure {
    let sentence = "A file of this page could not be read; check the connection and try again.";
    Failure::new(FailureKind::Other, sentence)
}
