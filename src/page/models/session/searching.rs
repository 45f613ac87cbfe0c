//! Searching vectors by text, image, both, minus, and by rows that were found: those that were embedded here, or a folder's.

use super::Session;
use super::folder_index::FolderIndex;
use super::pair_set::PairSet;
use crate::page::latest::{Latest, Request};
use crate::page::models::protocol::{Failure, FoundRows};
use js_sys::{Array, Promise};
use leptos::prelude::*;
use refit_clip::browser::now;
use refit_pairs::search::{Hit, Stored, TopK, query};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::Blob;

/// How many rows are found.
pub const BEST: usize = 100;

/// What is searched.
#[derive(Clone)]
pub enum Target {
    Set(Rc<PairSet>),
    Folder(Rc<FolderIndex>),
}

impl Target {
    pub fn rows(&self) -> u64 {
        match self {
            Target::Set(set) => set.len() as u64,
            Target::Folder(index) => index.rows,
        }
    }

    async fn vector(&self, row: u64) -> Result<Vec<f32>, String> {
        match self {
            Target::Set(set) => Ok(set.vector(row as usize).to_vec()),
            Target::Folder(index) => index.vector(row).await,
        }
    }

    pub fn is(&self, other: &Target) -> bool {
        match (self, other) {
            (Target::Set(a), Target::Set(b)) => Rc::ptr_eq(a, b),
            (Target::Folder(a), Target::Folder(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// A row that was found, with what is known of it.
#[derive(Clone)]
pub struct FoundRow {
    pub row: u64,
    pub score: f32,
    /// Columns of a folder's metadata.
    pub said: Map<String, Value>,
}

/// What a search gave.
pub struct SearchOutcome {
    pub target: Target,
    /// The query in words.
    pub asked: String,
    pub best: Vec<FoundRow>,
    /// Scanning, then reading what the rows are.
    pub scan: f64,
    pub captions: f64,
    /// Bytes of vectors: all, those that were read from files, those that are in memory now.
    pub bytes: u64,
    pub read: u64,
    pub kept: u64,
    pub problems: Vec<String>,
}

#[derive(Clone, Copy)]
pub struct Searching {
    pub text: RwSignal<String>,
    pub minus: RwSignal<String>,
    pub image: RwSignal<Option<(String, Blob)>, LocalStorage>,
    /// Rows that results shall be like.
    pub alike: RwSignal<Vec<u64>>,
    pub outcome: RwSignal<Option<Rc<SearchOutcome>>, LocalStorage>,
    pub problem: RwSignal<Option<String>>,
    /// The share that is done, while it runs.
    pub progress: RwSignal<Option<f64>>,
    requests: Latest,
}

impl Searching {
    pub(super) fn new() -> Searching {
        Searching {
            text: RwSignal::new(String::new()),
            minus: RwSignal::new(String::new()),
            image: RwSignal::new_local(None),
            alike: RwSignal::new(Vec::new()),
            outcome: RwSignal::new_local(None),
            problem: RwSignal::new(None),
            progress: RwSignal::new(None),
            requests: Latest::new(),
        }
    }

    pub(super) fn start(self) -> Request {
        self.requests.start()
    }

    /// Forgets what was found.
    pub fn clear(self) {
        self.requests.cancel();
        self.alike.set(Vec::new());
        self.outcome.set(None);
        self.problem.set(None);
        self.progress.set(None);
    }

    /// Ends the search that runs.
    pub fn cancel(self, target: &Target) {
        self.requests.cancel();
        self.progress.set(None);
        if let Target::Folder(index) = target {
            index.workers.iter().for_each(|worker| worker.interrupt());
        }
    }
}

impl Session {
    /// Searches for what the reader asks.
    pub fn search_vectors(self, searching: Searching, target: Target) {
        // One that runs would be waited for.
        searching.cancel(&target);
        let request = searching.start();
        searching.problem.set(None);
        searching.progress.set(Some(0.0));
        leptos::task::spawn_local(async move {
            let outcome = self.search(searching, target, request).await;
            if !request.is_latest() {
                return;
            }
            searching.progress.set(None);
            match outcome {
                Ok(outcome) => searching.outcome.set(Some(Rc::new(outcome))),
                Err(sentence) => searching.problem.set(Some(sentence)),
            }
        });
    }

    async fn search(
        self,
        searching: Searching,
        target: Target,
        request: Request,
    ) -> Result<SearchOutcome, String> {
        let trimmed = |text: RwSignal<String>| text.get_untracked().trim().to_owned();
        let (text, minus) = (trimmed(searching.text), trimmed(searching.minus));
        let (image, alike) = (
            searching.image.get_untracked(),
            searching.alike.get_untracked(),
        );
        let sentence = |failure: Failure| failure.sentence;
        let engine = self.model.engine();
        let mut asked = Vec::new();
        let texts: Vec<String> = [&text, &minus]
            .into_iter()
            .filter(|t| !t.is_empty())
            .cloned()
            .collect();
        let mut vectors = match texts.is_empty() {
            true => Vec::new(),
            false => engine.encode_texts(texts).await.map_err(sentence)?.1,
        };
        let less = match minus.is_empty() {
            true => Vec::new(),
            false => vectors.pop().into_iter().collect(),
        };
        let mut plus = Vec::new();
        if !vectors.is_empty() {
            asked.push(format!("“{text}”"));
            plus.push(vectors);
        }
        if let Some((name, image)) = image {
            let encoded = engine.encode_images(std::iter::once(&image), false).await;
            let encoded = encoded.map_err(sentence)?.into_iter().next();
            let encoded = encoded
                .transpose()
                .map_err(|why| format!("{name}: {why}"))?;
            plus.extend(encoded.map(|encoding| vec![encoding.embedding]));
            asked.push(format!("like {name}"));
        }
        if !alike.is_empty() {
            let mut term = Vec::with_capacity(alike.len());
            for row in &alike {
                term.push(target.vector(*row).await?);
            }
            plus.push(term);
            asked.push(match alike.len() {
                1 => "like the chosen result".to_owned(),
                count => format!("like the {count} chosen results"),
            });
        }
        let mut asked = asked.join(", ");
        if !minus.is_empty() {
            asked.push_str(&format!(", not “{minus}”"));
        }
        let plus: Vec<&[Vec<f32>]> = plus.iter().map(Vec::as_slice).collect();
        let less: Vec<&[Vec<f32>]> = if less.is_empty() {
            Vec::new()
        } else {
            vec![&less]
        };
        let query = query(&plus, &less, &[]).map_err(|error| format!("No search: {error}."))?;
        let found = match &target {
            Target::Set(set) => in_memory(set, &query),
            Target::Folder(index) => in_files(index, query, searching, request).await?,
        };
        if !request.is_latest() {
            return Err(String::new());
        }
        let mut problems = found.problems;
        if found.not_finite > 0 {
            problems.push(format!(
                "{} vectors have a number that is none and were left out.",
                found.not_finite
            ));
        }
        let mut best: Vec<FoundRow> = found
            .hits
            .iter()
            .map(|Hit { row, score }| FoundRow {
                row: *row,
                score: *score,
                said: Map::new(),
            })
            .collect();
        let start = now();
        if let Target::Folder(index) = &target {
            describe(index, &mut best, &mut problems).await;
        }
        Ok(SearchOutcome {
            asked,
            best,
            scan: found.milliseconds,
            captions: now() - start,
            bytes: found.scanned,
            read: found.read,
            kept: found.kept,
            problems,
            target,
        })
    }
}

fn in_memory(set: &PairSet, query: &[f32]) -> FoundRows {
    let start = now();
    let mut top = TopK::new(BEST);
    let stored = Stored {
        half: false,
        width: set.width,
    };
    // WebAssembly's memory has the lowest byte first, as a file has it.
    top.scan(stored, bytemuck::cast_slice(&set.vectors), 0, query);
    let size = 4 * set.vectors.len() as u64;
    FoundRows {
        not_finite: top.not_finite(),
        hits: top.into_hits(),
        scanned: size,
        kept: size,
        milliseconds: now() - start,
        ..FoundRows::default()
    }
}

/// Has all workers search their shares at once.
async fn in_files(
    index: &FolderIndex,
    query: Vec<f32>,
    searching: Searching,
    request: Request,
) -> Result<FoundRows, String> {
    let (start, keep) = (now(), index.may_keep());
    let bytes = index
        .parts
        .iter()
        .map(|part| part.vectors.rows * part.vectors.stored.bytes() as u64);
    let total = bytes.sum::<u64>() as f64;
    let done = Rc::new(RefCell::new(vec![0; index.workers.len()]));
    let found = Rc::new(RefCell::new(Vec::new()));
    let searches = index
        .workers
        .iter()
        .cloned()
        .enumerate()
        .map(|(i, worker)| {
            let (done, query, found) = (done.clone(), query.clone(), found.clone());
            let progress = move |bytes: u64| {
                done.borrow_mut()[i] = bytes;
                if request.is_latest() {
                    let sum: u64 = done.borrow().iter().sum();
                    searching.progress.set(Some(sum as f64 / total));
                }
            };
            future_to_promise(async move {
                let rows = worker.search_vectors(query, BEST, keep, progress).await;
                found.borrow_mut().push(rows);
                Ok(JsValue::UNDEFINED)
            })
        });
    let searches: Array = searches.collect();
    // None of them rejects.
    let _ = JsFuture::from(Promise::all(&searches)).await;
    let mut whole = FoundRows::default();
    for found in found.take() {
        let found = found.map_err(|failure| failure.sentence)?;
        whole.hits.extend(found.hits);
        whole.not_finite += found.not_finite;
        whole.scanned += found.scanned;
        whole.read += found.read;
        whole.kept += found.kept;
        whole.problems.extend(found.problems);
    }
    // A worker that crashed came back with nothing.
    if whole.problems.is_empty() && (whole.scanned as f64) < total {
        return Err(
            "A part of the index was lost with its worker. Choose the folder again.".to_owned(),
        );
    }
    whole.hits.sort_unstable();
    whole.hits.truncate(BEST);
    whole.milliseconds = now() - start;
    Ok(whole)
}

/// Reads what metadata say of the rows that were found.
async fn describe(index: &FolderIndex, best: &mut [FoundRow], problems: &mut Vec<String>) {
    for part in &index.parts {
        let rows = part.first..part.first + part.vectors.rows;
        let own = best
            .iter()
            .map(|found| found.row)
            .filter(|row| rows.contains(row));
        let mut own: Vec<u64> = own.map(|row| row - part.first).collect();
        own.sort_unstable();
        let (Some((name, file)), false) = (&part.metadata, own.is_empty()) else {
            continue;
        };
        // The first worker has nothing else to do now.
        match index.workers[0].describe_rows(file, own).await {
            Ok(all) => {
                for (row, said) in all {
                    let found = best.iter_mut().find(|found| found.row == part.first + row);
                    if let Some(found) = found {
                        found.said = said;
                    }
                }
            }
            Err(failure) => problems.push(format!("{name}: {}", failure.sentence)),
        }
    }
}
