//! Imports, one after the other, and their results.

use super::import::{Import, ImportProgress, needs_mapping};
use super::session::{UserRuns, load_architectures};
use super::source::Origin;
use super::store::{self, FileInfo};
use super::{StoredFile, restore_focus};
use crate::runs::{Mapping, Preview, ReadOptions, ReadOutcome, Report, RunSource, Runs, stem};
use crate::words;
use leptos::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use web_sys::AbortController;

/// The result of an import since the page was opened.
#[derive(Clone)]
pub struct ImportResult {
    pub id: u32,
    pub name: String,
    pub outcome: ImportOutcome,
}

#[derive(Clone)]
pub enum ImportOutcome {
    /// Why nothing of it is used.
    Failed(String),
    /// The reader has to say what its columns are.
    NeedsMapping(Arc<Preview>),
    /// With a sentence where an earlier file is the same or was replaced.
    Imported(Arc<Report>, Arc<Runs>, Option<String>),
}

/// A file that waits to be imported.
pub struct QueuedImport {
    origin: Origin,
    mapping: Option<Mapping>,
}

impl UserRuns {
    /// A name for pasted text.
    pub fn unused_name(self) -> String {
        let taken = |name: &String| {
            let stored = |files: &Vec<StoredFile>| files.iter().any(|f| f.info.name == *name);
            let imported = |results: &Vec<ImportResult>| results.iter().any(|r| r.name == *name);
            self.files.with_untracked(stored) || self.results.with_untracked(imported)
        };
        let mut names = (1..).map(|number| format!("pasted table {number}"));
        names.find(|name| !taken(name)).unwrap_or_default()
    }

    /// Imports a file after those that are already queued.
    pub fn import(self, origin: Origin, mapping: Option<Mapping>) {
        let queued = QueuedImport { origin, mapping };
        self.queue.update_value(|queue| queue.push_back(queued));
        if self.progress.with_untracked(Option::is_none) {
            self.progress.set(Some(ImportProgress::default()));
            leptos::task::spawn_local(self.run_queue());
        }
    }

    pub fn dismiss(self, id: u32) -> Option<Origin> {
        self.results
            .update(|results| results.retain(|r| r.id != id));
        let origin = self.origins.try_update_value(|all| all.remove(&id));
        origin.flatten()
    }

    pub fn cancel(self) {
        self.abort.with_value(|abort| {
            if let Some(abort) = abort {
                abort.abort();
            }
        });
    }

    fn next_id(self) -> u32 {
        let last = |results: &Vec<ImportResult>| results.iter().map(|r| r.id + 1).max();
        self.results.with_untracked(last).unwrap_or(0)
    }

    /// Tells why nothing of a file is imported.
    pub fn refuse(self, name: String, why: String) {
        let (id, outcome) = (self.next_id(), ImportOutcome::Failed(why));
        let result = ImportResult { id, name, outcome };
        self.results.update(|results| results.insert(0, result));
    }

    async fn run_queue(self) {
        self.restored().await;
        while let Some(queued) = self.queue.try_update_value(VecDeque::pop_front).flatten() {
            let name = queued.origin.name();
            let outcome = self
                .run(&queued)
                .await
                .unwrap_or_else(ImportOutcome::Failed);
            let id = self.next_id();
            if let ImportOutcome::NeedsMapping(_) = outcome {
                self.origins
                    .update_value(|origins| drop(origins.insert(id, queued.origin)));
            }
            let result = ImportResult { id, name, outcome };
            self.results.update(|results| results.insert(0, result));
            restore_focus(format!("import-{id}"));
        }
        self.progress.set(None);
    }

    /// The outcome, or why there is none.
    async fn run(self, queued: &QueuedImport) -> Result<ImportOutcome, String> {
        load_architectures(self.architectures)
            .await
            .map_err(|error| error.to_string())?;
        let abort = AbortController::new()
            .map_err(|_| "This browser is too old to import files.".to_owned())?;
        self.abort.set_value(Some(abort.clone()));
        let import = Import {
            origin: &queued.origin,
            options: ReadOptions {
                architectures: self.known_architectures(),
                mapping: queued.mapping.clone(),
                family: Some(stem(&queued.origin.name()).to_owned()),
                ..ReadOptions::default()
            },
            abort: &abort,
            on_progress: &|progress| self.progress.set(Some(progress)),
        };
        let mut outcome = import.run().await.map_err(|e| e.to_string())?;
        let notice = queued.origin.notice().cloned();
        outcome.report.notices.extend(notice);
        if needs_mapping(&outcome, queued.mapping.as_ref()) {
            return Ok(ImportOutcome::NeedsMapping(Arc::new(outcome.preview)));
        }
        let ReadOutcome {
            runs,
            report,
            architectures,
            preview,
            ..
        } = outcome;
        let mapping = queued.mapping.as_ref().unwrap_or(&preview.mapping);
        let assumes_schedule = runs.source() == RunSource::Own && mapping.assumes_schedule();
        self.added_architectures
            .update_value(|added| added.extend(architectures));
        let (runs, report) = (Arc::new(runs), Arc::new(report));
        if runs.is_empty() {
            // With its report where there is more to say than one sentence.
            return match (&report.error, report.rows) {
                (Some(stop), 0) => Err(words::read_error(stop)),
                _ => Ok(ImportOutcome::Imported(report, runs, None)),
            };
        }
        let same = self.files.with_untracked(|files| {
            let same = files.iter().find(|f| f.runs == runs);
            same.map(|f| f.info.name.clone())
        });
        let note = match same {
            Some(name) => Some(format!(
                "The same runs were already imported as {name}; they are not counted twice."
            )),
            None => {
                self.store(&queued.origin, &report, &runs, assumes_schedule)
                    .await
            }
        };
        Ok(ImportOutcome::Imported(report, runs, note))
    }

    /// Stores a file; a sentence where it replaces an earlier one of the same name.
    async fn store(
        self,
        origin: &Origin,
        report: &Report,
        runs: &Arc<Runs>,
        assumes_schedule: bool,
    ) -> Option<String> {
        let now = js_sys::Date::new_0();
        let id = format!("{}", now.get_time());
        let info = FileInfo {
            name: origin.name(),
            address: origin.address().map(str::to_owned),
            read: now.to_iso_string().into(),
            bytes: report.bytes,
            rows: report.rows,
            left_out: report.skipped.values().sum(),
            refused: report.rejected,
            stopped: report.error.as_ref().map(words::read_error),
            assumes_schedule,
        };
        let earlier = self.files.with_untracked(|files| {
            let earlier = files.iter().find(|f| f.info.name == info.name);
            earlier.map(|f| f.id.clone())
        });
        if let Some(earlier) = &earlier {
            self.remove(earlier).await;
        }
        let stored = store::put(&id, &info, runs).await.is_ok();
        let runs = runs.clone();
        self.files.update(|files| {
            files.push(StoredFile {
                id,
                info,
                runs,
                stored,
            });
        });
        self.announce();
        earlier.map(|_| {
            "It replaces the earlier file of the same name. To keep both, rename one.".to_owned()
        })
    }
}
