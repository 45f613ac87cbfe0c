//! The studies' checkpoints, any other address, the reader's own file; and what is kept.

use super::downloads::{self, Download, Purpose, choice_of, choice_of_file};
use super::protocol::{CachedCheckpoint, PartialDownload};
use super::session::Session;
use crate::page::data;
use crate::page::lazy::Lazy;
use crate::page::list;
use crate::study::checkpoint::PublishedCheckpoint;
use crate::study::{DataError, Study, Table};
use crate::text::{self, number, percent};
use leptos::prelude::*;
use std::sync::Arc;
use web_sys::{File, HtmlInputElement};

/// A checkpoint and what was measured of it.
#[derive(Clone)]
pub struct Listed {
    pub checkpoint: PublishedCheckpoint,
    /// Top-1 accuracy on ImageNet-1k, and compute in the study's unit.
    pub measured: Option<(f64, f64)>,
    /// Bytes of its weights as float32, from the count of its parameters.
    pub bytes: u64,
}

/// The checkpoints with their measurements, from the data files.
pub async fn listed() -> Result<Arc<Vec<Listed>>, DataError> {
    let checkpoints = data::checkpoints().await?;
    let tables = [
        (Study::Openclip, data::bundled(Table::Zeroshot).await?),
        (Study::Comparison, data::bundled(Table::Sweep).await?),
    ];
    let list = checkpoints.into_iter().map(|checkpoint| {
        let measured = tables.iter().find_map(|(study, (rows, _))| {
            let row = rows.iter().find(|row| {
                row.dataset == "imagenet1k" && row.metric == "acc1" && checkpoint.is_of(*study, row)
            })?;
            Some((row.value, row.compute))
        });
        let mut architectures = tables
            .iter()
            .flat_map(|(_, (_, architectures))| architectures);
        let architecture = architectures
            .find(|a| a.family == checkpoint.family && a.name == checkpoint.architecture);
        Listed {
            measured,
            bytes: architecture.map_or(0, |a| (4e6 * a.mparams[0]) as u64),
            checkpoint,
        }
    });
    Ok(Arc::new(list.collect()))
}

#[component]
pub fn Others(session: Session) -> impl IntoView {
    let is_open = RwSignal::new(session.requested.with_untracked(Option::is_some));
    let opened = move |event: web_sys::Event| {
        let details: web_sys::Element = event_target(&event);
        is_open.set(details.has_attribute("open"));
    };
    // A download that did not come to its end is offered at once; other tabs may have kept more
    // when somebody looks.
    Effect::new(move || {
        is_open.track();
        session.read_cache();
    });
    view! {
        <Downloading session purpose=Purpose::Run />
        <Unfinished session />
        {move || {
            session.requested
                .with(Option::is_some)
                .then(|| {
                    view! {
                        <h3>"On the curve"</h3>
                        <Lazy program="details" view="curve" />
                    }
                })
        }}
        <details class="section" id="others" prop:open=move || is_open.get() on:toggle=opened>
            <summary>
                <h2>"Other models"</h2>
            </summary>
            {move || is_open.get().then(|| view! { <Inside session /> })}
        </details>
    }
}

#[component]
fn Inside(session: Session) -> impl IntoView {
    let loaded = data::load(listed);
    let table = move || match loaded.get() {
        None => view! { <p class="waiting">"Loading the list…"</p> }.into_any(),
        Some(Err(error)) => view! { <p class="error">{error.to_string()}</p> }.into_any(),
        Some(Ok(all)) => {
            let is_listed = |id: &String| all.iter().any(|listed| listed.checkpoint.id == *id);
            let unknown = session
                .requested
                .with(|id| id.as_ref().is_some_and(|id| !is_listed(id)));
            view! {
                <p class="error" hidden=!unknown>
                    "The release does not say which run this point is, so its checkpoint cannot be found; these can."
                </p>
                {table(session, &all)}
            }
            .into_any()
        }
    };
    view! {
        <Shelved session />
        <h3>"Of the two studies"</h3>
        {table}
        <Elsewhere session />
    }
}

