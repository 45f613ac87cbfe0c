//! Measuring mixtures of models on labelled sets, in a worker of its own, which a cancelled run ends.

use super::Session;
use super::classes::{PROMPTS, lines, prompts};
use crate::page::latest::Latest;
use crate::page::models::choice::ModelChoice;
use crate::page::models::labelled_sets::LabelledSet;
use crate::page::models::protocol::{Failure, FailureKind, LoadedModel, Progress};
use crate::page::models::ranking::rank;
use crate::page::models::worker_client::WorkerClient;
use leptos::prelude::*;
use refit_clip::Classes;
use refit_clip::mix::{self, Choice, Coefficients, SetPaired, SetScore, Tower, is_held_out};
use std::sync::Arc;
use web_sys::Blob;

/// Pictures that are encoded at once.
const BATCH: usize = 32;

/// What the reader chose.
pub struct MixChoices {
    pub base: ModelChoice,
    pub others: Vec<ModelChoice>,
    pub coefficients: Coefficients,
    pub tower: Tower,
    pub sets: Vec<LabelledSet>,
}

/// Coefficients, and the accuracies on each set.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    pub coefficients: Vec<f64>,
    pub scores: Vec<SetScore>,
    /// The same images under the base and under it.
    pub against_base: Vec<SetPaired>,
}

impl Tried {
    /// Whether it is the base.
    pub fn is_base(&self) -> bool {
        self.coefficients.iter().all(|c| *c == 0.0)
    }
}

/// For each image of a set whether it is held out to choose by, and whether it is right.
type Hits = Vec<(bool, bool)>;

/// What came of a run, so far or in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct MixOutcome {
    pub base: String,
    pub others: Vec<String>,
    pub tower: Tower,
    /// Names of the sets.
    pub sets: Vec<String>,
    /// Images that could not be decoded, which are left out.
    pub unreadable: usize,
    /// What to know of the models, in sentences.
    pub notes: Vec<String>,
    pub tried: Vec<Tried>,
}

impl MixOutcome {
    /// The best coefficients on held-out pictures; `None` where there is nothing to choose.
    pub fn best(&self) -> Option<Choice> {
        let of = |tried: &Tried| tried.scores.iter().map(|s| (s.held_out, s.rest)).collect();
        let scores: Vec<Vec<_>> = self.tried.iter().map(of).collect();
        Choice::best(&scores).filter(|_| scores.len() > 1)
    }

    /// Keeps those of the sentences that are new.
    fn note(&mut self, notes: &[String]) {
        for note in notes {
            if !self.notes.contains(note) {
                self.notes.push(note.clone());
            }
        }
    }
}

#[derive(Clone, Debug)]
pub enum MixState {
    Idle,
    /// Pictures that are encoded, of how many, and what is known so far.
    Running {
        done: usize,
        total: usize,
        outcome: Option<Arc<MixOutcome>>,
    },
    Done(Arc<MixOutcome>),
    Failed(String),
}

#[derive(Clone, Copy)]
pub struct Mixing {
    /// The last model in use that is no mixture.
    pub base: RwSignal<ModelChoice, LocalStorage>,
    /// Files that the reader opened to mix in.
    pub opened: RwSignal<Vec<ModelChoice>, LocalStorage>,
    /// Keys of the models to mix in.
    pub others: RwSignal<Vec<String>>,
    worker: StoredValue<WorkerClient, LocalStorage>,
    pub state: RwSignal<MixState>,
    requests: Latest,
}

impl Mixing {
    pub(super) fn new() -> Mixing {
        Mixing {
            base: RwSignal::new_local(ModelChoice::bundled_clip()),
            opened: RwSignal::new_local(Vec::new()),
            others: RwSignal::new(vec![ModelChoice::bundled_sibling("letters").key]),
            worker: StoredValue::new_local(WorkerClient::default()),
            state: RwSignal::new(MixState::Idle),
            requests: Latest::new(),
        }
    }

    /// Ends the run, and frees its memory.
    pub fn cancel(self) {
        self.requests.cancel();
        self.stop();
        self.state.set(MixState::Idle);
    }

    pub fn fail(self, sentence: String) {
        self.state.set(MixState::Failed(sentence));
    }

    fn stop(self) {
        let failure = Failure::new(FailureKind::Stopped, "Cancelled.");
        self.worker.get_value().stop(&failure);
    }

    /// Writes a mixture as a file.
    pub async fn copy(
        self,
        choice: &ModelChoice,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<Blob, Failure> {
        self.worker.get_value().copy(choice, progress).await
    }
}

impl Session {
    /// Measures mixtures one after the other.
    pub fn mix(self, choices: MixChoices) {
        let mixing = self.mixing;
        let request = mixing.requests.start();
        let running = move |done, total, outcome| {
            let state = MixState::Running {
                done,
                total,
                outcome,
            };
            if request.is_latest() {
                mixing.state.set(state);
            }
        };
        running(0, 0, None);
        leptos::task::spawn_local(async move {
            let measured = Run::new(self, choices).all(running).await;
            if request.is_latest() {
                mixing.stop();
                mixing.state.set(match measured {
                    Ok(outcome) => MixState::Done(Arc::new(outcome)),
                    Err(failure) => MixState::Failed(failure.sentence),
                });
            }
        });
    }
}

struct Run {
    session: Session,
    choices: MixChoices,
    worker: WorkerClient,
    /// Of each set: the base's, where texts are not mixed.
    classes: Vec<Classes>,
    /// Of each set, what the base answers.
    base: Vec<Hits>,
    outcome: MixOutcome,
}

impl Run {
    fn new(session: Session, choices: MixChoices) -> Run {
        let names = |all: &[ModelChoice]| all.iter().map(|choice| choice.name.clone()).collect();
        Run {
            session,
            worker: session.mixing.worker.get_value(),
            classes: Vec::new(),
            base: Vec::new(),
            outcome: MixOutcome {
                base: choices.base.name.clone(),
                others: names(&choices.others),
                tower: choices.tower,
                sets: choices.sets.iter().map(|set| set.name.clone()).collect(),
                unreadable: 0,
                notes: Vec::new(),
                tried: Vec::new(),
            },
            choices,
        }
    }

