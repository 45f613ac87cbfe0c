//! Reads runs from a file's bytes, which come in pieces.

mod text_input;

use super::collect::Collector;
use super::number::{Cell, Cells};
use super::options::ReadOptions;
use super::preview::Preview;
use super::report::{Position, ReadError, ReadNotice, Rejection, Report};
use super::row_sink::RowSink;
use super::store::Runs;
use crate::study::architecture::ArchitectureCost;
use flate2::write::MultiGzDecoder;
use std::io::Write;
use text_input::TextInput;

/// The outcome of reading a file.
#[derive(Clone, Debug)]
pub struct ReadOutcome {
    /// Empty where the columns are not known and no mapping was given.
    pub runs: Runs,
    pub report: Report,
    /// Columns and first rows, for choosing a mapping.
    pub preview: Preview,
    /// Of a table of architectures, which has no runs: compute in GFLOPs a sample
    /// ([`super::add_architectures`]).
    pub architectures: Vec<ArchitectureCost>,
}

/// Progress of a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadProgress {
    /// Bytes taken, and what they unpacked to.
    pub bytes: u64,
    pub expanded: u64,
    pub rows: u64,
    /// Numbers kept.
    pub kept: u64,
}

/// Reads a table of runs from bytes that come in pieces, however they are cut.
///
/// ```
/// # use refit::runs::{ReadOptions, Reader};
/// let mut reader = Reader::new(ReadOptions::default());
/// for piece in [&b"model;flops;error\nmine;1e1"[..], b"8;0,25\n"] {
///     // Tell the reader of the page how far it is; drop the reader to give up.
///     if reader.push(piece).is_err() {
///         break;
///     }
/// }
/// let outcome = reader.finish();
/// assert_eq!(outcome.preview.columns, ["model", "flops", "error"]);
/// ```
pub struct Reader {
    input: Input,
    bytes: u64,
    stopped: Option<ReadError>,
}

enum Input {
    /// The first bytes, until they tell what the file is.
    Start(Vec<u8>, Box<TextInput>),
    Plain(Box<TextInput>),
    Gzip(Box<MultiGzDecoder<TextInput>>),
    /// For a moment only.
    Moving,
}

/// Bytes that identify any of the formats.
const MAGIC: usize = 16;

impl Reader {
    pub fn new(options: ReadOptions) -> Reader {
        Reader {
            input: Input::Start(Vec::new(), Box::new(TextInput::new(options))),
            bytes: 0,
            stopped: None,
        }
    }

