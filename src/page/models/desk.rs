//! What is on the reader's desk: a model, pictures, classes; and the work that joins them.

use super::judge::Share;
use super::protocol::{Ask, Device, Failure, Kind, Place, Progress, Ready, Seen, Shelf, TextNote};
use super::shelf::Download;
use super::thread::Thread;
use crate::clip::Classes;
use crate::page::location;
use js_sys::{Array, Float32Array};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, Url};

/// Pictures that are computed at once.
const BATCH: usize = 8;
/// Prompts that are computed at once.
const PROMPTS: usize = 64;
/// Prompts from which on a list is kept for the next visit.
const WORTH_KEEPING: usize = 200;
/// Where the reader's words are kept on this device.
const LABELS: &str = "refit-labels";
const TEMPLATES: &str = "refit-templates";

/// A model that was chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Tells it from every other, today and tomorrow.
    pub key: String,
    pub name: String,
    pub place: Place,
    /// The reader's own file.
    pub file: Option<Blob>,
    pub quick_gelu: bool,
}

impl Choice {
    /// The small one that comes with the page.
    pub fn own() -> Choice {
        Choice {
            key: "shapes".to_owned(),
            name: "Shapes".to_owned(),
            place: Place::Own("clip/shapes.safetensors".to_owned()),
            file: None,
            quick_gelu: false,
        }
    }
}

#[derive(Clone, Debug)]
pub enum State {
    Loading(Progress),
    Ready(Arc<Ready>),
    Failed(Failure),
}

#[derive(Clone)]
pub struct Picture {
    pub id: u32,
    pub name: String,
    /// What it shows, where the reader has said so.
    pub label: Option<String>,
    pub file: Blob,
    /// For an image element.
    pub address: String,
    pub look: RwSignal<Look, LocalStorage>,
    /// Its likeliest classes.
    pub said: RwSignal<Option<Rc<Vec<Share>>>, LocalStorage>,
}

/// What the model has seen of a picture.
#[derive(Clone)]
pub enum Look {
    Waiting,
    Seen(Rc<(Vec<f32>, Seen)>),
    Failed(String),
}

#[derive(Clone, Copy)]
pub struct Desk {
    pub engine: StoredValue<Thread, LocalStorage>,
    /// Downloads; it can be stopped without stopping anything else.
    pub fetcher: StoredValue<Thread, LocalStorage>,
    /// Files; it waits for neither model nor download.
    pub keeper: StoredValue<Thread, LocalStorage>,
    pub choice: RwSignal<Choice, LocalStorage>,
    /// The checkpoint that the address asks for.
    pub asked: RwSignal<Option<String>>,
    pub download: RwSignal<Option<Download>>,
    pub shelf: RwSignal<Option<Result<Shelf, Failure>>>,
    pub state: RwSignal<State>,
    pub device: RwSignal<Device>,
    /// Counts the models that were loaded: an answer of an earlier one is none.
    pub loads: RwSignal<u32>,

    pub pictures: RwSignal<Vec<Picture>, LocalStorage>,
    next_picture: StoredValue<u32>,
    is_looking: StoredValue<bool>,
    /// Counts judgements that were begun, and those that came to their end.
    pub judgements: StoredValue<u32>,
    pub judged: RwSignal<u32>,
    /// The picture whose answer is shown large.
    pub selected: RwSignal<Option<u32>>,

    /// One class a line; one template a line.
    pub labels: RwSignal<String>,
    pub templates: RwSignal<String>,
    pub classes: RwSignal<Option<Arc<Classes>>, LocalStorage>,
    /// Classes so far, of all.
    pub classing: RwSignal<Option<(usize, usize)>>,
    pub class_problem: RwSignal<Option<String>>,
    /// Texts that were not taken as they stand.
    pub notes: RwSignal<Vec<String>>,
    /// Directions of classes under the model and templates of `directions_of`.
    directions: StoredValue<BTreeMap<String, Vec<f32>>>,
    directions_of: StoredValue<(u32, String)>,
    /// Counts the class lists: vectors of an earlier one are not waited for.
    lists: StoredValue<u32>,
}

