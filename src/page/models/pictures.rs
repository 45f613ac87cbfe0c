//! The reader's pictures: chosen, dropped, pasted, from a folder, an address, or samples that come
//! with the page.

use super::session::{ImageState, Picture, Session};
use super::{downloads, samples};
use crate::page::list;
use crate::page::work::yield_now;
use js_sys::Reflect;
use leptos::prelude::*;
use std::collections::BTreeMap;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FileList, HtmlInputElement};

/// Pictures that are shown small; more would only be scrolled past.
const SHOWN: usize = 48;
/// Pictures that are taken in before the page has a turn.
const AT_ONCE: usize = 100;

#[component]
pub fn Pictures(session: Session) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let chosen = move |event: web_sys::Event| {
        let input: HtmlInputElement = event_target(&event);
        if let Some(files) = input.files() {
            take(session, &files);
        }
        // The same file may be chosen again.
        input.set_value("");
    };
    let labelled = move |event: web_sys::Event| {
        let input: HtmlInputElement = event_target(&event);
        let file = input.files().and_then(|files| files.get(0));
        input.set_value("");
        leptos::task::spawn_local(async move {
            let text = file.map(|file| JsFuture::from(file.text()));
            let Some(text) = text else { return };
            let text = text.await.ok().and_then(|text| text.as_string());
            problem.set(label(session, &text.unwrap_or_default()).err());
        });
    };
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        is_over.set(false);
        if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
            take(session, &files);
        }
    };
    let pasted = window_event_listener_untyped("paste", move |event| {
        let data = event.dyn_ref::<web_sys::ClipboardEvent>();
        let files = data.and_then(|event| event.clipboard_data()?.files());
        if let Some(files) = files.filter(|files| files.length() > 0) {
            event.prevent_default();
            take(session, &files);
        }
    });
    on_cleanup(move || pasted.remove());
    let over = move |event: web_sys::DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let add_samples = move |_| {
        leptos::task::spawn_local(async move {
            match samples::all().await {
                Ok(all) => {
                    let picture = |(sample, file): (samples::Sample, Blob)| {
                        (sample.file.clone(), Some(sample.label), file)
                    };
                    session.add(all.into_iter().map(picture).collect());
                    problem.set(None);
                }
                Err(sentence) => problem.set(Some(sentence)),
            }
        });
    };
    let none = move || session.pictures.with(Vec::is_empty);
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
                    <label class="button file">
                        "A folder, its subfolders as classes"
                        <input type="file" prop:webkitdirectory=true multiple on:change=chosen />
                    </label>
                    <button type="button" class="samples" on:click=add_samples>
                        "Take the samples"
                    </button>
                    <label class="button file" hidden=none>
                        "What they show (CSV: name, class)"
                        <input type="file" name="Labels" accept=".csv,text/csv" on:change=labelled />
                    </label>
                    <button type="button" hidden=none on:click=move |_| session.remove_all()>
                        "Remove all"
                    </button>
                </p>
                <Address session problem />
                <p class="aside">"Or drop them here, or paste one."</p>
                <p class="error" role="alert" hidden=move || problem.with(Option::is_none)>
                    {move || problem.get()}
                </p>
                <ul class="thumbnails">
                    {move || {
                        let shown = session.pictures.with(|all| {
                            all.iter().take(SHOWN).cloned().collect::<Vec<_>>()
                        });
                        list(shown.into_iter().map(|picture| thumbnail(session, picture)))
                    }}
                </ul>
                <p class="aside count" hidden=none>
                    {move || count(session)}
                </p>
            </div>
        </section>
    }
}

/// A picture on a host that this page may connect to.
#[component]
fn Address(session: Session, problem: RwSignal<Option<String>>) -> impl IntoView {
    let address = RwSignal::new(String::new());
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let address = address.get_untracked().trim().to_owned();
        leptos::task::spawn_local(async move {
            match picture_at(&address).await {
                Ok(file) => {
                    let name = address.rsplit('/').next().unwrap_or_default().to_owned();
                    session.add(vec![(name, None, file)]);
                    problem.set(None);
                }
                Err(sentence) => problem.set(Some(sentence)),
            }
        });
    };
    view! {
        <form class="choices" on:submit=add>
            <label class="choice address">
                <span>"Address of a picture"</span>
                <input
                    name="Picture"
                    type="url"
                    prop:value=move || address.get()
                    on:input=move |event| address.set(event_target_value(&event))
                />
            </label>
            <button type="submit">"Add"</button>
        </form>
    }
}

async fn picture_at(address: &str) -> Result<Blob, String> {
    if downloads::host(address).is_err() {
        return Err("This page may read pictures only from its own host and from Hugging Face: most hosts do not let other pages read their files (CORS), and nothing of yours should go to others. Save the picture and drop it here, or copy and paste it.".to_owned());
    }
    let unreadable = || {
        "There is no picture at this address that this page may read; save it and drop it here."
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
    // Ten thousand pictures are not listened to one by one.
    session.rankings_done.track();
    session.loads.track();
    let (count, seen) = session.pictures.with(|all| {
        let done = |p: &&Picture| {
            p.look
                .with_untracked(|look| !matches!(look, ImageState::Waiting))
        };
        (all.len(), all.iter().filter(done).count())
    });
    let more = match count.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" {more} more are not shown here."),
    };
    format!("{seen} of {count} looked at.{more}")
}

fn thumbnail(session: Session, picture: Picture) -> AnyView {
    let address = picture.address();
    let Picture { id, name, look, .. } = picture;
    view! {
        <li>
            <button
                type="button"
                aria-pressed=move || (session.selected.get() == Some(id)).to_string()
                class:failed=move || look.with(|look| matches!(look, ImageState::Failed(_)))
                on:click=move |_| session.selected.set(Some(id))
            >
                <img src=address alt=name width="64" height="64" loading="lazy" />
            </button>
        </li>
    }
    .into_any()
}

fn take(session: Session, files: &FileList) {
    let files = (0..files.length()).filter_map(|i| files.get(i));
    // A folder holds more than pictures.
    let pictures = files.filter(|file| {
        let kind = file.type_();
        kind.is_empty() || kind.starts_with("image/")
    });
    let pictures = pictures.map(|file| {
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
    let mut pictures = pictures.collect::<Vec<_>>().into_iter();
    leptos::task::spawn_local(async move {
        loop {
            let some: Vec<_> = pictures.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return;
            }
            session.add(some);
            yield_now().await;
        }
    });
}

/// Takes what pictures show from a table of names and classes.
fn label(session: Session, text: &str) -> Result<(), String> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    for record in reader.records() {
        let record = record.map_err(|error| format!("The file is no CSV: {error}."))?;
        if let (Some(name), Some(label)) = (record.get(0), record.get(1)) {
            labels.insert(name.trim().to_owned(), label.trim().to_owned());
        }
    }
    let mut found = 0;
    session.pictures.update(|all| {
        for picture in all {
            if let Some(label) = labels.get(&picture.name) {
                picture.label = Some(label.clone());
                found += 1;
            }
        }
    });
    session.rank_new();
    match found {
        0 => Err("No line of the file begins with the name of one of these pictures; it needs a name and a class on each line.".to_owned()),
        _ => Ok(()),
    }
}
