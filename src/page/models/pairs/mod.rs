//! Pairs of images and texts, as LAION and DataComp work on them: embedded here, scored, filtered, searched.

mod curation;
mod figure;
mod filter;
mod folder;
mod head_rules;
mod score;
mod search;
mod shown;
mod source;

use super::notice::{DemoBanner, is_demo};
use super::progress;
use super::session::{PairSet, PairsState, Session, Target};
use crate::page::messages::{DOWNLOAD_REFUSED, error, error_if_any};
use crate::page::{list, save};
use crate::text;
use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use source::Sources;
use std::rc::Rc;
use web_sys::Blob;

/// Problems that are listed.
const LISTED: usize = 100;

#[component]
pub fn Pairs(session: Session) -> impl IntoView {
    let pairing = session.pairing;
    let failed = move || match pairing.state.get() {
        PairsState::Failed(sentence) => Some(error(sentence)),
        _ => None,
    };
    let is_running = Memo::new(move |_| matches!(pairing.state.get(), PairsState::Running { .. }));
    // Built once for a run, so that its buttons stay while it reports.
    let progress = move || is_running.get().then(|| running(session));
    let set = move || pairing.set.get().map(|set| embedded(session, set));
    view! {
        <section aria-labelledby="pairs-title">
            <h2 id="pairs-title">"Pairs"</h2>
            <p class="aside">
                "LAION and DataComp choose what a model is trained on by the cosine of each image and its text. Embed pairs of your own with the model above, see what a threshold keeps, filter, search, and export the subset."
            </p>
            <Sources session />
            {progress}
            {failed}
            {set}
            <folder::OpenFolder session />
        </section>
    }
}

fn running(session: Session) -> AnyView {
    let pairing = session.pairing;
    let bar = move || {
        let PairsState::Running {
            share,
            pairs,
            cached,
            pace,
        } = pairing.state.get()
        else {
            return ().into_any();
        };
        let mut told = format!("{pairs} pairs embedded");
        if cached > 0 {
            told.push_str(&format!(" ({cached} from before)"));
        }
        if pace.milliseconds > 0.0 && pace.share > 0.0 {
            let rate = text::significant(1000.0 * pace.pairs as f64 / pace.milliseconds, 3);
            let left = text::duration(pace.milliseconds / 1000.0 * (1.0 - share) / pace.share);
            told.push_str(&format!(", {rate} a second, {left} left"));
        }
        progress::bar("Embedding pairs", (1000.0 * share) as u64, 1000, told)
    };
    view! {
        <div class="progress">
            {bar}
            <button
                type="button"
                class="pause-pairs"
                on:click=move |_| match pairing.is_paused.get_untracked() {
                    true => pairing.resume(),
                    false => pairing.pause(),
                }
            >
                {move || if pairing.is_paused.get() { "Continue" } else { "Pause" }}
            </button>
            <button type="button" class="cancel-pairs" on:click=move |_| pairing.cancel()>
                "Cancel"
            </button>
        </div>
    }
    .into_any()
}

fn embedded(session: Session, set: Rc<PairSet>) -> AnyView {
    let is_sample = set.is_sample;
    let made_with = set.model_key.clone();
    let demo = {
        let made_with = made_with.clone();
        move || {
            session.model.choice.track();
            let is_of_it = session.model.key() == made_with;
            (!is_sample && is_of_it && is_demo(session)).then(|| view! { <DemoBanner session /> })
        }
    };
    let again = StoredValue::new_local(set.clone());
    let model = set.model.clone();
    let is_other = Memo::new(move |_| session.model.choice.with(|choice| choice.key != made_with));
    let other = move || {
        let sentence =
            format!("These pairs were embedded with {model}, which is not the model above. ");
        is_other.get().then(|| {
            view! {
                <p class="callout warning">
                    {sentence}
                    <button
                        type="button"
                        disabled=move || !session.model.is_loaded()
                        on:click=move |_| {
                            let source = again.with_value(|set| set.source.clone());
                            session.embed_pairs(source, is_sample);
                        }
                    >
                        "Embed them again"
                    </button>
                </p>
            }
        })
    };
    let mut took = format!(
        "{} pairs embedded with {} in {}.",
        text::grouped(set.len() as u64),
        set.model,
        text::milliseconds(set.milliseconds)
    );
    if set.cached > 0 {
        let cached = text::grouped(set.cached as u64);
        took.push_str(&format!(
            " Of these, {cached} had been embedded before and came from this browser’s storage."
        ));
    }
    view! {
        <p
            class="embedded"
            role="status"
            data-milliseconds=set.milliseconds.to_string()
            data-cached=set.cached.to_string()
        >
            {took}
        </p>
        {problems(&set)}
        {demo}
        {other}
        <score::Score session set=set.clone() />
        <filter::Filter session set=set.clone() />
        <SaveIndex set=set.clone() />
        <h3>"Search"</h3>
        <search::Search
            session
            searching=session.pairing.searching
            target=Target::Set(set)
            is_off=is_other
        />
    }
    .into_any()
}

#[component]
fn SaveIndex(set: Rc<PairSet>) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let set = StoredValue::new_local(set);
    let save = move |_| {
        let saved = set.with_value(|set| {
            let name = set.source.name();
            let name = name.split('.').next().filter(|name| !name.is_empty());
            let name = format!("{}-index.zip", name.unwrap_or("pairs"));
            set.index().and_then(|bytes| save_bytes(&name, &bytes))
        });
        problem.set(saved.err());
    };
    view! {
        <h3>"Download the embeddings"</h3>
        <p class="aside">
            "A folder as clip-retrieval, autofaiss and faiss read it, zipped: the vectors of the images and of the texts (float16), and what is known of each pair (Parquet). Unzipped and dropped above, it is searched without embedding anything again; "
            <code>"refit search --index"</code> " reads it, too."
        </p>
        <p class="toolbar">
            <button type="button" class="save-index" on:click=save>
                "Save the index (zip)"
            </button>
        </p>
        {error_if_any(problem)}
    }
}

/// Starts a download of bytes.
fn save_bytes(name: &str, bytes: &[u8]) -> Result<(), String> {
    let saved = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))
        .and_then(|blob| save::blob_as(name, &blob));
    saved.map_err(|_| DOWNLOAD_REFUSED.to_owned())
}

/// What is wrong with some, in a list; what was left out and assumed.
fn problems(set: &PairSet) -> AnyView {
    let notes = set.notes.join(" ");
    view! {
        {(!notes.is_empty()).then(|| view! { <p class="aside notes">{notes}</p> })}
        {problem_list(&set.problems)}
    }
    .into_any()
}

fn problem_list(problems: &[String]) -> AnyView {
    let count = problems.len();
    let listed = problems.iter().take(LISTED).cloned();
    let items = list(listed.map(|problem| view! { <li>{problem}</li> }));
    let title = match count {
        1 => "1 problem".to_owned(),
        count if count > LISTED => format!("{count} problems, of which the first {LISTED}"),
        count => format!("{count} problems"),
    };
    view! {
        {(count > 0)
            .then(|| {
                view! {
                    <details class="fold problems" open=count <= 10>
                        <summary>{title}</summary>
                        <ul>{items}</ul>
                    </details>
                }
            })}
    }
    .into_any()
}