impl Desk {
    pub fn new() -> Desk {
        let kept = |key: &str, usual: &str| {
            let storage = window().local_storage().ok().flatten();
            let kept = storage.and_then(|storage| storage.get_item(key).ok().flatten());
            RwSignal::new(kept.unwrap_or_else(|| usual.to_owned()))
        };
        let desk = Desk {
            engine: StoredValue::new_local(Thread::default()),
            fetcher: StoredValue::new_local(Thread::default()),
            keeper: StoredValue::new_local(Thread::default()),
            choice: RwSignal::new_local(Choice::own()),
            asked: RwSignal::new(None),
            download: RwSignal::new(None),
            shelf: RwSignal::new(None),
            state: RwSignal::new(State::Loading(Progress::default())),
            device: RwSignal::new(Device::Best),
            loads: RwSignal::new(0),
            pictures: RwSignal::new_local(Vec::new()),
            next_picture: StoredValue::new(0),
            is_looking: StoredValue::new(false),
            judgements: StoredValue::new(0),
            judged: RwSignal::new(0),
            selected: RwSignal::new(None),
            labels: kept(LABELS, super::classes::USUAL_LABELS),
            templates: kept(TEMPLATES, super::classes::USUAL_TEMPLATES),
            classes: RwSignal::new_local(None),
            classing: RwSignal::new(None),
            class_problem: RwSignal::new(None),
            notes: RwSignal::new(Vec::new()),
            directions: StoredValue::new(BTreeMap::new()),
            directions_of: StoredValue::new((0, String::new())),
            lists: StoredValue::new(0),
        };
        // The reader's words stay through anything that may happen to the page.
        for (key, words) in [(LABELS, desk.labels), (TEMPLATES, desk.templates)] {
            Effect::new(move || {
                let words = words.get();
                if let Ok(Some(storage)) = window().local_storage() {
                    let _ = storage.set_item(key, &words);
                }
            });
        }
        // A list that is being typed is read when the typing pauses; a model that was loaded reads
        // it at once.
        Effect::new(move |before: Option<Option<TimeoutHandle>>| {
            desk.labels.track();
            desk.templates.track();
            let before = before?;
            if let Some(before) = before {
                before.clear();
            }
            let read = move || {
                if desk.ready().is_some() {
                    leptos::task::spawn_local(desk.read_classes());
                }
            };
            set_timeout_with_handle(read, std::time::Duration::from_millis(250)).ok()
        });
        desk.load(Choice::own());
        desk
    }

    pub fn ready(self) -> Option<Arc<Ready>> {
        self.state.with_untracked(|state| match state {
            State::Ready(ready) => Some(ready.clone()),
            _ => None,
        })
    }

    /// Loads a model in place of the one before; pictures are looked at anew.
    pub fn load(self, choice: Choice) {
        let engine = self.engine.get_value();
        // Whatever it does, and whatever it holds, is not wanted any more.
        engine.stop(&Failure::new(Kind::Stopped, "Another model was chosen."));
        let ask = Ask::Load {
            key: choice.key.clone(),
            place: choice.place.clone(),
            device: self.device.get_untracked(),
            quick_gelu: choice.quick_gelu,
        };
        let file = choice
            .file
            .clone()
            .map_or(JsValue::UNDEFINED, JsValue::from);
        self.choice.set(choice);
        self.state.set(State::Loading(Progress::default()));
        self.loads.update(|count| *count += 1);
        let mine = self.loads.get_untracked();
        // Directions of another model say nothing about this one's pictures.
        self.classes.set(None);
        for picture in self.pictures.get_untracked() {
            picture.look.set(Look::Waiting);
            picture.said.set(None);
        }
        leptos::task::spawn_local(async move {
            let progress = move |progress| {
                if self.loads.get_untracked() == mine {
                    self.state.set(State::Loading(progress));
                }
            };
            let loaded = engine.ask_with::<Ready>(&ask, file, Array::new(), progress);
            let loaded = loaded.await;
            if self.loads.get_untracked() != mine {
                return;
            }
            match loaded {
                Ok(ready) => {
                    self.state.set(State::Ready(Arc::new(ready.value)));
                    self.look();
                    self.read_classes().await;
                }
                Err(failure) => self.state.set(State::Failed(failure)),
            }
        });
    }

    /// Puts a checkpoint of the list, or none, into the address.
    pub fn ask_for(self, id: Option<String>) {
        if self.asked.get_untracked() == id {
            return;
        }
        location::ask(id.as_deref());
        self.asked.set(id);
    }

    /// Loads the same model again.
    pub fn load_again(self) {
        self.load(self.choice.get_untracked());
    }

    /// Adds pictures: a name, what it shows where that is known, its file.
    pub fn add(self, files: Vec<(String, Option<String>, Blob)>) {
        let pictures = files.into_iter().filter_map(|(name, label, file)| {
            let id = self.next_picture.get_value();
            self.next_picture.set_value(id + 1);
            Some(Picture {
                id,
                name,
                label,
                address: Url::create_object_url_with_blob(&file).ok()?,
                file,
                look: RwSignal::new_local(Look::Waiting),
                said: RwSignal::new_local(None),
            })
        });
        let pictures: Vec<Picture> = pictures.collect();
        if self.selected.get_untracked().is_none() {
            self.selected
                .set(pictures.first().map(|picture| picture.id));
        }
        self.pictures.update(|all| all.extend(pictures));
        self.look();
    }

