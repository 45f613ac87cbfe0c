//! The cached checkpoints and interrupted downloads.

use super::super::protocol::{
    CacheListing, CachedCheckpoint, Failure, FailureKind, PartialDownload,
};
use super::opfs::{self, ExclusiveFile, MODELS};
use super::stored_vectors;
use js_sys::Reflect;
use refit_clip::Cause;
use refit_clip::browser::BlobSource;
use refit_clip::weights::source::{Source, SourceError};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

/// A cached checkpoint, open for reading.
pub enum CachedFile {
    /// The file and its size.
    Exclusive(ExclusiveFile, u64),
    /// Another tab has it open too; reading is slower.
    Shared(BlobSource),
}

impl Source for CachedFile {
    fn size(&self) -> u64 {
        match self {
            CachedFile::Exclusive(_, size) => *size,
            CachedFile::Shared(blob) => blob.size(),
        }
    }

    async fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<(), SourceError> {
        match self {
            CachedFile::Exclusive(file, _) => match file.read(at, buffer) {
                Ok(read) if read == buffer.len() => Ok(()),
                Ok(read) => Err(SourceError::Ended {
                    at: at + read as u64,
                }),
                Err(failure) => Err(SourceError::Other {
                    cause: Cause::new(failure.sentence.trim_end_matches('.')),
                }),
            },
            CachedFile::Shared(blob) => blob.read(at, buffer).await,
        }
    }
}

/// Opens a cached checkpoint; also returns what is stored about it.
pub async fn open(key: &str) -> Result<(CachedFile, CachedCheckpoint), Failure> {
    let folder = opfs::folder(MODELS).await?;
    let checkpoint: Option<CachedCheckpoint> =
        opfs::read_json(&folder, &format!("{key}.json")).await;
    let checkpoint = checkpoint.ok_or_else(|| {
        Failure::new(
            FailureKind::Damaged,
            "The cached model is damaged; delete it and download it again.",
        )
    })?;
    let file = opfs::file(&folder, &format!("{key}.safetensors"), false).await?;
    let file = match ExclusiveFile::open(&file).await {
        Ok(file) => {
            let size = file.size()?;
            CachedFile::Exclusive(file, size)
        }
        Err(_) => {
            let blob = JsFuture::from(file.get_file())
                .await
                .map_err(opfs::failed)?;
            CachedFile::Shared(BlobSource::new(blob.unchecked_into()))
        }
    };
    Ok((file, checkpoint))
}

/// Lists checkpoints and interrupted downloads.
pub async fn list() -> Result<CacheListing, Failure> {
    let folder = opfs::folder(MODELS).await?;
    let mut listing = CacheListing::default();
    for name in opfs::names(&folder).await? {
        if name.ends_with(".json") {
            let checkpoint = opfs::read_json(&folder, &name).await;
            listing.checkpoints.extend(checkpoint);
        } else if let Some(key) = name.strip_suffix(".part") {
            // A download that failed before its first byte has no description.
            let partial: Option<PartialDownload> =
                opfs::read_json(&folder, &format!("{key}.begun")).await;
            if let Some(mut partial) = partial
                && let Ok(blob) = opfs::blob(&folder, &name).await
            {
                partial.progress.bytes = blob.size() as u64;
                listing.partial.push(partial);
            }
        }
    }
    listing.vectors = stored_vectors::bytes().await?;
    let estimate = super::scope().navigator().storage().estimate();
    if let Ok(estimate) = estimate
        && let Ok(estimate) = JsFuture::from(estimate).await
    {
        let number = |name: &str| Reflect::get(&estimate, &name.into()).ok()?.as_f64();
        listing.used = number("usage").unwrap_or_default();
        listing.quota = number("quota").unwrap_or_default();
    }
    Ok(listing)
}

/// Deletes all files of a key.
pub async fn delete(key: &str) -> Result<(), Failure> {
    let folder = opfs::folder(MODELS).await?;
    for name in opfs::names(&folder).await? {
        if name.rsplit_once('.').is_some_and(|(stem, _)| stem == key) {
            JsFuture::from(folder.remove_entry(&name))
                .await
                .map_err(opfs::failed)?;
        }
    }
    Ok(())
}
