//! Choosing another model: the studies' checkpoints, cached ones, an address, or a file.

mod cached;
mod download;
mod dropped;
mod open_file;
mod published;

pub use download::{ActiveDownload, download_button};
pub use dropped::Dropped;
pub use open_file::file_button;
pub use published::checkpoints_with_results;

use super::session::{Purpose, Session};
use crate::page::lazy::Lazy;
use cached::Cached;
use download::InterruptedDownloads;
use leptos::prelude::*;
use open_file::AddressOrFile;
use published::PublishedCheckpoints;

#[component]
pub fn Checkpoints(session: Session) -> impl IntoView {
    let requested = session.model.requested;
    let is_open = RwSignal::new(requested.with_untracked(Option::is_some));
    let toggled = move |event: web_sys::Event| {
        let details: web_sys::Element = event_target(&event);
        is_open.set(details.has_attribute("open"));
    };
    // Read at once, to offer interrupted downloads, and when the section is opened, since other
    // tabs may have changed the cache.
    Effect::new(move || {
        is_open.track();
        session.downloads.read_cache();
    });
    let curve = move || {
        requested.with(Option::is_some).then(|| {
            view! {
                <h3>"On the scaling curve"</h3>
                <Lazy program="details" view="curve" />
            }
        })
    };
    view! {
        <ActiveDownload session purpose=Purpose::Run />
        <InterruptedDownloads session />
        {curve}
        <details class="section" id="checkpoints" prop:open=move || is_open.get() on:toggle=toggled>
            <summary>
                <h2>"Other models"</h2>
            </summary>
            {move || {
                is_open
                    .get()
                    .then(|| {
                        view! {
                            <Cached session />
                            <PublishedCheckpoints session />
                            <AddressOrFile session />
                        }
                    })
            }}
        </details>
    }
}
