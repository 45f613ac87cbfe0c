//! Adding images: chosen, dropped, pasted, from a folder, from an address, or the samples.

use super::session::{ImageState, Session, SourceImage};
use super::{address, samples};
use crate::page::list;
use crate::page::messages::error_if_any;
use crate::page::work::yield_now;
use js_sys::Reflect;
use leptos::prelude::*;
use std::collections::BTreeMap;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DragEvent, Event, File, FileList, HtmlInputElement};

/// Images that are shown as thumbnails.
const SHOWN: usize = 48;
/// Images that are added before the page yields to the browser.
const CHUNK: usize = 100;

#[component]
pub fn Images(session: Session) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
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
    view! {
        <section aria-labelledby="images">
            <h2 id="images">"Images"</h2>
            <div
                class="drop"
                class:over=move || is_over.get()
                on:dragover=over
                on:dragleave=move |_| is_over.set(false)
                on:drop=dropped
            >
                <Buttons session problem />
                <FromAddress session problem />
                <p class="aside">"Or drop images here, or paste one."</p>
                {error_if_any(problem)}
                <ul class="thumbnails">
                    {move || {
                        let shown = session.images.all.with(|all| {
                            all.iter().take(SHOWN).cloned().collect::<Vec<_>>()
                        });
                        list(shown.into_iter().map(|image| thumbnail(session, image)))
                    }}
                </ul>
                <p class="aside count" hidden=move || session.images.is_empty()>
                    {move || count(session)}
                </p>
            </div>
        </section>
    }
}

#[component]
fn Buttons(session: Session, problem: RwSignal<Option<String>>) -> impl IntoView {
    let chosen = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        if let Some(files) = input.files() {
            add_files(session, &files);
        }
        // Otherwise choosing the same file again has no effect.
        input.set_value("");
    };
    let labelled = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        let file = input.files().and_then(|files| files.get(0));
        input.set_value("");
        leptos::task::spawn_local(async move {
            let text = file.map(|file| JsFuture::from(file.text()));
            let Some(text) = text else { return };
            let text = text.await.ok().and_then(|text| text.as_string());
            problem.set(set_labels(session, &text.unwrap_or_default()).err());
        });
    };
    let add_samples = move |_| {
        leptos::task::spawn_local(async move {
            match samples::all().await {
                Ok(all) => {
                    let image = |(sample, file): (samples::Sample, Blob)| {
                        (sample.file.clone(), Some(sample.label), file)
                    };
                    session.add_images(all.into_iter().map(image).collect());
                    problem.set(None);
                }
                Err(sentence) => problem.set(Some(sentence)),
            }
        });
    };
    let none = move || session.images.is_empty();
    view! {
        <p class="toolbar">
            <label class="button file">
                "Choose images"
                <input type="file" accept="image/*" multiple on:change=chosen />
            </label>
            <label class="button file">
                "Choose a folder (subfolders are classes)"
                <input type="file" prop:webkitdirectory=true multiple on:change=chosen />
            </label>
            <button type="button" class="samples" on:click=add_samples>
                "Try sample images"
            </button>
            <label class="button file" hidden=none>
                "Add labels (CSV: name, class)"
                <input type="file" name="Labels" accept=".csv,text/csv" on:change=labelled />
            </label>
            <button type="button" hidden=none on:click=move |_| session.remove_images()>
                "Remove all"
            </button>
        </p>
    }
}

#[component]
fn FromAddress(session: Session, problem: RwSignal<Option<String>>) -> impl IntoView {
    let address = RwSignal::new(String::new());
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let address = address.get_untracked().trim().to_owned();
        leptos::task::spawn_local(async move {
            match fetch_image(&address).await {
                Ok(file) => {
                    let name = address.rsplit('/').next().unwrap_or_default().to_owned();
                    session.add_images(vec![(name, None, file)]);
                    problem.set(None);
                }
                Err(sentence) => problem.set(Some(sentence)),
            }
        });
    };
    view! {
        <form class="choices" on:submit=add>
            <label class="choice address">
                <span>"Image address"</span>
                <input
                    name="Image"
                    type="url"
                    prop:value=move || address.get()
                    on:input=move |event| address.set(event_target_value(&event))
                />
            </label>
            <button type="submit">"Add"</button>
        </form>
    }
}

async fn fetch_image(address: &str) -> Result<Blob, String> {
    if address::permitted_host(address).is_err() {
        return Err("This page can load images only from its own host and from Hugging Face: most hosts do not allow it (CORS), and the page keeps your data to itself. Save the image and drop it here, or copy and paste it.".to_owned());
    }
    let unreadable = || {
        "The page cannot load an image from this address; save the image and drop it here."
            .to_owned()
    };
    let response = samples::fetch(address).await;
    let response = response
        .filter(web_sys::Response::ok)
        .ok_or_else(unreadable)?;
    let blob = JsFuture::from(response.blob().map_err(|_| unreadable())?);
    Ok(blob.await.map_err(|_| unreadable())?.unchecked_into())
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
    let SourceImage {
        id, name, state, ..
    } = image;
    let selected = session.images.selected;
    view! {
        <li>
            <button
                type="button"
                aria-pressed=move || (selected.get() == Some(id)).to_string()
                class:failed=move || state.with(|state| matches!(state, ImageState::Failed(_)))
                on:click=move |_| selected.set(Some(id))
            >
                <img src=address alt=name width="64" height="64" loading="lazy" />
            </button>
        </li>
    }
    .into_any()
}

fn add_files(session: Session, files: &FileList) {
    let files = (0..files.length()).filter_map(|i| files.get(i));
    // A folder may hold other files too.
    let images = files.filter(|file| {
        let kind = file.type_();
        kind.is_empty() || kind.starts_with("image/")
    });
    let images = images.map(|file| {
        let path = Reflect::get(&file, &"webkitRelativePath".into()).unwrap_or_default();
        let path = path.as_string().unwrap_or_default();
        let folders: Vec<&str> = path.split('/').collect();
        // FOLDER/CLASS/FILE
        let label = match folders.as_slice() {
            [_, .., class, _] => Some((*class).to_owned()),
            _ => None,
        };
        (File::name(&file), label, file.unchecked_into())
    });
    let mut images = images.collect::<Vec<_>>().into_iter();
    leptos::task::spawn_local(async move {
        loop {
            let chunk: Vec<_> = images.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return;
            }
            session.add_images(chunk);
            yield_now().await;
        }
    });
}

/// Sets the images' true classes from a CSV of names and classes.
fn set_labels(session: Session, text: &str) -> Result<(), String> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    for record in reader.records() {
        let record = record.map_err(|error| format!("The file is not a CSV: {error}."))?;
        if let (Some(name), Some(label)) = (record.get(0), record.get(1)) {
            labels.insert(name.trim().to_owned(), label.trim().to_owned());
        }
    }
    let mut matched = 0;
    session.images.all.update(|all| {
        for image in all {
            if let Some(label) = labels.get(&image.name) {
                image.label = Some(label.clone());
                matched += 1;
            }
        }
    });
    session.rank_new();
    match matched {
        0 => Err("No line of the file starts with the name of one of these images; each line needs a name and a class.".to_owned()),
        _ => Ok(()),
    }
}
