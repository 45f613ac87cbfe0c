//! Searching the pairs, or the index of a folder: by a text, an image, both, minus, and by results.

use super::shown;
use crate::page::list;
use crate::page::messages::error_if_any;
use crate::page::models::checkpoints::files_of;
use crate::page::models::progress;
use crate::page::models::session::{SearchOutcome, Searching, Session, Target};
use crate::text::{bytes, grouped, milliseconds};
use leptos::prelude::*;

/// What is asked for, and what is found. `is_off`: the model above is not that of the vectors.
#[component]
pub(super) fn Search(
    session: Session,
    searching: Searching,
    target: Target,
    #[prop(into)] is_off: Signal<bool>,
) -> impl IntoView {
    let name = match target {
        Target::Set(_) => "pairs",
        Target::Folder(_) => "index",
    };
    let target = StoredValue::new_local(target);
    let Searching {
        text,
        minus,
        image,
        alike,
        outcome,
        problem,
        progress,
        ..
    } = searching;
    let is_empty = move || {
        let has_text = text.with(|text| !text.trim().is_empty());
        !has_text && image.with(Option::is_none) && alike.with(Vec::is_empty)
    };
    let ask = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if !is_empty() && !is_off.get_untracked() {
            session.search_vectors(searching, target.get_value());
        }
    };
    let choose = move |event: web_sys::Event| {
        if let Some(file) = files_of(&event).into_iter().next() {
            image.set(Some((file.name(), file.into())));
        }
    };
    let chosen = move || {
        image.get().map(|(name, _)| {
            view! {
                <span class="aside">{name}</span>
                <button type="button" class="no-image" on:click=move |_| image.set(None)>
                    "Without it"
                </button>
            }
        })
    };
    let results = move || {
        let count = alike.with(Vec::len);
        (count > 0).then(|| {
            view! {
                <p class="toolbar alike">
                    {format!("Like {count} of the results.")}
                    <button type="button" on:click=move |_| alike.set(Vec::new())>
                        "Without them"
                    </button>
                </p>
            }
        })
    };
    let running = move || {
        let share = progress.get()?;
        let cancel = move |_| searching.cancel(&target.get_value());
        let bar = progress::bar(
            "Searching",
            (1000.0 * share) as u64,
            1000,
            "Searching…".to_owned(),
        );
        Some(view! {
            <div class="progress">
                {bar} <button type="button" class="cancel-search" on:click=cancel>
                    "Cancel"
                </button>
            </div>
        })
    };
    let found = move || {
        let outcome = outcome.get()?;
        let is_of_this = target.with_value(|target| outcome.target.is(target));
        is_of_this.then(|| found(&outcome, alike))
    };
    view! {
        <form class="choices search-form" data-searches=name on:submit=ask>
            <label class="choice address">
                <span>"Find images by a text"</span>
                <input
                    name="Text to find pairs"
                    type="search"
                    prop:value=move || text.get()
                    on:input=move |event| text.set(event_target_value(&event))
                />
            </label>
            <label class="choice">
                <span>"but not"</span>
                <input
                    name="Text that results are not like"
                    type="search"
                    prop:value=move || minus.get()
                    on:input=move |event| minus.set(event_target_value(&event))
                />
            </label>
            <label class="button file">
                "Like an image"
                <input type="file" name="Image to find pairs" accept="image/*" on:change=choose />
            </label>
            {chosen}
            <button
                type="submit"
                class="search-pairs"
                disabled=move || is_off.get() || is_empty()
            >
                "Search"
            </button>
        </form>
        {results}
        {running}
        {error_if_any(problem)}
        {found}
    }
}

fn found(outcome: &SearchOutcome, alike: RwSignal<Vec<u64>>) -> AnyView {
    let SearchOutcome {
        target,
        asked,
        best,
        scan,
        captions,
        read,
        kept,
        ..
    } = outcome;
    let mut told = format!(
        "{asked}: the nearest {} of {}, searched in {}.",
        best.len(),
        grouped(target.rows()),
        milliseconds(*scan)
    );
    if let Target::Folder(_) = target {
        told.push_str(&format!(
            " What they are was read in {}.",
            milliseconds(*captions)
        ));
        let memory = match (*read, *kept) {
            (0, kept) => format!(" All {} came from memory.", bytes(kept as f64)),
            (read, kept) if kept >= outcome.bytes => format!(
                " {} were read and stay in memory for the next search.",
                bytes(read as f64)
            ),
            (read, kept) => format!(
                " {} were read; {} of {} stay in memory for the next search.",
                bytes(read as f64),
                bytes(kept as f64),
                bytes(outcome.bytes as f64)
            ),
        };
        told.push_str(&memory);
    }
    let problems = outcome.problems.iter().cloned();
    let problems = list(problems.map(|problem| view! { <p class="callout warning">{problem}</p> }));
    let hits = match target {
        Target::Set(set) => shown::found_pairs(set, best, alike),
        Target::Folder(index) => shown::found_rows(index, best, alike),
    };
    view! {
        <p
            class="aside found"
            role="status"
            data-scan=scan.to_string()
            data-captions=captions.to_string()
            data-read=read.to_string()
        >
            {told}
        </p>
        {problems}
        <div class="hits">{hits}</div>
    }
    .into_any()
}
