//! The reader's own lists of classes, saved in the browser.

use crate::page::models::session::Session;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Key of the browser's storage, where the reader's lists are saved.
const SAVED: &str = "refit-lists";
/// The reader's lists by name, and the name in the form.
#[derive(Clone, Copy)]
pub(super) struct SavedLists {
    pub(super) lists: RwSignal<BTreeMap<String, String>>,
    pub(super) name: RwSignal<String>,
}

impl SavedLists {
    pub(super) fn new() -> SavedLists {
        let storage = window().local_storage().ok().flatten();
        let text = storage.and_then(|storage| storage.get_item(SAVED).ok().flatten());
        let lists = text.and_then(|text| serde_json::from_str(&text).ok());
        SavedLists {
            lists: RwSignal::new(lists.unwrap_or_default()),
            name: RwSignal::new(String::new()),
        }
    }

    /// Whether there is a list of the name in the form.
    fn is_saved(self) -> bool {
        self.lists
            .with(|lists| self.name.with(|name| lists.contains_key(name.trim())))
    }

    fn change(self, change: impl FnOnce(&mut BTreeMap<String, String>, String)) {
        let name = self.name.get_untracked().trim().to_owned();
        if name.is_empty() {
            return;
        }
        self.lists.update(|lists| change(lists, name));
        let text = self.lists.with_untracked(serde_json::to_string);
        if let (Ok(Some(storage)), Ok(text)) = (window().local_storage(), text) {
            // If the browser refuses, the lists last until the page is closed.
            let _ = storage.set_item(SAVED, &text);
        }
    }
}

#[component]
pub(super) fn SaveList(session: Session, saved: SavedLists) -> impl IntoView {
    let save = move |_| {
        saved.change(|lists, name| {
            lists.insert(name, session.classes.labels.get_untracked());
        });
    };
    let delete = move |_| {
        saved.change(|lists, name| {
            lists.remove(&name);
        });
    };
    view! {
        <div class="choices">
            <label class="choice">
                <span>"List name"</span>
                <input
                    name="List name"
                    prop:value=move || saved.name.get()
                    on:input=move |event| saved.name.set(event_target_value(&event))
                />
            </label>
            <button type="button" class="save-list" on:click=save>
                "Save list"
            </button>
            <button type="button" hidden=move || !saved.is_saved() on:click=delete>
                "Delete list"
            </button>
        </div>
    }
}
