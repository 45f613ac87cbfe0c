//! A file's bytes to runs, between turns of the browser.

use super::source::{Origin, SourceError};
use crate::page::work::Turns;
use crate::runs::{Mapping, ReadError, ReadNotice, ReadOptions, ReadOutcome, Reader};
use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// Bytes that are read between two looks at the clock. Gzip unpacks them to a thousand times as
/// many at worst.
const PIECE: u32 = 4 << 10;

/// How far reading is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    pub name: String,
    pub bytes: f64,
    /// Bytes in all, where they are known.
    pub size: Option<f64>,
    pub rows: u64,
}

/// One file being read.
pub struct Reading<'a> {
    pub origin: &'a Origin,
    pub options: ReadOptions,
    pub abort: &'a AbortController,
    /// Is told how far it is.
    pub seen: &'a dyn Fn(Progress),
}

#[wasm_bindgen]
extern "C" {
    /// What a program of `src/bin` offers; loaded where it is not yet there (`boot.js`).
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn program(name: &str) -> Result<JsValue, JsValue>;
}

impl Reading<'_> {
    /// Reads to the end, or as far as is needed to propose a mapping.
    pub async fn run(&self) -> Result<ReadOutcome, SourceError> {
        let read = self.text().await;
        // A request that was given up fails in its own ways.
        if self.abort.signal().aborted() {
            return Err(SourceError::Cancelled);
        }
        let outcome = read?;
        match outcome.report.error {
            Some(ReadError::Parquet {
                inside_gzip: false, ..
            }) => self.parquet().await,
            _ => Ok(outcome),
        }
    }

    async fn text(&self) -> Result<ReadOutcome, SourceError> {
        let mut stream = self.origin.open(self.abort).await?;
        let size = stream.size;
        let mut reader = Reader::new(self.options.clone());
        let mut turns = Turns::new();
        self.tell(&reader, size);
        while let Some(piece) = stream.next().await? {
            if !self.push(&mut reader, &piece, size, &mut turns).await {
                break;
            }
            // A network may keep the next waiting.
            self.tell(&reader, size);
        }
        Ok(reader.finish())
    }

    /// False where the reader needs no more.
    async fn push(
        &self,
        reader: &mut Reader,
        bytes: &Uint8Array,
        size: Option<f64>,
        turns: &mut Turns,
    ) -> bool {
        for start in (0..bytes.length()).step_by(PIECE as usize) {
            let end = (start + PIECE).min(bytes.length());
            if reader.push(&bytes.subarray(start, end).to_vec()).is_err() {
                return false;
            }
            if self.options.mapping.is_none() && reader.needs_mapping() {
                return false;
            }
            if turns.take().await {
                self.tell(reader, size);
                if self.abort.signal().aborted() {
                    return false;
                }
            }
        }
        true
    }

    fn tell(&self, reader: &Reader, size: Option<f64>) {
        let progress = reader.progress();
        (self.seen)(Progress {
            name: self.origin.name(),
            bytes: progress.bytes as f64,
            size,
            rows: progress.rows,
        });
    }

    /// Parquet has its table of contents at the end: the file is read as a whole, and turned into
    /// CSV by a program of its own.
    async fn parquet(&self) -> Result<ReadOutcome, SourceError> {
        let file = self.whole().await?;
        let mut reader = Reader::new(ReadOptions {
            parquet: true,
            ..self.options.clone()
        });
        match to_csv(&file).await {
            Err(_) => reader.stop(ReadError::DamagedParquet(
                "The part of this page that reads Parquet could not be loaded; check the connection and try again.".to_owned(),
            )),
            Ok(csv) => {
                let mut turns = Turns::new();
                for piece in csv.pieces.iter() {
                    let piece: Uint8Array = piece.unchecked_into();
                    if !self.push(&mut reader, &piece, None, &mut turns).await {
                        break;
                    }
                }
                let columns: Vec<String> = csv.skipped.iter().filter_map(|s| s.as_string()).collect();
                if !columns.is_empty() {
                    reader.note(ReadNotice::Nested { columns });
                }
                if let Some(sentence) = csv.error {
                    reader.stop(ReadError::DamagedParquet(sentence));
                }
            }
        }
        if self.abort.signal().aborted() {
            return Err(SourceError::Cancelled);
        }
        let mut outcome = reader.finish();
        outcome.report.bytes = u64::from(file.length());
        Ok(outcome)
    }

    async fn whole(&self) -> Result<Uint8Array, SourceError> {
        let mut stream = self.origin.open(self.abort).await?;
        let mut progress = Progress {
            name: self.origin.name(),
            size: stream.size,
            ..Progress::default()
        };
        let mut pieces = Vec::new();
        while let Some(piece) = stream.next().await? {
            progress.bytes += f64::from(piece.length());
            (self.seen)(progress.clone());
            pieces.push(piece);
        }
        let whole = Uint8Array::new_with_length(progress.bytes as u32);
        let mut at = 0;
        for piece in pieces {
            whole.set(&piece, at);
            at += piece.length();
        }
        Ok(whole)
    }
}

/// What the program for Parquet gives.
struct Csv {
    pieces: Array,
    /// Columns that are not read.
    skipped: Array,
    error: Option<String>,
}

async fn to_csv(file: &Uint8Array) -> Result<Csv, JsValue> {
    let program = program("parquet").await?;
    let to_csv: Function = Reflect::get(&program, &"to_csv".into())?.dyn_into()?;
    let found: Array = to_csv.call1(&program, file)?.dyn_into()?;
    Ok(Csv {
        pieces: found.get(0).dyn_into()?,
        skipped: found.get(1).dyn_into()?,
        error: found.get(2).as_string(),
    })
}

/// Whether the columns are not known, so that a mapping has to be chosen.
pub fn asks(outcome: &ReadOutcome, mapping: Option<&Mapping>) -> bool {
    mapping.is_none() && outcome.report.source.is_none() && !outcome.preview.rows.is_empty()
}
