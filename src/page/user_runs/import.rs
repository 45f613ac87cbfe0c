//! Imports one file, in slices of time that leave the browser responsive.

use super::source::{Origin, SourceError};
use crate::page::work::TimeSlice;
use crate::runs::{Converted, Mapping, ReadError, ReadNotice, ReadOptions, ReadOutcome, Reader};
use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// Bytes that are read before the time is checked. Gzip unpacks them to a thousand times as many
/// at worst.
const PIECE: u32 = 4 << 10;

/// How far an import is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportProgress {
    pub name: String,
    pub bytes: f64,
    /// The file's size, where it is known.
    pub size: Option<f64>,
    pub rows: u64,
}

/// The import of one file.
pub struct Import<'a> {
    pub origin: &'a Origin,
    pub options: ReadOptions,
    pub abort: &'a AbortController,
    pub on_progress: &'a dyn Fn(ImportProgress),
}

#[wasm_bindgen]
extern "C" {
    /// The exports of a program of `src/bin`, loaded with the first call (`boot.js`).
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn program(name: &str) -> Result<JsValue, JsValue>;
}

impl Import<'_> {
    /// Reads the whole file, or as much as is needed to propose a mapping.
    pub async fn run(&self) -> Result<ReadOutcome, SourceError> {
        let read = self.text().await;
        // An aborted request fails with errors of its own.
        if self.abort.signal().aborted() {
            return Err(SourceError::Cancelled);
        }
        let outcome = read?;
        match outcome.report.error {
            Some(ReadError::Parquet {
                inside_gzip: false, ..
            }) => self.converted(Converted::Parquet).await,
            Some(ReadError::Zip) => self.converted(Converted::Workbook).await,
            _ => Ok(outcome),
        }
    }

    async fn text(&self) -> Result<ReadOutcome, SourceError> {
        let mut stream = self.origin.open(self.abort).await?;
        let size = stream.size;
        let mut reader = Reader::new(self.options.clone());
        let mut slice = TimeSlice::new();
        self.report(&reader, size);
        while let Some(piece) = stream.next().await? {
            if !self.push(&mut reader, &piece, size, &mut slice).await {
                break;
            }
            // The next piece may take a while to arrive.
            self.report(&reader, size);
        }
        Ok(reader.finish())
    }

    /// False where the reader needs no more.
    async fn push(
        &self,
        reader: &mut Reader,
        bytes: &Uint8Array,
        size: Option<f64>,
        slice: &mut TimeSlice,
    ) -> bool {
        for start in (0..bytes.length()).step_by(PIECE as usize) {
            let end = (start + PIECE).min(bytes.length());
            if reader.push(&bytes.subarray(start, end).to_vec()).is_err() {
                return false;
            }
            if self.options.mapping.is_none() && reader.needs_mapping() {
                return false;
            }
            if slice.yield_if_over().await {
                self.report(reader, size);
                if self.abort.signal().aborted() {
                    return false;
                }
            }
        }
        true
    }

    fn report(&self, reader: &Reader, size: Option<f64>) {
        let progress = reader.progress();
        (self.on_progress)(ImportProgress {
            name: self.origin.name(),
            bytes: progress.bytes as f64,
            size,
            rows: progress.rows,
        });
    }

    /// What has to be read as a whole is converted to CSV by a program of its own.
    async fn converted(&self, from: Converted) -> Result<ReadOutcome, SourceError> {
        let file = self.whole().await?;
        let mut reader = Reader::new(ReadOptions {
            converted: Some(from),
            ..self.options.clone()
        });
        match to_csv(from, &file).await {
            Err(_) => reader.stop(ReadError::Unreadable(
                "The program that reads this kind of file could not be loaded, or the file overwhelmed it. Check the connection and try again, or save the table as CSV."
                    .to_owned(),
            )),
            Ok(csv) => {
                let mut slice = TimeSlice::new();
                for piece in csv.pieces.iter() {
                    let piece: Uint8Array = piece.unchecked_into();
                    if !self.push(&mut reader, &piece, None, &mut slice).await {
                        break;
                    }
                }
                let told: Vec<String> = csv.told.iter().filter_map(|s| s.as_string()).collect();
                match from {
                    Converted::Parquet if told.is_empty() => {}
                    Converted::Parquet => reader.note(ReadNotice::Nested { columns: told }),
                    Converted::Workbook => {
                        let notices = told.into_iter().map(ReadNotice::Workbook);
                        notices.for_each(|notice| reader.note(notice));
                    }
                }
                if let Some(sentence) = csv.error {
                    reader.stop(ReadError::Unreadable(sentence));
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
        let mut progress = ImportProgress {
            name: self.origin.name(),
            size: stream.size,
            ..ImportProgress::default()
        };
        let mut pieces = Vec::new();
        while let Some(piece) = stream.next().await? {
            progress.bytes += f64::from(piece.length());
            (self.on_progress)(progress.clone());
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

/// A table as the programs `parquet` and `workbook` return it.
struct Csv {
    pieces: Array,
    /// Names of columns that were not read, or sentences about the workbook.
    told: Array,
    error: Option<String>,
}

async fn to_csv(from: Converted, file: &Uint8Array) -> Result<Csv, JsValue> {
    let program = program(match from {
        Converted::Parquet => "parquet",
        Converted::Workbook => "workbook",
    });
    let to_csv: Function = Reflect::get(&program.await?, &"to_csv".into())?.dyn_into()?;
    let found: Array = to_csv.call1(&JsValue::UNDEFINED, file)?.dyn_into()?;
    Ok(Csv {
        pieces: found.get(0).dyn_into()?,
        told: found.get(1).dyn_into()?,
        error: found.get(2).as_string(),
    })
}

/// Whether the columns are unknown, so that the reader has to choose a mapping.
pub fn needs_mapping(outcome: &ReadOutcome, mapping: Option<&Mapping>) -> bool {
    let unknown = outcome.report.source.is_none() && outcome.architectures.is_empty();
    mapping.is_none() && unknown && !outcome.preview.rows.is_empty()
}
