//! What is on the reader's session: a model, pictures, classes; and the work that joins them.

mod class_embeddings;
mod pictures;

pub use super::requests::vectors;
pub use class_embeddings::{PROMPTS, lines, prompts};
pub use pictures::{BATCH, ImageState, Picture};

use super::downloads::Download;
use super::protocol::{
    CacheListing, CheckpointLocation, Device, Failure, FailureKind, LoadedModel, Progress, Request,
};
use super::worker_client::WorkerClient;
use crate::page::location;
use js_sys::Array;
use leptos::prelude::*;
use refit_clip::Classes;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_bindgen::JsValue;
use web_sys::Blob;

/// Where the reader's words are kept on this device.
const LABELS: &str = "refit-labels";
const TEMPLATES: &str = "refit-templates";

/// A model that was chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Tells it from every other, today and tomorrow.
    pub key: String,
    pub name: String,
    pub place: CheckpointLocation,
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
            place: CheckpointLocation::Bundled("clip/shapes.safetensors".to_owned()),
            file: None,
            quick_gelu: false,
        }
    }

    /// Its sibling, which also writes captions.
    pub fn own_mammut() -> Choice {
        Choice {
            key: "shapes-mammut".to_owned(),
            name: "Shapes MaMMUT".to_owned(),
            place: CheckpointLocation::Bundled("clip/shapes_mammut.safetensors".to_owned()),
            file: None,
            quick_gelu: false,
        }
    }

    /// Has a worker make it ready.
    pub async fn load_on(
        &self,
        thread: &WorkerClient,
        device: Device,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<LoadedModel, Failure> {
        let ask = Request::Load {
            key: self.key.clone(),
            place: self.place.clone(),
            device,
            quick_gelu: self.quick_gelu,
        };
        let file = self.file.clone().map_or(JsValue::UNDEFINED, JsValue::from);
        let ready = thread.ask_with(&ask, file, Array::new(), progress);
        Ok(ready.await?.value)
    }
}

#[derive(Clone, Debug)]
pub enum State {
    Loading(Progress),
    Ready(Arc<LoadedModel>),
    Failed(Failure),
}

#[derive(Clone, Copy)]
pub struct Session {
    pub engine: StoredValue<WorkerClient, LocalStorage>,
    /// Downloads; it can be stopped without stopping anything else.
    pub downloader: StoredValue<WorkerClient, LocalStorage>,
    /// Files; it waits for neither model nor download.
    pub storage: StoredValue<WorkerClient, LocalStorage>,
    pub choice: RwSignal<Choice, LocalStorage>,
    /// The checkpoint that the address asks for.
    pub requested: RwSignal<Option<String>>,
    /// The one that it asks for beside that.
    pub requested_second: RwSignal<Option<String>>,
    /// A second model that is not kept: the reader's own file, or straight from its server.
    pub uncached_second: RwSignal<Option<Choice>, LocalStorage>,
    pub download: RwSignal<Option<Download>>,
    pub cache: RwSignal<Option<Result<CacheListing, Failure>>>,
    pub state: RwSignal<State>,
    pub device: RwSignal<Device>,
    /// Counts the models that were loaded: an answer of an earlier one is none.
    pub loads: RwSignal<u32>,

    pub pictures: RwSignal<Vec<Picture>, LocalStorage>,
    next_picture: StoredValue<u32>,
    is_looking: StoredValue<bool>,
    /// Counts rankings that were begun, and those that came to their end.
    pub rankings: StoredValue<u32>,
    pub rankings_done: RwSignal<u32>,
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
    /// Class embeddings under the model and templates of `class_embeddings_of`.
    class_embeddings: StoredValue<BTreeMap<String, Vec<f32>>>,
    class_embeddings_of: StoredValue<(u32, String)>,
    /// Counts the class lists: vectors of an earlier one are not waited for.
    lists: StoredValue<u32>,
}

