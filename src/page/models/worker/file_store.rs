//! Files that this page keeps on the reader's disk (the origin's private file system). A folder
//! `models` has a checkpoint under its key: KEY.part while it comes, about which KEY.begun tells,
//! then KEY.safetensors, whose name and sums are in KEY.json. A folder `vectors` has what was
//! computed.

use super::super::protocol::{
    CacheListing, CachedCheckpoint, Failure, FailureKind, PartialDownload,
};
use js_sys::{AsyncIterator, Reflect, Uint8Array};
use refit_clip::Cause;
use refit_clip::browser::BlobSource;
use refit_clip::weights::checksums::Checksums;
use refit_clip::weights::source::{Source, SourceError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

pub const MODELS: &str = "models";
pub const VECTORS: &str = "vectors";

#[wasm_bindgen]
extern "C" {
    type Moves;
    /// Not in every browser; web-sys has none of it.
    #[wasm_bindgen(method, catch, js_name = "move")]
    fn rename(this: &Moves, name: &str) -> Result<js_sys::Promise, JsValue>;
}

fn no_files(_: JsValue) -> Failure {
    let sentence = "This browser keeps no files for pages here (a private window does not).";
    Failure::new(FailureKind::NoFiles, sentence)
}

/// What a failed write or read means.
pub fn failed(error: JsValue) -> Failure {
    let error: js_sys::Error = error.unchecked_into();
    match String::from(error.name()).as_str() {
        "QuotaExceededError" => Failure::new(
            FailureKind::Full,
            "The disk, or what this browser may use of it, is full. Delete a kept model below, or free space, and go on: what came so far is kept.",
        ),
        "NoModificationAllowedError" | "InvalidStateError" => Failure::new(
            FailureKind::Busy,
            "Another tab of this page is at this file; use that tab, or close it and try again.",
        ),
        "NotFoundError" => Failure::new(
            FailureKind::Damaged,
            "What was kept is no longer there; download it again.",
        ),
        _ => {
            let message = String::from(error.message());
            let sentence =
                format!("The browser could not keep or read a file ({message}); try again.");
            Failure::new(FailureKind::Other, sentence)
        }
    }
}

pub async fn folder(name: &str) -> Result<FileSystemDirectoryHandle, Failure> {
    let storage = super::scope().navigator().storage();
    let root = JsFuture::from(storage.get_directory())
        .await
        .map_err(no_files)?;
    let root: FileSystemDirectoryHandle = root.unchecked_into();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = JsFuture::from(root.get_directory_handle_with_options(name, &options));
    Ok(folder.await.map_err(no_files)?.unchecked_into())
}

/// A file of a folder, made where it is not there yet if `create` says so.
pub async fn file(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemFileHandle, Failure> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    let file = JsFuture::from(folder.get_file_handle_with_options(name, &options));
    Ok(file.await.map_err(failed)?.unchecked_into())
}

async fn blob(folder: &FileSystemDirectoryHandle, name: &str) -> Result<Blob, Failure> {
    let file = file(folder, name, false).await?;
    let blob = JsFuture::from(file.get_file()).await.map_err(failed)?;
    Ok(blob.unchecked_into())
}

/// A file that nobody else has open until this is dropped.
pub struct Open(FileSystemSyncAccessHandle);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Open {
    pub async fn new(file: &FileSystemFileHandle) -> Result<Self, Failure> {
        let handle = JsFuture::from(file.create_sync_access_handle());
        Ok(Open(handle.await.map_err(failed)?.unchecked_into()))
    }

    pub fn size(&self) -> Result<u64, Failure> {
        Ok(self.0.get_size().map_err(failed)? as u64)
    }

    pub fn cut(&self, size: u64) -> Result<(), Failure> {
        self.0.truncate_with_f64(size as f64).map_err(failed)
    }

    pub fn read(&self, at: u64, bytes: &mut [u8]) -> Result<usize, Failure> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(at as f64);
        let read = self.0.read_with_u8_array_and_options(bytes, &options);
        Ok(read.map_err(failed)? as usize)
    }

    pub fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Failure> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(at as f64);
        let written = self.0.write_with_u8_array_and_options(bytes, &options);
        match written.map_err(failed)? as usize == bytes.len() {
            true => Ok(()),
            // A disk that is full takes a part.
            false => Err(failed(full())),
        }
    }

    pub fn flush(&self) -> Result<(), Failure> {
        self.0.flush().map_err(failed)
    }
}

fn full() -> JsValue {
    let error = js_sys::Error::new("");
    error.set_name("QuotaExceededError");
    error.into()
}

/// Gives a file of a folder its final name.
pub async fn rename(file: &FileSystemFileHandle, name: &str) -> Result<(), Failure> {
    let file: &Moves = file.unchecked_ref();
    let moved = JsFuture::from(file.rename(name).map_err(failed)?);
    moved.await.map_err(failed).map(drop)
}

