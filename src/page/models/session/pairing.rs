//! Embedding a reader's pairs of images and texts, batch by batch. Images are decoded, embedded and dropped; those that are
//! shown are read again.

use super::Session;
use super::head_answers::HeadAnswers;
use super::nearest::Nearest;
use super::pair_set::{PairSet, Place, Source, blob_of, bytes_of, slice};
use super::pair_table::PairTable;
use super::probing::Probing;
use super::searching::Searching;
use crate::page::latest::{Latest, Request};
use crate::page::models::protocol::{Failure, FailureKind};
use crate::page::models::worker_client::WorkerClient;
use crate::pairs::{KINDS, LabelFinder};
use js_sys::{Function, Promise};
use leptos::prelude::*;
use refit_clip::browser::{BlobSource, now};
use refit_clip::classes::cosine;
use refit_clip::weights::source::Source as _;
use refit_pairs::{
    Duplicates, Facts, Found, Ignored, Pair, Part, Problem, Samples, TarReader, Trouble, part_of,
};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// Pairs that are embedded at once.
const BATCH: usize = 32;
const FILE_LOST: &str = "The file can no longer be read: it was moved, changed or taken away.";

#[derive(Clone)]
pub enum PairsState {
    Idle,
    Running {
        /// The share that is read.
        share: f64,
        pairs: usize,
        /// Of these from the cache.
        cached: usize,
        pace: Pace,
    },
    Done,
    Failed(String),
}

/// How fast pairs are embedded that are not in the cache, pauses aside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    pub pairs: usize,
    pub milliseconds: f64,
    /// The share of the whole that this was.
    pub share: f64,
}

#[derive(Clone, Copy)]
pub struct Pairing {
    pub state: RwSignal<PairsState>,
    pub is_paused: RwSignal<bool>,
    /// The last set, as far as it came.
    pub set: RwSignal<Option<Rc<PairSet>>, LocalStorage>,
    /// The reader's own threshold.
    pub threshold: RwSignal<f32>,
    /// Its duplicates, or why there are none; `None` before they are asked for.
    pub duplicates: RwSignal<Option<Result<Rc<Duplicates>, String>>, LocalStorage>,
    pub searching: Searching,
    /// The class of the reader's list to which each image is nearest, and that of the known classes.
    pub nearest: Nearest,
    pub zero_shot: Nearest,
    /// What the reader's heads say of each image.
    pub heads: HeadAnswers,
    /// What subsets are worth to teach a probe with.
    pub probing: Probing,
    worker: StoredValue<WorkerClient, LocalStorage>,
    requests: Latest,
    is_cancelled: StoredValue<bool>,
    /// Ends a pause.
    resume: StoredValue<Option<Function>, LocalStorage>,
}

impl Pairing {
    pub(super) fn new() -> Pairing {
        Pairing {
            state: RwSignal::new(PairsState::Idle),
            is_paused: RwSignal::new(false),
            set: RwSignal::new_local(None),
            threshold: RwSignal::new(0.28),
            duplicates: RwSignal::new_local(None),
            searching: Searching::new(),
            nearest: Nearest::new(),
            zero_shot: Nearest::new(),
            heads: HeadAnswers::new(),
            probing: Probing::new(),
            worker: StoredValue::new_local(WorkerClient::default()),
            requests: Latest::new(),
            is_cancelled: StoredValue::new(false),
            resume: StoredValue::new_local(None),
        }
    }

    pub fn pause(self) {
        self.is_paused.set(true);
    }

    pub fn resume(self) {
        self.is_paused.set(false);
        if let Some(resume) = self.resume.try_update_value(Option::take).flatten() {
            let _ = resume.call0(&JsValue::NULL);
        }
    }

    /// Ends a run; what is embedded stays.
    pub fn cancel(self) {
        self.is_cancelled.set_value(true);
        self.resume();
    }

    async fn while_paused(self) {
        if self.is_paused.get_untracked() {
            let promise = Promise::new(&mut |resolve, _| self.resume.set_value(Some(resolve)));
            // It never rejects.
            let _ = JsFuture::from(promise).await;
        }
    }

    /// Finds near duplicates, in a worker of its own.
    pub fn find_duplicates(self) {
        let Some(set) = self.set.get_untracked() else {
            return;
        };
        let worker = self.worker.get_value();
        leptos::task::spawn_local(async move {
            let threshold = Duplicates::THRESHOLD;
            let found = worker.duplicates(&set.vectors, set.width, threshold).await;
            let is_current =
                |now: &Option<Rc<PairSet>>| now.as_ref().is_some_and(|now| Rc::ptr_eq(now, &set));
            if self.set.with_untracked(is_current) {
                let found = found.map(Rc::new).map_err(|failure| failure.sentence);
                self.duplicates.set(Some(found));
            }
            worker.stop(&Failure::new(FailureKind::Stopped, "Done."));
        });
    }
}

