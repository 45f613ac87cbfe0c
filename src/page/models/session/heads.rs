//! The reader's heads: kept in the browser, and used in place of the class list.

use super::Session;
use crate::teach::head_sentence;
use leptos::prelude::*;
use refit_clip::Head;
use refit_clip::browser::BlobSource;
use std::sync::Arc;
use web_sys::File;

/// Under which name the browser stores them.
const STORED: &str = "heads";

#[derive(Clone, Copy)]
pub struct HeadSet {
    pub all: RwSignal<Vec<Arc<Head>>>,
    /// Why a file is no head, or heads are not kept.
    pub problem: RwSignal<Option<String>>,
    is_read: StoredValue<bool>,
}

impl HeadSet {
    pub(super) fn new() -> HeadSet {
        HeadSet {
            all: RwSignal::new(Vec::new()),
            problem: RwSignal::new(None),
            is_read: StoredValue::new(false),
        }
    }

    /// A name that no head has: a number is added to one that is taken.
    pub fn free_name(self, name: &str) -> String {
        let name = match name.trim() {
            "" => "My head",
            name => name,
        };
        self.all.with_untracked(|all| {
            let is_free = |name: &String| all.iter().all(|head| head.name != *name);
            let numbered = (2..).map(|i| format!("{name} ({i})"));
            let mut names = std::iter::once(name.to_owned()).chain(numbered);
            names.find(is_free).unwrap_or_default()
        })
    }
}

impl Session {
    /// Reads the heads that an earlier visit kept, once.
    pub fn read_heads(self) {
        if self.heads.is_read.get_value() {
            return;
        }
        self.heads.is_read.set_value(true);
        leptos::task::spawn_local(async move {
            let stored = self.downloads.storage().read_cached(STORED).await;
            let Ok(Some(bytes)) = stored else { return };
            if let Ok(heads) = serde_json::from_slice::<Vec<Head>>(&bytes) {
                let heads = heads.into_iter().map(Arc::new);
                self.heads.all.update(|all| all.extend(heads));
            }
        });
    }

    fn store_heads(self) {
        let all = self.heads.all.get_untracked();
        let all: Vec<&Head> = all.iter().map(AsRef::as_ref).collect();
        let Ok(bytes) = serde_json::to_vec(&all) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let storage = self.downloads.storage();
            let stored = storage.write_cached(STORED.to_owned(), &bytes);
            if stored.await.is_err() {
                let sentence = "This browser stores no files: the head lasts until the page is closed. Export it to keep it.";
                self.heads.problem.set(Some(sentence.to_owned()));
            }
        });
    }

    /// Keeps a head under its name, which is made a free one.
    pub fn keep_head(self, head: Head) -> Arc<Head> {
        let name = self.heads.free_name(&head.name);
        let head = Arc::new(Head { name, ..head });
        self.heads.all.update(|all| all.push(head.clone()));
        self.store_heads();
        head
    }

    /// Names the classes of a head, or the head itself.
    pub fn replace_head(self, old: &Arc<Head>, new: Head) {
        let new = Arc::new(new);
        self.heads.all.update(|all| {
            for head in all.iter_mut().filter(|head| Arc::ptr_eq(head, old)) {
                *head = new.clone();
            }
        });
        let is_used = |used: &Option<Arc<Head>>| used.as_ref().is_some_and(|u| Arc::ptr_eq(u, old));
        if self.classes.head.with_untracked(is_used) {
            self.classes.head.set(Some(new));
        }
        self.store_heads();
    }

    pub fn delete_head(self, head: &Arc<Head>) {
        self.heads
            .all
            .update(|all| all.retain(|other| !Arc::ptr_eq(other, head)));
        let is_used =
            |used: &Option<Arc<Head>>| used.as_ref().is_some_and(|u| Arc::ptr_eq(u, head));
        if self.classes.head.with_untracked(is_used) {
            self.classes.head.set(None);
        }
        self.store_heads();
    }

    /// Reads files of heads, and keeps them; the last takes the place of the class list if it `is_used`.
    pub fn open_heads(self, files: Vec<File>, is_used: bool) {
        self.heads.problem.set(None);
        leptos::task::spawn_local(async move {
            for file in files {
                let name = file.name();
                let read = Head::read(&mut BlobSource::new(file.into()), &name).await;
                match read {
                    Ok(head) => {
                        let head = self.keep_head(head);
                        if is_used {
                            self.classes.head.set(Some(head));
                        }
                    }
                    Err(error) => {
                        let sentence = format!("{name}: {}", head_sentence(&error));
                        self.heads.problem.set(Some(sentence));
                    }
                }
            }
        });
    }
}