    pub fn remove_all(self) {
        for picture in self.pictures.get_untracked() {
            let _ = Url::revoke_object_url(&picture.address);
        }
        self.selected.set(None);
        self.pictures.set(Vec::new());
        self.judge_new();
    }

    /// Has the model look at every picture that waits.
    fn look(self) {
        let is_ready = self
            .state
            .with_untracked(|state| matches!(state, State::Ready(_)));
        if !is_ready || self.is_looking.get_value() {
            return;
        }
        self.is_looking.set_value(true);
        leptos::task::spawn_local(async move {
            self.look_at_all().await;
            self.is_looking.set_value(false);
            // What came or was loaded since the last look.
            let waits = |p: &Picture| p.look.with_untracked(|l| matches!(l, Look::Waiting));
            if self.pictures.with_untracked(|all| all.iter().any(waits)) {
                self.look();
            }
        });
    }

    async fn look_at_all(self) {
        let engine = self.engine.get_value();
        let mine = self.loads.get_untracked();
        // Where the pictures that are done end.
        let mut from = 0;
        loop {
            let batch = self.pictures.with_untracked(|all| {
                let mut batch = Vec::new();
                for picture in all.iter().skip(from) {
                    if picture.look.with_untracked(|l| matches!(l, Look::Waiting)) {
                        batch.push(picture.clone());
                        if batch.len() == BATCH {
                            break;
                        }
                    } else if batch.is_empty() {
                        from += 1;
                    }
                }
                batch
            });
            if batch.is_empty() || self.ready().is_none() {
                return;
            }
            let files: Array = batch
                .iter()
                .map(|picture| JsValue::from(&picture.file))
                .collect();
            let ask = Ask::Pictures { keep: true };
            let seen = engine.ask_with::<Vec<Result<Seen, String>>>(
                &ask,
                files.into(),
                Array::new(),
                |_| {},
            );
            let seen = seen.await;
            if self.loads.get_untracked() != mine {
                return;
            }
            let seen = match seen {
                Ok(seen) => seen,
                Err(failure) => return self.state.set(State::Failed(failure)),
            };
            let units = vectors(&seen.beside, seen.value.iter().flatten().count());
            let mut units = units.into_iter();
            for (picture, seen) in batch.iter().zip(seen.value) {
                let look = match seen {
                    Ok(seen) => Look::Seen(Rc::new((units.next().unwrap_or_default(), seen))),
                    Err(sentence) => Look::Failed(sentence),
                };
                // The picture may have been taken away.
                let _ = picture.look.try_set(look);
            }
            self.judge_new();
        }
    }

    /// Unit vectors of texts.
    pub async fn texts(
        self,
        texts: Vec<String>,
    ) -> Result<(Vec<TextNote>, Vec<Vec<f32>>), Failure> {
        let engine = self.engine.get_value();
        let count = texts.len();
        let ask = Ask::Texts(texts);
        let answer = engine
            .ask_with(&ask, JsValue::UNDEFINED, Array::new(), |_| {})
            .await?;
        Ok((answer.value, vectors(&answer.beside, count)))
    }