impl Session {
    /// Embeds the pairs of a source in place of those before.
    pub fn embed_pairs(self, source: Source, is_sample: bool) {
        let pairing = self.pairing;
        pairing.cancel();
        let request = pairing.requests.start();
        pairing.is_cancelled.set_value(false);
        pairing.searching.clear();
        pairing.set.set(None);
        pairing.duplicates.set(None);
        pairing.nearest.clear();
        pairing.zero_shot.clear();
        pairing.heads.clear();
        pairing.probing.cancel();
        let Some(loaded) = self.model.loaded() else {
            let sentence = "No model is loaded yet. Wait for it, then choose the pairs again.";
            return pairing.state.set(PairsState::Failed(sentence.to_owned()));
        };
        let run = Run {
            session: self,
            request,
            load: self.model.current_load(),
            engine: self.model.engine(),
            done: 0.0,
            told: 0.0,
            all: source.size(),
            pace: Pace::default(),
            is_stored: true,
            since: now(),
            waiting: Vec::new(),
            shortened: 0,
            with_lines: 0,
            labels: LabelFinder::default(),
            set: PairSet {
                source,
                is_sample,
                model: self.model.name(),
                model_key: self.model.key(),
                identity: loaded.info.identity(),
                facts: Vec::new(),
                keys: Vec::new(),
                pictures: Vec::new(),
                sizes: Vec::new(),
                said: Vec::new(),
                truths: Vec::new(),
                labels: None,
                vectors: Vec::new(),
                texts: Vec::new(),
                width: 0,
                places: Vec::new(),
                is_gzipped: false,
                problems: Vec::new(),
                notes: Vec::new(),
                left_out: 0,
                is_whole: false,
                milliseconds: 0.0,
                cached: 0,
            },
        };
        run.report();
        leptos::task::spawn_local(run.all());
    }
}

/// Why a run ends early.
enum End {
    Cancelled,
    /// For the whole: a sentence.
    Failed(String),
}

struct Run {
    session: Session,
    request: Request,
    load: Request,
    engine: WorkerClient,
    done: f64,
    /// As far as the last batch.
    told: f64,
    all: f64,
    pace: Pace,
    /// All vectors so far are stored, for a run that goes on.
    is_stored: bool,
    /// When it began, or the last batch of which the time is counted ended.
    since: f64,
    /// What is not embedded yet: the pair, its image, and where that is.
    waiting: Vec<(Box<Pair>, Blob, Place)>,
    /// Texts that did not fit into the model's context.
    shortened: usize,
    /// Texts of several lines, as of several captions.
    with_lines: usize,
    labels: LabelFinder,
    set: PairSet,
}

impl Run {
    fn report(&self) {
        if self.request.is_latest() {
            self.session.pairing.state.set(PairsState::Running {
                share: self.done / self.all.max(1.0),
                pairs: self.set.len(),
                cached: self.set.cached,
                pace: self.pace,
            });
        }
    }

    async fn all(mut self) {
        let read = match self.set.source.clone() {
            Source::Archive(_, blob) => self.archive(&blob).await,
            Source::Folder(_, files) => self.folder(files).await,
            Source::Table(table, columns) => self.table(&table, columns).await,
        };
        let ended = match read {
            Ok(()) => self.embed().await,
            Err(end) => Err(end),
        };
        self.set.is_whole = ended.is_ok();
        self.set.labels = std::mem::take(&mut self.labels).finish();
        if self.shortened > 0 {
            self.set.notes.push(format!(
                "{} texts are longer than the model’s context; the model saw their beginning.",
                self.shortened
            ));
        }
        if self.with_lines > 0 {
            self.set.notes.push(format!(
                "{} texts have several lines; each is taken as one text.",
                self.with_lines
            ));
        }
        if !self.is_stored {
            let sentence = "Not all vectors could be stored in this browser: after a reload they are computed again.";
            self.set.notes.push(sentence.to_owned());
        }
        let pairing = self.session.pairing;
        let state = match ended {
            Ok(()) if self.set.len() == 0 => {
                let first = self.set.problems.first();
                let why = first.map_or(
                    "It has no image with a text of the same name: KEY.jpg beside KEY.txt.",
                    String::as_str,
                );
                PairsState::Failed(format!("No pair could be read. {why}"))
            }
            Ok(()) => PairsState::Done,
            Err(End::Failed(sentence)) => PairsState::Failed(sentence),
            Err(End::Cancelled) => {
                let sentence = format!("Cancelled after {} pairs.", self.set.len());
                self.set.notes.push(sentence);
                PairsState::Done
            }
        };
        // Another run may have begun.
        if self.request.is_latest() {
            pairing
                .set
                .set((self.set.len() > 0).then(|| Rc::new(self.set)));
            pairing.state.set(state);
        }
    }

