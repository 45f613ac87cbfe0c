//! A checkpoint as a source of bytes, wherever it lies.

use super::super::protocol::{CheckpointLocation, Failure, FailureKind};
use super::super::samples::FILE_UNREADABLE;
use super::checkpoint_cache::{self, CachedFile};
use crate::model_error;
use js_sys::Array;
use refit_clip::ClipError;
use refit_clip::architecture::Configuration;
use refit_clip::browser::{BlobSource, FetchTransport};
use refit_clip::weights::WeightsError;
use refit_clip::weights::checksums::VerifiedSource;
use refit_clip::weights::files::CheckpointFiles;
use refit_clip::weights::http::{HttpSource, Retries};
use refit_clip::weights::shards::ShardIndex;
use refit_clip::weights::source::{Joined, Source, SourceError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, Response};

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

/// A checkpoint's bytes, and the configuration files beside it, each with its name.
pub struct Opened {
    pub source: Joined<CheckpointSource>,
    pub configurations: Vec<(String, String)>,
}

impl Opened {
    fn one(source: CheckpointSource) -> Opened {
        Opened {
            source: Joined::new(vec![source]),
            configurations: Vec::new(),
        }
    }

    /// What the configuration files say.
    pub fn configuration(&self) -> Result<Configuration, Failure> {
        Configuration::of_files(self.configurations.clone()).map_err(|(name, error)| {
            let sentence = model_error::configuration_sentence(&error);
            Failure::new(FailureKind::Other, format!("{name}: {sentence}"))
        })
    }
}

/// Opens a checkpoint; `files` are the attached ones, for [`CheckpointLocation::Files`].
pub async fn open(location: &CheckpointLocation, files: &JsValue) -> Result<Opened, Failure> {
    Ok(match location {
        CheckpointLocation::Bundled(path) => {
            let blob = bundled(path).await?.blob().map_err(unreadable)?;
            let blob = JsFuture::from(blob).await.map_err(unreadable)?;
            Opened::one(CheckpointSource::Blob(BlobSource(blob.unchecked_into())))
        }
        CheckpointLocation::Files => chosen(files.unchecked_ref()).await?,
        CheckpointLocation::Cached(key) => {
            let (file, checkpoint) = checkpoint_cache::open(key).await?;
            let source = VerifiedSource::new(file, checkpoint.checksums)?;
            Opened {
                configurations: checkpoint.configurations,
                ..Opened::one(CheckpointSource::Cached(source))
            }
        }
        CheckpointLocation::Address(address) => remote(address).await?,
    })
}

/// Files that the reader chose together.
async fn chosen(files: &Array) -> Result<Opened, Failure> {
    let files: Vec<File> = files.iter().map(JsCast::unchecked_into).collect();
    let names: Vec<String> = files.iter().map(File::name).collect();
    let failed = |error: WeightsError| Failure::from(ClipError::from(error));
    let parts = match CheckpointFiles::among(&names).map_err(failed)? {
        CheckpointFiles::Files(parts) => parts,
        CheckpointFiles::Index(at) => {
            let json = text(&files[at]).await?;
            let index = ShardIndex::read(json.as_bytes()).map_err(failed)?;
            index.parts(&names).map_err(failed)?
        }
    };
    let source = |at: &usize| {
        let blob: &Blob = &files[*at];
        CheckpointSource::Blob(BlobSource(blob.clone()))
    };
    let source = Joined::new(parts.iter().map(source).collect());
    let mut configurations = Vec::new();
    for (file, name) in files.iter().zip(names) {
        if Configuration::FILES.contains(&name.as_str()) {
            configurations.push((name, text(file).await?));
        }
    }
    Ok(Opened {
        source,
        configurations,
    })
}

async fn text(file: &File) -> Result<String, Failure> {
    let text = JsFuture::from(file.text()).await.map_err(unreadable)?;
    Ok(text.as_string().unwrap_or_default())
}

/// A checkpoint on a server, all its parts if the address is that of an index, with the
/// configuration files in the same folder.
pub async fn remote(address: &str) -> Result<Opened, Failure> {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut addresses = vec![address.to_owned()];
    if ShardIndex::is_index(path) {
        let Some(json) = small_file(address).await else {
            let name = address.to_owned();
            return Err(SourceError::NotFound { name }.into());
        };
        let index = ShardIndex::read(json.as_bytes());
        let index = index.map_err(|error| Failure::from(ClipError::from(error)))?;
        let files = index.files.iter();
        addresses = files.map(|file| format!("{folder}/{file}")).collect();
    }
    let mut parts = Vec::with_capacity(addresses.len());
    for address in &addresses {
        let fetch = FetchTransport::new(address, TIMEOUT);
        let source = HttpSource::open(fetch, address, Retries::default()).await?;
        parts.push(CheckpointSource::Server(source));
    }
    let mut configurations = Vec::new();
    for name in Configuration::FILES {
        // A server may answer with a page of its own for what is not there.
        let json = small_file(&format!("{folder}/{name}")).await;
        if let Some(json) = json.filter(|json| json.trim_start().starts_with('{')) {
            configurations.push((name.to_owned(), json));
        }
    }
    Ok(Opened {
        source: Joined::new(parts),
        configurations,
    })
}

/// A file of a few kilobytes on a server, if it is there.
async fn small_file(address: &str) -> Option<String> {
    let response = JsFuture::from(super::scope().fetch_with_str(address));
    let response: Response = response.await.ok()?.unchecked_into();
    let text = JsFuture::from(response.ok().then(|| response.text().ok())??);
    text.await.ok()?.as_string()
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
