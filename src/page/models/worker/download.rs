//! Downloading a checkpoint into the cache: only the tensors that the model needs, written as they
//! arrive, and resumed where an earlier download was interrupted.

use super::super::protocol::{CachedCheckpoint, Failure, PartialDownload, Progress};
use super::checkpoint_source;
use super::opfs::{self, ExclusiveFile, MODELS};
use refit_clip::LoadOptions;
use refit_clip::repack::RepackedCheckpoint;
use refit_clip::weights::checksums::ChecksumBuilder;

/// Bytes that are read at a time to compute the checksums of the part that is there.
const CHUNK: usize = 1 << 20;

pub async fn download(
    key: &str,
    address: &str,
    name: &str,
    mut progress: impl FnMut(Progress),
) -> Result<CachedCheckpoint, Failure> {
    let folder = opfs::folder(MODELS).await?;
    let partial = opfs::file(&folder, &format!("{key}.part"), true).await?;
    // From here on no other tab can write the file.
    let file = ExclusiveFile::open(&partial).await?;
    let opened = checkpoint_source::remote(address).await?;
    let options = LoadOptions {
        configuration: opened.configuration()?,
        ..LoadOptions::default()
    };
    let mut source = opened.source;
    let repacked = RepackedCheckpoint::new(&mut source, &options).await?;
    let total = repacked.size;
    // A later visit can resume with this.
    let description = PartialDownload {
        key: key.to_owned(),
        name: name.to_owned(),
        address: address.to_owned(),
        progress: Progress { bytes: 0, total },
    };
    opfs::write_json(&folder, &format!("{key}.begun"), &description).await?;
    let mut checksums = ChecksumBuilder::default();
    if starts_with(&file, repacked.header())? {
        file.truncate(file.size()?.min(total))?;
        add_file(&file, &mut checksums)?;
    } else {
        file.truncate(0)?;
    }
    let mut report = |bytes| progress(Progress { bytes, total });
    report(checksums.bytes());
    let copied = repacked.copy(&mut source, checksums.bytes(), |bytes| {
        file.write(checksums.bytes(), bytes)?;
        checksums.update(bytes);
        report(checksums.bytes());
        Ok::<(), Failure>(())
    });
    copied.await?;
    file.flush()?;
    drop(file);
    let checkpoint = CachedCheckpoint {
        key: key.to_owned(),
        name: name.to_owned(),
        address: address.to_owned(),
        checksums: checksums.finish(),
        configurations: opened.configurations,
    };
    opfs::rename(&partial, &format!("{key}.safetensors")).await?;
    opfs::write_json(&folder, &format!("{key}.json"), &checkpoint).await?;
    Ok(checkpoint)
}

/// Whether a file starts with this header; if so, it is a part of the same checkpoint.
fn starts_with(file: &ExclusiveFile, header: &[u8]) -> Result<bool, Failure> {
    if file.size()? < header.len() as u64 {
        return Ok(false);
    }
    let mut start = vec![0; header.len()];
    Ok(file.read(0, &mut start)? == header.len() && start == header)
}

/// Adds the bytes of a file to the checksums.
fn add_file(file: &ExclusiveFile, checksums: &mut ChecksumBuilder) -> Result<(), Failure> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = file.read(checksums.bytes(), &mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        checksums.update(&buffer[..read]);
    }
}