impl Session {
    pub fn new() -> Session {
        let kept = |key: &str, usual: &str| {
            let storage = window().local_storage().ok().flatten();
            let kept = storage.and_then(|storage| storage.get_item(key).ok().flatten());
            RwSignal::new(kept.unwrap_or_else(|| usual.to_owned()))
        };
        let session = Session {
            engine: StoredValue::new_local(WorkerClient::default()),
            downloader: StoredValue::new_local(WorkerClient::default()),
            storage: StoredValue::new_local(WorkerClient::default()),
            choice: RwSignal::new_local(Choice::own()),
            requested: RwSignal::new(None),
            requested_second: RwSignal::new(None),
            uncached_second: RwSignal::new_local(None),
            download: RwSignal::new(None),
            cache: RwSignal::new(None),
            state: RwSignal::new(State::Loading(Progress::default())),
            device: RwSignal::new(Device::Best),
            loads: RwSignal::new(0),
            pictures: RwSignal::new_local(Vec::new()),
            next_picture: StoredValue::new(0),
            is_looking: StoredValue::new(false),
            rankings: StoredValue::new(0),
            rankings_done: RwSignal::new(0),
            selected: RwSignal::new(None),
            labels: kept(LABELS, super::classes::USUAL_LABELS),
            templates: kept(TEMPLATES, super::classes::USUAL_TEMPLATES),
            classes: RwSignal::new_local(None),
            classing: RwSignal::new(None),
            class_problem: RwSignal::new(None),
            notes: RwSignal::new(Vec::new()),
            class_embeddings: StoredValue::new(BTreeMap::new()),
            class_embeddings_of: StoredValue::new((0, String::new())),
            lists: StoredValue::new(0),
        };
        // The reader's words stay through anything that may happen to the page.
        for (key, words) in [(LABELS, session.labels), (TEMPLATES, session.templates)] {
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
            session.labels.track();
            session.templates.track();
            let before = before?;
            if let Some(before) = before {
                before.clear();
            }
            let read = move || {
                if session.ready().is_some() {
                    leptos::task::spawn_local(session.read_classes());
                }
            };
            set_timeout_with_handle(read, std::time::Duration::from_millis(250)).ok()
        });
        session.load(Choice::own());
        session
    }

    pub fn ready(self) -> Option<Arc<LoadedModel>> {
        self.state.with_untracked(|state| match state {
            State::Ready(ready) => Some(ready.clone()),
            _ => None,
        })
    }

    /// Loads a model in place of the one before; pictures are looked at anew.
    pub fn load(self, choice: Choice) {
        let engine = self.engine.get_value();
        // Whatever it does, and whatever it holds, is not wanted any more.
        engine.stop(&Failure::new(
            FailureKind::Stopped,
            "Another model was chosen.",
        ));
        let loading = choice.clone();
        self.choice.set(choice);
        self.state.set(State::Loading(Progress::default()));
        self.loads.update(|count| *count += 1);
        let mine = self.loads.get_untracked();
        // Directions of another model say nothing about this one's pictures.
        self.classes.set(None);
        for picture in self.pictures.get_untracked() {
            picture.look.set(ImageState::Waiting);
            picture.said.set(None);
        }
        leptos::task::spawn_local(async move {
            let progress = move |progress| {
                if self.loads.get_untracked() == mine {
                    self.state.set(State::Loading(progress));
                }
            };
            let device = self.device.get_untracked();
            let loaded = loading.load_on(&engine, device, progress).await;
            if self.loads.get_untracked() != mine {
                return;
            }
            match loaded {
                Ok(ready) => {
                    self.state.set(State::Ready(Arc::new(ready)));
                    self.look();
                    self.read_classes().await;
                }
                Err(failure) => self.state.set(State::Failed(failure)),
            }
        });
    }

    /// Puts a checkpoint of the list, or none, into the address.
    pub fn request_checkpoint(self, id: Option<String>) {
        if self.requested.get_untracked() == id {
            return;
        }
        location::request_models(id.as_deref(), None);
        self.requested.set(id);
        self.requested_second.set(None);
    }

    /// The same for the one beside it.
    pub fn request_second(self, id: Option<String>) {
        location::request_models(self.requested.get_untracked().as_deref(), id.as_deref());
        self.requested_second.set(id);
    }

    /// Loads the same model again.
    pub fn load_again(self) {
        self.load(self.choice.get_untracked());
    }
}
