//! CSV and its kin, in pieces of any size.

use super::number::{Cell, Cells};
use super::report::{HeaderError, Position, ReadError, RejectReason};
use super::row_sink::RowSink;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// What separates columns, the likeliest last: of equal counts the last wins.
const DELIMITERS: [u8; 4] = [b'|', b';', b'\t', b','];

/// Bytes to records; each goes to the [`RowSink`] under the line that it begins on.
pub(super) struct Delimited {
    /// `None` until line 1 has ended and its delimiter is known.
    reader: Option<Reader>,
    delimiter: u8,
    /// The first line so far.
    head: Vec<u8>,
    quoted: bool,
    record: Record,
    /// Longest record, in bytes.
    limit: usize,
    width: usize,
    header: Vec<u8>,
    header_ends: Vec<usize>,
    /// Line of the next byte, and of the record under way.
    line: u64,
    start: u64,
    /// No byte of the record has been seen.
    fresh: bool,
    /// Past a record that was too long: on to the next line.
    skipping: bool,
    /// The delimiter that a line "sep=;" before the header names.
    named: Option<u8>,
    /// Lines of comments before the header.
    comments: Vec<Vec<u8>>,
    /// A Markdown table: rows begin and end with a bar.
    markdown: bool,
}

/// A record's bytes without quotes and delimiters, and where its cells end.
#[derive(Default)]
struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    cells: usize,
}

impl Record {
    fn cell(&self, column: usize) -> Option<&[u8]> {
        let end = *self.ends[..self.cells].get(column)?;
        let start = match column {
            0 => 0,
            _ => self.ends[column - 1],
        };
        self.bytes.get(start..end)
    }

    fn is_blank(&self) -> bool {
        self.bytes[..self.filled]
            .iter()
            .all(u8::is_ascii_whitespace)
    }
}

/// A Markdown table's row: its first cell is after the first bar, and emphasis is none of its
/// text.
struct Barred<'a>(&'a Record);

impl Cells for Barred<'_> {
    fn get(&self, column: usize) -> Cell<'_> {
        match self.0.get(column + 1) {
            Cell::Text(text) => {
                let text = text.trim();
                let bold = text.strip_prefix("**").and_then(|t| t.strip_suffix("**"));
                let code = text.strip_prefix('`').and_then(|t| t.strip_suffix('`'));
                Cell::Text(bold.or(code).unwrap_or(text))
            }
            cell => cell,
        }
    }
}

impl Record {
    fn is_comment(&self) -> bool {
        self.bytes[..self.filled]
            .trim_ascii_start()
            .starts_with(b"#")
    }

    /// "|---|:--|" under a Markdown header.
    fn is_rule(&self) -> bool {
        let bytes = &self.bytes[..self.filled];
        let rule = |b: &u8| matches!(b, b'-' | b':') || b.is_ascii_whitespace();
        bytes.contains(&b'-') && bytes.iter().all(rule)
    }
}

impl Cells for Record {
    fn get(&self, column: usize) -> Cell<'_> {
        match self.cell(column).map(str::from_utf8) {
            None => Cell::Missing,
            Some(Ok(text)) => Cell::Text(text),
            Some(Err(_)) => Cell::NotUtf8,
        }
    }
}

impl Delimited {
    pub(super) fn new(limit: usize) -> Delimited {
        Delimited {
            reader: None,
            delimiter: b',',
            head: Vec::new(),
            quoted: false,
            record: Record::default(),
            limit,
            width: 0,
            header: Vec::new(),
            header_ends: Vec::new(),
            line: 1,
            start: 1,
            fresh: true,
            skipping: false,
            named: None,
            comments: Vec::new(),
            markdown: false,
        }
    }