    /// Takes the next bytes. An error says why reading ends here; what was read before is kept,
    /// and [`Reader::finish`] gives it.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), &ReadError> {
        if self.stopped.is_none() {
            self.bytes += bytes.len() as u64;
            self.stopped = self.take(bytes).err();
        }
        self.stopped.as_ref().map_or(Ok(()), Err)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        let total = self.bytes;
        match &mut self.input {
            Input::Start(start, _) => {
                start.extend_from_slice(bytes);
                match start.len() < MAGIC {
                    true => Ok(()),
                    false => self.start(),
                }
            }
            Input::Plain(text) => text.push(bytes, total),
            Input::Gzip(gzip) => {
                gzip.get_mut().packed = total;
                gzip.write_all(bytes).map_err(|_| stop(gzip))
            }
            Input::Moving => Ok(()),
        }
    }

    /// Chooses by the first bytes.
    fn start(&mut self) -> Result<(), ReadError> {
        let Input::Start(start, mut text) = std::mem::replace(&mut self.input, Input::Moving)
        else {
            return Ok(());
        };
        let gzip = start.starts_with(&[0x1f, 0x8b]);
        text.gzip = gzip;
        self.input = match gzip {
            true => Input::Gzip(Box::new(MultiGzDecoder::new(*text))),
            false => Input::Plain(text),
        };
        self.take(&start)
    }

    /// Ends reading for a reason of the caller's; the first reason stays.
    pub fn stop(&mut self, why: ReadError) {
        self.stopped.get_or_insert(why);
    }

    /// Adds to the notices.
    pub fn note(&mut self, notice: ReadNotice) {
        if let Input::Start(_, text) | Input::Plain(text) = &mut self.input {
            text.to.note(notice);
        }
    }

    /// How far reading is.
    pub fn progress(&self) -> ReadProgress {
        let text = self.text();
        ReadProgress {
            bytes: self.bytes,
            expanded: text.map_or(0, |t| t.expanded),
            rows: text.map_or(0, |t| t.to.rows),
            kept: text.map_or(0, |t| t.to.kept()),
        }
    }

    /// Whether a mapping is needed and the preview is complete, so that the rest need not be
    /// read: finish, choose, and read the file again with the mapping.
    pub fn needs_mapping(&self) -> bool {
        let text = self.text();
        text.is_some_and(|t| t.to.has_preview() && !t.to.is_recognised())
    }

    fn text(&self) -> Option<&TextInput> {
        match &self.input {
            Input::Start(_, text) | Input::Plain(text) => Some(text),
            Input::Gzip(gzip) => Some(gzip.get_ref()),
            Input::Moving => None,
        }
    }

    /// Ends reading before the file does; what was read is kept.
    pub fn cancel(mut self) -> ReadOutcome {
        self.stop(ReadError::Cancelled);
        self.finish()
    }

    /// Ends reading after the last bytes.
    pub fn finish(mut self) -> ReadOutcome {
        if self.stopped.is_none() {
            self.stopped = self.end().err();
        }
        let (mut text, bytes) = (None, self.bytes);
        match self.input {
            Input::Start(_, found) | Input::Plain(found) => text = Some(*found),
            Input::Gzip(gzip) => {
                // Its end has been checked; one that stopped has not, and does not matter.
                let mut gzip = *gzip;
                let empty = TextInput::new(ReadOptions::default());
                text = Some(std::mem::replace(gzip.get_mut(), empty));
            }
            Input::Moving => {}
        }
        let text = text.unwrap_or_else(|| TextInput::new(ReadOptions::default()));
        text.outcome(bytes, self.stopped)
    }

    fn end(&mut self) -> Result<(), ReadError> {
        if let Input::Start(start, _) = &self.input {
            if start.is_empty() {
                return Err(ReadError::Empty);
            }
            self.start()?;
        }
        match &mut self.input {
            Input::Plain(text) => text.end(),
            Input::Gzip(gzip) => {
                let ended = gzip.try_finish();
                let text_ended = gzip.get_mut().end();
                match ended {
                    Ok(()) => text_ended,
                    Err(_) => Err(match stop(gzip) {
                        ReadError::DamagedGzip { line } => ReadError::TruncatedGzip { line },
                        stop => stop,
                    }),
                }
            }
            Input::Start(..) | Input::Moving => Ok(()),
        }
    }
}

/// What a decoder's error means: the table's own, or damage.
fn stop(gzip: &mut MultiGzDecoder<TextInput>) -> ReadError {
    let text = gzip.get_mut();
    let line = text.line();
    text.stopped
        .take()
        .unwrap_or(ReadError::DamagedGzip { line })
}

impl Preview {
    /// The first rows read with a mapping: what is kept, and why the rest is not. `None` where
    /// the mapping does not fit.
    pub fn read(&self, options: ReadOptions) -> Option<(Runs, Vec<Rejection>)> {
        let mut collector = Collector::new(options);
        collector.header(self.columns.clone(), self.comma).ok()?;
        for (i, row) in self.rows.iter().enumerate() {
            let place = Position::Row(i as u64 + 1);
            collector.row(place, &PreviewRow(row)).ok()?;
        }
        let collected = collector.finish();
        Some((collected.runs, collected.rejections))
    }
}

struct PreviewRow<'a>(&'a [String]);

impl Cells for PreviewRow<'_> {
    fn get(&self, column: usize) -> Cell<'_> {
        let cell = self.0.get(column);
        cell.map_or(Cell::Missing, |cell| Cell::Text(cell))
    }
}
