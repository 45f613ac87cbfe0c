//! Downloads: the button that starts one, its progress, and interrupted ones.

use crate::page::list;
use crate::page::models::address::permitted_host;
use crate::page::models::choice::key;
use crate::page::models::progress;
use crate::page::models::protocol::PartialDownload;
use crate::page::models::session::{Download, Purpose, Session};
use crate::text;
use leptos::prelude::*;

/// A button that downloads a checkpoint: it tells the size and the host, or where an interrupted
/// download resumes. `before` is called first.
pub fn download_button(
    session: Session,
    name: String,
    address: String,
    bytes: u64,
    purpose: Purpose,
    before: impl Fn() + 'static,
) -> AnyView {
    let host = web_sys::Url::new(&address)
        .map(|url| url.hostname())
        .unwrap_or_default();
    let text = match session.downloads.partial_bytes(&key(&address)) {
        Some(bytes) => format!("Resume from {} ({host})", text::bytes(bytes as f64)),
        None if bytes > 0 => format!("Download {} from {host}", text::bytes(bytes as f64)),
        None => format!("Download from {host}"),
    };
    let download = move |_| {
        before();
        session.download(name.clone(), address.clone(), purpose);
    };
    view! {
        <button type="button" on:click=download>
            {text}
        </button>
    }
    .into_any()
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
