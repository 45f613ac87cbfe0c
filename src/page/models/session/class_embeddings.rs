//! Encoding the classes, as the reader types them.

use super::Session;
use super::classes::{PROMPTS, lines, prompts};
use crate::page::latest::Request;
use crate::page::models::protocol::{Failure, TextWarning};
use crate::teach::head_sentence;
use leptos::prelude::*;
use refit_clip::{Classes, Head, Scoring};
use std::sync::Arc;
use std::time::Duration;
use xxhash_rust::xxh64::xxh64;

/// Lists with at least as many prompts are cached for the next visit.
const CACHED_PROMPTS: usize = 200;
/// The pause in typing after which an edited list is encoded.
const TYPING_PAUSE: Duration = Duration::from_millis(250);

impl Session {
    /// Encodes the classes anew once the reader has edited them.
    pub(super) fn encode_edited_classes(self) {
        Effect::new(move |timer: Option<Option<TimeoutHandle>>| {
            self.classes.labels.track();
            self.classes.templates.track();
            self.classes.head.track();
            // At first there is nothing to do: a model encodes the classes when it is loaded.
            let timer = timer?;
            if let Some(timer) = timer {
                timer.clear();
            }
            let encode = move || {
                if self.model.loaded().is_some() {
                    leptos::task::spawn_local(self.encode_classes());
                }
            };
            set_timeout_with_handle(encode, TYPING_PAUSE).ok()
        });
    }

    /// Encodes the classes whose embeddings are not known yet.
    pub(super) async fn encode_classes(self) {
        let classes = self.classes;
        let request = classes.requests.start();
        if let Some(head) = classes.head.get_untracked() {
            return self.use_head(&head);
        }
        let labels = lines(&classes.labels.get_untracked());
        let templates = lines(&classes.templates.get_untracked());
        let problem = problem(&labels, &templates);
        classes.warnings.set(Vec::new());
        classes.problem.set(problem.clone());
        if problem.is_some() {
            classes.encoded.set(None);
            classes.progress.set(None);
            // No answer of before stays.
            return self.rank_all();
        }
        if classes.embedding_templates.get_value() != templates {
            classes.embeddings.set_value(Default::default());
            classes.embedding_templates.set_value(templates.clone());
        }
        let cache_name = (labels.len() * templates.len() >= CACHED_PROMPTS)
            .then(|| self.cache_name(&labels, &templates));
        if let Some(name) = &cache_name {
            self.read_cached_embeddings(name, &labels, request).await;
            if !request.is_latest() {
                return;
            }
        }
        let is_missing = |label: &&String| {
            classes
                .embeddings
                .with_value(|all| !all.contains_key(*label))
        };
        let mut missing: Vec<String> = labels.iter().filter(is_missing).cloned().collect();
        missing.dedup();
        let encoded = self
            .encode_missing(&missing, &templates, labels.len(), request)
            .await;
        if !request.is_latest() {
            return;
        }
        classes.progress.set(None);
        if let Err(failure) = encoded {
            return self.model.fail(failure);
        }
        let vectors: Vec<Vec<f32>> = classes.embeddings.with_value(|all| {
            let vector = |label| all.get(label).cloned().unwrap_or_default();
            labels.iter().map(vector).collect()
        });
        if let Some(name) = cache_name.filter(|_| !missing.is_empty()) {
            self.cache_embeddings(name, &vectors);
        }
        classes.encoded.set(Some(Arc::new(Classes {
            labels,
            vectors,
            scoring: Scoring::Cosine,
        })));
        self.rank_all();
    }

    /// Takes the classes of a head, if it fits the model.
    fn use_head(self, head: &Head) {
        let classes = self.classes;
        let Some(loaded) = self.model.loaded() else {
            return;
        };
        let of_head = head.classes(loaded.architecture.embedding);
        classes
            .warnings
            .set(head.assumptions(&self.model.name(), &loaded.info.identity()));
        classes.progress.set(None);
        classes
            .problem
            .set(of_head.as_ref().err().map(head_sentence));
        classes.encoded.set(of_head.ok().map(Arc::new));
        self.rank_all();
    }

