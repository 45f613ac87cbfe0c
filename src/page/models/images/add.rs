//! Adding images: chosen, from a folder, from an address, or the samples; and labels for them.

use crate::page::models::folder::found;
use crate::page::models::session::{NewImage, Session};
use crate::page::models::{address, samples};
use crate::page::work::yield_now;
use crate::teach::folders::class_folders;
use crate::teach::table::{self, Names};
use leptos::prelude::*;
use refit_clip::confusion::Truth;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Event, File, FileList, HtmlInputElement};

/// Images that are added before the page yields to the browser.
const CHUNK: usize = 100;

#[component]
pub(super) fn AddImages(session: Session) -> impl IntoView {
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
            let set = set_labels(session, &text.unwrap_or_default());
            session.images.problem.set(set.err());
        });
    };
    let add_samples = move |_| leptos::task::spawn_local(session.show_samples());
    let none = move || session.images.is_empty();
    view! {
        <p class="toolbar add-images">
            <label class="button file">
                "Choose images"
                <input type="file" accept="image/*" multiple on:change=chosen />
            </label>
            <button
                type="button"
                class="samples"
                title="Replaces the images, and the classes where they do not fit"
                hidden=move || session.images.are_samples()
                on:click=add_samples
            >
                "Try sample images"
            </button>
            <button type="button" hidden=none on:click=move |_| session.remove_images()>
                "Clear images"
            </button>
        </p>
        <p class="aside by-mouse">"Or drop images here, or paste one."</p>
        <details class="fold">
            <summary>"More ways to add images"</summary>
            <p class="toolbar">
                <label class="button file">
                    "Choose a folder (subfolders are classes)"
                    <input type="file" prop:webkitdirectory=true multiple on:change=chosen />
                </label>
                <label class="button file" hidden=none>
                    "Add labels (CSV: name, class)"
                    <input
                        type="file"
                        name="Labels"
                        accept=".csv,.tsv,.txt,text/csv"
                        on:change=labelled
                    />
                </label>
            </p>
            <FromAddress session />
        </details>
    }
}

#[component]
fn FromAddress(session: Session) -> impl IntoView {
    let address = RwSignal::new(String::new());
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let address = address.get_untracked().trim().to_owned();
        leptos::task::spawn_local(async move {
            match fetch_image(&address).await {
                Ok(file) => session.add_images(vec![NewImage {
                    name: address.rsplit('/').next().unwrap_or_default().to_owned(),
                    truth: None,
                    is_sample: false,
                    file,
                }]),
                Err(sentence) => session.images.problem.set(Some(sentence)),
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

pub(super) fn add_files(session: Session, files: &FileList) {
    let files = (0..files.length()).filter_map(|i| files.get(i));
    let (folders, found): (Vec<String>, Vec<_>) = files.map(found).unzip();
    let mut sorted = match class_folders(found) {
        Ok(sorted) => sorted,
        Err(sentence) => return session.images.problem.set(Some(sentence)),
    };
    let beside = std::mem::take(&mut sorted.beside);
    let beside = beside.into_iter().map(|(_, file)| (None, file));
    let notes = sorted.notes("images");
    let classes = sorted.classes.into_iter();
    let labelled = classes.flat_map(|(class, files)| {
        let class = Some(Truth::Class(class));
        files.into_iter().map(move |file| (class.clone(), file))
    });
    let images = labelled.chain(beside).map(|(truth, file)| NewImage {
        name: File::name(&file),
        truth,
        is_sample: false,
        file: file.unchecked_into(),
    });
    let mut images = images.collect::<Vec<_>>().into_iter();
    // Images beside others are no set.
    let is_all = session
        .images
        .all
        .with_untracked(|all| all.iter().all(|image| image.is_sample));
    let folder = folders
        .into_iter()
        .next()
        .filter(|name| is_all && !name.is_empty());
    leptos::task::spawn_local(async move {
        loop {
            let chunk: Vec<_> = images.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                session.images.set.set(folder);
                return session.images.notes.set(notes);
            }
            session.add_images(chunk);
            yield_now().await;
        }
    });
}

/// Sets the images' true classes from a table of names and classes.
fn set_labels(session: Session, text: &str) -> Result<(), String> {
    let all = session.images.all.get_untracked();
    let names = Names::new(all.iter().map(|image| image.name.as_str()));
    let table = table::read(text, |field| names.find(field))?;
    session.images.notes.set(table.notes("images"));
    session.images.all.update(|all| {
        for (place, class) in table.labelled {
            all[place].truth = Some(Truth::Class(class));
        }
    });
    session.rank_new();
    Ok(())
}
