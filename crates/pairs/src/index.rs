//! clip-retrieval's folder: which files are an index's parts, and what is written beside them.

use crate::records::{Records, RecordsError};
use refit_npy::{Header, NpyError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

use crate::search::Stored;

/// The name of the record that is written beside an index's folders.
pub const RECORD: &str = "refit.json";

/// What an index was made with, and how far it is. clip-retrieval has no such file, and its indices do not say it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The model's file or name.
    pub model: String,
    /// Where its file was.
    pub weights: String,
    /// What the model's vectors depend on (`CheckpointInfo::identity` of refit-clip).
    pub identity: String,
    /// Numbers of a vector.
    pub width: usize,
    /// What was read: files, in order, with their sizes, so that a run that was interrupted knows them again.
    pub inputs: Vec<(String, u64)>,
    /// The parts that are written.
    pub parts: Vec<PartRecord>,
    /// Whether everything has been read.
    pub finished: bool,
}

impl Record {
    /// Leaves the parts that are of the index: what an interruption left half written is not yet. Says so of an index
    /// that is not finished.
    pub fn written(&self, parts: &mut Vec<Part>) -> Option<String> {
        let count = self.parts.len() as u64;
        parts.retain(|part| part.number.parse::<u64>().is_ok_and(|n| n < count));
        let rows: u64 = self.parts.iter().map(|part| part.rows).sum();
        (!self.finished).then(|| format!("the index is not finished: it has {rows} pairs so far"))
    }

    /// Whether a model may be the one that it was made with, by the names that it has: the terminal's are those of files,
    /// the page's those of a list.
    pub fn names(&self, names: &[&str]) -> bool {
        let plain = |name: &str| {
            let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
            let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            name.to_lowercase()
        };
        names.iter().any(|name| plain(name) == plain(&self.model))
    }
}

/// What a part has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Rows.
    pub rows: u64,
    /// Pairs and problems that were read for it: a run that goes on skips so many.
    pub read: u64,
    /// Pairs that were left out.
    #[serde(default)]
    pub left_out: u64,
    /// What was left out, or was odd, in sentences.
    pub problems: Vec<String>,
}

/// Files of an index that belong together, by their places in a list of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// What stands in their names for the part: `0`, `0012`.
    pub number: String,
    /// Vectors of pictures.
    pub images: Option<usize>,
    /// Vectors of texts.
    pub texts: Option<usize>,
    /// A Parquet file with a row for each vector.
    pub metadata: Option<usize>,
}

/// Why the files of a folder, or of a part, are no index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexError {
    /// No `img_emb` and no `text_emb`.
    NoVectors,
    /// Two files of the same kind and number.
    Twice {
        /// The first.
        first: String,
        /// The second.
        second: String,
    },
    /// A file of vectors that cannot be read.
    Npy {
        /// Its name.
        name: String,
        /// Why.
        error: NpyError,
    },
    /// Vectors that are neither float16 nor float32, or whose columns lie together.
    Layout {
        /// The file's name.
        name: String,
        /// What they are.
        what: &'static str,
    },
    /// A file of vectors that is shorter than its header says.
    Short {
        /// Its name.
        name: String,
        /// Its bytes.
        bytes: u64,
        /// Those that its header asks for.
        wanted: u64,
    },
    /// A part of another width.
    Width {
        /// The file's name.
        name: String,
        /// Numbers of its vectors.
        found: u64,
        /// Numbers of the others', or of the model's.
        wanted: u64,
    },
    /// Metadata of another length than the vectors.
    Rows {
        /// The name of the metadata.
        name: String,
        /// Their rows.
        rows: u64,
        /// The vectors.
        vectors: u64,
    },
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IndexError::NoVectors => write!(
                f,
                "there are no vectors: clip-retrieval puts them into img_emb/img_emb_0.npy and text_emb/text_emb_0.npy"
            ),
            IndexError::Twice { first, second } => {
                write!(f, "{first} and {second} are the same part")
            }
            IndexError::Npy { name, error } => write!(f, "{name} cannot be read: {error}"),
            IndexError::Layout { name, what } => write!(f, "{name}: {what}"),
            IndexError::Short {
                name,
                bytes,
                wanted,
            } => write!(
                f,
                "{name} has {bytes} bytes, and its header asks for {wanted}"
            ),
            IndexError::Width {
                name,
                found,
                wanted,
            } => write!(
                f,
                "{name} has vectors of {found} numbers, and not of {wanted}"
            ),
            IndexError::Rows {
                name,
                rows,
                vectors,
            } => write!(
                f,
                "{name} has {rows} rows for {vectors} vectors: which row is whose is not known, and the part is searched without them"
            ),
        }
    }
}

