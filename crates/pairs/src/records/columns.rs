//! What a table's columns are, by their names.

use std::fmt;

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
    /// Names that a column of the purpose has: open_clip's, img2dataset's, DataComp's, LAION's, clip-retrieval's, COYO's, Flickr8k's and
    /// Flickr30k's, those of folders of images on Hugging Face.
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
                "image_name",
                "img_name",
                "picture",
            ],
            Purpose::Text => &[
                "title",
                "caption",
                "captions",
                "text",
                "txt",
                "alt_text",
                "alt",
                "comment",
                "description",
                "sentence",
                "prompt",
            ],
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

/// Whether a column has encoded pictures themselves, by its name: those of Hugging Face's groups of bytes and path, and of
/// img2dataset's Parquet files.
pub fn has_pictures(column: &str) -> bool {
    column.ends_with(BYTES) || ["jpg", "png", "webp"].contains(&column)
}

/// What stands behind the name of a group with a picture, of its bytes and of the name of the file that it was.
pub(super) const BYTES: &str = ".bytes";
pub(super) const PATH: &str = ".path";

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
    // Pictures themselves are surer than names beside them, which may be those that they once had.
    if purpose == Purpose::Picture {
        let with_pictures = columns.iter().enumerate();
        let mut with_pictures = with_pictures.filter(|(_, column)| has_pictures(column));
        if let (Some((at, _)), None) = (with_pictures.next(), with_pictures.next()) {
            return Ok(at);
        }
    }
    let is_one =
        |column: &str, names: &[&str]| names.iter().any(|name| column.eq_ignore_ascii_case(name));
    let fitting: Vec<usize> = (0..columns.len())
        .filter(|at| {
            let is_picture = purpose == Purpose::Picture && has_pictures(&columns[*at]);
            is_picture || is_one(&columns[*at], purpose.names())
        })
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