/// A kept checkpoint, open for reading.
pub enum File {
    /// With its bytes.
    Alone(Open, u64),
    /// Another tab reads it too: slower.
    Shared(BlobSource),
}

impl Source for File {
    fn size(&self) -> u64 {
        match self {
            File::Alone(_, size) => *size,
            File::Shared(blob) => blob.size(),
        }
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        match self {
            File::Alone(open, _) => match open.read(at, buffer) {
                Ok(read) if read == buffer.len() => Ok(()),
                Ok(read) => Err(SourceError::Ended {
                    at: at + read as u64,
                }),
                Err(failure) => Err(SourceError::Other {
                    cause: Cause::new(failure.sentence.trim_end_matches('.')),
                }),
            },
            File::Shared(blob) => blob.read(at, buffer).await,
        }
    }
}

/// A kept checkpoint and its sums.
pub async fn open(key: &str) -> Result<(File, Checksums), Failure> {
    let folder = folder(MODELS).await?;
    let kept: Option<CachedCheckpoint> = read_card(&folder, &format!("{key}.json")).await;
    let kept = kept.ok_or_else(|| {
        Failure::new(
            FailureKind::Damaged,
            "What was kept of this model is damaged; delete it and download it again.",
        )
    })?;
    let file = file(&folder, &format!("{key}.safetensors"), false).await?;
    let open = match Open::new(&file).await {
        Ok(open) => {
            let size = open.size()?;
            File::Alone(open, size)
        }
        Err(_) => {
            let blob = JsFuture::from(file.get_file()).await.map_err(failed)?;
            File::Shared(BlobSource(blob.unchecked_into()))
        }
    };
    Ok((open, kept.sums))
}

async fn read_card<T: DeserializeOwned>(
    folder: &FileSystemDirectoryHandle,
    name: &str,
) -> Option<T> {
    let text = JsFuture::from(blob(folder, name).await.ok()?.text())
        .await
        .ok()?;
    serde_json::from_str(&text.as_string()?).ok()
}

/// Writes what is known about a checkpoint.
pub async fn write_card(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    card: &impl Serialize,
) -> Result<(), Failure> {
    let card = serde_json::to_vec(card).unwrap_or_default();
    write(folder, name, &card).await
}

/// Writes a file as a whole.
async fn write(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    bytes: &[u8],
) -> Result<(), Failure> {
    let open = Open::new(&file(folder, name, true).await?).await?;
    open.cut(0)?;
    open.write(0, bytes)?;
    open.flush()
}

async fn names(folder: &FileSystemDirectoryHandle) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    let iterator: AsyncIterator = folder.keys();
    loop {
        let next = iterator.next().map_err(failed)?;
        let next = JsFuture::from(next).await.map_err(failed)?;
        let field = |name: &str| Reflect::get(&next, &name.into()).unwrap_or_default();
        if field("done").is_truthy() {
            return Ok(names);
        }
        names.extend(field("value").as_string());
    }
}

pub async fn cache() -> Result<CacheListing, Failure> {
    let folder = folder(MODELS).await?;
    let mut cache = CacheListing::default();
    for name in names(&folder).await? {
        if name.ends_with(".json") {
            cache.kept.extend(read_card(&folder, &name).await);
        } else if let Some(key) = name.strip_suffix(".part") {
            // Of what never began to come nothing is known.
            let begun: Option<PartialDownload> = read_card(&folder, &format!("{key}.begun")).await;
            if let Some(mut part) = begun
                && let Ok(blob) = blob(&folder, &name).await
            {
                part.progress.bytes = blob.size() as u64;
                cache.parts.push(part);
            }
        }
    }
    let estimate = super::scope().navigator().storage().estimate();
    if let Ok(estimate) = estimate
        && let Ok(estimate) = JsFuture::from(estimate).await
    {
        let number = |name: &str| Reflect::get(&estimate, &name.into()).ok()?.as_f64();
        cache.used = number("usage").unwrap_or_default();
        cache.quota = number("quota").unwrap_or_default();
    }
    Ok(cache)
}

pub async fn delete(key: &str) -> Result<(), Failure> {
    let folder = folder(MODELS).await?;
    for name in names(&folder).await? {
        if name.rsplit_once('.').is_some_and(|(stem, _)| stem == key) {
            JsFuture::from(folder.remove_entry(&name))
                .await
                .map_err(failed)?;
        }
    }
    Ok(())
}

pub async fn put(name: &str, bytes: &[u8]) -> Result<(), Failure> {
    write(&folder(VECTORS).await?, name, bytes).await
}

/// The bytes under a name, or nothing where there are none.
pub async fn get(name: &str) -> Result<JsValue, Failure> {
    let Ok(blob) = blob(&folder(VECTORS).await?, name).await else {
        return Ok(JsValue::NULL);
    };
    let buffer = JsFuture::from(blob.array_buffer()).await.map_err(failed)?;
    Ok(Uint8Array::new(&buffer).into())
}
