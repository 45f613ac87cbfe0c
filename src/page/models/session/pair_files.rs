//! What was embedded as files: clip-retrieval's folder, and the pairs that are kept as Parquet and as names.

use super::{PairSet, Source};
use refit_npy::write_f16;
use refit_pairs::index::{PartRecord, RECORD, Record};
use refit_pairs::metadata::{self, About, Row, subset_row};
use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Pairs of a part.
const PART: usize = 10_000;

impl PairSet {
    /// The vectors, and what is known of each pair, as a zip of clip-retrieval's folder, or a sentence.
    pub fn index(&self) -> Result<Vec<u8>, String> {
        // Reserved at once, since a vector that grows would need twice the memory.
        let said: usize = self.said.iter().map(String::len).sum();
        let size = 2 * (self.vectors.len() + self.texts.len()) + 2 * said + 1024 * self.len();
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(size).is_err() {
            let sentence = "The index does not fit into the browser’s memory; in the terminal refit index writes it part by part.";
            return Err(sentence.to_owned());
        }
        let written = self.write_index(ZipWriter::new(Cursor::new(bytes)));
        written.map_err(|error| format!("The index cannot be written: {error}."))
    }

    fn write_index(
        &self,
        mut zip: ZipWriter<Cursor<Vec<u8>>>,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        // Vectors are as good as random: to compress them takes time and saves nothing.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut parts = Vec::new();
        for (number, first) in (0..self.len()).step_by(PART).enumerate() {
            let range = first..self.len().min(first + PART);
            let rows: Vec<Row> = range.clone().map(|i| self.row(i)).collect();
            let numbers = range.start * self.width..range.end * self.width;
            for (kind, ending, bytes) in [
                (
                    "img_emb",
                    "npy",
                    write_f16(self.width, &self.vectors[numbers.clone()]),
                ),
                (
                    "text_emb",
                    "npy",
                    write_f16(self.width, &self.texts[numbers]),
                ),
                ("metadata", "parquet", metadata::write(&rows)?),
            ] {
                zip.start_file(format!("{kind}/{kind}_{number:04}.{ending}"), options)?;
                zip.write_all(&bytes)?;
            }
            let (rows, is_first) = (rows.len() as u64, first == 0);
            parts.push(PartRecord {
                rows,
                read: rows,
                left_out: if is_first { self.left_out } else { 0 },
                problems: if is_first {
                    self.problems.clone()
                } else {
                    Vec::new()
                },
            });
        }
        let record = Record {
            model: self.model.clone(),
            weights: String::new(),
            identity: self.identity.clone(),
            width: self.width,
            inputs: vec![(self.source.name().to_owned(), self.source.size() as u64)],
            parts,
            finished: self.is_whole,
        };
        zip.start_file(RECORD, options)?;
        zip.write_all(&serde_json::to_vec_pretty(&record)?)?;
        Ok(zip.finish()?.into_inner())
    }

    /// What `image_path` says of a pair: in an archive its key, as in clip-retrieval, elsewhere the image's path.
    fn path(&self, i: usize) -> &str {
        match self.source {
            Source::Archive(..) => &self.keys[i],
            Source::Folder(..) | Source::Table(..) => &self.pictures[i],
        }
    }

    /// A pair's row in the index's metadata.
    fn row(&self, i: usize) -> Row {
        let (width, height) = self.sizes[i];
        let about = About {
            picture: self.path(i),
            text: &self.facts[i].text,
            score: self.facts[i].score,
            bytes: self.facts[i].bytes.unwrap_or_default(),
            key: &self.keys[i],
            source: self.source.name(),
            size: Some((width as usize, height as usize)),
        };
        about.row(serde_json::from_str(&self.said[i]).unwrap_or_default())
    }

    /// The pairs that are kept as Parquet, as `refit filter --write-parquet` writes them.
    pub fn parquet(&self, kept: &[bool]) -> Result<Vec<u8>, String> {
        let rows = kept_places(kept).map(|i| subset_row(self.path(i), &self.facts[i]));
        metadata::write(&rows.collect::<Vec<_>>()).map_err(|error| format!("{error}."))
    }

    /// The names of the images that are kept, one a line, as `tar --files-from` takes them; and how many names have a line
    /// break, which are left out.
    pub fn names(&self, kept: &[bool]) -> (String, usize) {
        let (mut names, mut broken) = (String::new(), 0);
        for i in kept_places(kept) {
            match self.pictures[i].contains(['\n', '\r']) {
                true => broken += 1,
                false => {
                    names.push_str(&self.pictures[i]);
                    names.push('\n');
                }
            }
        }
        (names, broken)
    }
}

fn kept_places(kept: &[bool]) -> impl Iterator<Item = usize> {
    let kept = kept.iter().enumerate().filter(|(_, kept)| **kept);
    kept.map(|(i, _)| i)
}
