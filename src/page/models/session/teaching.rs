//! Teaching a head on the labelled images, in a worker of its own, which a cancelled run ends.

use super::classes::{PROMPTS, lines, prompts};
use super::{Session, SourceImage};
use crate::page::data;
use crate::page::latest::Latest;
use crate::page::models::protocol::{Failure, FailureKind};
use crate::page::models::worker_client::WorkerClient;
use crate::study::Study;
use crate::teach::study::Published;
use crate::teach::{Lesson, Taught, labels, study};
use leptos::prelude::*;
use refit_clip::Classes;
use refit_clip::confusion::Truth;
use refit_clip::head::HeadModel;
use refit_fit::logistic::Shots;
use std::sync::Arc;
use xxhash_rust::xxh64::Xxh64;

/// What came of a run, with the transfer study's points where it has the set.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub taught: Taught,
    /// Of what it came.
    pub of: LabelledImages,
    /// Or why they cannot be read.
    pub published: Result<Vec<Published>, String>,
}

/// Images with a class that are encoded, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledImages {
    pub model: String,
    /// Of each image's id and class.
    hash: u64,
}

/// Images whose class is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelledCounts {
    pub labelled: usize,
    /// Of these.
    pub encoded: usize,
    pub waiting: usize,
    pub classes: usize,
}

#[derive(Clone, Debug)]
pub enum TeachState {
    Idle,
    /// Heads taught, of how many.
    Running(usize, usize),
    Done(Arc<Outcome>),
    Failed(String),
}

#[derive(Clone, Copy)]
pub struct Teaching {
    worker: StoredValue<WorkerClient, LocalStorage>,
    pub state: RwSignal<TeachState>,
    requests: Latest,
}

/// What the reader chose.
pub struct TeachChoices {
    /// The name of the set, and of the head; may be empty.
    pub name: String,
    pub shots: Vec<Shots>,
    pub repeats: usize,
    pub seed: u64,
}

impl Teaching {
    pub(super) fn new() -> Teaching {
        Teaching {
            worker: StoredValue::new_local(WorkerClient::default()),
            state: RwSignal::new(TeachState::Idle),
            requests: Latest::new(),
        }
    }

    /// Ends the run.
    pub fn cancel(self) {
        self.requests.cancel();
        let failure = Failure::new(FailureKind::Stopped, "Cancelled.");
        self.worker.get_value().stop(&failure);
        self.state.set(TeachState::Idle);
    }
}

/// An encoded image's class, where it has a name.
fn class(image: &SourceImage) -> Option<&str> {
    match image.truth.as_ref()? {
        Truth::Class(class) => Some(class),
        Truth::Caption(_) => None,
    }
}

impl Session {
    /// Tracked.
    pub fn labelled_images(self) -> LabelledCounts {
        self.images.rankings_done.track();
        self.images.all.with(|all| {
            let labelled = || all.iter().filter(|image| class(image).is_some());
            let encoded = labelled().filter(|image| image.encoding().is_some());
            let waiting = labelled().filter(|image| image.is_waiting());
            let (classes, _) = labels::classes(labelled().filter_map(class));
            LabelledCounts {
                labelled: labelled().count(),
                encoded: encoded.count(),
                waiting: waiting.count(),
                classes: classes.len(),
            }
        })
    }

    /// What could be taught now; tracked.
    pub fn teachable(self) -> LabelledImages {
        self.images.rankings_done.track();
        let mut hash = Xxh64::new(0);
        self.images.all.with(|all| {
            let encoded = all.iter().filter(|image| image.encoding().is_some());
            for (id, class) in encoded.filter_map(|image| Some((image.id, class(image)?))) {
                hash.update(&id.to_le_bytes());
                hash.update(class.as_bytes());
            }
        });
        LabelledImages {
            model: self.model.choice.with(|choice| choice.name.clone()),
            hash: hash.digest(),
        }
    }

    pub fn teach(self, choices: TeachChoices) {
        let teaching = self.teaching;
        let request = teaching.requests.start();
        teaching.state.set(TeachState::Running(0, 0));
        leptos::task::spawn_local(async move {
            let set = choices.name.clone();
            let of = untrack(|| self.teachable());
            let lesson = self.lesson(choices).await;
            let progress = move |(done, total)| {
                if request.is_latest() {
                    teaching.state.set(TeachState::Running(done, total));
                }
            };
            let taught = match lesson {
                Ok((lesson, vectors)) if request.is_latest() => {
                    let worker = teaching.worker.get_value();
                    worker.teach(lesson, &vectors, progress).await
                }
                Ok(_) => return,
                Err(failure) => Err(failure),
            };
            let state = match taught {
                Ok(taught) => TeachState::Done(Arc::new(Outcome {
                    taught,
                    of,
                    published: published(&set).await,
                })),
                Err(failure) => TeachState::Failed(failure.sentence),
            };
            if request.is_latest() {
                teaching.state.set(state);
            }
        });
    }

    /// The lesson, and the embeddings of the images.
    async fn lesson(self, choices: TeachChoices) -> Result<(Lesson, Vec<f32>), Failure> {
        let gone = || Failure::new(FailureKind::Other, "The model is not loaded yet.");
        let loaded = self.model.loaded().ok_or_else(gone)?;
        let images = self.images.all.get_untracked();
        let known = images
            .iter()
            .filter_map(|i| Some((class(i)?, i.encoding()?)));
        let (names, encodings): (Vec<&str>, Vec<_>) = known.unzip();
        let (classes, labels) = labels::classes(names.iter().copied());
        let vectors = encodings.iter().flat_map(|e| e.embedding.iter().copied());
        let vectors: Vec<f32> = vectors.collect();
        let named: Vec<String> = classes
            .iter()
            .map(|class| labels::in_prompt(class))
            .collect();
        let templates = lines(&self.classes.templates.get_untracked());
        let mut texts = Vec::new();
        for chunk in prompts(&named, &templates).chunks(PROMPTS) {
            let (_, embeddings) = self.model.engine().encode_texts(chunk.to_vec()).await?;
            texts.extend(embeddings);
        }
        // Without a template there is no zero-shot classifier.
        let zero_shot = match texts.is_empty() {
            true => Vec::new(),
            false => Classes::new(&named, &texts).vectors.concat(),
        };
        let name = match choices.name.is_empty() {
            true => {
                let set = self.images.set.get_untracked();
                labels::head_name(set.as_deref(), &classes, &labels)
            }
            false => choices.name,
        };
        let lesson = Lesson {
            name,
            model: HeadModel {
                name: self.model.name(),
                identity: loaded.info.identity(),
            },
            classes,
            labels,
            tests: 0,
            shots: choices.shots,
            repeats: choices.repeats,
            seed: choices.seed,
            zero_shot,
            scale: loaded.logit_scale,
        };
        Ok((lesson, vectors))
    }
}

/// The transfer study's points; none where it has no such set.
async fn published(set: &str) -> Result<Vec<Published>, String> {
    let table = Study::find("transfer").and_then(|study| study.tables().next());
    let Some(table) = table.filter(|_| !set.is_empty()) else {
        return Ok(Vec::new());
    };
    let rows = data::bundled(table).await;
    let (rows, _) = rows.map_err(|error| format!("The transfer study cannot be read: {error}."))?;
    let set = study::set(&rows, set);
    Ok(set.map_or(Vec::new(), |set| study::published(&rows, &set)))
}
