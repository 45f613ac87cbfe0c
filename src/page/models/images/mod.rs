//! The images: one large, all small with their verdicts, and ways to add more.

mod add;

use super::answer::is_right;
use super::session::{ImageState, Session, SourceImage};
use crate::page::list;
use crate::page::messages::error_if_any;
use add::{AddImages, add_files};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::DragEvent;

/// Images that are shown as thumbnails.
const SHOWN: usize = 48;

#[component]
pub fn Images(session: Session) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
            add_files(session, &files);
        }
    };
    let pasted = window_event_listener_untyped("paste", move |event| {
        let data = event.dyn_ref::<web_sys::ClipboardEvent>();
        let files = data.and_then(|event| event.clipboard_data()?.files());
        if let Some(files) = files.filter(|files| files.length() > 0) {
            event.prevent_default();
            add_files(session, &files);
        }
    });
    on_cleanup(move || pasted.remove());
    let over = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let thumbnails = move || {
        let shown = session
            .images
            .all
            .with(|all| all.iter().take(SHOWN).cloned().collect::<Vec<_>>());
        list(shown.into_iter().map(|image| thumbnail(session, image)))
    };
    view! {
        <section
            aria-labelledby="images"
            class="drop"
            class:over=move || is_over.get()
            on:dragover=over
            on:dragleave=move |_| is_over.set(false)
            on:drop=dropped
        >
            <h2 id="images" class="sr-only">"Images"</h2>
            {move || large(session)}
            <ul class="thumbnails" class:opening=move || session.images.is_opening.get()>
                {thumbnails}
            </ul>
            <p class="aside count" hidden=move || session.images.is_empty()>
                {move || count(session)}
            </p>
            <AddImages session />
            {error_if_any(session.images.problem)}
            <p class="aside" role="status">{move || session.images.notes.get().join(" ")}</p>
        </section>
    }
}

/// The selected image, or what to do where there is none.
fn large(session: Session) -> AnyView {
    let Some(image) = session.images.selected_tracked() else {
        if session.images.is_opening.get() {
            return view! { <div class="large"></div> }.into_any();
        }
        return view! {
            <p class="empty">"No images yet. Drop some here, choose them, or try the sample images."</p>
        }
        .into_any();
    };
    let address = image.address();
    let state = image.state;
    let has_failed = move || state.with(|state| matches!(state, ImageState::Failed(_)));
    view! {
        <div class="selected">
            <img class="large" src=address alt="" hidden=has_failed />
            <p class="aside name">{image.name}</p>
        </div>
    }
    .into_any()
}

fn count(session: Session) -> String {
    // Tracking ten thousand images one by one would be slow.
    session.images.rankings_done.track();
    session.model.choice.track();
    let (count, done) = session.images.all.with(|all| {
        let done = all.iter().filter(|image| !image.is_waiting());
        (all.len(), done.count())
    });
    let more = match count.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" {more} more are not shown here."),
    };
    format!("{done} of {count} images processed.{more}")
}

fn thumbnail(session: Session, image: SourceImage) -> AnyView {
    let address = image.address();
    let (id, name, state, ranking) = (image.id, image.name.clone(), image.state, image.ranking);
    let image = StoredValue::new_local(image);
    let selected = session.images.selected;
    let verdict = move || {
        let ranking = ranking.get()?;
        let is_right = image.with_value(|image| is_right(image, &ranking))?;
        Some(match is_right {
            true => view! { <span class="mark right" title="right">"✓"</span> }.into_any(),
            false => view! { <span class="mark wrong" title="wrong">"✗"</span> }.into_any(),
        })
    };
    view! {
        <li>
            <button
                type="button"
                aria-pressed=move || (selected.get() == Some(id)).to_string()
                class:failed=move || state.with(|state| matches!(state, ImageState::Failed(_)))
                on:click=move |_| selected.set(Some(id))
            >
                <img src=address alt=name width="64" height="64" loading="lazy" />
                {verdict}
            </button>
        </li>
    }
    .into_any()
}
