//! The classes' embeddings under the model, as the reader types them.

use super::{Session, State};
use crate::page::models::protocol::{Failure, Request, TextWarning};
use js_sys::Array;
use leptos::prelude::*;
use refit_clip::Classes;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_bindgen::{JsCast, JsValue};
use xxhash_rust::xxh64::xxh64;

/// Prompts that are computed at once.
pub const PROMPTS: usize = 64;
/// Prompts from which on a list is kept for the next visit.
const WORTH_KEEPING: usize = 200;

impl Session {
    /// Unit vectors of texts.
    pub async fn texts(
        self,
        texts: Vec<String>,
    ) -> Result<(Vec<TextWarning>, Vec<Vec<f32>>), Failure> {
        self.engine.get_value().texts(texts).await
    }

    /// Computes the embeddings of the classes that are not known yet.
    pub(super) async fn read_classes(self) {
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
        if self.class_embeddings_of.get_value() != of {
            self.class_embeddings.set_value(BTreeMap::new());
            self.class_embeddings_of.set_value(of.clone());
        }
        let kept = self.kept_name(&labels, &templates);
        if labels.len() * templates.len() >= WORTH_KEEPING {
            self.recall(&kept, &labels).await;
            if self.lists.get_value() != mine {
                return;
            }
        }
        let known = |label: &String| {
            self.class_embeddings
                .with_value(|all| all.contains_key(label))
        };
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
            let prompts = prompts(some, &templates);
            let answer = self.texts(prompts.clone()).await;
            let is_old = self.lists.get_value() != mine || self.loads.get_untracked() != of.0;
            if is_old || self.class_embeddings_of.get_value() != of {
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
            let classes = Classes::new(some, &units);
            self.class_embeddings.update_value(|all| {
                all.extend(classes.labels.into_iter().zip(classes.vectors));
            });
            done += some.len();
        }
        let is_new = !missing.is_empty();
        let vectors: Vec<Vec<f32>> = self.class_embeddings.with_value(|all| {
            let vector = |label| all.get(label).cloned().unwrap_or_default();
            labels.iter().map(vector).collect()
        });
        self.classing.set(None);
        if is_new && labels.len() * templates.len() >= WORTH_KEEPING {
            self.remember(kept, &vectors);
        }
        self.classes
            .set(Some(Arc::new(Classes { labels, vectors })));
        self.rank_all();
    }

    /// Names what is kept of a list under a model and templates.
    fn kept_name(self, labels: &[String], templates: &[String]) -> String {
        let key = self.choice.with_untracked(|choice| choice.key.clone());
        let of = format!("{key}\n{}\n\n{}", labels.join("\n"), templates.join("\n"));
        format!("classes-{:016x}", xxh64(of.as_bytes(), 0))
    }

    /// Takes embeddings that an earlier visit computed.
    async fn recall(self, name: &str, labels: &[String]) {
        let storage = self.storage.get_value();
        let ask = Request::Get(name.to_owned());
        let kept = storage.ask_with::<()>(&ask, JsValue::UNDEFINED, Array::new(), |_| {});
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
        self.class_embeddings
            .update_value(|all| all.extend(labels.iter().cloned().zip(vectors)));
    }

    /// Keeps embeddings for the next visit, where the browser keeps files.
    fn remember(self, name: String, vectors: &[Vec<f32>]) {
        let bytes = vectors.iter().flatten().flat_map(|x| x.to_le_bytes());
        let bytes: Vec<u8> = bytes.collect();
        let bytes = js_sys::Uint8Array::from(bytes.as_slice());
        leptos::task::spawn_local(async move {
            let storage = self.storage.get_value();
            let ask = Request::Put(name);
            let _ = storage
                .ask_with::<()>(&ask, bytes.into(), Array::new(), |_| {})
                .await;
        });
    }

    fn note(self, prompts: &[String], notes: &[TextWarning]) {
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

/// Every label in every template, label by label.
pub fn prompts(labels: &[String], templates: &[String]) -> Vec<String> {
    let of = |label| move |template: &String| template.replace("{}", label);
    let prompts = labels
        .iter()
        .flat_map(|label| templates.iter().map(of(label)));
    prompts.collect()
}

/// The lines that have something on them.
pub fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}
