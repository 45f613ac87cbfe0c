//! What all views of this program share: the stored files and the imports under way.

use super::import::ImportProgress;
use super::import_queue::{ImportResult, QueuedImport};
use super::source::Origin;
use super::{StoredFile, restore_focus, store};
use crate::page::data;
use crate::runs::add_architectures;
use crate::study::architecture::ArchitectureCost;
use crate::study::{DataError, Study};
use js_sys::Promise;
use leptos::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::AbortController;

/// Lives as long as the page.
#[derive(Clone, Copy)]
pub struct UserRuns {
    pub files: RwSignal<Vec<StoredFile>>,
    /// Newest first.
    pub results: RwSignal<Vec<ImportResult>>,
    /// Of the import under way.
    pub progress: RwSignal<Option<ImportProgress>>,
    /// Ids of stored files that this version of the page cannot read.
    pub unreadable: RwSignal<Vec<String>>,
    /// Of both studies; empty before they are loaded.
    pub architectures: StoredValue<BTreeMap<Study, Vec<ArchitectureCost>>>,
    /// Of tables of architectures that were imported since the page was opened.
    pub added_architectures: StoredValue<Vec<ArchitectureCost>>,
    pub queue: StoredValue<VecDeque<QueuedImport>, LocalStorage>,
    /// Of the results that wait for a mapping.
    pub origins: StoredValue<BTreeMap<u32, Origin>, LocalStorage>,
    pub abort: StoredValue<Option<AbortController>, LocalStorage>,
    /// Resolves when the stored files have been read.
    restored: StoredValue<Promise, LocalStorage>,
}

impl UserRuns {
    pub fn new() -> UserRuns {
        let (files, unreadable) = (RwSignal::new(Vec::new()), RwSignal::new(Vec::new()));
        let architectures = StoredValue::new(BTreeMap::new());
        let restored = future_to_promise(async move {
            // Where this fails, the next import tries again and reports it.
            let _ = load_architectures(architectures).await;
            let (all, others) = store::all().await;
            unreadable.set(others);
            files.set(all);
            Ok(JsValue::UNDEFINED)
        });
        let user_runs = UserRuns {
            files,
            results: RwSignal::new(Vec::new()),
            progress: RwSignal::new(None),
            unreadable,
            architectures,
            added_architectures: StoredValue::new(Vec::new()),
            queue: StoredValue::new_local(VecDeque::new()),
            origins: StoredValue::new_local(BTreeMap::new()),
            abort: StoredValue::new_local(None),
            restored: StoredValue::new_local(restored),
        };
        // The attribute may be out of date: a browser can clear one storage and not the other.
        leptos::task::spawn_local(async move {
            user_runs.restored().await;
            let empty = user_runs.files.with_untracked(Vec::is_empty);
            if empty == data::user_runs_version().is_some() {
                user_runs.announce();
            }
        });
        user_runs
    }

    /// The families of a study.
    pub fn families(self, study: Study) -> BTreeSet<String> {
        self.architectures.with_value(|all| {
            let all = all.get(&study).into_iter().flatten();
            all.map(|a| a.family.clone()).collect()
        })
    }

    /// The studies' architectures and those that the reader added.
    pub fn known_architectures(self) -> BTreeMap<Study, Vec<ArchitectureCost>> {
        let mut known = self.architectures.get_value();
        self.added_architectures
            .with_value(|added| add_architectures(&mut known, added));
        known
    }

    pub async fn restored(self) {
        // It never rejects.
        let _ = JsFuture::from(self.restored.get_value()).await;
    }

    pub async fn delete_unreadable(self) {
        for id in self.unreadable.get_untracked() {
            store::remove(&id).await;
        }
        self.unreadable.set(Vec::new());
    }

    pub async fn remove(self, id: &str) {
        store::remove(id).await;
        self.files.update(|files| files.retain(|f| f.id != id));
    }

    pub async fn delete(self, ids: Vec<String>) {
        for id in &ids {
            self.remove(id).await;
        }
        self.announce();
        restore_focus("files".to_owned());
    }

    /// Marks the document where there are runs, and tells the other programs that they changed.
    pub fn announce(self) {
        let Some(root) = document().document_element() else {
            return;
        };
        let storage = window().local_storage().ok().flatten();
        let (any, stored) = self
            .files
            .with_untracked(|files| (!files.is_empty(), files.iter().any(|f| f.stored)));
        let version = js_sys::Date::now().to_string();
        // A browser without local storage stores no runs either.
        let _ = match any {
            true => root.set_attribute(data::USER_RUNS, &version),
            false => root.remove_attribute(data::USER_RUNS),
        };
        let _ = storage.map(|storage| match stored {
            true => storage.set_item(data::USER_RUNS, &version),
            false => storage.remove_item(data::USER_RUNS),
        });
        if let Ok(event) = web_sys::Event::new(data::USER_RUNS_CHANGED) {
            let _ = window().dispatch_event(&event);
        }
    }
}

pub async fn load_architectures(
    into: StoredValue<BTreeMap<Study, Vec<ArchitectureCost>>>,
) -> Result<(), DataError> {
    if into.with_value(BTreeMap::is_empty) {
        let mut all = BTreeMap::new();
        for study in Study::bundled() {
            all.insert(study, data::architectures(study).await?);
        }
        into.set_value(all);
    }
    Ok(())
}
