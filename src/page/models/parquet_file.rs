//! A Parquet file of the reader's, of which only what is needed is read.

use super::protocol::Failure;
use refit_clip::browser::BlobSource;
use refit_clip::weights::source::Source as _;
use refit_parquet::{END, ParquetError, Parts, Table, footer};
use web_sys::Blob;

/// A file whose footer is read.
pub struct ParquetFile {
    file: Blob,
    footer: Parts,
}

impl ParquetFile {
    /// What is wrong is a sentence.
    pub async fn open(file: Blob) -> Result<ParquetFile, String> {
        let mut source = BlobSource::new(file.clone());
        let size = source.size();
        let mut parts = Parts::new(size);
        let short = || ParquetError::NotParquet.to_string();
        parts.add(0, bytes(&mut source, 0, 4.min(size)).await?);
        let at = size.checked_sub(END as u64).ok_or_else(short)?;
        let end = bytes(&mut source, at, END as u64).await?;
        let end = end.try_into().map_err(|_| short())?;
        let length = footer(end).map_err(|error| error.to_string())?.min(size);
        let start = size - length;
        parts.add(start, bytes(&mut source, start, length).await?);
        let opened = ParquetFile {
            file,
            footer: parts,
        };
        opened.table()?;
        Ok(opened)
    }

    /// Its columns and groups; none of its rows can be read.
    pub fn table(&self) -> Result<Table<'_>, String> {
        Table::open_parts(&self.footer).map_err(|error| error.to_string())
    }

    pub fn size(&self) -> f64 {
        self.file.size()
    }

    /// Reads what these columns of these rows, which are sorted, are in: with it, [`Table::open_parts`] can read them.
    pub async fn parts(&self, columns: &[usize], rows: &[u64]) -> Result<Parts, String> {
        let mut source = BlobSource::new(self.file.clone());
        let mut parts = self.footer.clone();
        for range in self.table()?.ranges(columns, rows) {
            if range.end > source.size() {
                return Err(ParquetError::Truncated.to_string());
            }
            let length = range.end - range.start;
            parts.add(range.start, bytes(&mut source, range.start, length).await?);
        }
        Ok(parts)
    }
}

async fn bytes(source: &mut BlobSource, at: u64, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let length = usize::try_from(length).ok();
    let length = length.filter(|length| bytes.try_reserve_exact(*length).is_ok());
    let length = length.ok_or("It does not fit into memory.")?;
    bytes.resize(length, 0);
    let read = source.read(at, &mut bytes).await;
    read.map_err(|error| Failure::from(error).sentence)?;
    Ok(bytes)
}
