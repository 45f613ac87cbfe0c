//! Pictures, and what the model has seen of each.

use super::{Session, State};
use crate::page::models::protocol::EncodedImage;
use crate::page::models::ranking::{RankedClass, shares};
use leptos::prelude::*;
use std::cell::OnceCell;
use std::rc::Rc;
use web_sys::{Blob, Url};

/// Pictures that are computed at once.
pub const BATCH: usize = 8;

#[derive(Clone)]
pub struct Picture {
    pub id: u32,
    pub name: String,
    /// What it shows, where the reader has said so.
    pub label: Option<String>,
    pub file: Blob,
    /// Made when it is first shown: a browser takes its time for each.
    address: Rc<OnceCell<String>>,
    pub look: RwSignal<ImageState, LocalStorage>,
    /// Its likeliest classes.
    pub said: RwSignal<Option<Rc<Vec<RankedClass>>>, LocalStorage>,
}

impl Picture {
    /// For an image element.
    pub fn address(&self) -> String {
        let make = || Url::create_object_url_with_blob(&self.file).unwrap_or_default();
        self.address.get_or_init(make).clone()
    }
}

/// What the model has seen of a picture.
#[derive(Clone)]
pub enum ImageState {
    Waiting,
    Encoded(Rc<(Vec<f32>, EncodedImage)>),
    Failed(String),
}

impl Session {
    /// Adds pictures: a name, what it shows where that is known, its file.
    pub fn add(self, files: Vec<(String, Option<String>, Blob)>) {
        let pictures = files.into_iter().map(|(name, label, file)| {
            let id = self.next_picture.get_value();
            self.next_picture.set_value(id + 1);
            Picture {
                id,
                name,
                label,
                address: Rc::default(),
                file,
                look: RwSignal::new_local(ImageState::Waiting),
                said: RwSignal::new_local(None),
            }
        });
        let pictures: Vec<Picture> = pictures.collect();
        let first = pictures.first().map(|picture| picture.id);
        self.pictures.write_untracked().extend(pictures);
        // The model begins before the page shows what came.
        self.look();
        if self.selected.get_untracked().is_none() {
            self.selected.set(first);
        }
        self.pictures.notify();
    }

    /// The picture that is shown large.
    pub fn chosen(self) -> Option<Picture> {
        let id = self.selected.get_untracked()?;
        self.pictures
            .with_untracked(|all| all.iter().find(|p| p.id == id).cloned())
    }

    pub fn remove_all(self) {
        for picture in self.pictures.get_untracked() {
            if let Some(address) = picture.address.get() {
                let _ = Url::revoke_object_url(address);
            }
        }
        self.selected.set(None);
        self.pictures.set(Vec::new());
        self.rank_new();
    }

    /// Has the model look at every picture that waits.
    pub(super) fn look(self) {
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
            let waits = |p: &Picture| p.look.with_untracked(|l| matches!(l, ImageState::Waiting));
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
                    if picture
                        .look
                        .with_untracked(|l| matches!(l, ImageState::Waiting))
                    {
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
            let files = batch.iter().map(|picture| &picture.file);
            let seen = engine.pictures(files, true).await;
            if self.loads.get_untracked() != mine {
                return;
            }
            let seen = match seen {
                Ok(seen) => seen,
                Err(failure) => return self.state.set(State::Failed(failure)),
            };
            for (picture, seen) in batch.iter().zip(seen) {
                let look = match seen {
                    Ok(seen) => {
                        // With its answer it is shown once, not twice.
                        let said = shares(self, &seen.0).map(Rc::new);
                        let _ = picture.said.try_set(said);
                        ImageState::Encoded(Rc::new(seen))
                    }
                    Err(sentence) => ImageState::Failed(sentence),
                };
                // The picture may have been taken away.
                let _ = picture.look.try_set(look);
            }
            self.rank_new();
        }
    }
}
