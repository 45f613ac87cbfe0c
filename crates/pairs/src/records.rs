//! Tables: CSV, TSV and Parquet, a few columns of them, and what those columns are.

pub use refit_parquet::Cell;

use crate::sample::{Pair, Picture, part_of};
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
        /// Tab or comma.
        delimiter: u8,
    },
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
}

impl fmt::Display for RecordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordsError::Parquet(error) => write!(f, "{error}"),
            RecordsError::Empty => write!(f, "the table is empty"),
            RecordsError::NotText => {
                write!(f, "this is neither a Parquet file nor a table in UTF-8")
            }
            RecordsError::Csv { reason } => write!(f, "{reason}"),
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
        let line = file.split(|b| matches!(b, b'\n' | b'\r')).next();
        let line = line.filter(|line| !line.is_empty());
        let line = line.ok_or(RecordsError::Empty)?;
        if line.contains(&0) || str::from_utf8(line).is_err() {
            return Err(RecordsError::NotText);
        }
        // open_clip's tables are separated by tabs, and its captions have commas.
        let delimiter = if line.contains(&b'\t') { b'\t' } else { b',' };
        let mut reader = reader(file, delimiter);
        let header = reader.byte_headers().map_err(csv_error)?;
        let columns = header.iter();
        let columns = columns.map(|name| String::from_utf8_lossy(name).trim().to_owned());
        Ok(Records::Text {
            columns: columns.collect(),
            file,
            delimiter,
        })
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Records::Text { columns, .. } => columns.clone(),
            Records::Parquet(table) => table.columns().into_iter().map(str::to_owned).collect(),
        }
    }

    /// How many rows there are, where the file says so.
    pub fn rows(&self) -> Option<u64> {
        match self {
            Records::Text { .. } => None,
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
        let (file, delimiter) = match self {
            Records::Parquet(table) => return Ok(table.read(columns, wanted, each)?),
            Records::Text {
                file, delimiter, ..
            } => (file, delimiter),
        };
        let mut reader = reader(file, *delimiter);
        let mut record = csv::ByteRecord::new();
        let mut wanted = wanted.map(|rows| rows.iter().copied().peekable());
        for row in 0.. {
            if !reader.read_byte_record(&mut record).map_err(csv_error)? {
                break;
            }
            if let Some(wanted) = &mut wanted {
                match wanted.peek() {
                    None => break,
                    Some(next) if *next > row => continue,
                    Some(_) => while wanted.next_if_eq(&row).is_some() {},
                }
            }
            let cells: Vec<Cell> = columns.iter().map(|at| record.get(*at)).collect();
            if !each(row, &cells) {
                break;
            }
        }
        Ok(())
    }
}

fn reader(file: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    let mut options = csv::ReaderBuilder::new();
    options.delimiter(delimiter).flexible(true);
    options.from_reader(file)
}

fn csv_error(error: csv::Error) -> RecordsError {
    RecordsError::Csv {
        reason: error.to_string(),
    }
}

/// What a column is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Files of pictures.
    Picture,
    /// Texts.
    Text,
    /// The cosine of picture and text.
    Score,
}

impl Purpose {
    /// Names that a column of the purpose has: open_clip's, img2dataset's, DataComp's, LAION's, clip-retrieval's, COYO's.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Purpose::Picture => &[
                "filepath",
                "image_path",
                "img_path",
                "file_name",
                "filename",
                "file",
                "path",
                "image",
                "picture",
            ],
            Purpose::Text => &["title", "caption", "text", "txt", "alt_text", "alt"],
            Purpose::Score => &[
                "similarity",
                "clip_b32_similarity_score",
                "clip_l14_similarity_score",
                "clip_similarity_vitb32",
                "clip_similarity_vitl14",
            ],
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Purpose::Picture => "files of pictures",
            Purpose::Text => "texts",
            Purpose::Score => "similarities",
        }
    }
}

