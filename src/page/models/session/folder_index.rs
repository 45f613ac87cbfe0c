//! A clip-retrieval folder of the reader's: which files are its parts, and workers that search their vectors.

use super::Session;
use super::files_by_path::FilesByPath;
use super::searching::{Searching, Target};
use crate::page::models::protocol::{Failure, FailureKind, VectorPiece};
use crate::page::models::worker_client::WorkerClient;
use js_sys::Reflect;
use leptos::prelude::*;
use refit_clip::browser::{BlobSource, cores};
use refit_clip::weights::source::Source as _;
use refit_pairs::index::{self, IndexError, RECORD, Record, Vectors};
use std::rc::Rc;
use web_sys::Blob;

/// Bytes that hold the header of any `.npy` of vectors.
const HEADER: f64 = 4096.0;
/// Workers that search, at most; more cores wait for the memory.
const WORKERS: u64 = 4;
/// Vectors that are worth a worker.
const SHARE: u64 = 50_000;
/// Bytes of a record; one that is larger is none.
const RECORD_SIZE: f64 = 16e6;

/// An index whose files were found to be whole.
pub struct FolderIndex {
    pub name: String,
    /// What it was made with, where it says so.
    pub record: Option<Record>,
    pub parts: Vec<IndexPart>,
    pub width: usize,
    pub rows: u64,
    /// The vectors are those of texts, as there are none of images.
    pub is_of_texts: bool,
    /// What is wrong with it, in sentences.
    pub problems: Vec<String>,
    /// The folder's images.
    images: FilesByPath,
    /// Those that search, each a share of the vectors.
    pub workers: Vec<WorkerClient>,
}

pub struct IndexPart {
    /// Its first vector's row in the index.
    pub first: u64,
    pub file: Blob,
    pub vectors: Vectors,
    pub metadata: Option<(String, Blob)>,
}

impl Drop for FolderIndex {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.stop(&Failure::new(
                FailureKind::Stopped,
                "Another index was chosen.",
            ));
        }
    }
}

async fn start_of(file: &Blob) -> Result<Vec<u8>, String> {
    let mut source = BlobSource::new(file.clone());
    let mut bytes = vec![0; file.size().min(HEADER) as usize];
    let read = source.read(0, &mut bytes).await;
    read.map_err(|error| Failure::from(error).sentence)?;
    Ok(bytes)
}

/// What the index was made with, where a file of it says so.
async fn record_of(files: &[(String, Blob)], problems: &mut Vec<String>) -> Option<Record> {
    let is_record = |(path, _): &&(String, Blob)| path.rsplit('/').next() == Some(RECORD);
    let (path, file) = files.iter().find(is_record)?;
    let mut bytes = vec![0; file.size().min(RECORD_SIZE) as usize];
    let read = BlobSource::new(file.clone()).read(0, &mut bytes).await;
    let record = read.map_err(|error| Failure::from(error).sentence);
    let record = record.and_then(|()| {
        serde_json::from_slice(&bytes).map_err(|error| format!("it cannot be read: {error}"))
    });
    record
        .map_err(|sentence| problems.push(format!("{path}: {sentence}")))
        .ok()
}

