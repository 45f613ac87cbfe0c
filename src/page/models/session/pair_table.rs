//! Pairs in a table of paths and texts, beside the images that it names.

use super::files_by_path::FilesByPath;
use refit_pairs::records::{ColumnError, Purpose, Records, choose, pair, pair_columns};
use refit_pairs::{Pair, Problem, Trouble};
use web_sys::Blob;

/// A table whose columns are known.
pub struct PairTable {
    pub name: String,
    pub(super) bytes: Vec<u8>,
    pub columns: Vec<String>,
    /// What was assumed of it, in a sentence.
    pub(super) assumed: Option<String>,
    pub(super) images: FilesByPath,
    /// Images that were given with it.
    pub(super) count: usize,
}

impl PairTable {
    /// Whether a file is a table, by its name.
    pub fn is_one(name: &str) -> bool {
        let name = name.to_lowercase();
        [".csv", ".tsv", ".parquet", ".jsonl"]
            .iter()
            .any(|ending| name.ends_with(ending))
    }

    /// Whether a file may be a table, if it is no picture’s text.
    pub fn may_be_one(name: &str) -> bool {
        let name = name.to_lowercase();
        [".txt", ".json"]
            .iter()
            .any(|ending| name.ends_with(ending))
    }

    /// Reads a table; the images are those of its rows, and others.
    pub async fn open(
        name: String,
        table: Blob,
        images: Vec<(String, Blob)>,
    ) -> Result<PairTable, String> {
        let bytes = super::pairing::bytes_of(table).await;
        let bytes =
            bytes.ok_or_else(|| format!("{name} cannot be read, or does not fit into memory."))?;
        let records = Records::open(&bytes);
        let opened = records.map(|records| (records.columns(), records.assumed()));
        let (columns, assumed) = opened.map_err(|error| format!("{name}: {error}."))?;
        if columns.len() < 2 {
            return Err(format!(
                "{name} has one column, where a table has paths of images and texts; and no image has a text of its own name."
            ));
        }
        Ok(PairTable {
            name,
            bytes,
            columns,
            assumed,
            count: images.len(),
            images: FilesByPath::new(images.into_iter()),
        })
    }

    /// The column for a purpose, if its name says so.
    pub fn choose(&self, purpose: Purpose) -> Result<usize, ColumnError> {
        choose(&self.columns, purpose, None)
    }

    /// Each row as a pair, or what is wrong with it.
    pub(super) fn pairs(&self, first: [usize; 2]) -> Vec<Result<Pair, Problem>> {
        let mut found = Vec::new();
        let broken = |reason: String| Problem::new(self.name.clone(), Trouble::Row { reason });
        let records = match Records::open(&self.bytes) {
            Ok(records) => records,
            Err(error) => return vec![Err(broken(error.to_string()))],
        };
        let columns = pair_columns(self.columns.len(), first);
        let read =
            records.read(&columns, None, &mut |row, cells| {
                let pair = pair(&self.columns, &columns, cells);
                let number = row + 1;
                found.push(pair.map_err(|reason| {
                    Problem::new(format!("row {number}"), Trouble::Row { reason })
                }));
                true
            });
        found.extend(read.err().map(|error| Err(broken(error.to_string()))));
        found
    }
}
