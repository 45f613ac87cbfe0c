//! Searching an index's vectors: they are read from the reader's files slice by slice, and stay in memory as far as it
//! goes, for the next search.

use super::super::parquet_file::ParquetFile;
use super::super::protocol::{Failure, FailureKind, FoundRows, VectorPiece};
use js_sys::Uint8Array;
use refit_clip::browser::{BlobSource, now};
use refit_clip::weights::source::Source;
use refit_pairs::index;
use refit_pairs::records::Records;
use refit_pairs::search::TopK;
use refit_parquet::Table;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::collections::VecDeque;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// Bytes that are read at once, rounded to whole vectors.
const SLICE: usize = 4 << 20;
/// Slices that are read at the same time.
const AHEAD: usize = 2;

/// The vectors of an index, or a worker's share of them.
#[derive(Default)]
pub struct Vectors {
    pieces: Vec<Piece>,
    /// Bytes in memory.
    kept: u64,
}

struct Piece {
    about: VectorPiece,
    file: Blob,
    /// Those of its slices that are in memory.
    slices: Vec<Option<Vec<u8>>>,
}

impl Piece {
    /// Bytes of a slice, the last of which is shorter.
    fn slice(&self) -> usize {
        let bytes = self.about.stored.bytes().max(1);
        (SLICE / bytes).max(1) * bytes
    }

    /// Where a slice begins, and its bytes.
    fn range(&self, i: usize) -> (u64, usize) {
        let at = (i * self.slice()) as u64;
        let left = self.file.size() as u64 - at;
        (at, left.min(self.slice() as u64) as usize)
    }

    /// Begins to read a slice; `None` where the browser does not. What is not waited for may fail unheard.
    fn begin(&self, i: usize) -> Option<JsFuture> {
        let (at, length) = self.range(i);
        let (begin, end) = (at as f64, (at + length as u64) as f64);
        let slice = self.file.slice_with_f64_and_f64(begin, end);
        slice.ok().map(|slice| slice.array_buffer().into())
    }

    /// Waits for the bytes of a slice. A read that fails is tried again in a way that says why.
    async fn finish(&self, i: usize, read: Option<JsFuture>, to: &mut [u8]) -> Result<(), Failure> {
        if let Some(read) = read
            && let Ok(bytes) = read.await
        {
            let bytes = Uint8Array::new(&bytes);
            if bytes.length() as usize == to.len() {
                bytes.copy_to(to);
                return Ok(());
            }
        }
        let mut file = BlobSource::new(self.file.clone());
        Ok(file.read(self.range(i).0, to).await?)
    }
}

impl Vectors {
    /// Takes files of whole vectors; nothing is read yet.
    pub fn open(pieces: Vec<VectorPiece>, files: impl Iterator<Item = Blob>) -> Vectors {
        let pieces = pieces.into_iter().zip(files).map(|(about, file)| {
            let mut piece = Piece {
                about,
                file,
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
            let (mut reads, mut next) = (VecDeque::new(), 0);
            for i in 0..piece.slices.len() {
                if is_stopped.get() {
                    return Err(Failure::new(
                        FailureKind::Stopped,
                        "The search was cancelled.",
                    ));
                }
                // The browser reads on while this is searched.
                while reads.len() < AHEAD && next < piece.slices.len() {
                    if piece.slices[next].is_none() {
                        reads.push_back(piece.begin(next));
                    }
                    next += 1;
                }
                let (at, length) = piece.range(i);
                let stored = piece.about.stored;
                let first = piece.about.first + at / stored.bytes() as u64;
                if let Some(bytes) = &piece.slices[i] {
                    best.scan(stored, bytes, first, query);
                } else {
                    let mut own = Vec::new();
                    let is_kept =
                        self.kept + length as u64 <= keep && own.try_reserve_exact(length).is_ok();
                    let bytes = if is_kept { &mut own } else { &mut buffer };
                    bytes.resize(length, 0);
                    let read = reads.pop_front().flatten();
                    if let Err(failure) = piece.finish(i, read, bytes).await {
                        let rows = (piece.file.size() as u64 - at) / stored.bytes() as u64;
                        found.problems.push(format!(
                            "Rows {first} to {} were not searched. {}",
                            first + rows - 1,
                            failure.sentence
                        ));
                        break;
                    }
                    found.read += length as u64;
                    best.scan(stored, bytes, first, query);
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

/// How many rows a Parquet file has.
pub async fn count(file: Blob) -> Result<u64, String> {
    Ok(ParquetFile::open(file).await?.table()?.rows())
}

/// What an index's metadata say of rows, which are sorted; only what these need is read.
pub async fn describe(file: Blob, rows: &[u64]) -> Result<Vec<(u64, Map<String, Value>)>, String> {
    let file = ParquetFile::open(file).await?;
    let table = file.table()?;
    let columns: Vec<String> = table.columns().into_iter().map(str::to_owned).collect();
    let parts = file.parts(&index::shown(&columns), rows).await?;
    let table = Table::open_parts(&parts).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    let read = index::describe(&Records::Parquet(table), rows, &mut |row, said| {
        all.push((row, said));
    });
    read.map_err(|error| error.to_string())?;
    Ok(all)
}
