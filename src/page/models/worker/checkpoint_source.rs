//! A checkpoint as a source of bytes, wherever it lies.

use super::super::protocol::{
    CheckpointLocation, Failure, FailureKind, ModelChoices, Progress, Recipe,
};
use super::super::samples::FILE_UNREADABLE;
use super::checkpoint_cache::{self, CachedFile};
use crate::model_error::{self, FrontEnd};
use js_sys::{Array, Uint8Array};
use refit_clip::architecture::Configuration;
use refit_clip::browser::{BlobSource, FetchTransport};
use refit_clip::mix::{MixError, Mixture, Part};
use refit_clip::pack::{CheckedSource, Manifest, Pack};
use refit_clip::weights::WeightsError;
use refit_clip::weights::checksums::VerifiedSource;
use refit_clip::weights::files::CheckpointFiles;
use refit_clip::weights::http::{HttpSource, Retries};
use refit_clip::weights::shards::ShardIndex;
use refit_clip::weights::source::{Joined, Source, SourceError};
use refit_clip::{ClipError, LoadOptions};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, Response};

/// Seconds without a byte after which a load fails.
pub const TIMEOUT: u32 = 30;

/// Bytes that are copied at a time.
const COPIED: usize = 4 << 20;

/// One of a checkpoint's files.
pub enum PartSource {
    Blob(BlobSource),
    Cached(VerifiedSource<CachedFile>),
    Server(HttpSource<FetchTransport>),
}

impl Source for PartSource {
    fn size(&self) -> u64 {
        match self {
            PartSource::Blob(source) => source.size(),
            PartSource::Cached(source) => source.size(),
            PartSource::Server(source) => source.size(),
        }
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        match self {
            PartSource::Blob(source) => source.read(at, buffer).await,
            PartSource::Cached(source) => source.read(at, buffer).await,
            PartSource::Server(source) => source.read(at, buffer).await,
        }
    }
}

/// A pack's are held to what the pack says of them.
type Files = Joined<CheckedSource<PartSource>>;

/// A checkpoint, or a mixture of several.
pub enum CheckpointSource {
    Files(Files),
    Mixture(Box<Mixture<Files>>),
}

impl CheckpointSource {
    /// What to know of the models that are mixed, in sentences.
    pub fn notes(&self) -> Vec<String> {
        match self {
            CheckpointSource::Files(_) => Vec::new(),
            CheckpointSource::Mixture(mixture) => {
                let notes = mixture.notes().iter();
                notes.map(|note| format!("{note}.")).collect()
            }
        }
    }
}

impl Source for CheckpointSource {
    fn size(&self) -> u64 {
        match self {
            CheckpointSource::Files(source) => source.size(),
            CheckpointSource::Mixture(source) => source.size(),
        }
    }

    fn starts(&self) -> Vec<u64> {
        match self {
            CheckpointSource::Files(source) => source.starts(),
            CheckpointSource::Mixture(source) => source.starts(),
        }
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        match self {
            CheckpointSource::Files(source) => source.read(at, buffer).await,
            CheckpointSource::Mixture(source) => source.read(at, buffer).await,
        }
    }
}

/// A checkpoint's files, and the configuration files beside it, each with its name.
pub struct Opened {
    pub source: Files,
    pub configurations: Vec<(String, String)>,
}

impl Opened {
    fn one(source: PartSource) -> Result<Opened, SourceError> {
        Ok(Opened {
            source: Joined::new(vec![CheckedSource::new(source, None)?]),
            configurations: Vec::new(),
        })
    }

    /// What the configuration files say.
    pub fn configuration(&self) -> Result<Configuration, Failure> {
        Configuration::of_files(self.configurations.clone()).map_err(|(name, error)| {
            let sentence = model_error::configuration_sentence(&error);
            Failure::new(FailureKind::Other, format!("{name}: {sentence}"))
        })
    }

    /// How to load it.
    fn options(&self, name: &str, choices: &ModelChoices) -> Result<LoadOptions, Failure> {
        Ok(LoadOptions {
            configuration: self.configuration()?,
            activation: choices.activation,
            name: name.to_owned(),
            weights_key: choices.weights_key.clone(),
            captions: false,
        })
    }
}

/// Opens a checkpoint, with how to load it; `name`: by which published ones are known; `files` are the attached ones,
/// for [`CheckpointLocation::Files`].
pub async fn open(
    location: &CheckpointLocation,
    files: &JsValue,
    name: &str,
    choices: &ModelChoices,
) -> Result<(CheckpointSource, LoadOptions), Failure> {
    if let CheckpointLocation::Mixture(recipe) = location {
        let mixture = mixed(recipe, files.unchecked_ref()).await?;
        let options = mixture.options();
        return Ok((CheckpointSource::Mixture(Box::new(mixture)), options));
    }
    let opened = open_files(location, files.unchecked_ref()).await?;
    let options = opened.options(name, choices)?;
    Ok((CheckpointSource::Files(opened.source), options))
}

