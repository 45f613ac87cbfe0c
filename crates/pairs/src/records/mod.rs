//! Tables: text (CSV and the like), JSON and Parquet, a few columns of them, and what those columns are.

mod columns;
mod json;

use columns::{BYTES, PATH};
pub use columns::{ColumnError, Purpose, choose, has_pictures};
pub use json::JsonTable;
pub use refit_parquet::Cell;

use crate::sample::{Pair, Picture, is_picture_ending, part_of};
use refit_parquet::{ParquetError, Table};
use serde_json::{Map, Value};
use std::fmt;

/// An open table.
pub enum Records<'a> {
    /// Text, from after its header on, with what separates its columns.
    Text {
        /// The names of the columns.
        columns: Vec<String>,
        /// The file.
        file: &'a [u8],
        /// Tab, comma, bar or semicolon.
        delimiter: u8,
        /// Whether the first line has names; else they are made up.
        has_header: bool,
    },
    /// JSON.
    Json(JsonTable),
    /// Parquet.
    Parquet(Table<'a>),
}

/// Why a table cannot be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordsError {
    /// A Parquet file.
    Parquet(ParquetError),
    /// A text without a line.
    Empty,
    /// A text that is in another encoding, or no text.
    NotText,
    /// What the CSV reader says.
    Csv {
        /// The sentence.
        reason: String,
    },
    /// Why JSON cannot be read, or which of its lines or entries cannot.
    Json {
        /// A sentence's end.
        reason: String,
    },
}

impl fmt::Display for RecordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordsError::Parquet(error) => write!(f, "{error}"),
            RecordsError::Empty => write!(f, "the table is empty"),
            RecordsError::NotText => {
                write!(f, "this is neither a Parquet file nor a table in UTF-8")
            }
            RecordsError::Csv { reason } | RecordsError::Json { reason } => write!(f, "{reason}"),
        }
    }
}

