//! Pairs of images and texts, as LAION and DataComp work on them: embedded here, scored, filtered, searched.

mod figure;
mod filter;
mod folder;
mod score;
mod search;
mod shown;
mod source;

use super::notice::{DemoBanner, is_demo};
use super::progress;
use super::session::{PairSet, PairsState, Session, Target};
use crate::page::list;
use crate::page::messages::error;
use crate::text;
use leptos::prelude::*;
use source::Sources;
use std::rc::Rc;

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
            milliseconds,
        } = pairing.state.get()
        else {
            return ().into_any();
        };
        let mut told = format!("{pairs} pairs embedded");
        if pairs > 0 && milliseconds > 0.0 && share > 0.0 {
            let rate = text::significant(1000.0 * pairs as f64 / milliseconds, 3);
            let left = text::duration(milliseconds / 1000.0 * (1.0 - share) / share);
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
    let took = format!(
        "{} pairs embedded with {} in {}.",
        text::grouped(set.len() as u64),
        set.model,
        text::milliseconds(set.milliseconds)
    );
    view! {
        <p class="embedded" role="status" data-milliseconds=set.milliseconds.to_string()>
            {took}
        </p>
        {problems(&set)}
        {demo}
        {other}
        <score::Score session set=set.clone() />
        <filter::Filter session set=set.clone() />
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