/// Why it is not known which column is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnError {
    /// The named column is not there.
    Unknown {
        /// Its name.
        name: String,
        /// Those that are.
        columns: Vec<String>,
    },
    /// No name is one that the purpose has.
    None {
        /// What was looked for.
        purpose: Purpose,
        /// The columns.
        columns: Vec<String>,
    },
    /// Addresses and no files: the pictures have to be downloaded first.
    Addresses {
        /// The column with them.
        column: String,
    },
    /// Several names are.
    Several {
        /// What was looked for.
        purpose: Purpose,
        /// Those columns.
        columns: Vec<String>,
    },
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnError::Unknown { name, columns } => {
                write!(f, "there is no column {name} among {}", columns.join(", "))
            }
            ColumnError::None { purpose, columns } => {
                let (noun, columns) = (purpose.noun(), columns.join(", "));
                write!(f, "which column has the {noun}? There are {columns}")
            }
            ColumnError::Addresses { column } => write!(
                f,
                "the table has addresses (column {column}) and no files; img2dataset downloads them"
            ),
            ColumnError::Several { purpose, columns } => {
                let (noun, columns) = (purpose.noun(), columns.join(", "));
                write!(
                    f,
                    "which column has the {noun}? It could be each of {columns}"
                )
            }
        }
    }
}

impl std::error::Error for ColumnError {}

/// The column for a purpose: the named one, or the only one whose name says so.
pub fn choose(
    columns: &[String],
    purpose: Purpose,
    named: Option<&str>,
) -> Result<usize, ColumnError> {
    if let Some(name) = named {
        let at = columns.iter().position(|column| column == name);
        return at.ok_or_else(|| ColumnError::Unknown {
            name: name.to_owned(),
            columns: columns.to_vec(),
        });
    }
    let is_one =
        |column: &str, names: &[&str]| names.iter().any(|name| column.eq_ignore_ascii_case(name));
    let fitting: Vec<usize> = (0..columns.len())
        .filter(|at| is_one(&columns[*at], purpose.names()))
        .collect();
    match fitting[..] {
        [at] => Ok(at),
        [] => {
            let addresses = columns
                .iter()
                .find(|column| is_one(column, &["url", "image_url"]));
            Err(match (purpose, addresses) {
                (Purpose::Picture, Some(column)) => ColumnError::Addresses {
                    column: column.clone(),
                },
                _ => ColumnError::None {
                    purpose,
                    columns: columns.to_vec(),
                },
            })
        }
        _ => Err(ColumnError::Several {
            purpose,
            columns: fitting.iter().map(|at| columns[*at].clone()).collect(),
        }),
    }
}

/// All columns of a table, those of the pictures' files and of the texts first.
pub fn pair_columns(count: usize, first: [usize; 2]) -> Vec<usize> {
    let others = (0..count).filter(|column| !first.contains(column));
    first.into_iter().chain(others).collect()
}

/// A row's pair, without its picture's bytes: the first cells are the picture's file and the text, the others what else is
/// said of it.
///
/// # Errors
///
/// A sentence's end, where the row is no pair.
pub fn pair(names: &[String], columns: &[usize], cells: &[Cell]) -> Result<Pair, String> {
    let text = |at: usize| {
        let cell = cells.get(at).copied().flatten().unwrap_or_default();
        let text = str::from_utf8(cell).map(str::trim);
        text.map_err(|_| "it is not UTF-8".to_owned())
    };
    let (file, caption) = (text(0)?, text(1)?);
    if file.is_empty() {
        return Err("it names no picture".to_owned());
    }
    if file.starts_with("http://") || file.starts_with("https://") {
        return Err(format!("{file} is an address, and nothing is downloaded"));
    }
    if caption.is_empty() {
        return Err(format!("{file} has no text"));
    }
    let mut metadata = Map::new();
    for (at, column) in columns.iter().enumerate().skip(2) {
        let value = text(at)?;
        if !value.is_empty() {
            metadata.insert(names[*column].clone(), number_or_text(value));
        }
    }
    Ok(Pair {
        key: part_of(file).map_or(file, |(key, _)| key).to_owned(),
        picture: Picture {
            name: file.to_owned(),
            bytes: Vec::new(),
            at: None,
        },
        text: caption.to_owned(),
        text_of_json: false,
        metadata,
    })
}

/// A number where its digits are those that it is written with.
fn number_or_text(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Number(number)) if number.to_string() == text => Value::Number(number),
        _ => Value::String(text.to_owned()),
    }
}
