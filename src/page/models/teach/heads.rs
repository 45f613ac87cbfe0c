//! The heads that are kept: used, named, exported, deleted, opened from files.

use crate::page::messages::error_if_any;
use crate::page::models::session::{Session, lines};
use crate::page::{list, save};
use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use refit_clip::Head;
use std::sync::Arc;
use web_sys::{Blob, DragEvent, Event, HtmlInputElement};

#[component]
pub(super) fn Heads(session: Session) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let chosen = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        let files = input.files();
        let files = files.map(|files| (0..files.length()).filter_map(|i| files.get(i)).collect());
        session.open_heads(files.unwrap_or_default(), true);
        input.set_value("");
    };
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        let files = event.data_transfer().and_then(|data| data.files());
        let files = files.map(|files| (0..files.length()).filter_map(|i| files.get(i)).collect());
        session.open_heads(files.unwrap_or_default(), true);
    };
    let over = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let heads = move || {
        let all = session.heads.all.get();
        list(all.into_iter().map(move |head| one(session, head)))
    };
    view! {
        <section
            aria-labelledby="heads"
            class="drop heads"
            class:over=move || is_over.get()
            on:dragover=over
            on:dragleave=move |_| is_over.set(false)
            on:drop=dropped
        >
            <h3 id="heads">"Heads"</h3>
            <p class="aside">
                "A head takes the place of the class list everywhere: images, camera, tables, search. Heads of others: a linear layer (.pth, .safetensors) for a score or classes, class embeddings (.npy)."
            </p>
            <ul class="plain head-list">{heads}</ul>
            <p class="toolbar">
                <label class="button file">
                    "Open a head"
                    <input
                        type="file"
                        name="Head"
                        accept=".json,.safetensors,.pth,.pt,.npy"
                        multiple
                        on:change=chosen
                    />
                </label>
                <span class="aside by-mouse">"Or drop its file here."</span>
            </p>
            {error_if_any(session.heads.problem)}
        </section>
    }
}

fn one(session: Session, head: Arc<Head>) -> AnyView {
    let used = head.clone();
    let is_used = Memo::new(move |_| {
        let in_use = session.classes.head.get();
        in_use.is_some_and(|in_use| Arc::ptr_eq(&in_use, &used))
    });
    let (use_it, delete, json, tensors) = (head.clone(), head.clone(), head.clone(), head.clone());
    let toggle = move |_| {
        let head = (!is_used.get_untracked()).then(|| use_it.clone());
        session.classes.head.set(head);
    };
    view! {
        <li>
            <strong>{head.name.clone()}</strong>
            " "
            <span class="aside">{described(&head)}</span>
            <p class="toolbar">
                <button type="button" aria-pressed=move || is_used.get().to_string() on:click=toggle>
                    {move || if is_used.get() { "In use" } else { "Use" }}
                </button>
                <button
                    type="button"
                    on:click=move |_| {
                        save::text(&format!("{}.json", json.name), "application/json", &json.to_json());
                    }
                >
                    "Export JSON"
                </button>
                <button
                    type="button"
                    on:click=move |_| {
                        let bytes = Uint8Array::from(tensors.to_safetensors().as_slice());
                        if let Ok(blob) = Blob::new_with_u8_array_sequence(&Array::of1(&bytes)) {
                            let _ = save::blob_as(&format!("{}.safetensors", tensors.name), &blob);
                        }
                    }
                >
                    "Export safetensors"
                </button>
                <button type="button" on:click=move |_| session.delete_head(&delete)>
                    "Delete"
                </button>
            </p>
            <Names session head />
        </li>
    }
    .into_any()
}

fn described(head: &Head) -> String {
    let of = match head.labels.len() {
        1 => "a score".to_owned(),
        count => format!("{count} classes"),
    };
    let model = head
        .model
        .as_ref()
        .map_or(String::new(), |m| format!(", taught on {}", m.name));
    format!("{of} of {} numbers{model}", head.width)
}

/// The head's name and those of its classes, to be changed.
#[component]
fn Names(session: Session, head: Arc<Head>) -> impl IntoView {
    let name = RwSignal::new(head.name.clone());
    let labels = RwSignal::new(head.labels.join("\n"));
    let problem = RwSignal::new(None::<String>);
    let rename = move |_| {
        let (name, labels) = (
            name.get_untracked(),
            labels.with_untracked(|text| lines(text)),
        );
        let name = name.trim().to_owned();
        if labels.len() != head.labels.len() || name.is_empty() {
            let sentence = format!(
                "Write a name, and {} classes, one a line.",
                head.labels.len()
            );
            return problem.set(Some(sentence));
        }
        let renamed = Head {
            name,
            labels,
            ..head.as_ref().clone()
        };
        session.replace_head(&head, renamed);
    };
    view! {
        <details class="fold">
            <summary>"Names"</summary>
            <div class="choices">
                <label class="choice">
                    <span>"Head name"</span>
                    <input
                        name="Head name"
                        prop:value=move || name.get()
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </label>
                <label class="choice">
                    <span>"Its classes, one per line"</span>
                    <textarea
                        name="Head classes"
                        rows="4"
                        spellcheck="false"
                        prop:value=move || labels.get()
                        on:input=move |event| labels.set(event_target_value(&event))
                    ></textarea>
                </label>
                <button type="button" class="rename" on:click=rename>
                    "Save names"
                </button>
            </div>
            {error_if_any(problem)}
        </details>
    }
}