fn table(session: Session, all: &[Listed]) -> AnyView {
    let rows = all.iter().cloned().map(|listed| row(session, listed));
    view! {
        <div
            class="scroll list"
            tabindex="0"
            role="region"
            aria-label="Checkpoints of the two studies"
        >
            <table class="numbers checkpoints">
                <thead>
                    <tr>
                        <th scope="col">"Model"</th>
                        <td></td>
                        <th scope="col">"ImageNet-1k"</th>
                        <th scope="col">"Compute"</th>
                        <th scope="col">"Licence, source"</th>
                    </tr>
                </thead>
                <tbody>{list(rows)}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(session: Session, listed: Listed) -> AnyView {
    let Listed {
        checkpoint,
        measured,
        bytes,
    } = listed;
    let id = checkpoint.id.clone();
    let own = id.clone();
    let is_asked = move || session.requested.with(|asked| asked.as_ref() == Some(&own));
    let unit = checkpoint.study.map_or("", Study::compute_unit);
    let accuracy = measured.map_or("not measured".to_owned(), |(accuracy, _)| percent(accuracy));
    let compute = measured.map_or("–".to_owned(), |(_, compute)| {
        format!("{} {unit}", number(compute))
    });
    let licence = checkpoint.licence.as_ref();
    let licence = licence.map_or("see ".to_owned(), |licence| format!("{licence}, see "));
    let (name, address) = (checkpoint.name(), checkpoint.address.clone());
    let kind = if address.ends_with(".pt") {
        ""
    } else {
        " (safetensors)"
    };
    view! {
        <tr data-id=checkpoint.id.clone() aria-current=move || is_asked().then_some("true")>
            <th scope="row">
                {name.clone()} {kind}
            </th>
            <td>
                <span>{action(session, id, name.clone(), address, bytes)}</span>
            </td>
            <td data-label="ImageNet-1k">{accuracy}</td>
            <td data-label="Compute">{compute}</td>
            <td data-label="Licence">
                {licence} <a href=checkpoint.source.clone()>"Hugging Face"</a>
            </td>
        </tr>
    }
    .into_any()
}

/// What can be done with an address: load what is kept, or download it.
fn action(
    session: Session,
    id: String,
    name: String,
    address: String,
    bytes: u64,
) -> impl Fn() -> AnyView + Send + 'static {
    let key = downloads::key(&address);
    move || {
        let id = id.clone();
        let kept = session.cache.with(|cache| {
            let kept = &cache.as_ref()?.as_ref().ok()?.kept;
            kept.iter().find(|kept| kept.key == key).cloned()
        });
        let Some(kept) = kept else {
            let before = move || session.request_checkpoint(Some(id.clone()));
            let (name, address) = (name.clone(), address.clone());
            return download(session, name, address, bytes, Purpose::Run, before);
        };
        let load = move |_| {
            session.request_checkpoint(Some(id.clone()));
            load(session, &kept);
        };
        view! {
            <button type="button" on:click=load>
                "Load"
            </button>
        }
        .into_any()
    }
}

/// A button that names size and host, or how far an earlier download came.
pub fn download(
    session: Session,
    name: String,
    address: String,
    bytes: u64,
    purpose: Purpose,
    before: impl Fn() + 'static,
) -> AnyView {
    let key = downloads::key(&address);
    let host = web_sys::Url::new(&address)
        .map(|url| url.hostname())
        .unwrap_or_default();
    let part = session.cache.with(|cache| {
        let parts = &cache.as_ref()?.as_ref().ok()?.parts;
        let part = parts.iter().find(|part| part.key == key)?;
        Some(part.progress.bytes)
    });
    let text = match part {
        Some(bytes) => format!("Go on after {}, from {host}", text::bytes(bytes as f64)),
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

/// Loads what is kept, and shows how that goes: far above the list.
fn load(session: Session, kept: &CachedCheckpoint) {
    session.load(choice_of(kept));
    if let Some(model) = document().get_element_by_id("model") {
        model.scroll_into_view();
    }
}

/// What is kept on this device, and how much room there is.
#[component]
fn Shelved(session: Session) -> impl IntoView {
    let row = move |kept: CachedCheckpoint| {
        let (key, bytes) = (kept.key.clone(), text::bytes(kept.sums.bytes as f64));
        let name = kept.name.clone();
        let delete = format!("Delete {name}");
        view! {
            <li>
                <span>{format!("{name}: {bytes}")}</span>
                <button type="button" on:click=move |_| load(session, &kept)>
                    "Load"
                </button>
                <button type="button" aria-label=delete on:click=move |_| session.delete(key.clone())>
                    "Delete"
                </button>
            </li>
        }
    };
    let inside = move || match session.cache.get() {
        None => ().into_any(),
        Some(Err(failure)) => view! { <p class="error">{failure.sentence}</p> }.into_any(),
        Some(Ok(cache)) => {
            let none = cache.kept.is_empty();
            let room = (cache.quota > 0.0).then(|| {
                format!(
                    "This page uses {} of the {} that the browser lets it have.",
                    text::bytes(cache.used),
                    text::bytes(cache.quota)
                )
            });
            view! {
                <ul class="kept">{list(cache.kept.into_iter().map(row))}</ul>
                <p class="aside">
                    {none.then_some("No model is kept yet. ")} {room}
                </p>
            }
            .into_any()
        }
    };
    view! {
        <h3>"Kept on this device"</h3>
        <div class="shelf">{inside}</div>
    }
}

/// An address or a file of the reader's.
#[component]
fn Elsewhere(session: Session) -> impl IntoView {
    let address = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let download = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let address = address.get_untracked().trim().to_owned();
        match downloads::host(&address) {
            Err(sentence) => problem.set(Some(sentence)),
            Ok(_) => {
                problem.set(None);
                let name = address.rsplit('/').next().unwrap_or_default();
                let name = name.split('?').next().unwrap_or_default().to_owned();
                session.download(name, address, Purpose::Run);
            }
        }
    };
    view! {
        <h3>"From elsewhere"</h3>
        <form class="choices" on:submit=download>
            <label class="choice address">
                <span>"Address of a CLIP on Hugging Face (safetensors or PyTorch, “resolve”)"</span>
                <input
                    name="Address"
                    type="url"
                    inputmode="url"
                    placeholder="https://huggingface.co/…/resolve/main/…"
                    aria-invalid=move || problem.with(Option::is_some).to_string()
                    prop:value=move || address.get()
                    on:input=move |event| address.set(event_target_value(&event))
                />
            </label>
            <button type="submit">"Download"</button>
            {open("Checkpoint", move |file| session.load(choice_of_file(file)))}
        </form>
        <p class="error" role="alert" hidden=move || problem.with(Option::is_none)>
            {move || problem.get()}
        </p>
    }
}

/// A button that opens a checkpoint of the reader's.
pub fn open(name: &'static str, taken: impl Fn(File) + 'static) -> impl IntoView {
    let chosen = move |event: web_sys::Event| {
        let input: HtmlInputElement = event_target(&event);
        let file = input.files().and_then(|files| files.get(0));
        input.set_value("");
        if let Some(file) = file {
            taken(file);
        }
    };
    view! {
        <label class="button file">
            "Open a file"
            <input type="file" name=name accept=".safetensors,.pt,.bin,.pth" on:change=chosen />
        </label>
    }
}

/// How far a download for this purpose is, and what became of it.
#[component]
pub fn Downloading(session: Session, purpose: Purpose) -> impl IntoView {
    move || {
        let download = session.download.get().filter(|d| d.purpose == purpose)?;
        Some(match download.failure.clone() {
            None => under_way(session, &download),
            Some(failure) => {
                let Download { name, address, .. } = download;
                view! {
                    <div class="download">
                        <p class="error" role="alert">
                            {failure.sentence}
                        </p>
                        <p class="toolbar">
                            <button
                                type="button"
                                on:click=move |_| {
                                    session.download(name.clone(), address.clone(), purpose)
                                }
                            >
                                "Go on"
                            </button>
                            <button type="button" on:click=move |_| session.cancel_download()>
                                "Leave it"
                            </button>
                        </p>
                    </div>
                }
                .into_any()
            }
        })
    }
}

fn under_way(session: Session, download: &Download) -> AnyView {
    let progress = download.progress;
    let text = match progress.total {
        0 => format!("{}: asking the server…", download.name),
        total => {
            let speed = download.speed().map_or(String::new(), |(speed, left)| {
                format!(", {} a second, {} left", text::bytes(speed), time(left))
            });
            format!(
                "{}: {} of {}{speed}",
                download.name,
                text::bytes(progress.bytes as f64),
                text::bytes(total as f64)
            )
        }
    };
    view! {
        <div class="progress download">
            <progress
                max=progress.total.max(1).to_string()
                value=progress.bytes.to_string()
                aria-label="Downloading"
            ></progress>
            <span>{text}</span>
            <button type="button" on:click=move |_| session.cancel_download()>
                "Stop"
            </button>
        </div>
    }
    .into_any()
}

/// Downloads that broke off, which can go on: of an earlier visit, too.
#[component]
fn Unfinished(session: Session) -> impl IntoView {
    let offer = move |part: PartialDownload| {
        let PartialDownload {
            key,
            name,
            address,
            progress,
        } = part;
        let sentence = format!(
            "The download of {name} is not complete: {} of {} are here.",
            text::bytes(progress.bytes as f64),
            text::bytes(progress.total as f64)
        );
        let go_on = match downloads::host(&address) {
            Ok(host) => format!("Go on, from {host}"),
            Err(_) => "Go on".to_owned(),
        };
        let delete = format!("Delete what is here of {name}");
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
                        {go_on}
                    </button>
                    <button
                        type="button"
                        aria-label=delete
                        on:click=move |_| session.delete(key.clone())
                    >
                        "Delete"
                    </button>
                </p>
            </div>
        }
    };
    let current = Memo::new(move |_| session.download.with(|d| d.as_ref().map(|d| d.key.clone())));
    move || {
        let cache = session.cache.get().and_then(Result::ok).unwrap_or_default();
        let parts = cache.parts.into_iter();
        list(
            parts
                .filter(|part| current.get().as_ref() != Some(&part.key))
                .map(offer),
        )
    }
}

/// Seconds, as one would say them.
fn time(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
