//! JSON in pieces of any size: a list of objects, one object a line, or objects one after the
//! other.

mod shape;

use super::metrics::METRICS;
use super::number::{Cell, Cells};
use super::report::{HeaderError, Position, ReadError, RejectReason};
use super::row_sink::RowSink;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Objects from which the columns are taken, as JSON has no header, and bytes of them.
const HEAD: usize = 1000;
const HEAD_BYTES: usize = 1 << 22;

/// Bytes of an object that is a table of its own.
const TABLE: usize = 32 << 20;

/// Depth to which objects inside objects are opened: CLIP_benchmark has its numbers in one named
/// "metrics".
const DEPTH: usize = 4;

/// Bytes to objects; each goes to the [`RowSink`] under the line that it begins on.
pub(super) struct JsonObjects {
    /// The object under way.
    object: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// `Some(true)` where each line is an object of its own: a broken line then costs no other.
    lines: Option<bool>,
    limit: usize,
    line: u64,
    start: u64,
    skipping: bool,
    head: Vec<(Position, Map<String, Json>)>,
    head_bytes: usize,
    columns: HashMap<String, usize>,
}

/// An object's values by column.
struct Row(Vec<Option<Json>>);

impl Cells for Row {
    fn get(&self, column: usize) -> Cell<'_> {
        match self.0.get(column) {
            Some(Some(Json::String(text))) => Cell::Text(text),
            Some(Some(Json::Number(x))) => x.as_f64().map_or(Cell::Missing, Cell::Number),
            Some(Some(Json::Bool(true))) => Cell::Text("true"),
            Some(Some(Json::Bool(false))) => Cell::Text("false"),
            _ => Cell::Missing,
        }
    }
}

