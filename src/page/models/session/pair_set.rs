//! Embedded pairs, and their images, which are read again from where they came.

use super::pair_table::PairTable;
use crate::pairs::Labels;
use js_sys::{Array, Uint8Array};
use refit_clip::browser::BlobSource;
use refit_clip::weights::source::Source as _;
use refit_pairs::{Facts, Found, Problem, TarReader};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use web_sys::Blob;

/// Bytes of an archive that are read at once.
const SLICE: u64 = 1 << 20;

/// Where pairs come from.
#[derive(Clone)]
pub enum Source {
    /// A tar or tar.gz, with its name.
    Archive(String, Blob),
    /// Files with their paths.
    Folder(String, Vec<(String, Blob)>),
    /// A table, with the columns of its images and texts.
    Table(Rc<PairTable>, [usize; 2]),
}

impl Source {
    pub fn name(&self) -> &str {
        match self {
            Source::Archive(name, _) | Source::Folder(name, _) => name,
            Source::Table(table, _) => &table.name,
        }
    }

    /// Bytes of an archive or a table, files of a folder.
    pub(super) fn size(&self) -> f64 {
        match self {
            Source::Archive(_, blob) => blob.size(),
            Source::Folder(_, files) => files.len() as f64,
            Source::Table(table, _) => table.size(),
        }
    }
}

/// Where an image is read again.
#[derive(Clone)]
pub(super) enum Place {
    /// Begin and end, in bytes of the unpacked archive.
    Archive(f64, f64),
    File(Blob),
    /// A row of a table that has the images.
    Row(u64),
}

/// Pairs with their images' vectors.
#[derive(Clone)]
pub struct PairSet {
    pub source: Source,
    /// They come with the page.
    pub is_sample: bool,
    /// The model's name and key, and what its vectors depend on.
    pub model: String,
    pub model_key: String,
    pub identity: String,
    pub facts: Vec<Facts>,
    pub keys: Vec<String>,
    /// The names of the images' members or files, their widths and heights, and the pairs' JSON.
    pub(super) pictures: Vec<String>,
    pub(super) sizes: Vec<(u32, u32)>,
    pub(super) said: Vec<String>,
    /// For each what is known of its text: its place in [`KINDS`](crate::pairs::KINDS).
    pub truths: Vec<Option<usize>>,
    /// The images' classes, where the JSON has them.
    pub labels: Option<Labels>,
    /// Those of the images, then of the texts: `[pairs, width]`, of length 1.
    pub vectors: Vec<f32>,
    pub(super) texts: Vec<f32>,
    pub width: usize,
    pub(super) places: Vec<Place>,
    pub(super) is_gzipped: bool,
    /// What is wrong, and what was left out.
    pub problems: Vec<String>,
    pub notes: Vec<String>,
    /// Pairs that were left out for it.
    pub(super) left_out: u64,
    /// The source was read to its end.
    pub(super) is_whole: bool,
    /// How long embedding took, pauses aside.
    pub milliseconds: f64,
    /// Pairs whose vectors were stored by an earlier run.
    pub cached: usize,
}

impl PairSet {
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    pub(super) fn note(&mut self, problem: &Problem) {
        self.left_out += u64::from(problem.leaves_out());
        self.problems.push(problem.to_string());
    }

    pub fn score(&self, i: usize) -> f32 {
        self.facts[i].score.unwrap_or(f32::NAN)
    }

    pub fn vector(&self, i: usize) -> &[f32] {
        &self.vectors[i * self.width..(i + 1) * self.width]
    }

    /// Reads images again, in the order that is asked for; `None` of one that cannot be read any more.
    pub async fn images(&self, which: &[usize]) -> Vec<Option<Blob>> {
        let mut unpacked = match (&self.source, self.is_gzipped) {
            (Source::Archive(_, blob), true) => self.unpack(blob, which).await,
            (Source::Table(table, [column, _]), _) => self.of_rows(table, *column, which).await,
            _ => HashMap::new(),
        };
        let image = |i: &usize| match (self.places.get(*i)?, &self.source) {
            (Place::File(blob), _) => Some(blob.clone()),
            (Place::Archive(..), _) if self.is_gzipped => unpacked.remove(i),
            (Place::Row(_), _) => unpacked.get(i).cloned(),
            (Place::Archive(begin, end), Source::Archive(_, blob)) => {
                blob.slice_with_f64_and_f64(*begin, *end).ok()
            }
            _ => None,
        };
        which.iter().map(image).collect()
    }

    /// Images of a table that has them.
    async fn of_rows(
        &self,
        table: &PairTable,
        column: usize,
        which: &[usize],
    ) -> HashMap<usize, Blob> {
        let row = |i: &usize| match self.places.get(*i) {
            Some(Place::Row(row)) => Some((*i, *row)),
            _ => None,
        };
        let wanted: Vec<(usize, u64)> = which.iter().filter_map(row).collect();
        // A row may have several texts.
        let rows: BTreeSet<u64> = wanted.iter().map(|(_, row)| *row).collect();
        if rows.is_empty() {
            return HashMap::new();
        }
        let rows: Vec<u64> = rows.into_iter().collect();
        let images = table.images(column, &rows).await.into_iter();
        let images: HashMap<u64, Blob> = images
            .filter_map(|(row, bytes)| Some((row, blob_of(&bytes)?)))
            .collect();
        wanted
            .into_iter()
            .filter_map(|(i, row)| Some((i, images.get(&row)?.clone())))
            .collect()
    }

    /// Images of an archive that can only be read from its start.
    async fn unpack(&self, archive: &Blob, which: &[usize]) -> HashMap<usize, Blob> {
        let begins = |i: &usize| match self.places.get(*i) {
            Some(Place::Archive(begin, _)) => Some((*begin as u64, *i)),
            _ => None,
        };
        let wanted: HashMap<u64, usize> = which.iter().filter_map(begins).collect();
        let mut images = HashMap::new();
        let mut archive = BlobSource::new(archive.clone());
        let (mut reader, mut at) = (TarReader::new(), 0);
        while at < archive.size() && images.len() < wanted.len() {
            let Some(bytes) = slice(&mut archive, at).await else {
                break;
            };
            at += bytes.len() as u64;
            if reader.push(&bytes).is_err() {
                break;
            }
            for found in reader.found() {
                if let Found::Pair(pair) = found
                    && let Some(i) = pair.picture.at.and_then(|at| wanted.get(&at))
                {
                    images.extend(blob_of(&pair.picture.bytes).map(|blob| (*i, blob)));
                }
            }
        }
        images
    }
}

/// The next bytes of an archive; `None` where it cannot be read, and at its end.
pub(super) async fn slice(archive: &mut BlobSource, at: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; SLICE.min(archive.size() - at) as usize];
    archive.read(at, &mut bytes).await.ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

/// A file's bytes; `None` where it cannot be read, or memory does not hold it.
pub(super) async fn bytes_of(blob: Blob) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(blob.size() as usize).ok()?;
    bytes.resize(blob.size() as usize, 0);
    BlobSource::new(blob).read(0, &mut bytes).await.ok()?;
    Some(bytes)
}

pub(super) fn blob_of(bytes: &[u8]) -> Option<Blob> {
    Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).ok()
}