    async fn archive(&mut self, blob: &Blob) -> Result<(), End> {
        let name = self.set.source.name().to_owned();
        let not_tar = |error| End::Failed(format!("{name} cannot be read: {error}."));
        let mut archive = BlobSource::new(blob.clone());
        let (mut reader, mut at) = (TarReader::new(), 0);
        loop {
            let is_end = at >= archive.size();
            if is_end {
                reader.finish().map_err(not_tar)?;
            } else {
                let bytes = slice(&mut archive, at).await;
                let bytes = bytes.ok_or_else(|| End::Failed(FILE_LOST.to_owned()))?;
                if at == 0 {
                    self.set.is_gzipped = bytes.starts_with(&[0x1f, 0x8b]);
                }
                at += bytes.len() as u64;
                reader.push(&bytes).map_err(not_tar)?;
            }
            let found: Vec<Found> = reader.found().collect();
            let (count, before) = (found.len() as f64, self.done);
            for (i, found) in found.into_iter().enumerate() {
                match found {
                    Found::Problem(problem) => self.set.note(&problem),
                    Found::Pair(mut pair) => {
                        let begin = pair.picture.at.unwrap_or_default() as f64;
                        // Its bytes are the blob's from here on.
                        let bytes = std::mem::take(&mut pair.picture.bytes);
                        let place = Place::Archive(begin, begin + bytes.len() as f64);
                        let image = blob_of(&bytes);
                        let image = image.ok_or_else(|| End::Failed(FILE_LOST.to_owned()))?;
                        self.push(pair, image, place).await?;
                    }
                }
                self.done = before + (at as f64 - before) * (i + 1) as f64 / count;
            }
            self.done = at as f64;
            if is_end {
                self.set
                    .notes
                    .extend(reader.ignored().sentence().map(|s| s + "."));
                return Ok(());
            }
        }
    }

    async fn folder(&mut self, mut files: Vec<(String, Blob)>) -> Result<(), End> {
        // Those of a key stand together.
        files.sort_by_cached_key(|(path, _)| {
            (part_of(path).map(|(key, _)| key.to_owned()), path.clone())
        });
        let (mut samples, mut ignored) = (Samples::default(), Ignored::default());
        let mut images: HashMap<String, Blob> = HashMap::new();
        let count = files.len();
        for (i, (path, blob)) in files.into_iter().enumerate() {
            match part_of(&path) {
                None => ignored.count(&path),
                Some((_, Part::Picture)) => {
                    samples.member(&path, Vec::new());
                    images.insert(path, blob);
                }
                Some((_, Part::Text | Part::Json)) => match bytes_of(blob).await {
                    Some(bytes) => samples.member(&path, bytes),
                    None => {
                        let reason = FILE_LOST.to_owned();
                        samples.broken(&path, Trouble::Picture { reason });
                    }
                },
            }
            if i + 1 == count {
                samples.end();
            }
            let found: Vec<Found> = samples.found().collect();
            for found in found {
                match found {
                    Found::Problem(problem) => self.set.note(&problem),
                    Found::Pair(pair) => {
                        if let Some(image) = images.remove(&pair.picture.name) {
                            let place = Place::File(image.clone());
                            self.push(pair, image, place).await?;
                        }
                    }
                }
            }
            self.done = (i + 1) as f64;
        }
        self.set.notes.extend(ignored.sentence().map(|s| s + "."));
        Ok(())
    }