async fn mixed(recipe: &Recipe, files: &Array) -> Result<Mixture<Files>, Failure> {
    let failed = |error: MixError| {
        let sentence = model_error::mix_sentence(&error, FrontEnd::Page);
        Failure::new(FailureKind::Other, sentence)
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for part in std::iter::once(&recipe.base).chain(&recipe.others) {
        let to = from + part.files as u32;
        let opened = open_files(&part.location, &files.slice(from, to)).await;
        let opened = opened.map_err(|failure| match part.location {
            CheckpointLocation::Bundled(_) => Failure::new(
                failure.kind,
                format!(
                    "“{}” could not be read: this page fetches it when it is first asked for, and keeps it from then on. Check the connection and try again.",
                    part.name
                ),
            ),
            _ => failure,
        })?;
        from = to;
        parts.push(Part {
            name: part.name.clone(),
            options: opened.options(&part.known_as, &part.choices)?,
            source: opened.source,
        });
    }
    let base = parts.remove(0);
    let mixture = Mixture::open(base, parts, recipe.tower).await;
    let mut mixture = mixture.map_err(failed)?;
    mixture.set(&recipe.coefficients).map_err(failed)?;
    Ok(mixture)
}

async fn open_files(location: &CheckpointLocation, files: &Array) -> Result<Opened, Failure> {
    Ok(match location {
        CheckpointLocation::Bundled(path) => {
            let blob = bundled(path).await?.blob().map_err(unreadable)?;
            let blob = JsFuture::from(blob).await.map_err(unreadable)?;
            Opened::one(PartSource::Blob(BlobSource::new(blob.unchecked_into())))?
        }
        CheckpointLocation::Files => chosen(files).await?,
        CheckpointLocation::Cached(key) => {
            let (file, checkpoint) = checkpoint_cache::open(key).await?;
            let source = VerifiedSource::new(file, checkpoint.checksums)?;
            Opened {
                configurations: checkpoint.configurations,
                ..Opened::one(PartSource::Cached(source))?
            }
        }
        CheckpointLocation::Address(address) => remote(address).await?,
        CheckpointLocation::Mixture(_) => {
            let sentence =
                "A mixture of mixtures cannot be read; save one of them as a file first.";
            return Err(Failure::new(FailureKind::Other, sentence));
        }
    })
}

/// A checkpoint's bytes as a blob, which a browser keeps on disk where it is large.
pub async fn copy(
    location: &CheckpointLocation,
    files: &JsValue,
    mut progress: impl FnMut(Progress),
) -> Result<Blob, Failure> {
    let (mut source, _) = open(location, files, "", &ModelChoices::default()).await?;
    let total = source.size();
    let parts = Array::new();
    let mut buffer = vec![0; COPIED];
    // Used again for each part, since a browser may free late what it no longer needs.
    let copied = Uint8Array::new_with_length(COPIED as u32);
    for bytes in (0..total).step_by(COPIED) {
        progress(Progress { bytes, total });
        let part = &mut buffer[..COPIED.min((total - bytes) as usize)];
        source.read(bytes, part).await?;
        let copied = copied.subarray(0, part.len() as u32);
        copied.copy_from(part);
        let part = Blob::new_with_u8_array_sequence(&Array::of1(&copied)).map_err(unreadable)?;
        parts.push(&part);
    }
    Blob::new_with_blob_sequence(&parts).map_err(unreadable)
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
    let manifest = match names.iter().position(|name| name == Pack::MANIFEST) {
        Some(at) => Manifest::read(text(&files[at]).await?.as_bytes()).map_err(failed)?,
        None => None,
    };
    let source = |at: &usize| {
        let blob: &Blob = &files[*at];
        let file = manifest.as_ref().and_then(|all| all.file(&names[*at]));
        CheckedSource::new(PartSource::Blob(BlobSource::new(blob.clone())), file)
    };
    let sources: Result<Vec<_>, SourceError> = parts.iter().map(source).collect();
    let source = Joined::new(sources?);
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
    let mut manifest = None;
    if ShardIndex::is_index(path) {
        let Some(json) = small_file(address).await else {
            let name = address.to_owned();
            return Err(SourceError::NotFound { name }.into());
        };
        let index = ShardIndex::read(json.as_bytes());
        let failed = |error: WeightsError| Failure::from(ClipError::from(error));
        let index = index.map_err(failed)?;
        let files = index.files.iter();
        addresses = files.map(|file| format!("{folder}/{file}")).collect();
        if let Some(json) = small_json(&format!("{folder}/{}", Pack::MANIFEST)).await {
            manifest = Manifest::read(json.as_bytes()).map_err(failed)?;
        }
    }
    let mut parts = Vec::with_capacity(addresses.len());
    for address in &addresses {
        let fetch = FetchTransport::new(address, TIMEOUT);
        let source = HttpSource::open(fetch, address, Retries::default()).await?;
        let name = address.rsplit('/').next().unwrap_or_default();
        let file = manifest.as_ref().and_then(|all: &Manifest| all.file(name));
        parts.push(CheckedSource::new(PartSource::Server(source), file)?);
    }
    let mut configurations = Vec::new();
    for name in Configuration::FILES {
        if let Some(json) = small_json(&format!("{folder}/{name}")).await {
            configurations.push((name.to_owned(), json));
        }
    }
    Ok(Opened {
        source: Joined::new(parts),
        configurations,
    })
}

/// A file of JSON on a server, if it is there; a server may answer with a page of its own for what is not.
async fn small_json(address: &str) -> Option<String> {
    let json = small_file(address).await;
    json.filter(|json| json.trim_start().starts_with('{'))
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