impl std::error::Error for RecordsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RecordsError::Parquet(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ParquetError> for RecordsError {
    fn from(error: ParquetError) -> Self {
        RecordsError::Parquet(error)
    }
}

impl<'a> Records<'a> {
    /// Opens a table by its first bytes.
    pub fn open(file: &'a [u8]) -> Result<Records<'a>, RecordsError> {
        if file.starts_with(b"PAR1") || file.starts_with(b"PARE") {
            return Ok(Records::Parquet(Table::open(file)?));
        }
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        if JsonTable::is_one(file) {
            let table = JsonTable::read(file);
            return table
                .map(Records::Json)
                .map_err(|reason| RecordsError::Json { reason });
        }
        let line = file.split(|b| matches!(b, b'\n' | b'\r')).next();
        let line = line.filter(|line| !line.is_empty());
        let line = line.ok_or(RecordsError::Empty)?;
        if line.contains(&0) || str::from_utf8(line).is_err() {
            return Err(RecordsError::NotText);
        }
        // open_clip's tables are separated by tabs, Flickr30k's by bars, and captions have commas.
        let delimiter = [b'\t', b',', b'|', b';'].into_iter();
        let delimiter = delimiter.clone().find(|byte| line.contains(byte));
        let delimiter = delimiter.unwrap_or(b',');
        let mut reader = reader(file, delimiter, true);
        let header = reader.byte_headers().map_err(csv_error)?;
        let first = header.iter();
        let first = first.map(|name| String::from_utf8_lossy(name).trim().to_owned());
        let first: Vec<String> = first.collect();
        let has_header = !first
            .iter()
            .any(|cell| is_picture(cell) || is_address(cell));
        Ok(Records::Text {
            columns: if has_header { first } else { made_up(&first) },
            file,
            delimiter,
            has_header,
        })
    }

    /// What was assumed, in a sentence.
    pub fn assumed(&self) -> Option<String> {
        match self {
            Records::Text {
                columns,
                has_header: false,
                ..
            } => Some(format!(
                "The table has no line with the names of its columns; they are taken for {}.",
                columns.join(", ")
            )),
            _ => None,
        }
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Records::Text { columns, .. } => columns.clone(),
            Records::Json(table) => table.columns.clone(),
            Records::Parquet(table) => table.columns().into_iter().map(str::to_owned).collect(),
        }
    }

    /// How many rows there are, where the file says so.
    pub fn rows(&self) -> Option<u64> {
        match self {
            Records::Text { .. } => None,
            Records::Json(table) => Some(table.rows.len() as u64),
            Records::Parquet(table) => Some(table.rows()),
        }
    }

    /// Calls `each` with the number and the cells of each row that `wanted` holds, or of all, in order, of the columns at
    /// these places; `None` is null, or a cell that its row is too short for. Stops where `each` returns false. `wanted`
    /// is sorted.
    ///
    /// # Errors
    ///
    /// Where the table is damaged. The rows before were given.
    pub fn read(
        &self,
        columns: &[usize],
        wanted: Option<&[u64]>,
        each: &mut dyn FnMut(u64, &[Cell<'_>]) -> bool,
    ) -> Result<(), RecordsError> {
        let (file, delimiter, has_header) = match self {
            Records::Parquet(table) => return Ok(table.read(columns, wanted, each)?),
            Records::Json(table) => return read_json(table, columns, wanted, each),
            Records::Text {
                file,
                delimiter,
                has_header,
                ..
            } => (file, delimiter, has_header),
        };
        let mut reader = reader(file, *delimiter, *has_header);
        let mut record = csv::ByteRecord::new();
        let mut wanted = Wanted::new(wanted);
        for row in 0.. {
            if wanted.is_over() || !reader.read_byte_record(&mut record).map_err(csv_error)? {
                break;
            }
            let cells = || {
                columns
                    .iter()
                    .map(|at| record.get(*at))
                    .collect::<Vec<Cell>>()
            };
            if wanted.has(row) && !each(row, &cells()) {
                break;
            }
        }
        Ok(())
    }
}

/// Which rows are wanted, asked in order.
struct Wanted<'a>(Option<std::iter::Peekable<std::slice::Iter<'a, u64>>>);

impl<'a> Wanted<'a> {
    fn new(rows: Option<&'a [u64]>) -> Wanted<'a> {
        Wanted(rows.map(|rows| rows.iter().peekable()))
    }

    fn is_over(&mut self) -> bool {
        self.0.as_mut().is_some_and(|rows| rows.peek().is_none())
    }

    fn has(&mut self, row: u64) -> bool {
        let Some(rows) = &mut self.0 else { return true };
        let mut is_wanted = false;
        while rows
            .next_if(|next| **next <= row)
            .is_some_and(|next| *next == row)
        {
            is_wanted = true;
        }
        is_wanted
    }
}

fn read_json(
    table: &JsonTable,
    columns: &[usize],
    wanted: Option<&[u64]>,
    each: &mut dyn FnMut(u64, &[Cell<'_>]) -> bool,
) -> Result<(), RecordsError> {
    let mut wanted = Wanted::new(wanted);
    for (row, cells) in table.rows.iter().enumerate() {
        let row = row as u64;
        let cell = |at: &usize| cells.get(*at)?.as_deref().map(str::as_bytes);
        let cells: Vec<Cell> = columns.iter().map(cell).collect();
        if wanted.has(row) && !each(row, &cells) {
            return Ok(());
        }
    }
    match table.broken[..] {
        [] => Ok(()),
        [first, ..] => {
            let count = table.broken.len();
            let reason = format!(
                "{count} of its entries are no objects that can be read, the first is {first}"
            );
            Err(RecordsError::Json { reason })
        }
    }
}

fn reader(file: &[u8], delimiter: u8, has_header: bool) -> csv::Reader<&[u8]> {
    let mut options = csv::ReaderBuilder::new();
    options.delimiter(delimiter).flexible(true);
    options.has_headers(has_header);
    // Between bars quotes are part of a text.
    options.quoting(delimiter != b'|');
    options.from_reader(file)
}

/// Names for the columns of a table without any: the first file is the image, what stands alone beside it the text.
fn made_up(first: &[String]) -> Vec<String> {
    let is_known = |cell: &String| is_picture(cell) || is_address(cell);
    let is_text_alone = first.iter().filter(|cell| !is_known(cell)).count() == 1;
    let mut used = Vec::new();
    for (i, cell) in first.iter().enumerate() {
        let name = match cell {
            cell if is_address(cell) => "url",
            cell if is_picture(cell) => "image",
            _ if is_text_alone => "text",
            _ => "",
        };
        let name = match name.is_empty() || used.contains(&name.to_owned()) {
            true => format!("column {}", i + 1),
            false => name.to_owned(),
        };
        used.push(name);
    }
    used
}

/// Whether a text is a picture's file, by its ending.
fn is_picture(text: &str) -> bool {
    let ending = without_number(text)
        .rsplit_once('.')
        .map(|(_, ending)| ending);
    !is_address(text) && ending.is_some_and(is_picture_ending)
}

fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Without the number that Flickr8k's tokens put behind a file's name: `a.jpg#0`.
fn without_number(file: &str) -> &str {
    match file.rsplit_once('#') {
        Some((name, number)) if number.parse::<u32>().is_ok() => name,
        _ => file,
    }
}

/// Names that a column of texts has.
fn text_names() -> impl Iterator<Item = &'static str> {
    Purpose::Text.names().iter().copied()
}

fn csv_error(error: csv::Error) -> RecordsError {
    RecordsError::Csv {
        reason: error.to_string(),
    }
}

/// Which columns of a table its pairs are read from.
pub struct PairColumns {
    names: Vec<String>,
    /// Those of the pictures and of the texts, then all others.
    places: Vec<usize>,
    /// Each text is a list of texts.
    has_lists: bool,
}

impl PairColumns {
    /// Of a table whose pictures, or their files, and texts are in the columns at these places.
    pub fn new(table: &Records, [picture, text]: [usize; 2]) -> PairColumns {
        let names = table.columns();
        let others = (0..names.len()).filter(|column| ![picture, text].contains(column));
        PairColumns {
            places: [picture, text].into_iter().chain(others).collect(),
            has_lists: match table {
                Records::Parquet(table) => table.lists().get(text) == Some(&true),
                Records::Text { .. } | Records::Json(_) => false,
            },
            names,
        }
    }

    /// What [`Records::read`] should read.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// The pair of a row, counted from 0, or one for each of its texts. The picture has no bytes where its file is named.
    ///
    /// What is wrong is a sentence's end.
    pub fn pairs(&self, row: u64, cells: &[Cell]) -> Vec<Result<Pair, String>> {
        let mut texts = Vec::new();
        if let (true, Some(list)) = (self.has_lists, cells.get(1).copied().flatten()) {
            let mut record = csv::ByteRecord::new();
            // What was written as CSV is read.
            if let Ok(true) = reader(list, b',', false).read_byte_record(&mut record) {
                texts.extend(record.iter().map(<[u8]>::to_vec));
            }
        }
        if texts.is_empty() {
            return vec![self.pair(row, cells)];
        }
        let with = |text: &Vec<u8>| {
            let mut cells = cells.to_vec();
            cells[1] = Some(text);
            self.pair(row, &cells)
        };
        texts.iter().map(with).collect()
    }

    fn pair(&self, row: u64, cells: &[Cell]) -> Result<Pair, String> {
        let (names, columns) = (&self.names, &self.places);
        let text = |at: usize| {
            let cell = cells.get(at).copied().flatten().unwrap_or_default();
            let text = str::from_utf8(cell).map(str::trim);
            text.map_err(|_| "it is not UTF-8".to_owned())
        };
        let own = &names[columns[0]];
        // What is no picture that is known here may be one for who decodes it.
        let is_picture =
            |cell: &&[u8]| is_encoded(cell) || has_pictures(own) && str::from_utf8(cell).is_err();
        let bytes = cells.first().copied().flatten().filter(is_picture);
        let other = |name: &str| {
            let at = columns.iter().position(|at| names[*at] == name)?;
            text(at).ok().filter(|text| !text.is_empty())
        };
        let group = own.strip_suffix(BYTES);
        let path = group.and_then(|group| other(&format!("{group}{PATH}")));
        let number = format!("row {}", row + 1);
        let file = match bytes {
            // img2dataset's have a key in place of a path.
            Some(_) => path.or_else(|| other("key")).unwrap_or(&number),
            None => match without_number(text(0)?) {
                "" => path.unwrap_or_default(),
                file => file,
            },
        };
        let caption = text(1)?;
        if file.is_empty() {
            return Err("it names no picture".to_owned());
        }
        if is_address(file) {
            return Err(format!("{file} is an address, and nothing is downloaded"));
        }
        if caption.is_empty() {
            return Err(format!("{file} has no text"));
        }
        let mut metadata = Map::new();
        for (at, column) in columns.iter().enumerate().skip(2) {
            // Another picture of the row is nothing that is said of it.
            if cells.get(at).copied().flatten().is_some_and(is_encoded) {
                continue;
            }
            let value = text(at)?;
            if !value.is_empty() {
                metadata.insert(names[*column].clone(), number_or_text(value));
            }
        }
        Ok(Pair {
            key: part_of(file).map_or(file, |(key, _)| key).to_owned(),
            picture: Picture {
                name: file.to_owned(),
                bytes: bytes.unwrap_or_default().to_vec(),
                at: None,
            },
            text: caption.to_owned(),
            text_of_json: false,
            metadata,
        })
    }
}

/// Whether a cell is an encoded picture, by its first bytes: JPEG, PNG, GIF, WebP, TIFF, and BMP, whose two letters may begin
/// a text, by its size, too.
fn is_encoded(cell: &[u8]) -> bool {
    match cell {
        [0xff, 0xd8, 0xff, ..] | [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => true,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => true,
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => true,
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => true,
        [b'B', b'M', a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]) as usize == cell.len(),
        _ => false,
    }
}

/// A number where its digits are those that it is written with.
fn number_or_text(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Number(number)) if number.to_string() == text => Value::Number(number),
        _ => Value::String(text.to_owned()),
    }
}