    async fn all(
        mut self,
        report: impl Fn(usize, usize, Option<Arc<MixOutcome>>),
    ) -> Result<MixOutcome, Failure> {
        let count = self.choices.others.len();
        let base = vec![0.0; count];
        let tries = match &self.choices.coefficients {
            Coefficients::Greedy => {
                let kept = mix::greedy(count, async |coefficients| {
                    let hits = self.hits(coefficients, &|_| report(0, 0, None)).await?;
                    let scores = hits.iter().map(|hits| SetScore::of(hits));
                    let sum: f64 = scores.map(|s| s.held_out.share()).sum();
                    Ok::<f64, Failure>(sum / hits.len() as f64)
                });
                let kept = kept.await?;
                let share = |i| match kept.contains(&i) {
                    true => 1.0 / kept.len() as f64,
                    false => 0.0,
                };
                vec![(0..count).map(share).collect()]
            }
            other => other.tries(count),
        };
        let pictures: usize = self.choices.sets.iter().map(|s| s.pictures.len()).sum();
        // The base comes first: the others are held against it. It is shown where it was asked for.
        let others = tries.iter().filter(|coefficients| **coefficients != base);
        let total = pictures * (1 + others.count());
        self.base = self.hits(&base, &|done| report(done, total, None)).await?;
        let mut done = pictures;
        for coefficients in tries {
            let hits = match coefficients == base {
                true => self.base.clone(),
                false => {
                    let tried = &self.outcome.tried;
                    let so_far = (!tried.is_empty()).then(|| Arc::new(self.outcome.clone()));
                    let progress = |encoded| report(done + encoded, total, so_far.clone());
                    progress(0);
                    let hits = self.hits(&coefficients, &progress).await?;
                    done += pictures;
                    hits
                }
            };
            self.outcome.tried.push(Tried {
                coefficients,
                scores: hits.iter().map(|hits| SetScore::of(hits)).collect(),
                against_base: against(&self.base, &hits),
            });
        }
        Ok(self.outcome)
    }

    /// What a mixture answers on each set.
    async fn hits(
        &mut self,
        coefficients: &[f64],
        progress: &impl Fn(usize),
    ) -> Result<Vec<Hits>, Failure> {
        let MixChoices {
            base,
            others,
            tower,
            sets,
            ..
        } = &self.choices;
        let mixture = ModelChoice::mixture(base, others, coefficients, *tower);
        let placement = self.session.model.placement();
        let loaded = self.worker.load(&mixture, placement, |_| {}).await?;
        if self.classes.is_empty() || *tower == Tower::All {
            let mut classes = Vec::new();
            for set in sets {
                classes.push(self.classes_of(set).await?);
            }
            self.classes = classes;
        }
        self.outcome.note(&loaded.notes);
        let mut all = Vec::new();
        let (mut done, mut read) = (0, 0);
        for (set, classes) in sets.iter().zip(&self.classes) {
            let hits = self.hits_on(set, classes, &loaded, |encoded| progress(done + encoded));
            let hits = hits.await?;
            done += set.pictures.len();
            read += hits.len();
            all.push(hits);
        }
        self.outcome.unreadable = done - read;
        if let Some(reloaded) = self.worker.take_reloaded() {
            self.outcome.note(&reloaded.notes);
        }
        Ok(all)
    }

    async fn classes_of(&self, set: &LabelledSet) -> Result<Classes, Failure> {
        let templates = match &set.template {
            Some(template) => vec![template.clone()],
            None => lines(&self.session.classes.templates.get_untracked()),
        };
        let mut embeddings = Vec::new();
        for chunk in prompts(&set.labels, &templates).chunks(PROMPTS) {
            embeddings.extend(self.worker.encode_texts(chunk.to_vec()).await?.1);
        }
        if embeddings.is_empty() {
            let sentence = "There is no prompt template; add one under Classify.";
            return Err(Failure::new(FailureKind::Other, sentence));
        }
        Ok(Classes::new(&set.labels, &embeddings))
    }

    /// Of the pictures that can be decoded.
    async fn hits_on(
        &self,
        set: &LabelledSet,
        classes: &Classes,
        loaded: &LoadedModel,
        progress: impl Fn(usize),
    ) -> Result<Hits, Failure> {
        let mut places = vec![0; set.labels.len()];
        let mut hits = Vec::with_capacity(set.pictures.len());
        let mut done = 0;
        for batch in set.pictures.chunks(BATCH) {
            let files = batch.iter().map(|(file, _)| file);
            let encoded = self.worker.encode_images(files, false).await?;
            for ((_, class), encoded) in batch.iter().zip(encoded) {
                let Ok(encoding) = encoded else { continue };
                let ranking = rank(classes, &encoding.embedding, loaded);
                let first = ranking.first().map(|class| &class.label);
                let is_right = first == Some(&set.labels[*class]);
                hits.push((is_held_out(places[*class]), is_right));
                places[*class] += 1;
            }
            done += batch.len();
            progress(done);
        }
        Ok(hits)
    }
}

fn against(base: &[Hits], now: &[Hits]) -> Vec<SetPaired> {
    let sets = base.iter().zip(now);
    sets.map(|(before, now)| SetPaired::of(before, now))
        .collect()
}
