//! The reader's pictures: chosen, dropped, pasted, or samples that come with the page.

use super::desk::{Desk, Look, Picture};
use crate::page::list;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File, FileList, HtmlInputElement};

/// Pictures that are shown small; more would only be scrolled past.
const SHOWN: usize = 48;

#[component]
pub fn Pictures(desk: Desk) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let chosen = move |event: web_sys::Event| {
        let input: HtmlInputElement = event_target(&event);
        if let Some(files) = input.files() {
            take(desk, &files);
        }
        // The same file may be chosen again.
        input.set_value("");
    };
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        is_over.set(false);
        if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
            take(desk, &files);
        }
    };
    let pasted = window_event_listener_untyped("paste", move |event| {
        let data = event.dyn_ref::<web_sys::ClipboardEvent>();
        let files = data.and_then(|event| event.clipboard_data()?.files());
        if let Some(files) = files.filter(|files| files.length() > 0) {
            event.prevent_default();
            take(desk, &files);
        }
    });
    on_cleanup(move || pasted.remove());
    let over = move |event: web_sys::DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let none = move || desk.pictures.with(Vec::is_empty);
    view! {
        <section aria-labelledby="pictures">
            <h2 id="pictures">"Pictures"</h2>
            <div
                class="drop"
                class:over=move || is_over.get()
                on:dragover=over
                on:dragleave=move |_| is_over.set(false)
                on:drop=dropped
            >
                <p class="toolbar">
                    <label class="button file">
                        "Choose pictures"
                        <input type="file" accept="image/*" multiple on:change=chosen />
                    </label>
                    <button type="button" hidden=none on:click=move |_| desk.remove_all()>
                        "Remove all"
                    </button>
                </p>
                <p class="aside">"Or drop them here, or paste one."</p>
                <ul class="thumbnails">
                    {move || {
                        let shown = desk.pictures.with(|all| {
                            all.iter().take(SHOWN).cloned().collect::<Vec<_>>()
                        });
                        list(shown.into_iter().map(|picture| thumbnail(desk, picture)))
                    }}
                </ul>
                <p class="aside" hidden=none>
                    {move || count(desk)}
                </p>
            </div>
        </section>
    }
}

fn count(desk: Desk) -> String {
    let count = desk.pictures.with(Vec::len);
    let seen = desk.pictures.with(|all| {
        let done = |p: &&Picture| p.look.with(|look| !matches!(look, Look::Waiting));
        all.iter().filter(done).count()
    });
    let more = match count.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" {more} more are not shown here."),
    };
    format!("{seen} of {count} looked at.{more}")
}

fn thumbnail(desk: Desk, picture: Picture) -> AnyView {
    let Picture {
        id,
        name,
        address,
        look,
        ..
    } = picture;
    view! {
        <li>
            <button
                type="button"
                aria-pressed=move || (desk.selected.get() == Some(id)).to_string()
                class:failed=move || look.with(|look| matches!(look, Look::Failed(_)))
                on:click=move |_| desk.selected.set(Some(id))
            >
                <img src=address alt=name width="64" height="64" loading="lazy" />
            </button>
        </li>
    }
    .into_any()
}

fn take(desk: Desk, files: &FileList) {
    let files = (0..files.length()).filter_map(|i| files.get(i));
    let pictures = files.map(|file| {
        let name = File::name(&file);
        let blob: Blob = file.unchecked_into();
        (name, None, blob)
    });
    desk.add(pictures.collect());
}
