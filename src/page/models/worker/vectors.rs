//! Searching an index's vectors: they are read from the reader's files slice by slice, and stay in memory as far as it
//! goes, for the next search.

use super::super::protocol::{Failure, FailureKind, FoundRows, VectorPiece};
use refit_clip::browser::{BlobSource, now};
use refit_clip::weights::source::Source;
use refit_pairs::index;
use refit_pairs::records::Records;
use refit_pairs::search::TopK;
use refit_parquet::{END, Parts, Table, footer};
use serde_json::{Map, Value};
use std::cell::Cell;
use web_sys::Blob;

/// Bytes that are read at once, rounded to whole vectors.
const SLICE: usize = 4 << 20;

/// The vectors of an index, or a worker's share of them.
#[derive(Default)]
pub struct Vectors {
    pieces: Vec<Piece>,
    /// Bytes in memory.
    kept: u64,
}

struct Piece {
    about: VectorPiece,
    file: BlobSource,
    /// Those of its slices that are in memory.
    slices: Vec<Option<Vec<u8>>>,
}

impl Piece {
    /// Bytes of a slice, the last of which is shorter.
    fn slice(&self) -> usize {
        let bytes = self.about.stored.bytes().max(1);
        (SLICE / bytes).max(1) * bytes
    }
}

impl Vectors {
    /// Takes files of whole vectors; nothing is read yet.
    pub fn open(pieces: Vec<VectorPiece>, files: impl Iterator<Item = Blob>) -> Vectors {
        let pieces = pieces.into_iter().zip(files).map(|(about, file)| {
            let mut piece = Piece {
                about,
                file: BlobSource::new(file),
                slices: Vec::new(),
            };
            let count = (piece.file.size() as usize).div_ceil(piece.slice());
            piece.slices.resize(count, None);
            piece
        });
        Vectors {
            pieces: pieces.collect(),
            kept: 0,
        }
    }

    /// The best `top` rows for a query. At most `keep` bytes stay in memory. Ends early where `is_stopped` says so;
    /// `progress` hears how many bytes are done.
    pub async fn search(
        &mut self,
        query: &[f32],
        top: usize,
        keep: u64,
        is_stopped: &Cell<bool>,
        mut progress: impl FnMut(u64),
    ) -> Result<FoundRows, Failure> {
        let start = now();
        let mut best = TopK::new(top);
        let mut found = FoundRows::default();
        let mut buffer = Vec::new();
        for piece in &mut self.pieces {
            let (slice, size) = (piece.slice(), piece.file.size());
            for i in 0..piece.slices.len() {
                if is_stopped.get() {
                    return Err(Failure::new(
                        FailureKind::Stopped,
                        "The search was cancelled.",
                    ));
                }
                let at = (i * slice) as u64;
                let length = (size - at).min(slice as u64) as usize;
                let first = piece.about.first + at / piece.about.stored.bytes() as u64;
                if let Some(bytes) = &piece.slices[i] {
                    best.scan(piece.about.stored, bytes, first, query);
                } else {
                    let mut own = Vec::new();
                    let is_kept =
                        self.kept + length as u64 <= keep && own.try_reserve_exact(length).is_ok();
                    let bytes = if is_kept { &mut own } else { &mut buffer };
                    bytes.resize(length, 0);
                    if let Err(error) = piece.file.read(at, bytes).await {
                        let last = first + (size - at) / piece.about.stored.bytes() as u64 - 1;
                        let failure = Failure::from(error).sentence;
                        found.problems.push(format!(
                            "Rows {first} to {last} were not searched. {failure}"
                        ));
                        break;
                    }
                    found.read += length as u64;
                    best.scan(piece.about.stored, bytes, first, query);
                    if is_kept {
                        self.kept += length as u64;
                        piece.slices[i] = Some(own);
                    }
                }
                found.scanned += length as u64;
                progress(found.scanned);
            }
        }
        found.not_finite = best.not_finite();
        found.hits = best.into_hits();
        found.kept = self.kept;
        found.milliseconds = now() - start;
        Ok(found)
    }
}

/// The footer of a Parquet file, with how large it is.
async fn metadata(file: Blob) -> Result<(BlobSource, Parts), String> {
    let mut source = BlobSource::new(file);
    let size = source.size();
    let mut parts = Parts::new(size);
    let short = || refit_parquet::ParquetError::NotParquet.to_string();
    parts.add(0, bytes(&mut source, 0, 4.min(size)).await?);
    let at = size.checked_sub(END as u64).ok_or_else(short)?;
    let end = bytes(&mut source, at, END as u64).await?;
    let end = end.try_into().map_err(|_| short())?;
    let length = footer(end).map_err(|error| error.to_string())?.min(size);
    parts.add(
        size - length,
        bytes(&mut source, size - length, length).await?,
    );
    Ok((source, parts))
}

async fn bytes(source: &mut BlobSource, at: u64, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let length = usize::try_from(length).ok();
    let length = length.filter(|length| bytes.try_reserve_exact(*length).is_ok());
    let length = length.ok_or("It does not fit into memory.")?;
    bytes.resize(length, 0);
    let read = source.read(at, &mut bytes).await;
    read.map_err(|error| Failure::from(error).sentence)?;
    Ok(bytes)
}

/// How many rows a Parquet file has.
pub async fn count(file: Blob) -> Result<u64, String> {
    let (_, parts) = metadata(file).await?;
    let table = Table::open_parts(&parts).map_err(|error| error.to_string())?;
    Ok(table.rows())
}

/// What an index's metadata say of rows, which are sorted; only what these need is read.
pub async fn describe(file: Blob, rows: &[u64]) -> Result<Vec<(u64, Map<String, Value>)>, String> {
    let sentence = |error: refit_parquet::ParquetError| error.to_string();
    let (mut source, mut parts) = metadata(file).await?;
    let table = Table::open_parts(&parts).map_err(sentence)?;
    let columns: Vec<String> = table.columns().into_iter().map(str::to_owned).collect();
    for range in table.ranges(&index::shown(&columns), rows) {
        let length = range.end - range.start;
        if range.end > source.size() {
            return Err(refit_parquet::ParquetError::Truncated.to_string());
        }
        parts.add(range.start, bytes(&mut source, range.start, length).await?);
    }
    let mut all = Vec::new();
    let table = Records::Parquet(Table::open_parts(&parts).map_err(sentence)?);
    let read = index::describe(&table, rows, &mut |row, said| all.push((row, said)));
    read.map_err(|error| error.to_string())?;
    Ok(all)
}