impl std::error::Error for IndexError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            IndexError::Npy { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// The parts of an index among a folder's files, named from the folder on; part 10 comes after part 9.
///
/// `img_emb/img_emb_0.npy`, `text_emb/text_emb_0.npy` and `metadata/metadata_0.parquet` are part 0. The folders' own
/// names do not matter, nor does one more before them (`laion2B-en-metadata/metadata_0000.parquet`).
pub fn parts(names: &[String]) -> Result<Vec<Part>, IndexError> {
    let mut parts: BTreeMap<(usize, String), Part> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let kinds = [
            ("img_emb", ".npy"),
            ("text_emb", ".npy"),
            ("metadata", ".parquet"),
        ];
        let found = kinds.iter().enumerate().find_map(|(kind, (start, end))| {
            let number = base.strip_prefix(start)?.strip_suffix(end)?;
            let number = number.strip_prefix('_').unwrap_or(number);
            let is_number = number.bytes().all(|b| b.is_ascii_digit());
            is_number.then_some((kind, number))
        });
        let Some((kind, number)) = found else {
            continue;
        };
        // By length without leading zeros, then as text: numbers of any size, in order.
        let digits = number.trim_start_matches('0');
        let part = parts
            .entry((digits.len(), digits.to_owned()))
            .or_insert(Part {
                number: number.to_owned(),
                ..Part::default()
            });
        let slot = match kind {
            0 => &mut part.images,
            1 => &mut part.texts,
            _ => &mut part.metadata,
        };
        if let Some(first) = slot.replace(at) {
            return Err(IndexError::Twice {
                first: names[first].clone(),
                second: name.clone(),
            });
        }
    }
    let parts: Vec<Part> = parts.into_values().collect();
    let has_vectors = |part: &Part| part.images.is_some() || part.texts.is_some();
    match parts.iter().any(has_vectors) {
        true => Ok(parts),
        false => Err(IndexError::NoVectors),
    }
}

/// Where a file has its vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vectors {
    /// How they lie there.
    pub stored: Stored,
    /// How many.
    pub rows: u64,
    /// Byte at which the first begins.
    pub offset: u64,
}

impl Vectors {
    /// Reads the start of a file of this name and length in bytes; 4 KiB of it are enough. `width` is that of the other
    /// parts, or of the model.
    pub fn open(
        name: &str,
        start: &[u8],
        bytes: u64,
        width: Option<usize>,
    ) -> Result<Vectors, IndexError> {
        let npy = |error| IndexError::Npy {
            name: name.to_owned(),
            error,
        };
        let layout = |what| IndexError::Layout {
            name: name.to_owned(),
            what,
        };
        let header = Header::read(start).map_err(npy)?;
        let (rows, columns) = header.matrix().map_err(npy)?;
        if header.by_column && rows > 1 && columns > 1 {
            return Err(layout(
                "its columns lie together (Fortran’s order); np.ascontiguousarray puts the rows together",
            ));
        }
        let found = usize::try_from(columns).ok().filter(|columns| *columns > 0);
        let found = found.ok_or_else(|| layout("its vectors have no number"))?;
        if let Some(wanted) = width.filter(|width| *width != found) {
            return Err(IndexError::Width {
                name: name.to_owned(),
                found: columns,
                wanted: wanted as u64,
            });
        }
        let stored = Stored::new(header.dtype, found);
        let stored = stored.ok_or_else(|| layout("its vectors are neither float16 nor float32"))?;
        let wanted = header.file_length();
        if bytes < wanted {
            return Err(IndexError::Short {
                name: name.to_owned(),
                bytes,
                wanted,
            });
        }
        Ok(Vectors {
            stored,
            rows,
            offset: header.offset,
        })
    }
}

/// Columns of metadata that are shown of a row, where they are there.
const SHOWN: [&str; 9] = [
    "image_path",
    "caption",
    "url",
    "key",
    "source",
    "similarity",
    "uid",
    "URL",
    "TEXT",
];

/// Which columns of metadata say what a row is.
pub fn shown(columns: &[String]) -> Vec<usize> {
    let places = 0..columns.len();
    places
        .filter(|at| SHOWN.contains(&columns[*at].as_str()))
        .collect()
}

/// Calls `each` with what metadata say of each of these rows, which are sorted; one that stands there twice is given once.
///
/// # Errors
///
/// Where the table is damaged. The rows before were given.
pub fn describe(
    table: &Records<'_>,
    rows: &[u64],
    each: &mut dyn FnMut(u64, Map<String, Value>),
) -> Result<(), RecordsError> {
    let names = table.columns();
    let columns = shown(&names);
    table.read(&columns, Some(rows), &mut |row, cells| {
        let mut said = Map::new();
        for (column, cell) in columns.iter().zip(cells) {
            let Some(cell) = cell else { continue };
            let name = &names[*column];
            let text = String::from_utf8_lossy(cell).into_owned();
            let number = serde_json::from_str(&text);
            let value = match (name == "similarity", number) {
                (true, Ok(number)) => number,
                _ => Value::String(text),
            };
            said.insert(name.clone(), value);
        }
        each(row, said);
        true
    })
}

/// Checks that metadata have a row for each vector.
pub fn check_rows(name: &str, rows: u64, vectors: u64) -> Result<(), IndexError> {
    match rows == vectors {
        true => Ok(()),
        false => Err(IndexError::Rows {
            name: name.to_owned(),
            rows,
            vectors,
        }),
    }
}
