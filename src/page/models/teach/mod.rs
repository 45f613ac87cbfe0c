//! Teaching a head on the labelled images: the choices, the run, what came of it, and the heads that are kept.

mod heads;
mod outcome;

use super::field::{number_field, text_field};
use super::labelled_sets;
use super::progress;
use super::session::{LabelledCounts, Session, TeachChoices, TeachState};
use crate::page::messages::error;
use crate::teach::{self, shots};
use heads::Heads;
use leptos::prelude::*;
use outcome::Outcome;

/// Draws for each number of shots, where nothing is chosen, and at most.
const REPEATS: usize = 5;
const MOST_REPEATS: usize = 100;

/// The set that comes with the page to teach with.
const LETTERS: &str = "letters";

#[component]
pub fn Teach(session: Session) -> impl IntoView {
    let state = session.teaching.state;
    let result = move || match state.get() {
        TeachState::Idle => ().into_any(),
        TeachState::Running(done, total) => {
            let text = match total {
                0 => "Starting…".to_owned(),
                total => format!("{done} of {total} heads taught"),
            };
            let bar = progress::bar("Teaching", done as u64, total as u64, text);
            view! { <div class="progress" role="status">{bar}</div> }.into_any()
        }
        TeachState::Failed(sentence) => error(sentence),
        TeachState::Done(outcome) => view! { <Outcome session outcome /> }.into_any(),
    };
    view! {
        <section aria-labelledby="teach-title">
            <h2 id="teach-title">"Teach"</h2>
            <p class="aside">
                "A linear head on this model’s embeddings (logistic regression on vectors of length 1), taught with a few images of each class, beside the model’s zero-shot answers to the class names."
            </p>
            <Form session />
            {result}
            <Heads session />
        </section>
    }
}

#[component]
fn Form(session: Session) -> impl IntoView {
    let usual: Vec<String> = teach::SHOTS.map(teach::written).to_vec();
    let shots_text = RwSignal::new(usual.join(", "));
    let repeats = RwSignal::new(REPEATS.to_string());
    let seed = RwSignal::new("1".to_owned());
    let name = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let choices = move || {
        let number =
            |text: RwSignal<String>| text.with_untracked(|text| text.trim().parse::<u64>());
        let wrong = "Draws are a whole number from 1 to 100, the seed a whole number.";
        let repeats = number(repeats).map_err(|_| wrong)? as usize;
        if !(1..=MOST_REPEATS).contains(&repeats) {
            return Err(wrong.to_owned());
        }
        Ok(TeachChoices {
            name: name.get_untracked().trim().to_owned(),
            shots: shots_text.with_untracked(|text| shots(text))?,
            repeats,
            seed: number(seed).map_err(|_| wrong)?,
        })
    };
    let start = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match choices() {
            Ok(choices) => {
                problem.set(None);
                session.teach(choices);
            }
            Err(sentence) => problem.set(Some(sentence)),
        }
    };
    let is_running = Memo::new(move |_| {
        session
            .teaching
            .state
            .with(|s| matches!(s, TeachState::Running(..)))
    });
    let counts = Memo::new(move |_| session.labelled_images());
    let is_ready = move || {
        let LabelledCounts {
            encoded,
            waiting,
            classes,
            ..
        } = counts.get();
        encoded > 0 && waiting == 0 && classes > 0 && session.model.is_loaded()
    };
    let show_letters = move |_| {
        problem.set(None);
        session.open_set(usize::MAX, problem, async {
            labelled_sets::bundled(LETTERS).await.map(Some)
        });
    };
    // Of the samples each shows a class of its own.
    let has_own = move || counts.get().labelled > 0 && !session.images.are_samples();
    view! {
        <p role="status" class:empty=move || { counts.get().labelled == 0 }>
            {move || match session.images.is_opening.get() {
                true => "Opening the images…".to_owned(),
                false => images(counts.get()),
            }}
        </p>
        <p class="toolbar" hidden=has_own>
            <button type="button" class="letters" on:click=show_letters>
                "Try the sample letters"
            </button>
            <span class="aside">"Drawn letters, which the demo model does not know; they replace images and classes."</span>
        </p>
        <form class="choices" on:submit=start>
            {text_field("Shots per class", "Shots per class", shots_text)}
            {number_field("Draws", "Draws", repeats)}
            {number_field("Seed", "Seed", seed)}
            {text_field("Name of the set", "Name of the set", name)}
            <button type="submit" class="teach" prop:disabled=move || !is_ready() || is_running.get()>
                "Teach"
            </button>
            <button
                type="button"
                class="cancel-teaching"
                hidden=move || !is_running.get()
                on:click=move |_| session.teaching.cancel()
            >
                "Cancel"
            </button>
        </form>
        {move || problem.get().map(error)}
    }
}

/// What there is to teach.
fn images(counts: LabelledCounts) -> String {
    let LabelledCounts {
        labelled,
        encoded,
        waiting,
        classes,
    } = counts;
    if labelled == 0 {
        return "Teaching needs labelled images: choose a folder with a subfolder for each class (More ways to add images), or add labels to your images.".to_owned();
    }
    let failed = labelled - encoded - waiting;
    let rest = match (waiting, failed) {
        (0, 0) => String::new(),
        (0, failed) => format!(" {failed} of them cannot be encoded, and are left out."),
        _ => format!(" Encoding: {encoded} are done."),
    };
    let classes = match classes {
        1 => "one class".to_owned(),
        count => format!("{count} classes"),
    };
    format!("{labelled} labelled images of {classes}.{rest}")
}
