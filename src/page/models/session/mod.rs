//! The state that the views of Run share: the model, the images, the classes and the downloads.
//! What changes more than one of them is a method of [`Session`].

mod class_embeddings;
mod classes;
mod classification;
mod downloads;
mod files_by_path;
mod folder_index;
mod head_answers;
mod heads;
mod images;
mod locating;
mod mixing;
mod model;
mod nearest;
mod pair_files;
mod pair_set;
mod pair_table;
mod pairing;
mod probing;
mod searching;
mod teaching;

pub use classes::{ClassSet, PROMPTS, lines, prompts};
pub use downloads::{Download, Purpose};
pub use folder_index::{Folder, FolderIndex};
pub use heads::HeadSet;
pub use images::{BATCH, ImageState, NewImage, SourceImage};
pub use locating::{LocateState, Locating, Place, What};
pub use mixing::{MixChoices, MixOutcome, MixState, Mixing, Tried};
pub use model::{CurrentModel, ModelState};
pub use pair_set::{PairSet, Source};
pub use pair_table::PairTable;
pub use pairing::{Pairing, PairsState};
pub use probing::ProbeState;
pub use searching::{FoundRow, SearchOutcome, Searching, Target};
pub use teaching::{LabelledCounts, Outcome as TeachOutcome, TeachChoices, TeachState, Teaching};

use super::choice::ModelChoice;
use super::protocol::{CheckpointLocation, Progress};
use crate::page::appearance::Appearance;
use crate::page::location;
use downloads::Downloads;
use images::ImageSet;
use leptos::prelude::*;
use std::sync::Arc;

#[derive(Clone, Copy)]
pub struct Session {
    pub model: CurrentModel,
    pub images: ImageSet,
    pub classes: ClassSet,
    pub downloads: Downloads,
    pub heads: HeadSet,
    pub teaching: Teaching,
    pub locating: Locating,
    pub mixing: Mixing,
    pub pairing: Pairing,
    /// An index of the reader's.
    pub folder: Folder,
    pub appearance: Appearance,
    pub second: SecondChoice,
}

/// What is known about the second model of a comparison.
#[derive(Clone, Copy)]
pub struct SecondChoice {
    /// The id in the address.
    pub requested: RwSignal<Option<String>>,
    /// A model that is not cached: a file of the reader's, or one that is read from its server.
    pub uncached: RwSignal<Option<ModelChoice>, LocalStorage>,
}

impl Session {
    /// Loads the bundled CLIP, and shows the sample images if the classes are theirs.
    pub fn new() -> Session {
        let session = Session {
            model: CurrentModel::new(),
            images: ImageSet::new(),
            classes: ClassSet::new(),
            downloads: Downloads::new(),
            heads: HeadSet::new(),
            teaching: Teaching::new(),
            locating: Locating::new(),
            mixing: Mixing::new(),
            pairing: Pairing::new(),
            folder: Folder::new(),
            appearance: Appearance::follow(),
            second: SecondChoice {
                requested: RwSignal::new(None),
                uncached: RwSignal::new_local(None),
            },
        };
        session.encode_edited_classes();
        // Before the model: they are small, and seen while it loads.
        if session.classes.are_the_samples() {
            leptos::task::spawn_local(session.show_samples());
        }
        session.load(ModelChoice::bundled_clip());
        session
    }

    /// Replaces the model; then images and classes are encoded again.
    pub fn load(self, choice: ModelChoice) {
        let model = self.model;
        if !matches!(choice.location, CheckpointLocation::Mixture(_)) {
            self.mixing.base.set(choice.clone());
        }
        let request = model.start_loading(choice.clone());
        self.classes.forget_embeddings();
        self.images.forget_embeddings();
        leptos::task::spawn_local(async move {
            let progress = move |progress: Progress| {
                if request.is_latest() {
                    model.state.set(ModelState::Loading(progress));
                }
            };
            let engine = model.engine();
            let loaded = engine.load(&choice, model.placement(), progress).await;
            if !request.is_latest() {
                return;
            }
            match loaded {
                Ok(loaded) => {
                    model.state.set(ModelState::Loaded(Arc::new(loaded)));
                    self.encode_images();
                    self.encode_classes().await;
                }
                Err(failure) => model.fail(failure),
            }
        });
    }

    /// Loads a model that comes with the page.
    pub fn load_bundled(self, choice: ModelChoice) {
        self.request_checkpoint(None);
        self.load(choice);
    }

    pub fn reload(self) {
        self.load(self.model.choice.get_untracked());
    }

    /// Puts a checkpoint's id, or none, into the address.
    pub fn request_checkpoint(self, id: Option<String>) {
        if location::requested_models().0 != id {
            location::request_models(id.as_deref(), None);
            self.second.requested.set(None);
        }
        if self.model.requested.get_untracked() != id {
            self.model.requested.set(id);
        }
    }

    /// The same for the second model.
    pub fn request_second(self, id: Option<String>) {
        let first = self.model.requested.get_untracked();
        location::request_models(first.as_deref(), id.as_deref());
        self.second.requested.set(id);
    }
}
