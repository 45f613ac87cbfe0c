//! The classes: their labels and templates as typed, and their embeddings.

use crate::class_lists::{DEFAULT_TEMPLATES, FORMER_DEFAULT, SAMPLES};
use crate::page::latest::Latest;
use leptos::prelude::*;
use refit_clip::{Classes, Head};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Prompts that are encoded in one request.
pub const PROMPTS: usize = 64;

/// Keys of the browser's storage, where the reader's texts are saved.
const LABELS: &str = "refit-labels";
const TEMPLATES: &str = "refit-templates";

#[derive(Clone, Copy)]
pub struct ClassSet {
    /// One class a line.
    pub labels: RwSignal<String>,
    /// One template a line.
    pub templates: RwSignal<String>,
    /// A head in place of the texts.
    pub head: RwSignal<Option<Arc<Head>>>,
    /// The classes with their embeddings, once all are computed.
    pub encoded: RwSignal<Option<Arc<Classes>>, LocalStorage>,
    /// Classes encoded so far, of all.
    pub progress: RwSignal<Option<(usize, usize)>>,
    /// Why the texts cannot be encoded.
    pub problem: RwSignal<Option<String>>,
    /// Prompts that were shortened or look wrongly decoded.
    pub warnings: RwSignal<Vec<String>>,
    /// Embeddings by label, for this model and `embedding_templates`: an edit of the list keeps
    /// those of the other classes.
    pub(super) embeddings: StoredValue<BTreeMap<String, Vec<f32>>>,
    pub(super) embedding_templates: StoredValue<Vec<String>>,
    pub(super) requests: Latest,
}

impl ClassSet {
    pub(super) fn new() -> ClassSet {
        ClassSet {
            labels: saved_text(LABELS, SAMPLES, &[FORMER_DEFAULT]),
            templates: saved_text(TEMPLATES, DEFAULT_TEMPLATES, &[]),
            head: RwSignal::new(None),
            encoded: RwSignal::new_local(None),
            progress: RwSignal::new(None),
            problem: RwSignal::new(None),
            warnings: RwSignal::new(Vec::new()),
            embeddings: StoredValue::new(BTreeMap::new()),
            embedding_templates: StoredValue::new(Vec::new()),
            requests: Latest::new(),
        }
    }

    /// Whether the classes are the sample images' captions.
    pub(super) fn are_the_samples(self) -> bool {
        self.labels
            .with_untracked(|text| lines(text) == lines(SAMPLES))
    }

    /// Replaces all classes, and the templates if there are others. No image is answered by the classes of before.
    pub(super) fn replace(self, labels: String, templates: Option<String>) {
        self.encoded.set(None);
        self.labels.set(labels);
        if let Some(templates) = templates {
            self.templates.set(templates);
        }
    }

    /// Adds classes that are not in the list yet; the names of those that are.
    pub fn add(self, added: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut labels = self.labels.with_untracked(|text| lines(text));
        let mut known = Vec::new();
        for label in added {
            match labels.contains(&label) {
                true => known.push(label),
                false => labels.push(label),
            }
        }
        self.labels.set(labels.join("\n"));
        known
    }

    /// Removes the class at a place of the list; its name.
    pub fn remove(self, place: usize) -> Option<String> {
        let mut labels = self.labels.with_untracked(|text| lines(text));
        let removed = (place < labels.len()).then(|| labels.remove(place))?;
        self.labels.set(labels.join("\n"));
        Some(removed)
    }

    pub(super) fn forget_embeddings(self) {
        self.requests.cancel();
        self.encoded.set(None);
        self.progress.set(None);
        self.embeddings.set_value(BTreeMap::new());
    }
}

/// A text that is saved in the browser whenever it changes. What was a default before nobody chose.
fn saved_text(key: &'static str, default: &str, former: &[&str]) -> RwSignal<String> {
    let storage = window().local_storage().ok().flatten();
    let saved = storage.and_then(|storage| storage.get_item(key).ok().flatten());
    let saved = saved.filter(|text| !former.contains(&text.as_str()));
    let text = RwSignal::new(saved.unwrap_or_else(|| default.to_owned()));
    Effect::new(move || {
        let text = text.get();
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(key, &text);
        }
    });
    text
}

/// Every label in every template, label by label.
pub fn prompts(labels: &[String], templates: &[String]) -> Vec<String> {
    let of_label = |label| move |template: &String| template.replace("{}", label);
    let prompts = labels
        .iter()
        .flat_map(|label| templates.iter().map(of_label(label)));
    prompts.collect()
}

/// The lines of a text that are not empty.
pub fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}