impl JsonObjects {
    pub(super) fn new(limit: usize) -> JsonObjects {
        JsonObjects {
            object: Vec::new(),
            depth: 0,
            in_string: false,
            escaped: false,
            lines: None,
            limit,
            line: 1,
            start: 1,
            skipping: false,
            head: Vec::new(),
            head_bytes: 0,
            columns: HashMap::new(),
        }
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn is_lines(&self) -> bool {
        self.lines == Some(true)
    }

    pub(super) fn push(&mut self, input: &[u8], to: &mut dyn RowSink) -> Result<(), ReadError> {
        for byte in input {
            self.byte(*byte, to)?;
            self.line += u64::from(*byte == b'\n');
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8, to: &mut dyn RowSink) -> Result<(), ReadError> {
        if self.skipping {
            self.skipping = byte != b'\n';
            return Ok(());
        }
        // What is not the list around the objects, nor between them, begins one.
        if self.object.is_empty() {
            let between = self.lines != Some(true) && matches!(byte, b',' | b'[' | b']');
            if byte.is_ascii_whitespace() || between {
                // A list may well have an object a line, but commas between them.
                if byte == b'[' {
                    self.lines = Some(false);
                }
                return Ok(());
            }
            self.start = self.line;
        }
        let line_ended = byte == b'\n';
        if line_ended && self.lines == Some(true) {
            return self.emit(to);
        }
        self.object.push(byte);
        let first = self.columns.is_empty() && self.head.is_empty();
        let limit = if first {
            self.limit.max(TABLE.min(self.limit << 5))
        } else {
            self.limit
        };
        if self.object.len() > limit {
            let why = RejectReason::TooLong { limit: self.limit };
            self.reject(to, why);
            self.skipping = !line_ended;
            return Ok(());
        }
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        // With one object a line its end is the line's, so that what follows it is not lost.
        let whole = self.depth == 0 && matches!(byte, b'}' | b']');
        let bare = self.depth == 0 && (line_ended || byte == b',');
        if self.lines != Some(true) && (whole || bare) {
            if self.lines.is_none() {
                self.lines = Some(whole && self.start == self.line);
                if self.lines == Some(true) {
                    return Ok(());
                }
            }
            if bare {
                self.object.pop();
            }
            return self.emit(to);
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, to: &mut dyn RowSink) -> Result<(), ReadError> {
        if !self.object.is_empty() {
            let open = self.depth > 0 || self.in_string;
            match open && self.lines != Some(true) {
                true => self.reject(to, RejectReason::UnclosedJson),
                false => self.emit(to)?,
            }
        }
        self.open(to)?;
        if self.columns.is_empty() {
            return Err(ReadError::Header(HeaderError::NoObjects));
        }
        Ok(())
    }

    fn reject(&mut self, to: &mut dyn RowSink, why: RejectReason) {
        to.broken_row(Position::Line(self.start), why);
        self.reset();
    }

    fn reset(&mut self) {
        self.object.clear();
        self.depth = 0;
        self.in_string = false;
        self.escaped = false;
    }

    fn emit(&mut self, to: &mut dyn RowSink) -> Result<(), ReadError> {
        match parse(&self.object) {
            Ok(Json::Object(object)) => {
                let start = Position::Line(self.start);
                self.head_bytes += self.object.len();
                self.reset();
                match shape::rows(object) {
                    Ok(rows) => {
                        for (i, row) in rows.into_iter().enumerate() {
                            self.record(Position::Row(i as u64 + 1), row, to)?;
                        }
                        Ok(())
                    }
                    Err(object) => self.record(start, object, to),
                }
            }
            Ok(_) => {
                self.reject(to, RejectReason::NotAnObject);
                Ok(())
            }
            Err(reason) => {
                self.reject(to, RejectReason::Json(reason));
                Ok(())
            }
        }
    }

    /// A row of the table.
    fn record(
        &mut self,
        place: Position,
        object: Map<String, Json>,
        to: &mut dyn RowSink,
    ) -> Result<(), ReadError> {
        let mut flat = Map::new();
        flatten(object, &mut flat, DEPTH);
        if !self.columns.is_empty() {
            return self.row(place, flat, to);
        }
        self.head.push((place, flat));
        match self.head.len() < HEAD && self.head_bytes < HEAD_BYTES {
            true => Ok(()),
            false => self.open(to),
        }
    }

    /// Takes the columns from the objects so far. A metric may first come up later, so that all
    /// known ones are among them.
    fn open(&mut self, to: &mut dyn RowSink) -> Result<(), ReadError> {
        if self.head.is_empty() || !self.columns.is_empty() {
            return Ok(());
        }
        let head = std::mem::take(&mut self.head);
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if !self.columns.contains_key(name) {
                self.columns.insert(name.to_owned(), names.len());
                names.push(name.to_owned());
            }
            names.len()
        };
        let found = head.iter().flat_map(|(_, object)| object.keys());
        to.show(found.map(|name| add(name)).max().unwrap_or(0));
        for name in METRICS {
            add(name);
        }
        to.header(names, false)?;
        for (place, object) in head {
            self.row(place, object, to)?;
        }
        Ok(())
    }

    fn row(
        &mut self,
        place: Position,
        object: Map<String, Json>,
        to: &mut dyn RowSink,
    ) -> Result<(), ReadError> {
        let mut row = Row(vec![None; self.columns.len()]);
        for (name, value) in object {
            if let Some(column) = self.columns.get(&name) {
                row.0[*column] = Some(value);
            }
        }
        to.row(place, &row)
    }
}

/// Python writes NaN and Infinity, which JSON does not have; they become null.
pub(super) fn parse(object: &[u8]) -> Result<Json, String> {
    let problem = |error: serde_json::Error| {
        let text = error.to_string();
        // Its position is within the object; ours is that of the object in the file.
        match text.split_once(" at line ") {
            Some((reason, _)) => reason.to_owned(),
            None => text,
        }
    };
    serde_json::from_slice(object).or_else(|error| {
        let mended = without_words(object);
        match mended == object {
            true => Err(problem(error)),
            false => serde_json::from_slice(&mended).map_err(problem),
        }
    })
}

fn without_words(object: &[u8]) -> Vec<u8> {
    let mut mended = Vec::with_capacity(object.len());
    let (mut at, mut in_string) = (0, false);
    while at < object.len() {
        let rest = &object[at..];
        let word = [&b"-Infinity"[..], b"Infinity", b"NaN"]
            .into_iter()
            .find(|word| !in_string && rest.starts_with(word));
        if let Some(word) = word {
            mended.extend_from_slice(b"null");
            at += word.len();
            continue;
        }
        match rest {
            [b'\\', escaped, ..] if in_string => {
                mended.extend_from_slice(&[b'\\', *escaped]);
                at += 2;
                continue;
            }
            [b'"', ..] => in_string = !in_string,
            _ => {}
        }
        mended.push(rest[0]);
        at += 1;
    }
    mended
}

/// Members of objects within as members of the whole; where outer ones are called the same, under
/// their object's name, too.
fn flatten(object: Map<String, Json>, flat: &mut Map<String, Json>, depth: usize) {
    let mut inner = Vec::new();
    for (name, value) in object {
        match value {
            Json::Object(object) if depth > 0 => inner.push((name, object)),
            value => {
                flat.entry(name).or_insert(value);
            }
        }
    }
    for (name, object) in inner {
        let mut within = Map::new();
        flatten(object, &mut within, depth - 1);
        for (member, value) in within {
            match flat.contains_key(&member) {
                true => flat.entry(format!("{name}.{member}")).or_insert(value),
                false => flat.entry(member).or_insert(value),
            };
        }
    }
}
