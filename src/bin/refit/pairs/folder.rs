//! A folder of clip-retrieval's, its files mapped into memory.

use memmap2::Mmap;
use refit_pairs::index::{self, RECORD, Record, Vectors};
use refit_pairs::records::Records;
use std::fs::File;
use std::path::{Path, PathBuf};

/// An open index.
pub(crate) struct Folder {
    /// What the index was made with, where it says so.
    pub(crate) record: Option<Record>,
    pub(crate) parts: Vec<Part>,
    /// What is wrong with it, in sentences.
    pub(crate) problems: Vec<String>,
    pub(crate) width: usize,
}

/// A part: vectors and their rows.
pub(crate) struct Part {
    /// Row of its first vector in the index.
    pub(crate) first: u64,
    pub(crate) rows: u64,
    pub(crate) images: Option<Mapped>,
    pub(crate) texts: Option<Mapped>,
    pub(crate) metadata: Option<Mmap>,
}

/// A file's vectors.
pub(crate) struct Mapped {
    map: Mmap,
    pub(crate) vectors: Vectors,
}

impl Mapped {
    /// The bytes of all vectors.
    pub(crate) fn bytes(&self) -> &[u8] {
        let Vectors {
            stored,
            rows,
            offset,
        } = self.vectors;
        // The file was found to have as many.
        let start = offset as usize;
        &self.map[start..start + rows as usize * stored.bytes()]
    }
}

/// Whether a folder is an index.
pub(crate) fn is_index(path: &Path) -> bool {
    path.join(RECORD).is_file() || path.join("img_emb").is_dir() || path.join("text_emb").is_dir()
}

impl Folder {
    /// Opens an index's parts. One that cannot be read is a problem; the others go on.
    pub(crate) fn open(path: &Path) -> Result<Folder, String> {
        let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let record = match std::fs::read(path.join(RECORD)) {
            Ok(json) => {
                let record = serde_json::from_slice(&json);
                Some(record.map_err(|e| problem(&format!("{RECORD}: {e}")))?)
            }
            Err(_) => None,
        };
        let mut names = Vec::new();
        list(path, "", &mut names)?;
        names.sort();
        let mut found = index::parts(&names).map_err(|e| problem(&e))?;
        let mut folder = Folder {
            record,
            parts: Vec::new(),
            problems: Vec::new(),
            width: 0,
        };
        if let Some(record) = &folder.record {
            folder.problems.extend(record.written(&mut found));
            folder.width = record.width;
        }
        for part in found {
            folder.add(path, &names, &part);
        }
        match folder.parts.is_empty() {
            true => {
                let first = folder.problems.first().cloned();
                Err(problem(
                    &first.unwrap_or_else(|| "the index is empty".to_owned()),
                ))
            }
            false => Ok(folder),
        }
    }

    fn add(&mut self, path: &Path, names: &[String], part: &index::Part) {
        let images = part.images.and_then(|at| self.vectors(path, &names[at]));
        let mut texts = part.texts.and_then(|at| self.vectors(path, &names[at]));
        let rows = [&images, &texts]
            .into_iter()
            .flatten()
            .map(|mapped| mapped.vectors.rows);
        let Some(rows) = rows.into_iter().next() else {
            return;
        };
        if let (Some(mapped), Some(at)) = (&texts, part.texts)
            && let Err(error) = index::check_rows(&names[at], mapped.vectors.rows, rows)
        {
            self.problems.push(error.to_string());
            texts = None;
        }
        let metadata = part
            .metadata
            .and_then(|at| self.metadata(path, &names[at], rows));
        let first = self.parts.last().map_or(0, |part| part.first + part.rows);
        self.parts.push(Part {
            first,
            rows,
            images,
            texts,
            metadata,
        });
    }

    fn vectors(&mut self, path: &Path, name: &str) -> Option<Mapped> {
        let opened = map(&path.join(name)).and_then(|map| {
            let start = &map[..map.len().min(4096)];
            let width = (self.width > 0).then_some(self.width);
            let vectors = Vectors::open(name, start, map.len() as u64, width);
            let vectors = vectors.map_err(|e| e.to_string())?;
            Ok(Mapped { map, vectors })
        });
        match opened {
            Ok(mapped) => {
                self.width = mapped.vectors.stored.width;
                Some(mapped)
            }
            Err(sentence) => {
                self.problems.push(sentence);
                None
            }
        }
    }

    fn metadata(&mut self, path: &Path, name: &str, vectors: u64) -> Option<Mmap> {
        let opened = map(&path.join(name)).and_then(|map| {
            let table = Records::open(&map).map_err(|e| format!("{name}: {e}"))?;
            let rows = table.rows().unwrap_or(0);
            index::check_rows(name, rows, vectors).map_err(|e| e.to_string())?;
            Ok(map)
        });
        match opened {
            Ok(map) => Some(map),
            Err(sentence) => {
                self.problems.push(sentence);
                None
            }
        }
    }

    /// The checkpoint that the index names, where it is still there.
    pub(crate) fn weights(&self) -> Option<PathBuf> {
        let record = self.record.as_ref()?;
        let weights = PathBuf::from(&record.weights);
        weights.exists().then_some(weights)
    }
}

fn map(path: &Path) -> Result<Mmap, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(problem)?;
    // SAFETY: the mapping is read alone. Who changes or cuts the file meanwhile gets wrong numbers or ends the program,
    // as with every program that maps a file; an index that is written is not written again.
    unsafe { Mmap::map(&file) }.map_err(problem)
}

fn list(folder: &Path, before: &str, names: &mut Vec<String>) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => list(&entry.path(), &format!("{name}/"), names)?,
            false => names.push(name),
        }
    }
    Ok(())
}