    /// Computes the directions of the classes that are not known yet.
    async fn read_classes(self) {
        let mine = self.lists.get_value() + 1;
        self.lists.set_value(mine);
        let labels = lines(&self.labels.get_untracked());
        let templates = lines(&self.templates.get_untracked());
        let problem = if labels.is_empty() {
            Some("Write at least one class.".to_owned())
        } else if templates.is_empty() {
            Some("Write at least one template; {} stands for the class.".to_owned())
        } else {
            let wrong = templates.iter().find(|template| !template.contains("{}"));
            wrong.map(|wrong| format!("The template “{wrong}” has no place for the class; write {{}} where it belongs."))
        };
        self.class_problem.set(problem.clone());
        self.notes.set(Vec::new());
        if problem.is_some() {
            self.classes.set(None);
            self.classing.set(None);
            return;
        }
        let of = (self.loads.get_untracked(), templates.join("\n"));
        if self.directions_of.get_value() != of {
            self.directions.set_value(BTreeMap::new());
            self.directions_of.set_value(of.clone());
        }
        let kept = self.kept_name(&labels, &templates);
        if labels.len() * templates.len() >= WORTH_KEEPING {
            self.recall(&kept, &labels).await;
            if self.lists.get_value() != mine {
                return;
            }
        }
        let known = |label: &String| self.directions.with_value(|all| all.contains_key(label));
        let mut missing: Vec<String> = labels
            .iter()
            .filter(|label| !known(label))
            .cloned()
            .collect();
        missing.dedup();
        let at_once = (PROMPTS / templates.len()).max(1);
        let mut done = labels.len() - missing.len();
        for some in missing.chunks(at_once) {
            self.classing.set(Some((done, labels.len())));
            let prompts = some.iter().flat_map(|label| {
                templates
                    .iter()
                    .map(move |template| template.replace("{}", label))
            });
            let prompts: Vec<String> = prompts.collect();
            let answer = self.texts(prompts.clone()).await;
            let is_old = self.lists.get_value() != mine || self.loads.get_untracked() != of.0;
            if is_old || self.directions_of.get_value() != of {
                return;
            }
            let (notes, units) = match answer {
                Ok(answer) => answer,
                Err(failure) => {
                    self.classing.set(None);
                    return self.state.set(State::Failed(failure));
                }
            };
            self.note(&prompts, &notes);
            let classes = Classes::of(some, &units);
            self.directions.update_value(|all| {
                all.extend(classes.labels.into_iter().zip(classes.vectors));
            });
            done += some.len();
        }
        let is_new = !missing.is_empty();
        let vectors: Vec<Vec<f32>> = self.directions.with_value(|all| {
            let vector = |label| all.get(label).cloned().unwrap_or_default();
            labels.iter().map(vector).collect()
        });
        self.classing.set(None);
        if is_new && labels.len() * templates.len() >= WORTH_KEEPING {
            self.remember(kept, &vectors);
        }
        self.classes
            .set(Some(Arc::new(Classes { labels, vectors })));
        self.judge();
    }

    /// Names what is kept of a list under a model and templates.
    fn kept_name(self, labels: &[String], templates: &[String]) -> String {
        let key = self.choice.with_untracked(|choice| choice.key.clone());
        let of = format!("{key}\n{}\n\n{}", labels.join("\n"), templates.join("\n"));
        format!(
            "classes-{:08x}-{}",
            crc32fast::hash(of.as_bytes()),
            of.len()
        )
    }

    /// Takes directions that an earlier visit computed.
    async fn recall(self, name: &str, labels: &[String]) {
        let keeper = self.keeper.get_value();
        let ask = Ask::Get(name.to_owned());
        let kept = keeper.ask_with::<()>(&ask, JsValue::UNDEFINED, Array::new(), |_| {});
        let Ok(kept) = kept.await else { return };
        let Some(bytes) = kept.beside.dyn_ref::<js_sys::Uint8Array>() else {
            return;
        };
        let bytes = bytes.to_vec();
        let numbers = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
        let numbers: Vec<f32> = numbers.collect();
        let width = numbers.len() / labels.len();
        // Another model's, or a file that was cut off.
        if self
            .ready()
            .is_none_or(|ready| ready.architecture.embedding != width)
        {
            return;
        }
        let vectors = numbers.chunks_exact(width).map(<[f32]>::to_vec);
        self.directions
            .update_value(|all| all.extend(labels.iter().cloned().zip(vectors)));
    }

    /// Keeps directions for the next visit, where the browser keeps files.
    fn remember(self, name: String, vectors: &[Vec<f32>]) {
        let bytes = vectors.iter().flatten().flat_map(|x| x.to_le_bytes());
        let bytes: Vec<u8> = bytes.collect();
        let bytes = js_sys::Uint8Array::from(bytes.as_slice());
        leptos::task::spawn_local(async move {
            let keeper = self.keeper.get_value();
            let ask = Ask::Put(name);
            let _ = keeper
                .ask_with::<()>(&ask, bytes.into(), Array::new(), |_| {})
                .await;
        });
    }

    fn note(self, prompts: &[String], notes: &[TextNote]) {
        let sentences = prompts.iter().zip(notes).filter_map(|(text, note)| {
            if note.cut > 0 {
                Some(format!(
                    "“{text}” is too long: {} tokens were cut.",
                    note.cut
                ))
            } else if note.mojibake {
                Some(format!(
                    "“{text}” looks wrongly decoded; it is taken as it stands."
                ))
            } else {
                None
            }
        });
        let sentences: Vec<String> = sentences.collect();
        if !sentences.is_empty() {
            self.notes.update(|all| all.extend(sentences));
        }
    }
}

/// The lines that have something on them.
pub fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// As many vectors as there are, out of their numbers one after the other.
pub fn vectors(numbers: &JsValue, count: usize) -> Vec<Vec<f32>> {
    let Some(numbers) = numbers.dyn_ref::<Float32Array>() else {
        return Vec::new();
    };
    let numbers = numbers.to_vec();
    if count == 0 || numbers.is_empty() {
        return Vec::new();
    }
    numbers
        .chunks(numbers.len() / count)
        .map(<[f32]>::to_vec)
        .collect()
}