    async fn table(&mut self, table: &PairTable, columns: [usize; 2]) -> Result<(), End> {
        let parts = table.parts().map_err(End::Failed)?;
        let count = parts.len() as f64;
        let (mut used, mut by_end) = (HashSet::new(), None);
        for (i, part) in parts.into_iter().enumerate() {
            let found = table.pairs(columns, part).await;
            let rows = found.len() as f64;
            for (j, (row, found)) in found.into_iter().enumerate() {
                match found {
                    Err(problem) => self.set.note(&problem),
                    Ok(mut pair) if !pair.picture.bytes.is_empty() => {
                        let bytes = std::mem::take(&mut pair.picture.bytes);
                        let image = blob_of(&bytes);
                        let image = image.ok_or_else(|| End::Failed(FILE_LOST.to_owned()))?;
                        self.push(Box::new(pair), image, Place::Row(row)).await?;
                    }
                    Ok(pair) => match table.images.find(&pair.picture.name) {
                        Ok((path, image)) => {
                            if path.len() < pair.picture.name.len() {
                                by_end.get_or_insert((pair.picture.name.clone(), path.to_owned()));
                            }
                            used.insert(path);
                            let place = Place::File(image.clone());
                            self.push(Box::new(pair), image.clone(), place).await?;
                        }
                        Err(reason) => {
                            let problem =
                                Problem::new(pair.picture.name, Trouble::Picture { reason });
                            self.set.note(&problem);
                        }
                    },
                }
                self.done = self.all * (i as f64 + (j + 1) as f64 / rows) / count;
            }
        }
        let notes = &mut self.set.notes;
        notes.extend(table.assumed.clone());
        notes.extend(by_end.map(|(said, path)| {
            format!("Images were found by the ends of their paths: {said} as {path}.")
        }));
        let left_out = table.count - used.len();
        notes.extend(
            (left_out > 0).then(|| {
                format!("{left_out} other files were given that the table does not name.")
            }),
        );
        Ok(())
    }

    async fn push(&mut self, pair: Box<Pair>, image: Blob, place: Place) -> Result<(), End> {
        self.waiting.push((pair, image, place));
        match self.waiting.len() < BATCH {
            true => Ok(()),
            false => self.embed().await,
        }
    }

    /// Embeds what waits.
    async fn embed(&mut self) -> Result<(), End> {
        let batch = std::mem::take(&mut self.waiting);
        self.set.milliseconds += now() - self.since;
        self.session.pairing.while_paused().await;
        self.since = now();
        self.check()?;
        if batch.is_empty() {
            return Ok(());
        }
        let images = batch.iter().map(|(_, image, _)| image);
        let texts = batch.iter().map(|(pair, ..)| pair.text.clone()).collect();
        let encoded = self.engine.encode_pairs(images, texts).await;
        self.check()?;
        let (encoded, is_stored) = encoded.map_err(|failure| End::Failed(failure.sentence))?;
        self.is_stored &= is_stored;
        let mut computed = 0;
        for ((pair, blob, place), encoding) in batch.into_iter().zip(encoded) {
            let encoding = match encoding {
                Ok(encoding) => encoding,
                Err(reason) => {
                    let problem = Problem::new(pair.picture.name, Trouble::Picture { reason });
                    self.set.note(&problem);
                    continue;
                }
            };
            let details = encoding.details;
            self.shortened += usize::from(details.is_truncated);
            self.with_lines += usize::from(pair.text.trim().contains('\n'));
            match details.is_cached {
                true => self.set.cached += 1,
                false => computed += 1,
            }
            let mut facts = Facts::of_metadata(&pair.text, &pair.metadata);
            facts.bytes = Some(blob.size() as u64);
            let size = (f64::from(details.width), f64::from(details.height));
            facts.size = facts.size.or(Some(size));
            facts.score = Some(cosine(&encoding.image, &encoding.text) as f32);
            let truth = pair.metadata.get("truth").and_then(|truth| truth.as_str());
            self.labels.push(&pair.metadata);
            let set = &mut self.set;
            set.truths
                .push(KINDS.iter().position(|kind| Some(*kind) == truth));
            set.facts.push(facts);
            set.keys.push(pair.key);
            set.pictures.push(pair.picture.name);
            set.sizes.push((details.width, details.height));
            set.said.push(Value::Object(pair.metadata).to_string());
            set.places.push(place);
            set.width = encoding.image.len();
            set.vectors.extend(encoding.image);
            set.texts.extend(encoding.text);
        }
        let milliseconds = now() - self.since;
        self.set.milliseconds += milliseconds;
        if computed > 0 {
            self.pace.pairs += computed;
            self.pace.milliseconds += milliseconds;
            self.pace.share += (self.done - self.told) / self.all.max(1.0);
        }
        self.told = self.done;
        self.since = now();
        self.report();
        Ok(())
    }

    fn check(&self) -> Result<(), End> {
        if !self.request.is_latest() || self.session.pairing.is_cancelled.get_value() {
            return Err(End::Cancelled);
        }
        match self.load.is_latest() {
            true => Ok(()),
            false => {
                let sentence = "Another model was loaded meanwhile. Choose the pairs again to embed them with it.";
                Err(End::Failed(sentence.to_owned()))
            }
        }
    }
}
