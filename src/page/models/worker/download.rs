//! A checkpoint from a server to a file that is kept: what the model needs of it, written as it
//! comes, and taken up where it broke off.

use super::super::protocol::{CachedCheckpoint, Failure, PartialDownload, Progress};
use super::file_store::{self, MODELS, Open};
use super::open_checkpoint::PATIENCE;
use refit_clip::LoadOptions;
use refit_clip::browser::FetchTransport;
use refit_clip::repack::RepackedCheckpoint;
use refit_clip::weights::checksums::ChecksumBuilder;
use refit_clip::weights::http::{HttpSource, Retries};

/// What is read of the file at a time to sum it anew.
const CHUNK: usize = 1 << 20;

pub async fn download(
    key: &str,
    address: &str,
    name: &str,
    mut progress: impl FnMut(Progress),
) -> Result<CachedCheckpoint, Failure> {
    let folder = file_store::folder(MODELS).await?;
    let part = file_store::file(&folder, &format!("{key}.part"), true).await?;
    // From here on no other tab can write it.
    let open = Open::new(&part).await?;
    let fetch = FetchTransport::new(address, PATIENCE);
    let mut source = HttpSource::open(fetch, address, Retries::default()).await?;
    let packed = RepackedCheckpoint::new(&mut source, &LoadOptions::default()).await?;
    let total = packed.size;
    // Whoever comes back can go on.
    let mut begun = PartialDownload {
        key: key.to_owned(),
        name: name.to_owned(),
        address: address.to_owned(),
        progress: Progress::default(),
    };
    begun.progress.total = total;
    file_store::write_card(&folder, &format!("{key}.begun"), &begun).await?;
    let mut sums = ChecksumBuilder::default();
    if starts_with(&open, packed.header())? {
        open.cut(open.size()?.min(total))?;
        sum(&open, &mut sums)?;
    } else {
        open.cut(0)?;
    }
    progress(Progress {
        bytes: sums.bytes(),
        total,
    });
    let copied = packed.copy(&mut source, sums.bytes(), |bytes| {
        open.write(sums.bytes(), bytes)?;
        sums.update(bytes);
        progress(Progress {
            bytes: sums.bytes(),
            total,
        });
        Ok::<(), Failure>(())
    });
    copied.await?;
    open.flush()?;
    drop(open);
    let kept = CachedCheckpoint {
        key: key.to_owned(),
        name: name.to_owned(),
        address: address.to_owned(),
        sums: sums.finish(),
    };
    file_store::rename(&part, &format!("{key}.safetensors")).await?;
    file_store::write_card(&folder, &format!("{key}.json"), &kept).await?;
    Ok(kept)
}

/// Whether a file has this beginning: then it is the same checkpoint, as far as it came.
fn starts_with(open: &Open, header: &[u8]) -> Result<bool, Failure> {
    if open.size()? < header.len() as u64 {
        return Ok(false);
    }
    let mut found = vec![0; header.len()];
    Ok(open.read(0, &mut found)? == header.len() && found == header)
}

/// Sums what is in a file.
fn sum(open: &Open, sums: &mut ChecksumBuilder) -> Result<(), Failure> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = open.read(sums.bytes(), &mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        sums.update(&buffer[..read]);
    }
}
