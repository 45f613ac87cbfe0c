//! A file's bytes in pieces, to runs.

use super::collect::Collector;
use super::delimited::Delimited;
use super::json::JsonObjects;
use super::number::{Cell, Cells};
use super::options::{Limits, ReadOptions};
use super::preview::Preview;
use super::report::{HeaderError, Position, ReadError, ReadNotice, Rejection, Report};
use super::row_sink::RowSink;
use super::store::Runs;
use flate2::write::MultiGzDecoder;
use std::io::{self, Write};

/// What came of reading a file.
#[derive(Clone, Debug)]
pub struct ReadOutcome {
    /// Empty where the columns are not known and no mapping was given.
    pub runs: Runs,
    pub report: Report,
    /// Columns and first rows, for choosing a mapping.
    pub preview: Preview,
}

/// How far a reader is.
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

/// Bytes that tell any of the formats.
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

/// Text that has been unpacked: its first bytes tell JSON from CSV.
struct TextInput {
    start: Vec<u8>,
    table: Option<Parser>,
    to: Collector,
    limits: Limits,
    parquet: bool,
    gzip: bool,
    /// Bytes of the file so far, and those that they unpacked to.
    packed: u64,
    expanded: u64,
    /// Why it takes no more, for a decoder that only knows errors of its own.
    stopped: Option<ReadError>,
}

enum Parser {
    Delimited(Box<Delimited>),
    Json(JsonObjects),
}

/// Other files that people open, by their first bytes.
const FOREIGN: [(&[u8], &str); 15] = [
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (
        b"\x28\xb5\x2f\xfd",
        "packed with Zstandard; unpack it first",
    ),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"\x1f\x8b", "packed with gzip twice; unpack it once"),
    (b"%PDF", "a PDF, not a table"),
    (b"\x89PNG", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"GIF8", PICTURE),
    (b"RIFF", "a picture, a sound or a film, not a table"),
    (
        b"\x93NUMPY",
        "a NumPy array; save the table as CSV or Parquet",
    ),
    (b"ARROW1", "an Arrow file; save it as Parquet or CSV"),
    (
        b"version https://",
        "a pointer of Git LFS to a table that lies elsewhere, not the table",
    ),
    (b"<!", WEB_PAGE),
    (b"<html", WEB_PAGE),
];

const PICTURE: &str = "a picture, not a table";
const WEB_PAGE: &str = "a web page, not a table; on GitHub take the raw file";

impl TextInput {
    fn new(options: ReadOptions) -> TextInput {
        TextInput {
            start: Vec::new(),
            table: None,
            limits: options.limits,
            parquet: options.parquet,
            to: Collector::new(options),
            gzip: false,
            packed: 0,
            expanded: 0,
            stopped: None,
        }
    }

    fn line(&self) -> u64 {
        match &self.table {
            Some(Parser::Delimited(table)) => table.line(),
            Some(Parser::Json(table)) => table.line(),
            None => 1,
        }
    }

    /// Takes text; `packed` bytes of the file have been read so far.
    fn push(&mut self, bytes: &[u8], packed: u64) -> Result<(), ReadError> {
        self.packed = packed;
        self.expanded += bytes.len() as u64;
        let Limits {
            expansion,
            expansion_free,
            ..
        } = self.limits;
        if self.expanded > expansion_free.max(packed.saturating_mul(expansion)) {
            return Err(ReadError::Expansion {
                times: expansion,
                line: self.line(),
            });
        }
        // Bytes before the zero are a table yet.
        let zero = bytes.iter().position(|b| *b == 0);
        let good = &bytes[..zero.unwrap_or(bytes.len())];
        match self.table {
            Some(_) => self.feed(good)?,
            None => {
                self.start.extend_from_slice(bytes);
                if self.start.len() >= MAGIC {
                    self.choose()?;
                }
            }
        }
        match (zero, &self.table) {
            (Some(_), Some(_)) => Err(ReadError::Binary {
                place: Position::Line(self.line()),
            }),
            _ => Ok(()),
        }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        match &mut self.table {
            Some(Parser::Delimited(table)) => table.push(bytes, &mut self.to),
            Some(Parser::Json(table)) => table.push(bytes, &mut self.to),
            None => Ok(()),
        }
    }

