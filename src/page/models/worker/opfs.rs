//! Files in the browser's origin private file system. The folder `models` holds a checkpoint under
//! its key: KEY.part while it downloads, with KEY.begun to describe it; then KEY.safetensors, with
//! its name and checksums in KEY.json. The folder `vectors` holds embeddings.

use super::super::protocol::{Failure, FailureKind};
use js_sys::{AsyncIterator, Reflect, Uint8Array};
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
    type MovableFile;
    /// Not in every browser; web-sys lacks it.
    #[wasm_bindgen(method, catch, js_name = "move")]
    fn rename(this: &MovableFile, name: &str) -> Result<js_sys::Promise, JsValue>;
}

fn no_files(_: JsValue) -> Failure {
    let sentence = "This browser does not let the page store files here; private windows never do.";
    Failure::new(FailureKind::NoFiles, sentence)
}

/// The failure that a browser's exception means.
pub fn failed(error: JsValue) -> Failure {
    let error: js_sys::Error = error.unchecked_into();
    match String::from(error.name()).as_str() {
        "QuotaExceededError" => Failure::new(
            FailureKind::Full,
            "The browser’s storage is full. Delete a cached model below or free space on the disk, then resume: what was downloaded so far is kept.",
        ),
        "NoModificationAllowedError" | "InvalidStateError" => Failure::new(
            FailureKind::Busy,
            "Another tab of this page is using this file; use that tab, or close it and try again.",
        ),
        "NotFoundError" => Failure::new(
            FailureKind::Damaged,
            "The cached file is gone; download the model again.",
        ),
        _ => {
            let message = String::from(error.message());
            let sentence =
                format!("The browser could not read or write a file ({message}); try again.");
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

/// A file of a folder; `create` creates it if it does not exist.
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

pub async fn blob(folder: &FileSystemDirectoryHandle, name: &str) -> Result<Blob, Failure> {
    let file = file(folder, name, false).await?;
    let blob = JsFuture::from(file.get_file()).await.map_err(failed)?;
    Ok(blob.unchecked_into())
}

/// A file that no other tab can open until this is dropped.
pub struct ExclusiveFile(FileSystemSyncAccessHandle);

impl Drop for ExclusiveFile {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl ExclusiveFile {
    pub async fn open(file: &FileSystemFileHandle) -> Result<Self, Failure> {
        let handle = JsFuture::from(file.create_sync_access_handle());
        Ok(ExclusiveFile(
            handle.await.map_err(failed)?.unchecked_into(),
        ))
    }

    pub fn size(&self) -> Result<u64, Failure> {
        Ok(self.0.get_size().map_err(failed)? as u64)
    }

    pub fn truncate(&self, size: u64) -> Result<(), Failure> {
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
            // A full disk takes only part of the bytes.
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

/// Renames a file within its folder.
pub async fn rename(file: &FileSystemFileHandle, name: &str) -> Result<(), Failure> {
    let file: &MovableFile = file.unchecked_ref();
    let moved = JsFuture::from(file.rename(name).map_err(failed)?);
    moved.await.map_err(failed).map(drop)
}

pub async fn read_json<T: DeserializeOwned>(
    folder: &FileSystemDirectoryHandle,
    name: &str,
) -> Option<T> {
    let text = JsFuture::from(blob(folder, name).await.ok()?.text())
        .await
        .ok()?;
    serde_json::from_str(&text.as_string()?).ok()
}

/// Writes a value as JSON.
pub async fn write_json(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    value: &impl Serialize,
) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    write(folder, name, &bytes).await
}

/// Replaces a file.
async fn write(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    bytes: &[u8],
) -> Result<(), Failure> {
    let file = ExclusiveFile::open(&file(folder, name, true).await?).await?;
    file.truncate(0)?;
    file.write(0, bytes)?;
    file.flush()
}

/// The names of a folder's files.
pub async fn names(folder: &FileSystemDirectoryHandle) -> Result<Vec<String>, Failure> {
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

/// Writes a file among the embeddings.
pub async fn put(name: &str, bytes: &[u8]) -> Result<(), Failure> {
    write(&folder(VECTORS).await?, name, bytes).await
}

/// The bytes of a file among the embeddings, or null if there is none.
pub async fn get(name: &str) -> Result<JsValue, Failure> {
    let Ok(blob) = blob(&folder(VECTORS).await?, name).await else {
        return Ok(JsValue::NULL);
    };
    let buffer = JsFuture::from(blob.array_buffer()).await.map_err(failed)?;
    Ok(Uint8Array::new(&buffer).into())
}
