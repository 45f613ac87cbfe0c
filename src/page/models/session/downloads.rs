//! Downloads and the cache of checkpoints.

use super::{ModelState, Session};
use crate::page::latest::Latest;
use crate::page::models::choice::{ModelChoice, key};
use crate::page::models::protocol::{
    CacheListing, CachedCheckpoint, Failure, FailureKind, Progress, WorkerRequest,
};
use crate::page::models::worker_client::WorkerClient;
use leptos::prelude::*;
use refit_clip::browser::now;

/// What happens after a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The model is loaded in place of the one before.
    Run,
    /// The model is offered as the second one of a comparison.
    Compare,
}

/// A download that is under way or has failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Download {
    pub purpose: Purpose,
    pub key: String,
    pub name: String,
    pub address: String,
    pub progress: Progress,
    /// When the first bytes arrived, and how many an earlier download had left.
    started: Option<(f64, u64)>,
    pub failure: Option<Failure>,
}

impl Download {
    /// Bytes per second, and the seconds that remain at that speed.
    pub fn speed(&self) -> Option<(f64, f64)> {
        let (started, before) = self.started?;
        let seconds = (now() - started) / 1000.0;
        let speed = self.progress.bytes.saturating_sub(before) as f64 / seconds;
        let left = self.progress.total.saturating_sub(self.progress.bytes) as f64;
        (seconds > 1.0 && speed > 0.0).then(|| (speed, left / speed))
    }
}

#[derive(Clone, Copy)]
pub struct Downloads {
    /// A worker of its own, so that a download can be stopped alone.
    downloader: StoredValue<WorkerClient, LocalStorage>,
    /// The worker for short file operations, which wait neither for the model nor for a download.
    storage: StoredValue<WorkerClient, LocalStorage>,
    pub current: RwSignal<Option<Download>>,
    pub cache: RwSignal<Option<Result<CacheListing, Failure>>>,
    requests: Latest,
}

impl Downloads {
    pub(super) fn new() -> Downloads {
        Downloads {
            downloader: StoredValue::new_local(WorkerClient::default()),
            storage: StoredValue::new_local(WorkerClient::default()),
            current: RwSignal::new(None),
            cache: RwSignal::new(None),
            requests: Latest::new(),
        }
    }

    pub fn storage(self) -> WorkerClient {
        self.storage.get_value()
    }

    /// The cached checkpoint of a key; tracked.
    pub fn cached(self, key: &str) -> Option<CachedCheckpoint> {
        self.cache.with(|cache| {
            let checkpoints = &cache.as_ref()?.as_ref().ok()?.checkpoints;
            checkpoints.iter().find(|c| c.key == key).cloned()
        })
    }

    /// How many bytes an interrupted download has left; tracked.
    pub fn partial_bytes(self, key: &str) -> Option<u64> {
        self.cache.with(|cache| {
            let partial = &cache.as_ref()?.as_ref().ok()?.partial;
            let partial = partial.iter().find(|partial| partial.key == key)?;
            Some(partial.progress.bytes)
        })
    }

    pub fn read_cache(self) {
        leptos::task::spawn_local(async move {
            let listing = self.storage().ask(&WorkerRequest::ListCache).await;
            self.cache.set(Some(listing));
        });
    }

    fn start(self, download: Download) {
        self.downloader.get_value().stop(&Failure::new(
            FailureKind::Stopped,
            "Another download was started.",
        ));
        self.current.set(Some(download));
    }

    fn update(self, progress: Progress) {
        self.current.update(|download| {
            if let Some(download) = download {
                download.progress = progress;
                download.started.get_or_insert((now(), progress.bytes));
            }
        });
    }

    fn fail(self, failure: Failure) {
        self.current.update(|download| {
            if let Some(download) = download {
                download.failure = Some(failure);
            }
        });
    }

    /// Stops the download; the bytes so far are kept, so that it can be resumed.
    pub fn cancel(self) {
        self.requests.cancel();
        self.current.set(None);
        let stopped = Failure::new(FailureKind::Stopped, "The download was stopped.");
        self.downloader.get_value().stop(&stopped);
        self.read_cache();
    }
}

impl Session {
    /// Downloads a checkpoint, or resumes an interrupted download.
    pub fn download(self, name: String, address: String, purpose: Purpose) {
        let downloads = self.downloads;
        let request = downloads.requests.start();
        let key = key(&address);
        downloads.start(Download {
            purpose,
            key: key.clone(),
            name: name.clone(),
            address: address.clone(),
            progress: Progress::default(),
            started: None,
            failure: None,
        });
        leptos::task::spawn_local(async move {
            let downloader = downloads.downloader.get_value();
            let progress = move |progress| {
                if request.is_latest() {
                    downloads.update(progress);
                }
            };
            let cached = downloader.download(key, &address, &name, progress).await;
            if !request.is_latest() {
                return;
            }
            match cached {
                Ok(checkpoint) => {
                    downloads.current.set(None);
                    if purpose == Purpose::Run {
                        self.load(ModelChoice::cached(&checkpoint));
                    }
                }
                // Without a cache the model is read from its server.
                Err(failure) if failure.kind == FailureKind::NoFiles => {
                    downloads.current.set(None);
                    let choice = ModelChoice::remote(name, address);
                    match purpose {
                        Purpose::Run => self.load(choice),
                        Purpose::Compare => self.second.uncached.set(Some(choice)),
                    }
                }
                Err(failure) => downloads.fail(failure),
            }
            downloads.read_cache();
        });
    }

    /// Deletes the embeddings of images and pairs that are stored; the model's worker, which has them open, does.
    pub fn delete_vectors(self) {
        leptos::task::spawn_local(async move {
            let request = WorkerRequest::DeleteVectors;
            match self.model.engine().ask::<()>(&request).await {
                Ok(()) => self.downloads.read_cache(),
                Err(failure) => self.downloads.cache.set(Some(Err(failure))),
            }
        });
    }

    /// Deletes a cached checkpoint or an interrupted download.
    pub fn delete_cached(self, key: String) {
        leptos::task::spawn_local(async move {
            let downloads = self.downloads;
            let request = WorkerRequest::Delete(key.clone());
            if let Err(failure) = downloads.storage().ask::<()>(&request).await {
                downloads.cache.set(Some(Err(failure)));
                return;
            }
            downloads.current.update(|download| {
                if download
                    .as_ref()
                    .is_some_and(|d| d.key == key && d.failure.is_some())
                {
                    *download = None;
                }
            });
            // A damaged model cannot be loaded again.
            let is_damaged = self.model.state.with_untracked(
                |state| matches!(state, ModelState::Failed(f) if f.kind == FailureKind::Damaged),
            );
            if is_damaged && self.model.key() == key {
                self.load(ModelChoice::bundled_clip());
            }
            downloads.read_cache();
        });
    }
}
