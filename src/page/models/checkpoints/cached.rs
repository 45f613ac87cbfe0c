//! The cached checkpoints, and the storage they take.

use crate::page::list;
use crate::page::models::choice::ModelChoice;
use crate::page::models::protocol::CachedCheckpoint;
use crate::page::models::session::Session;
use crate::text;
use leptos::prelude::*;

#[component]
pub(super) fn Cached(session: Session) -> impl IntoView {
    let listing = move || match session.downloads.cache.get() {
        None => ().into_any(),
        Some(Err(failure)) => view! { <p class="error">{failure.sentence}</p> }.into_any(),
        Some(Ok(cache)) => {
            let none = cache.checkpoints.is_empty();
            let storage = (cache.quota > 0.0).then(|| {
                format!(
                    "This page uses {} of the {} that the browser allows.",
                    text::bytes(cache.used),
                    text::bytes(cache.quota)
                )
            });
            let items = cache.checkpoints.into_iter();
            let vectors = (cache.vectors > 0.0).then(|| vectors(session, cache.vectors));
            view! {
                <ul class="cached">{list(items.map(|checkpoint| item(session, checkpoint)))}</ul>
                {vectors}
                <p class="aside">
                    {none.then_some("No cached models. ")} {storage}
                </p>
            }
            .into_any()
        }
    };
    view! {
        <h3>"Cached on this device"</h3>
        <div class="cache">{listing}</div>
    }
}

/// The embeddings of images and pairs, which spare computing them again.
fn vectors(session: Session, bytes: f64) -> impl IntoView {
    let text = format!("Embeddings of images and pairs: {}", text::bytes(bytes));
    view! {
        <p class="toolbar vectors">
            <span>{text}</span>
            <button
                type="button"
                aria-label="Delete the embeddings of images and pairs"
                on:click=move |_| session.delete_vectors()
            >
                "Delete"
            </button>
        </p>
    }
}

fn item(session: Session, checkpoint: CachedCheckpoint) -> impl IntoView {
    let key = checkpoint.key.clone();
    let size = text::bytes(checkpoint.checksums.bytes as f64);
    let text = format!("{}: {size}", checkpoint.name);
    let delete = format!("Delete {}", checkpoint.name);
    view! {
        <li>
            <span>{text}</span>
            <button type="button" on:click=move |_| load_cached(session, &checkpoint)>
                "Load"
            </button>
            <button
                type="button"
                aria-label=delete
                on:click=move |_| session.delete_cached(key.clone())
            >
                "Delete"
            </button>
        </li>
    }
}

/// Loads a cached checkpoint, and scrolls up to the progress.
pub(super) fn load_cached(session: Session, checkpoint: &CachedCheckpoint) {
    session.load(ModelChoice::cached(checkpoint));
    if let Some(model) = document().get_element_by_id("model") {
        model.scroll_into_view();
    }
}
