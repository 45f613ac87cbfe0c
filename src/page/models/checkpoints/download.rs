//! Downloads: the button that starts one, its progress, and interrupted ones.

use super::cached::load_cached;
use crate::page::list;
use crate::page::models::address::permitted_host;
use crate::page::models::choice::key;
use crate::page::models::progress;
use crate::page::models::protocol::PartialDownload;
use crate::page::models::session::{Download, Purpose, Session};
use crate::text;
use leptos::prelude::*;

/// A checkpoint that can be downloaded.
#[derive(Clone)]
pub struct Offer {
    pub name: String,
    /// The name in the button, where nothing beside it has one.
    pub short_name: Option<String>,
    pub address: String,
    /// 0 where the size is not known.
    pub bytes: u64,
    pub purpose: Purpose,
}

impl Offer {
    /// The button's text: size and host, or where an interrupted download resumes.
    fn text(&self, partial: Option<u64>) -> String {
        let host = web_sys::Url::new(&self.address).map(|url| url.hostname());
        let host = host.unwrap_or_default();
        let size = text::bytes(self.bytes as f64);
        match (partial, &self.short_name, self.bytes) {
            (Some(bytes), name, _) => {
                let name = name
                    .as_ref()
                    .map_or(String::new(), |name| format!("{name} "));
                format!("Resume {name}from {} ({host})", text::bytes(bytes as f64))
            }
            (None, Some(name), 0) => format!("Load {name} from {host}"),
            (None, Some(name), _) => format!("Load {name}, {size}, from {host}"),
            (None, None, 0) => format!("Download from {host}"),
            (None, None, _) => format!("Download {size} from {host}"),
        }
    }
}

/// A button that downloads a checkpoint. `before` is called first.
pub fn download_button(session: Session, offer: Offer, before: impl Fn() + 'static) -> AnyView {
    let text = offer.text(session.downloads.partial_bytes(&key(&offer.address)));
    let is_named = offer.short_name.is_some();
    let download = move |_| {
        before();
        session.download(offer.name.clone(), offer.address.clone(), offer.purpose);
    };
    view! {
        <button type="button" class:primary=is_named on:click=download>
            {text}
        </button>
    }
    .into_any()
}

/// The button that loads a checkpoint from the cache, or downloads it. `before` is called first.
pub(super) fn load_or_download(
    session: Session,
    offer: Offer,
    before: impl Fn() + Clone + Send + 'static,
) -> impl Fn() -> AnyView + Send + 'static {
    let key = key(&offer.address);
    move || {
        let before = before.clone();
        if session.model.choice.with(|choice| choice.key == key) {
            return view! { <span class="aside">"In use"</span> }.into_any();
        }
        let Some(cached) = session.downloads.cached(&key) else {
            return download_button(session, offer.clone(), before);
        };
        let text = match &offer.short_name {
            Some(name) => format!("Load {name} from this device"),
            None => "Load".to_owned(),
        };
        let load = move |_| {
            before();
            load_cached(session, &cached);
        };
        view! {
            <button type="button" class:primary=offer.short_name.is_some() on:click=load>
                {text}
            </button>
        }
        .into_any()
    }
}

/// The progress or failure of the current download, if it has this purpose.
#[component]
pub fn ActiveDownload(session: Session, purpose: Purpose) -> impl IntoView {
    move || {
        let download = session.downloads.current.get();
        let download = download.filter(|download| download.purpose == purpose)?;
        Some(match &download.failure {
            None => under_way(session, &download),
            Some(failure) => failed(session, failure.sentence.clone(), download),
        })
    }
}

fn under_way(session: Session, download: &Download) -> AnyView {
    let done = download.progress;
    let text = match done.total {
        0 => format!("{}: contacting the server…", download.name),
        _ => {
            let speed = download.speed().map_or(String::new(), |(speed, left)| {
                format!(
                    ", {} per second, {} left",
                    text::bytes(speed),
                    duration(left)
                )
            });
            format!("{}{speed}", progress::sentence(&download.name, done))
        }
    };
    view! {
        <div class="progress download">
            {progress::bar("Downloading", done.bytes, done.total, text)}
            <button type="button" on:click=move |_| session.downloads.cancel()>
                "Cancel"
            </button>
        </div>
    }
    .into_any()
}

fn failed(session: Session, sentence: String, download: Download) -> AnyView {
    let resume = move |_| {
        let Download { name, address, .. } = &download;
        session.download(name.clone(), address.clone(), download.purpose);
    };
    view! {
        <div class="download">
            <p class="error" role="alert">
                {sentence}
            </p>
            <p class="toolbar">
                <button type="button" on:click=resume>
                    "Resume"
                </button>
                <button type="button" on:click=move |_| session.downloads.cancel()>
                    "Cancel"
                </button>
            </p>
        </div>
    }
    .into_any()
}

/// Interrupted downloads, also of earlier visits.
#[component]
pub(super) fn InterruptedDownloads(session: Session) -> impl IntoView {
    let current = Memo::new(move |_| {
        let current = session.downloads.current;
        current.with(|download| download.as_ref().map(|download| download.key.clone()))
    });
    move || {
        let cache = session.downloads.cache.get();
        let partial = cache.and_then(Result::ok).unwrap_or_default().partial;
        let interrupted = partial
            .into_iter()
            .filter(|partial| current.get().as_ref() != Some(&partial.key));
        list(interrupted.map(|partial| interrupted_download(session, partial)))
    }
}

fn interrupted_download(session: Session, partial: PartialDownload) -> AnyView {
    let PartialDownload {
        key,
        name,
        address,
        progress,
    } = partial;
    let bytes = text::bytes(progress.bytes as f64);
    let sentence = format!(
        "The download of {name} is incomplete: {bytes} of {} so far.",
        text::bytes(progress.total as f64)
    );
    let resume = match permitted_host(&address) {
        Ok(host) => format!("Resume from {bytes} ({host})"),
        Err(_) => format!("Resume from {bytes}"),
    };
    let delete = format!("Delete the incomplete download of {name}");
    view! {
        <div class="part">
            <p>{sentence}</p>
            <p class="toolbar">
                <button
                    type="button"
                    on:click=move |_| {
                        session.download(name.clone(), address.clone(), Purpose::Run)
                    }
                >
                    {resume}
                </button>
                <button
                    type="button"
                    aria-label=delete
                    on:click=move |_| session.delete_cached(key.clone())
                >
                    "Delete"
                </button>
            </p>
        </div>
    }
    .into_any()
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