    async fn encode_missing(
        self,
        missing: &[String],
        templates: &[String],
        total: usize,
        request: Request,
    ) -> Result<(), Failure> {
        let classes = self.classes;
        let mut done = total - missing.len();
        for labels in missing.chunks((PROMPTS / templates.len()).max(1)) {
            classes.progress.set(Some((done, total)));
            let prompts = prompts(labels, templates);
            let encoded = self.model.engine().encode_texts(prompts.clone()).await;
            if !request.is_latest() {
                return Ok(());
            }
            let (warnings, embeddings) = encoded?;
            self.warn(&prompts, &warnings);
            let encoded = Classes::new(labels, &embeddings);
            classes.embeddings.update_value(|all| {
                all.extend(encoded.labels.into_iter().zip(encoded.vectors));
            });
            done += labels.len();
        }
        Ok(())
    }

    /// Under which name a list's embeddings are cached.
    fn cache_name(self, labels: &[String], templates: &[String]) -> String {
        let key = self.model.key();
        let way = self.model.loaded().map(|loaded| loaded.info.identity());
        let way = way.unwrap_or_default();
        let list = format!(
            "{key} {way}\n{}\n\n{}",
            labels.join("\n"),
            templates.join("\n")
        );
        format!("classes-{:016x}", xxh64(list.as_bytes(), 0))
    }

    /// Reads embeddings that an earlier visit computed.
    async fn read_cached_embeddings(self, name: &str, labels: &[String], request: Request) {
        let storage = self.downloads.storage();
        let Ok(Some(bytes)) = storage.read_cached(name).await else {
            return;
        };
        let numbers = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
        let numbers: Vec<f32> = numbers.collect();
        let width = numbers.len() / labels.len();
        let is_whole = |width: usize| {
            let loaded = self.model.loaded();
            loaded.is_some_and(|loaded| loaded.architecture.embedding == width)
        };
        // A truncated file has another width.
        if request.is_latest() && is_whole(width) {
            let vectors = numbers.chunks_exact(width).map(<[f32]>::to_vec);
            let classes = self.classes.embeddings;
            classes.update_value(|all| all.extend(labels.iter().cloned().zip(vectors)));
        }
    }

    /// Saves embeddings for the next visit, if the browser stores files.
    fn cache_embeddings(self, name: String, vectors: &[Vec<f32>]) {
        let bytes = vectors.iter().flatten().flat_map(|x| x.to_le_bytes());
        let bytes: Vec<u8> = bytes.collect();
        leptos::task::spawn_local(async move {
            let _ = self.downloads.storage().write_cached(name, &bytes).await;
        });
    }

    fn warn(self, prompts: &[String], warnings: &[TextWarning]) {
        let sentences = prompts.iter().zip(warnings).filter_map(|(text, warning)| {
            if warning.truncated > 0 {
                Some(format!(
                    "“{text}” is too long: its last {} tokens were dropped.",
                    warning.truncated
                ))
            } else if warning.is_mojibake {
                Some(format!(
                    "“{text}” looks garbled (wrong text encoding); it is used as it is."
                ))
            } else {
                None
            }
        });
        let sentences: Vec<String> = sentences.collect();
        if !sentences.is_empty() {
            self.classes.warnings.update(|all| all.extend(sentences));
        }
    }
}

/// Why a list cannot be encoded.
fn problem(labels: &[String], templates: &[String]) -> Option<String> {
    if labels.is_empty() {
        return Some("Enter at least one class.".to_owned());
    }
    if templates.is_empty() {
        return Some("Enter at least one template; {} stands for the class.".to_owned());
    }
    let wrong = templates.iter().find(|template| !template.contains("{}"))?;
    Some(format!(
        "The template “{wrong}” has no placeholder; write {{}} where the class belongs."
    ))
}
