//! The images, and how far the model is with each.

use super::Session;
use crate::page::latest::Latest;
use crate::page::models::ranking::RankedClass;
use crate::page::models::requests::ImageEncoding;
use leptos::prelude::*;
use std::cell::OnceCell;
use std::rc::Rc;
use web_sys::{Blob, Url};

/// Images that are encoded in one batch.
pub const BATCH: usize = 8;

#[derive(Clone)]
pub struct SourceImage {
    pub id: u32,
    pub name: String,
    /// The true class, where it is known.
    pub label: Option<String>,
    pub file: Blob,
    /// Created when the image is first shown, since each takes the browser some time.
    address: Rc<OnceCell<String>>,
    pub state: RwSignal<ImageState, LocalStorage>,
    pub ranking: RwSignal<Option<Rc<Vec<RankedClass>>>, LocalStorage>,
}

#[derive(Clone)]
pub enum ImageState {
    Waiting,
    Encoded(Rc<ImageEncoding>),
    Failed(String),
}

impl SourceImage {
    /// An address for an image element.
    pub fn address(&self) -> String {
        let create = || Url::create_object_url_with_blob(&self.file).unwrap_or_default();
        self.address.get_or_init(create).clone()
    }

    pub fn is_waiting(&self) -> bool {
        self.state
            .with_untracked(|state| matches!(state, ImageState::Waiting))
    }

    pub fn encoding(&self) -> Option<Rc<ImageEncoding>> {
        let state = self.state.try_get_untracked()?;
        match state {
            ImageState::Encoded(encoding) => Some(encoding),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
pub struct ImageSet {
    pub all: RwSignal<Vec<SourceImage>, LocalStorage>,
    /// The image whose result is shown large.
    pub selected: RwSignal<Option<u32>>,
    next_id: StoredValue<u32>,
    is_encoding: StoredValue<bool>,
    pub(super) rankings: Latest,
    /// Counts finished rankings.
    pub rankings_done: RwSignal<u32>,
}

impl ImageSet {
    pub(super) fn new() -> ImageSet {
        ImageSet {
            all: RwSignal::new_local(Vec::new()),
            selected: RwSignal::new(None),
            next_id: StoredValue::new(0),
            is_encoding: StoredValue::new(false),
            rankings: Latest::new(),
            rankings_done: RwSignal::new(0),
        }
    }

    pub fn is_empty(self) -> bool {
        self.all.with(Vec::is_empty)
    }

    pub fn len(self) -> usize {
        self.all.with(Vec::len)
    }

    /// The selected image, without tracking it.
    pub fn selected_image(self) -> Option<SourceImage> {
        self.find(self.selected.get_untracked()?)
    }

    pub fn find(self, id: u32) -> Option<SourceImage> {
        self.all
            .with_untracked(|all| all.iter().find(|image| image.id == id).cloned())
    }

    pub(super) fn forget_embeddings(self) {
        for image in self.all.get_untracked() {
            image.state.set(ImageState::Waiting);
            image.ranking.set(None);
        }
    }

    fn new_image(self, name: String, label: Option<String>, file: Blob) -> SourceImage {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        SourceImage {
            id,
            name,
            label,
            address: Rc::default(),
            file,
            state: RwSignal::new_local(ImageState::Waiting),
            ranking: RwSignal::new_local(None),
        }
    }

    /// The next images to encode. `first` is where the ones before are all done.
    fn next_batch(self, first: &mut usize) -> Vec<SourceImage> {
        self.all.with_untracked(|all| {
            let mut batch = Vec::new();
            for image in all.iter().skip(*first) {
                if image.is_waiting() {
                    batch.push(image.clone());
                    if batch.len() == BATCH {
                        break;
                    }
                } else if batch.is_empty() {
                    *first += 1;
                }
            }
            batch
        })
    }
}

impl Session {
    /// Adds images: name, true class where it is known, file.
    pub fn add_images(self, files: Vec<(String, Option<String>, Blob)>) {
        let images = self.images;
        let added: Vec<SourceImage> = files
            .into_iter()
            .map(|(name, label, file)| images.new_image(name, label, file))
            .collect();
        let first = added.first().map(|image| image.id);
        images.all.write_untracked().extend(added);
        // The model starts before the page draws the new images.
        self.encode_images();
        if images.selected.get_untracked().is_none() {
            images.selected.set(first);
        }
        images.all.notify();
    }

    pub fn remove_images(self) {
        for image in self.images.all.get_untracked() {
            if let Some(address) = image.address.get() {
                let _ = Url::revoke_object_url(address);
            }
        }
        self.images.selected.set(None);
        self.images.all.set(Vec::new());
        self.rank_new();
    }

    /// Encodes the waiting images, unless that is under way or no model is loaded.
    pub(super) fn encode_images(self) {
        let is_encoding = self.images.is_encoding;
        if self.model.loaded().is_none() || is_encoding.get_value() {
            return;
        }
        is_encoding.set_value(true);
        leptos::task::spawn_local(async move {
            self.encode_batches().await;
            is_encoding.set_value(false);
            // Images or a model may have been added since the last batch.
            let is_any_waiting = |all: &Vec<SourceImage>| all.iter().any(SourceImage::is_waiting);
            if self.images.all.with_untracked(is_any_waiting) {
                self.encode_images();
            }
        });
    }

    async fn encode_batches(self) {
        let engine = self.model.engine();
        let load = self.model.current_load();
        let mut first = 0;
        loop {
            let batch = self.images.next_batch(&mut first);
            if batch.is_empty() || self.model.loaded().is_none() {
                return;
            }
            let files = batch.iter().map(|image| &image.file);
            let encoded = engine.encode_images(files, true).await;
            if !load.is_latest() {
                return;
            }
            let encoded = match encoded {
                Ok(encoded) => encoded,
                Err(failure) => return self.model.fail(failure),
            };
            for (image, encoded) in batch.iter().zip(encoded) {
                let state = match encoded {
                    Ok(encoding) => {
                        // Set first, so that image and ranking are drawn together.
                        let ranking = self.rank(&encoding.embedding).map(Rc::new);
                        let _ = image.ranking.try_set(ranking);
                        ImageState::Encoded(Rc::new(encoding))
                    }
                    Err(sentence) => ImageState::Failed(sentence),
                };
                // The image may have been removed.
                let _ = image.state.try_set(state);
            }
            self.rank_new();
        }
    }
}