    /// Chooses by the first bytes.
    fn choose(&mut self) -> Result<(), ReadError> {
        let start = std::mem::take(&mut self.start);
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
        // A web page may begin with blanks.
        let from = text.trim_ascii_start();
        let is = |magic: &[u8]| start.starts_with(magic) || from.starts_with(magic);
        if is(b"PK\x03\x04") || is(b"PK\x05\x06") {
            return Err(ReadError::Zip);
        }
        if is(b"PAR1") {
            return Err(ReadError::Parquet {
                inside_gzip: self.gzip,
            });
        }
        if is(b"\xff\xfe") || is(b"\xfe\xff") {
            return Err(ReadError::Utf16);
        }
        if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| is(magic)) {
            return Err(ReadError::Foreign(what));
        }
        let first = text.iter().find(|b| !b.is_ascii_whitespace());
        // Blank so far; what it is comes later.
        if first.is_none() && !self.start_is_final() {
            self.start = start;
            return Ok(());
        }
        let limit = self.limits.row;
        self.table = Some(match first {
            Some(b'{' | b'[') => Parser::Json(JsonObjects::new(limit)),
            _ => Parser::Delimited(Delimited::new(limit).into()),
        });
        let zero = text.iter().position(|b| *b == 0);
        self.feed(&text[..zero.unwrap_or(text.len())])
    }

    fn start_is_final(&self) -> bool {
        // Blank lines are no table; they are not gathered without end.
        self.expanded > self.limits.row as u64
    }

    fn end(&mut self) -> Result<(), ReadError> {
        if self.table.is_none() {
            if self.start.iter().all(u8::is_ascii_whitespace) {
                return Err(ReadError::Empty);
            }
            self.choose()?;
        }
        match &mut self.table {
            Some(Parser::Delimited(table)) => table.finish(&mut self.to)?,
            Some(Parser::Json(table)) => table.finish(&mut self.to)?,
            None => return Err(ReadError::Empty),
        }
        match self.to.rows {
            0 => Err(ReadError::Header(HeaderError::NoRows)),
            _ => Ok(()),
        }
    }

    fn outcome(self, bytes: u64, stopped: Option<ReadError>) -> ReadOutcome {
        let separated = |delimiter: u8| match delimiter {
            b'\t' => "TSV",
            b';' => "CSV, separated by semicolons",
            b'|' => "CSV, separated by vertical bars",
            _ => "CSV",
        };
        let format = match &self.table {
            _ if self.parquet => "Parquet",
            None => "unknown",
            Some(Parser::Delimited(table)) => separated(table.delimiter()),
            Some(Parser::Json(table)) if table.is_lines() => "JSON, one object a line",
            Some(Parser::Json(_)) => "JSON",
        };
        let gzip = if self.gzip { ", gzip" } else { "" };
        let collected = self.to.finish();
        let report = Report {
            source: collected.source,
            study: collected.runs.study(),
            format: format!("{format}{gzip}"),
            bytes,
            expanded: self.expanded,
            rows: collected.rows,
            kept_rows: collected.kept_rows,
            kept: collected.runs.len() as u64,
            rejected: collected.rejected,
            rejections: collected.rejections,
            skipped: collected.skipped,
            notices: collected.notices,
            error: stopped,
        };
        ReadOutcome {
            runs: collected.runs,
            report,
            preview: collected.preview,
        }
    }
}

/// Where a decoder writes to.
impl Write for TextInput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stopped.is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        match self.push(bytes, self.packed) {
            Ok(()) => Ok(bytes.len()),
            Err(stop) => {
                self.stopped = Some(stop);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
