//! Choosing another model: a bundled one, a cached one, one of the studies' checkpoints, an address,
//! or a file.

mod cached;
mod catalogue;
mod download;
mod dropped;
mod filter;
mod from_site;
mod open_file;
mod published;

pub use catalogue::checkpoints_with_results;
pub use download::{ActiveDownload, Offer, download_button};
pub use dropped::Dropped;
pub use open_file::{file_button, files_of};
pub use published::Recommended;

use super::choice::ModelChoice;
use super::session::{Purpose, Session};
use crate::page::{data, list};
use cached::Cached;
use download::InterruptedDownloads;
use from_site::FromThisSite;
use leptos::prelude::*;
use open_file::AddressOrFile;
use published::{PublishedCheckpoints, Suggested};

#[component]
pub fn ModelPicker(session: Session, is_open: RwSignal<bool>) -> impl IntoView {
    // Built when it is first opened, and kept with what the reader typed.
    let was_open = Memo::new(move |was_open| is_open.get() || was_open == Some(&true));
    // Read at once, to offer interrupted downloads, and when the list is opened, since other tabs
    // may have changed the cache.
    Effect::new(move || {
        is_open.track();
        session.downloads.read_cache();
    });
    view! {
        <ActiveDownload session purpose=Purpose::Run />
        <InterruptedDownloads session />
        <section id="checkpoints" aria-label="Other models" hidden=move || !is_open.get()>
            {move || {
                was_open
                    .get()
                    .then(|| {
                        let catalogue = data::load(checkpoints_with_results);
                        view! {
                            <FromThisSite session />
                            <Suggested session catalogue />
                            <BundledModels session />
                            <Cached session />
                            <PublishedCheckpoints session catalogue />
                            <AddressOrFile session />
                        }
                    })
            }}
        </section>
    }
}

/// Buttons that load the models that come with the page.
#[component]
fn BundledModels(session: Session) -> impl IntoView {
    let bundled = [
        (ModelChoice::bundled_clip(), "Load Shapes, a small CLIP"),
        (
            ModelChoice::bundled_mammut(),
            "Load Shapes MaMMUT, which can also caption images (5.8 MB)",
        ),
    ];
    let buttons = bundled.map(|(choice, text)| {
        let key = choice.key.clone();
        let is_current = move || session.model.choice.with(|choice| choice.key == key);
        view! {
            <button
                type="button"
                class="bundled"
                hidden=is_current
                on:click=move |_| session.load_bundled(choice.clone())
            >
                {text}
            </button>
        }
    });
    view! {
        <h3>"With this page"</h3>
        <p class="toolbar">{list(buttons)}</p>
    }
}