    /// The line that reading has come to.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(super) fn is_markdown(&self) -> bool {
        self.markdown
    }

    pub(super) fn push(&mut self, mut input: &[u8], to: &mut dyn RowSink) -> Result<(), ReadError> {
        while self.reader.is_none() {
            let Some(end) = self.first_line(input)? else {
                return Ok(());
            };
            input = &input[end..];
            self.begin(to)?;
        }
        self.records(input, to)
    }

    pub(super) fn finish(&mut self, to: &mut dyn RowSink) -> Result<(), ReadError> {
        if self.reader.is_none() {
            self.begin(to)?;
        }
        if !self.fresh {
            // An end of input ends the last record.
            self.step(&[], to)?;
        }
        if self.header_ends.is_empty() {
            return Err(ReadError::Empty);
        }
        Ok(())
    }

    /// Takes a line before the table: a comment, "sep=;" as Excel writes it, or the header.
    fn begin(&mut self, to: &mut dyn RowSink) -> Result<(), ReadError> {
        let head = std::mem::take(&mut self.head);
        self.quoted = false;
        let line = head.trim_ascii();
        let sep = line.strip_prefix(b"sep=").or(line.strip_prefix(b"\"sep="));
        if let Some([delimiter] | [delimiter, b'"']) = sep {
            self.named = Some(*delimiter);
            self.line += line_ends(&head);
            return Ok(());
        }
        // "sep=\t" with its tab trimmed.
        if matches!(sep, Some([])) {
            self.named = Some(b'\t');
            self.line += line_ends(&head);
            return Ok(());
        }
        if line.starts_with(b"#") {
            self.line += line_ends(&head);
            self.comments.push(head);
            return Ok(());
        }
        // NumPy writes the header as a comment.
        let header = self
            .comments
            .last()
            .filter(|comment| self.is_header(comment, line))
            .cloned();
        let comments = self.comments.len() - usize::from(header.is_some());
        (0..comments).for_each(|_| to.comment());
        if let Some(header) = header {
            self.line -= line_ends(&header);
            let from = header
                .iter()
                .position(|b| *b != b'#' && !b.is_ascii_whitespace());
            let named = &header[from.unwrap_or(0)..];
            self.open(named);
            self.records(named, to)?;
        } else {
            self.open(&head);
        }
        self.records(&head, to)
    }

    /// Whether a comment names the columns of a first line of numbers.
    fn is_header(&self, comment: &[u8], line: &[u8]) -> bool {
        let cells = |text: &[u8], delimiter: u8| text.split(|b| *b == delimiter).count();
        let numbers = |delimiter: u8| {
            let mut cells = line.split(|b| *b == delimiter);
            cells.all(|cell| {
                str::from_utf8(cell).is_ok_and(|c| super::number::parse(c.trim()).is_some())
            })
        };
        DELIMITERS
            .iter()
            .any(|d| cells(line, *d) > 1 && numbers(*d) && cells(comment, *d) == cells(line, *d))
    }

    /// Gathers line 1; where it ends in the input, if it does.
    fn first_line(&mut self, input: &[u8]) -> Result<Option<usize>, ReadError> {
        let mut end = None;
        for (i, byte) in input.iter().enumerate() {
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'\n' | b'\r' if !self.quoted && !self.only_blank(&input[..i]) => {
                    end = Some(i + 1);
                    break;
                }
                _ => {}
            }
        }
        self.head
            .extend_from_slice(&input[..end.unwrap_or(input.len())]);
        if self.head.len() > self.limit {
            let limit = self.limit;
            return Err(ReadError::Header(HeaderError::TooLong { limit }));
        }
        Ok(end)
    }

    fn only_blank(&self, more: &[u8]) -> bool {
        let line_end = |b: &u8| matches!(b, b'\n' | b'\r');
        self.head.iter().all(line_end) && more.iter().all(line_end)
    }

    /// Chooses the delimiter that the header has most of, outside quotes.
    fn open(&mut self, head: &[u8]) {
        let mut counts = [0; DELIMITERS.len()];
        let mut quoted = false;
        for byte in head {
            match DELIMITERS.iter().position(|d| d == byte) {
                Some(i) if !quoted => counts[i] += 1,
                _ => quoted ^= *byte == b'"',
            }
        }
        let most = (0..counts.len()).max_by_key(|&i| counts[i]).unwrap_or(0);
        self.delimiter = self.named.unwrap_or(DELIMITERS[most]);
        let line = head.trim_ascii();
        self.markdown = self.delimiter == b'|'
            && line.len() > 1
            && line.starts_with(b"|")
            && line.ends_with(b"|");
        self.reader = Some(ReaderBuilder::new().delimiter(self.delimiter).build());
        self.record.bytes.resize((self.limit + 1).min(4096), 0);
        self.record.ends.resize((self.limit + 1).min(64), 0);
    }

    fn records(&mut self, mut input: &[u8], to: &mut dyn RowSink) -> Result<(), ReadError> {
        while !input.is_empty() {
            if self.skipping {
                let end = input.iter().position(|b| *b == b'\n');
                let Some(end) = end else { return Ok(()) };
                input = &input[end + 1..];
                self.line += 1;
                self.skipping = false;
                continue;
            }
            if self.fresh {
                // Empty lines, and the second half of CRLF.
                let blank = input.iter().position(|b| !matches!(b, b'\n' | b'\r'));
                let blank = blank.unwrap_or(input.len());
                self.line += line_ends(&input[..blank]);
                input = &input[blank..];
                self.start = self.line;
                if input.is_empty() {
                    return Ok(());
                }
                self.fresh = false;
            }
            let used = self.step(input, to)?;
            self.line += line_ends(&input[..used]);
            input = &input[used..];
        }
        Ok(())
    }

    /// One turn of the parser; the bytes that it took.
    fn step(&mut self, input: &[u8], to: &mut dyn RowSink) -> Result<usize, ReadError> {
        let Some(reader) = &mut self.reader else {
            return Ok(input.len());
        };
        let record = &mut self.record;
        let (result, used, filled, cells) = reader.read_record(
            input,
            &mut record.bytes[record.filled..],
            &mut record.ends[record.cells..],
        );
        record.filled += filled;
        record.cells += cells;
        match result {
            ReadRecordResult::InputEmpty => {}
            // Up to one beyond the limit, so that what is too long is so however it is cut.
            ReadRecordResult::OutputFull => {
                let length = (2 * record.bytes.len()).min(self.limit + 1);
                record.bytes.resize(length, 0);
            }
            ReadRecordResult::OutputEndsFull => {
                let length = (2 * record.ends.len()).min(self.limit + 1);
                record.ends.resize(length, 0);
            }
            ReadRecordResult::End => self.fresh = true,
            ReadRecordResult::Record => {
                let last = self.line + line_ends(&input[..used.saturating_sub(1)]);
                let done = self.emit(last, to);
                self.reset();
                done?;
                return Ok(used);
            }
        }
        if self.record.filled > self.limit || self.record.cells > self.limit {
            if self.header_ends.is_empty() {
                let limit = self.limit;
                return Err(ReadError::Header(HeaderError::TooLong { limit }));
            }
            let why = RejectReason::TooLong { limit: self.limit };
            to.broken_row(Position::Line(self.start), why);
            if let Some(reader) = &mut self.reader {
                reader.reset();
            }
            self.reset();
            self.skipping = true;
        }
        Ok(used)
    }

    fn reset(&mut self) {
        self.record.filled = 0;
        self.record.cells = 0;
        self.fresh = true;
    }

    /// A whole record, which ends on the line `last`.
    fn emit(&mut self, last: u64, to: &mut dyn RowSink) -> Result<(), ReadError> {
        let record = &self.record;
        if record.is_blank() && record.cells <= 1 {
            return Ok(());
        }
        if self.header_ends.is_empty() {
            let names = (0..record.cells).map(|i| match record.get(i) {
                Cell::Text(name) => Ok(name.trim().to_owned()),
                _ => Err(ReadError::Header(HeaderError::NotUtf8)),
            });
            let mut names = names.collect::<Result<Vec<String>, ReadError>>()?;
            if self.markdown {
                names.pop();
                names.remove(0);
            }
            if let [name] = names.as_slice() {
                let name = name.chars().take(80).collect();
                return Err(ReadError::Header(HeaderError::OneColumn { name }));
            }
            self.width = record.cells;
            self.header = record.bytes[..record.filled].to_vec();
            self.header_ends = record.ends[..record.cells].to_vec();
            return to.header(names, self.delimiter == b';');
        }
        let place = Position::Line(self.start);
        if record.is_comment() && record.cells != self.width {
            to.comment();
            return Ok(());
        }
        if self.markdown && record.is_rule() {
            return Ok(());
        }
        if record.cells != self.width {
            let why = RejectReason::Columns {
                found: record.cells,
                expected: self.width,
                last_line: (last > self.start).then_some(last),
            };
            to.broken_row(place, why);
            return Ok(());
        }
        let again = record.ends[..record.cells] == self.header_ends
            && record.bytes[..record.filled] == self.header;
        if again {
            to.broken_row(place, RejectReason::HeaderAgain);
            return Ok(());
        }
        match self.markdown {
            true => to.row(place, &Barred(record)),
            false => to.row(place, record),
        }
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|b| **b == b'\n').count() as u64
}
