//! What is downloaded and kept on this device.

use super::protocol::{
    CacheListing, CachedCheckpoint, CheckpointLocation, Failure, FailureKind, Progress, Request,
};
use super::session::{Choice, Session, State};
use js_sys::Array;
use leptos::prelude::*;
use refit_clip::architecture::Activation;
use refit_clip::browser::now;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;
use xxhash_rust::xxh64::xxh64;

/// What a download is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It takes the place of the model that is there.
    Run,
    /// It can then be taken beside the model that is there.
    Beside,
}

/// A download under way, or what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Download {
    pub purpose: Purpose,
    pub key: String,
    pub name: String,
    pub address: String,
    pub progress: Progress,
    /// When bytes began to come, and how many were there before.
    began: Option<(f64, u64)>,
    pub failure: Option<Failure>,
}

impl Download {
    /// Bytes a second, and the seconds that are left at that speed.
    pub fn speed(&self) -> Option<(f64, f64)> {
        let (began, before) = self.began?;
        let seconds = (now() - began) / 1000.0;
        let speed = self.progress.bytes.saturating_sub(before) as f64 / seconds;
        let left = self.progress.total.saturating_sub(self.progress.bytes) as f64;
        (seconds > 1.0 && speed > 0.0).then(|| (speed, left / speed))
    }
}

/// Names the files of an address: the same address always has the same.
pub fn key(address: &str) -> String {
    format!("{:016x}", xxh64(address.as_bytes(), 0))
}

/// The host of an address that this page may connect to.
pub fn host(address: &str) -> Result<String, String> {
    let wrong = || "This is no address of a file; it begins with https://.".to_owned();
    let url = web_sys::Url::new(address).map_err(|_| wrong())?;
    let host = url.hostname();
    let is_own = window()
        .location()
        .host()
        .is_ok_and(|own| own == url.host());
    let named = ["huggingface.co", "hf.co"];
    let is_named = |name: &&str| {
        host.strip_suffix(*name)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if is_own || (url.protocol() == "https:" && named.iter().any(is_named)) {
        return Ok(host);
    }
    Err(format!(
        "This page may connect only to its own host and to Hugging Face, not to {host}. Download the file yourself and open it from your disk."
    ))
}

impl Session {
    /// Looks at what is kept.
    pub fn read_cache(self) {
        leptos::task::spawn_local(async move {
            let cache = self
                .storage
                .get_value()
                .ask::<CacheListing>(&Request::CacheListing)
                .await;
            self.cache.set(Some(cache));
        });
    }

    /// Downloads a checkpoint, or goes on where that broke off.
    pub fn download(self, name: String, address: String, purpose: Purpose) {
        let key = key(&address);
        let downloader = self.downloader.get_value();
        downloader.stop(&Failure::new(
            FailureKind::Stopped,
            "Another download was started.",
        ));
        let started = Download {
            purpose,
            key: key.clone(),
            name: name.clone(),
            address: address.clone(),
            progress: Progress::default(),
            began: None,
            failure: None,
        };
        self.download.set(Some(started));
        leptos::task::spawn_local(async move {
            let ask = Request::Download {
                key: key.clone(),
                address: address.clone(),
                name: name.clone(),
            };
            let mine = key.clone();
            let is_mine = move |d: &Download| d.key == mine && d.failure.is_none();
            let still = is_mine.clone();
            let progress = move |progress: Progress| {
                self.download.update(|download| {
                    if let Some(download) = download.as_mut().filter(|d| still(d)) {
                        download.progress = progress;
                        download.began.get_or_insert((now(), progress.bytes));
                    }
                });
            };
            let kept = downloader.ask_with::<CachedCheckpoint>(
                &ask,
                JsValue::UNDEFINED,
                Array::new(),
                progress,
            );
            let kept = kept.await;
            if !self
                .download
                .with_untracked(|d| d.as_ref().is_some_and(is_mine))
            {
                return;
            }
            match kept {
                Ok(kept) => {
                    self.download.set(None);
                    if purpose == Purpose::Run {
                        self.load(choice_of(&kept.value));
                    }
                }
                // Nothing can be kept: it goes straight from the server to the device.
                Err(failure) if failure.kind == FailureKind::NoFiles => {
                    self.download.set(None);
                    let choice = Choice {
                        quick_gelu: quick_gelu(&address),
                        key,
                        name,
                        place: CheckpointLocation::Address(address),
                        file: None,
                    };
                    match purpose {
                        Purpose::Run => self.load(choice),
                        Purpose::Beside => self.uncached_second.set(Some(choice)),
                    }
                }
                Err(failure) => self.fail_download(failure),
            }
            self.read_cache();
        });
    }

    fn fail_download(self, failure: Failure) {
        self.download.update(|download| {
            if let Some(download) = download {
                download.failure = Some(failure);
            }
        });
    }

    /// Stops a download; what came stays, so that it can go on.
    pub fn cancel_download(self) {
        self.download.set(None);
        let stopped = Failure::new(FailureKind::Stopped, "The download was stopped.");
        self.downloader.get_value().stop(&stopped);
        self.read_cache();
    }

    /// Deletes what is kept under a key.
    pub fn delete(self, key: String) {
        leptos::task::spawn_local(async move {
            let storage = self.storage.get_value();
            if let Err(failure) = storage.ask::<()>(&Request::Delete(key.clone())).await {
                self.cache.set(Some(Err(failure)));
                return;
            }
            self.download.update(|download| {
                if download
                    .as_ref()
                    .is_some_and(|d| d.key == key && d.failure.is_some())
                {
                    *download = None;
                }
            });
            // What is damaged is gone: it has to come again.
            let is_damaged = self.state.with_untracked(
                |state| matches!(state, State::Failed(f) if f.kind == FailureKind::Damaged),
            );
            if is_damaged && self.choice.with_untracked(|choice| choice.key == key) {
                self.load(Choice::own());
            }
            self.read_cache();
        });
    }
}

/// What is kept, as a model to load.
pub fn choice_of(kept: &CachedCheckpoint) -> Choice {
    Choice {
        key: kept.key.clone(),
        name: kept.name.clone(),
        place: CheckpointLocation::Cached(kept.key.clone()),
        file: None,
        quick_gelu: quick_gelu(&kept.address),
    }
}

/// A file of the reader's, as a model to load.
pub fn choice_of_file(file: File) -> Choice {
    let name = file.name();
    Choice {
        key: key(&format!("{name} {} {}", file.size(), file.last_modified())),
        quick_gelu: quick_gelu(&name),
        name,
        place: CheckpointLocation::File,
        file: Some(file.unchecked_into()),
    }
}

/// Whether a file's name says that the model has QuickGELU.
pub fn quick_gelu(name: &str) -> bool {
    Activation::of_checkpoint(name) == Some(Activation::QuickGelu)
}
