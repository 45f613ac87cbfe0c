//! Unpacked text: its first bytes tell JSON from CSV, and other files from tables.

use super::{MAGIC, ReadOutcome};
use crate::runs::collect::Collector;
use crate::runs::delimited::Delimited;
use crate::runs::json::JsonObjects;
use crate::runs::markdown;
use crate::runs::options::{Converted, Limits, ReadOptions};
use crate::runs::report::{Foreign, HeaderError, Position, ReadError, Report};
use std::io::{self, Write};

/// Text that has been unpacked: its first bytes tell JSON from CSV.
pub(super) struct TextInput {
    start: Vec<u8>,
    table: Option<Parser>,
    pub to: Collector,
    limits: Limits,
    converted: Option<Converted>,
    pub gzip: bool,
    /// Bytes of the file so far, and those that they unpacked to.
    pub packed: u64,
    pub expanded: u64,
    /// Why it takes no more, for a decoder that only knows errors of its own.
    pub stopped: Option<ReadError>,
}

enum Parser {
    Delimited(Box<Delimited>),
    Json(JsonObjects),
    /// A document, of which a table is read at its end, and how it was read.
    Document(Vec<u8>, Box<Delimited>),
}

/// Other files that people open, by their first bytes.
const FOREIGN: [(&[u8], Foreign); 16] = [
    (b"BZh", Foreign::Bzip2),
    (b"\xfd7zXZ", Foreign::Xz),
    (b"\x28\xb5\x2f\xfd", Foreign::Zstandard),
    (b"7z\xbc\xaf\x27\x1c", Foreign::SevenZip),
    (b"\x1f\x8b", Foreign::GzipTwice),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Foreign::OldWorkbook),
    (b"%PDF", Foreign::Pdf),
    (b"\x89PNG", Foreign::Picture),
    (b"\xff\xd8\xff", Foreign::Picture),
    (b"GIF8", Foreign::Picture),
    (b"RIFF", Foreign::Media),
    (b"\x93NUMPY", Foreign::NumPy),
    (b"ARROW1", Foreign::Arrow),
    (b"version https://", Foreign::LfsPointer),
    (b"<!", Foreign::WebPage),
    (b"<html", Foreign::WebPage),
];

impl TextInput {
    pub(super) fn new(options: ReadOptions) -> TextInput {
        TextInput {
            start: Vec::new(),
            table: None,
            limits: options.limits,
            converted: options.converted,
            to: Collector::new(options),
            gzip: false,
            packed: 0,
            expanded: 0,
            stopped: None,
        }
    }

    pub(super) fn line(&self) -> u64 {
        match &self.table {
            Some(Parser::Delimited(table)) => table.line(),
            Some(Parser::Json(table)) => table.line(),
            Some(Parser::Document(_, table)) => table.line(),
            None => 1,
        }
    }

    /// Takes text; `packed` bytes of the file have been read so far.
    pub(super) fn push(&mut self, bytes: &[u8], packed: u64) -> Result<(), ReadError> {
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
                    self.choose(false)?;
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
            Some(Parser::Document(text, _)) => {
                text.extend_from_slice(bytes);
                match text.len() > markdown::MOST {
                    true => Err(ReadError::Memory {
                        bytes: markdown::MOST,
                        line: 1,
                    }),
                    false => Ok(()),
                }
            }
            None => Ok(()),
        }
    }

    /// Chooses by the first bytes, which may be the last ones.
    fn choose(&mut self, last: bool) -> Result<(), ReadError> {
        let start = std::mem::take(&mut self.start);
        if self.converted.is_some() {
            self.table = Some(Parser::Delimited(Delimited::new(self.limits.row).into()));
            return self.feed(&start);
        }
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
        if let Some((_, foreign)) = FOREIGN.iter().find(|(magic, _)| is(magic)) {
            return Err(ReadError::Foreign(*foreign));
        }
        let first = text.iter().find(|b| !b.is_ascii_whitespace());
        // Blank so far; what it is comes later.
        if first.is_none() && !self.start_is_final() {
            self.start = start;
            return Ok(());
        }
        let limit = self.limits.row;
        let json = matches!(first, Some(b'{')) || from.starts_with(b"[{");
        let zero = text.iter().position(|b| *b == 0);
        let document = !json && zero.is_none() && markdown::may_be(from);
        // What begins like a document shows its first table before long.
        if document && !last && text.len() < markdown::START {
            self.start = start;
            return Ok(());
        }
        let document = document && markdown::has_table(&text[..text.len().min(markdown::START)]);
        self.table = Some(match first {
            _ if document => Parser::Document(Vec::new(), Delimited::new(limit).into()),
            Some(b'{' | b'[') => Parser::Json(JsonObjects::new(limit)),
            _ => Parser::Delimited(Delimited::new(limit).into()),
        });
        self.feed(&text[..zero.unwrap_or(text.len())])
    }

    fn start_is_final(&self) -> bool {
        // Blank lines are no table; they are not gathered without end.
        self.expanded > self.limits.row as u64
    }

    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        if self.table.is_none() {
            if self.start.iter().all(u8::is_ascii_whitespace) {
                return Err(ReadError::Empty);
            }
            self.choose(true)?;
        }
        match &mut self.table {
            Some(Parser::Delimited(table)) => table.finish(&mut self.to)?,
            Some(Parser::Json(table)) => table.finish(&mut self.to)?,
            Some(Parser::Document(text, table)) => {
                let (lines, notice) = markdown::table(text);
                if let Some(notice) = notice {
                    self.to.note(notice);
                }
                table.push(lines.as_bytes(), &mut self.to)?;
                table.finish(&mut self.to)?;
            }
            None => return Err(ReadError::Empty),
        }
        match self.to.rows {
            0 => Err(ReadError::Header(HeaderError::NoRows)),
            _ => Ok(()),
        }
    }

    pub(super) fn outcome(self, bytes: u64, stopped: Option<ReadError>) -> ReadOutcome {
        let separated = |delimiter: u8| match delimiter {
            b'\t' => "TSV",
            b';' => "CSV, separated by semicolons",
            b'|' => "CSV, separated by vertical bars",
            _ => "CSV",
        };
        let format = match &self.table {
            _ if self.converted == Some(Converted::Parquet) => "Parquet",
            _ if self.converted == Some(Converted::Workbook) => "Excel workbook",
            None => "unknown",
            Some(Parser::Document(..)) => "Markdown",
            Some(Parser::Delimited(table)) if table.is_markdown() => "Markdown",
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
            without_compute: collected.without_compute,
            comments: collected.comments,
            assumptions: collected.preview.assumptions.clone(),
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
            architectures: collected.profile,
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
