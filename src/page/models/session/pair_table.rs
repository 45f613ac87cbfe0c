//! Pairs in a table of paths and texts, beside the images that it names; or in a Parquet file that has the images, too.

use super::files_by_path::FilesByPath;
use crate::page::models::parquet_file::ParquetFile;
use refit_clip::browser::BlobSource;
use refit_clip::weights::source::Source as _;
use refit_pairs::records::{ColumnError, PairColumns, Purpose, Records, choose, has_pictures};
use refit_pairs::{Pair, Problem, Trouble};
use refit_parquet::Table;
use std::ops::Range;
use web_sys::Blob;

/// A table whose columns are known.
pub struct PairTable {
    pub name: String,
    content: Content,
    pub columns: Vec<String>,
    /// What was assumed of it, in a sentence.
    pub(super) assumed: Option<String>,
    pub(super) images: FilesByPath,
    /// Images that were given with it.
    pub(super) count: usize,
}

/// What the rows are read from.
enum Content {
    Text(Vec<u8>),
    /// Group by group: its images need not fit into memory at once.
    Parquet(ParquetFile),
}

/// Rows with their numbers, from 0: each a pair, or what is wrong with it.
pub(super) type Rows = Vec<(u64, Result<Pair, Problem>)>;

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
        let (content, columns, assumed) = match is_parquet(&table).await {
            true => {
                let file = ParquetFile::open(table).await;
                let file = file.map_err(|error| format!("{name}: {error}"))?;
                let table = file.table()?;
                let columns = table.columns().into_iter().map(str::to_owned).collect();
                drop(table);
                (Content::Parquet(file), columns, None)
            }
            false => {
                let bytes = super::pair_set::bytes_of(table).await;
                let bytes = bytes.ok_or_else(|| {
                    format!("{name} cannot be read, or does not fit into memory.")
                })?;
                let records = Records::open(&bytes);
                let opened = records.map(|records| (records.columns(), records.assumed()));
                let (columns, assumed) = opened.map_err(|error| format!("{name}: {error}."))?;
                (Content::Text(bytes), columns, assumed)
            }
        };
        if columns.len() < 2 {
            return Err(format!(
                "{name} has one column, where a table has paths of images and texts; and no image has a text of its own name."
            ));
        }
        Ok(PairTable {
            name,
            content,
            columns,
            assumed,
            count: images.len(),
            images: FilesByPath::new(images.into_iter()),
        })
    }

    pub(super) fn size(&self) -> f64 {
        match &self.content {
            Content::Text(bytes) => bytes.len() as f64,
            Content::Parquet(file) => file.size(),
        }
    }

    /// The column for a purpose, if its name says so.
    pub fn choose(&self, purpose: Purpose) -> Result<usize, ColumnError> {
        choose(&self.columns, purpose, None)
    }

    /// Whether there are no images: none beside it, and none in it.
    pub fn lacks_images(&self) -> bool {
        let has_own = matches!(self.content, Content::Parquet(_))
            && self.columns.iter().any(|name| has_pictures(name));
        self.count == 0 && !has_own
    }

    /// The rows that are read at once: of a text all, of a Parquet file those of each group.
    pub(super) fn parts(&self) -> Result<Vec<Range<u64>>, String> {
        match &self.content {
            Content::Text(_) => Ok(std::iter::once(0..u64::MAX).collect()),
            Content::Parquet(file) => Ok(file.table()?.groups()),
        }
    }

    /// The pairs of the rows of a part.
    pub(super) async fn pairs(&self, first: [usize; 2], part: Range<u64>) -> Rows {
        let mut found = Vec::new();
        let read = match &self.content {
            Content::Text(bytes) => match Records::open(bytes) {
                Ok(records) => read(&records, first, None, &mut found),
                Err(error) => Err(error.to_string()),
            },
            Content::Parquet(file) => read_group(file, first, part.clone(), &mut found).await,
        };
        if let Err(reason) = read {
            let problem = Problem::new(self.name.clone(), Trouble::Row { reason });
            found.push((part.end, Err(problem)));
        }
        found
    }

    /// The images in a column of rows, which are sorted, of a Parquet file; those that cannot be read are left out.
    pub(super) async fn images(&self, column: usize, rows: &[u64]) -> Vec<(u64, Vec<u8>)> {
        let mut images = Vec::new();
        let Content::Parquet(file) = &self.content else {
            return images;
        };
        let Ok(parts) = file.parts(&[column], rows).await else {
            return images;
        };
        if let Ok(table) = Table::open_parts(&parts) {
            // Of a page that is damaged those before are there.
            let _ = table.read(&[column], Some(rows), &mut |row, cells| {
                images.extend(cells[0].map(|bytes| (row, bytes.to_vec())));
                true
            });
        }
        images
    }
}

async fn read_group(
    file: &ParquetFile,
    first: [usize; 2],
    part: Range<u64>,
    found: &mut Rows,
) -> Result<(), String> {
    let mut rows = Vec::new();
    // As many as the file claims.
    usize::try_from(part.end - part.start)
        .ok()
        .filter(|count| rows.try_reserve_exact(*count).is_ok())
        .ok_or("Its rows do not fit into memory.")?;
    rows.extend(part);
    let columns: Vec<usize> = (0..file.table()?.columns().len()).collect();
    let parts = file.parts(&columns, &rows).await?;
    let table = Table::open_parts(&parts).map_err(|error| error.to_string())?;
    read(&Records::Parquet(table), first, Some(&rows), found)
}

fn read(
    records: &Records,
    first: [usize; 2],
    rows: Option<&[u64]>,
    found: &mut Rows,
) -> Result<(), String> {
    let columns = PairColumns::new(records, first);
    let read = records.read(columns.places(), rows, &mut |row, cells| {
        let broken = |reason| Problem::new(format!("row {}", row + 1), Trouble::Row { reason });
        let pairs = columns.pairs(row, cells).into_iter();
        found.extend(pairs.map(|pair| (row, pair.map_err(broken))));
        true
    });
    read.map_err(|error| error.to_string())
}

/// Whether a file is a Parquet file, by its first bytes.
async fn is_parquet(file: &Blob) -> bool {
    let mut magic = [0; 4];
    let mut source = BlobSource::new(file.clone());
    source.size() >= 4
        && source.read(0, &mut magic).await.is_ok()
        && matches!(&magic, b"PAR1" | b"PARE")
}