impl FolderIndex {
    /// Whether files are those of an index.
    pub fn is_among(paths: &[String]) -> bool {
        let has_name = |path: &String| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_emb = name.starts_with("img_emb") || name.starts_with("text_emb");
            name == RECORD || (is_emb && name.ends_with(".npy"))
        };
        paths.iter().any(has_name)
    }

    /// Opens an index. What cannot be read is a problem, and the rest goes on.
    async fn open(name: String, files: Vec<(String, Blob)>) -> Result<FolderIndex, String> {
        let names: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let mut found = index::parts(&names).map_err(|error| format!("{name}: {error}."))?;
        let mut problems = Vec::new();
        let record = record_of(&files, &mut problems).await;
        if let Some(record) = &record {
            problems.extend(record.written(&mut found));
        }
        let mut opened = FolderIndex {
            width: record.as_ref().map_or(0, |record| record.width),
            record,
            parts: Vec::new(),
            rows: 0,
            is_of_texts: found.iter().all(|part| part.images.is_none()),
            problems,
            images: FilesByPath::default(),
            workers: Vec::new(),
            name,
        };
        let reader = WorkerClient::default();
        for part in &found {
            opened.add(part, &files, &reader).await;
        }
        reader.stop(&Failure::new(FailureKind::Stopped, "Done."));
        if opened.parts.is_empty() {
            let first = opened.problems.first().cloned();
            let why = first.unwrap_or_else(|| "the index is empty".to_owned());
            return Err(format!("{}: {why}.", opened.name));
        }
        let used: Vec<usize> = found
            .iter()
            .flat_map(|part| [part.images, part.texts, part.metadata])
            .flatten()
            .collect();
        let others = files.into_iter().enumerate();
        let others =
            others.filter(|(i, (_, file))| !used.contains(i) && file.type_().starts_with("image/"));
        opened.images = FilesByPath::new(others.map(|(_, file)| file));
        opened.start().await.map_err(|failure| failure.sentence)?;
        Ok(opened)
    }

    async fn add(&mut self, part: &index::Part, files: &[(String, Blob)], reader: &WorkerClient) {
        let vectors = if self.is_of_texts {
            part.texts
        } else {
            part.images
        };
        let Some(at) = vectors else {
            let sentence = format!("part {} has no vectors that can be searched", part.number);
            return self.problems.push(sentence);
        };
        let (name, file) = &files[at];
        let width = (self.width > 0).then_some(self.width);
        let vectors = start_of(file).await.and_then(|start| {
            let vectors = Vectors::open(name, &start, file.size() as u64, width);
            vectors.map_err(|error| error.to_string())
        });
        let vectors = match vectors {
            Ok(vectors) => vectors,
            Err(sentence) => return self.problems.push(sentence),
        };
        self.width = vectors.stored.width;
        let mut metadata = None;
        match part.metadata.map(|at| files[at].clone()) {
            None => self
                .problems
                .push(format!("{name}: no metadata say what its rows are")),
            Some((name, file)) => {
                let rows = reader.count_rows(&file).await;
                let rows = rows.map_err(|failure| format!("{name}: {}", failure.sentence));
                let fits = rows.and_then(|rows| {
                    let checked = index::check_rows(&name, rows, vectors.rows);
                    checked.map_err(|error: IndexError| error.to_string())
                });
                match fits {
                    Ok(()) => metadata = Some((name, file)),
                    Err(sentence) => self.problems.push(sentence),
                }
            }
        }
        self.parts.push(IndexPart {
            first: self.rows,
            file: file.clone(),
            vectors,
            metadata,
        });
        self.rows += vectors.rows;
    }

    /// Gives each worker a share of the rows.
    async fn start(&mut self) -> Result<(), Failure> {
        let count = (cores() as u64).min(self.rows / SHARE).clamp(1, WORKERS);
        for i in 0..count {
            let share = self.rows * i / count..self.rows * (i + 1) / count;
            let pieces = self.parts.iter().filter_map(|part| {
                let Vectors {
                    stored,
                    rows,
                    offset,
                } = part.vectors;
                let begin = share.start.clamp(part.first, part.first + rows);
                let end = share.end.clamp(part.first, part.first + rows);
                let at = |row: u64| (offset + (row - part.first) * stored.bytes() as u64) as f64;
                let file = part.file.slice_with_f64_and_f64(at(begin), at(end)).ok()?;
                (begin < end).then_some((
                    VectorPiece {
                        first: begin,
                        stored,
                    },
                    file,
                ))
            });
            let worker = WorkerClient::default();
            worker.open_vectors(pieces.collect()).await?;
            self.workers.push(worker);
        }
        Ok(())
    }

    /// Bytes of vectors that a worker may keep in memory: in all a quarter of the device's, where the browser tells it.
    pub fn may_keep(&self) -> u64 {
        let memory = Reflect::get(&window().navigator(), &"deviceMemory".into());
        let gigabytes = memory
            .ok()
            .and_then(|memory| memory.as_f64())
            .unwrap_or(4.0);
        (gigabytes * 0.25e9) as u64 / self.workers.len().max(1) as u64
    }

    /// Reads a row's vector.
    pub async fn vector(&self, row: u64) -> Result<Vec<f32>, String> {
        let holds = |part: &&IndexPart| (part.first..part.first + part.vectors.rows).contains(&row);
        let part = self.parts.iter().find(holds);
        let part = part.ok_or("The row is not of this index.")?;
        let Vectors { stored, offset, .. } = part.vectors;
        let mut bytes = vec![0; stored.bytes()];
        let at = offset + (row - part.first) * stored.bytes() as u64;
        let read = BlobSource::new(part.file.clone())
            .read(at, &mut bytes)
            .await;
        read.map_err(|error| Failure::from(error).sentence)?;
        Ok(stored.floats(&bytes))
    }

    /// The folder's image of a path; of several that it may be none.
    pub fn image(&self, path: &str) -> Option<Blob> {
        let (_, file) = self.images.find(path).ok()?;
        Some(file.clone())
    }
}

/// The folder that is open.
#[derive(Clone, Copy)]
pub struct Folder {
    pub index: RwSignal<Option<Rc<FolderIndex>>, LocalStorage>,
    pub is_opening: RwSignal<bool>,
    pub problem: RwSignal<Option<String>>,
    /// Key of the model that the reader says it was made with.
    pub said: RwSignal<Option<String>>,
    pub searching: Searching,
}

impl Folder {
    pub(super) fn new() -> Folder {
        Folder {
            index: RwSignal::new_local(None),
            is_opening: RwSignal::new(false),
            problem: RwSignal::new(None),
            said: RwSignal::new(None),
            searching: Searching::new(),
        }
    }

    pub fn close(self) {
        self.searching.clear();
        self.index.set(None);
        self.problem.set(None);
        self.said.set(None);
    }
}

impl Session {
    /// Opens an index in place of the one before.
    pub fn open_index(self, name: String, files: Vec<(String, Blob)>) {
        let folder = self.folder;
        folder.close();
        let request = folder.searching.start();
        folder.is_opening.set(true);
        leptos::task::spawn_local(async move {
            let opened = FolderIndex::open(name, files).await;
            if !request.is_latest() {
                return;
            }
            folder.is_opening.set(false);
            match opened {
                Ok(opened) => folder.index.set(Some(Rc::new(opened))),
                Err(sentence) => folder.problem.set(Some(sentence)),
            }
        });
    }

    /// Why the open folder cannot be searched with the loaded model, if it cannot; tracked.
    pub fn index_mismatch(self, index: &FolderIndex) -> Option<String> {
        let model = self.model;
        let name = model.choice.with(|choice| choice.name.clone());
        if !model.is_loaded() {
            return Some("No model is loaded yet.".to_owned());
        }
        let width = model
            .loaded()
            .map_or(0, |loaded| loaded.architecture.embedding);
        (width != index.width).then(|| {
            format!(
                "The index’s vectors have {} numbers, and those of {name} {width}: it was made with another model. Load that one above.",
                index.width
            )
        })
    }

    /// What is to be searched, if the folder is open.
    pub fn folder_target(self) -> Option<Target> {
        self.folder.index.get_untracked().map(Target::Folder)
    }
}
