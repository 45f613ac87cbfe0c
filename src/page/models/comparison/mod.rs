//! Comparing two models on the same images and classes. The second model runs in a worker of its
//! own, which ends with the comparison.

mod outcome;
mod run;
mod second_model;

use super::checkpoints::file_button;
use super::choice::{ModelChoice, key};
use super::protocol::{Failure, FailureKind};
use super::session::Session;
use super::worker_client::WorkerClient;
use crate::page::latest::Latest;
use crate::page::{data, list};
use crate::study::checkpoint::PublishedCheckpoint;
use leptos::prelude::*;
use outcome::ComparisonOutcome;
use second_model::{SuggestedModel, Suggestion};
use std::rc::Rc;
use std::sync::Arc;
use web_sys::File;

#[derive(Clone)]
enum ComparisonState {
    Idle,
    /// With what it is doing.
    Running(String),
    Done(Rc<ComparisonOutcome>),
    Failed(String),
}

#[derive(Clone, Copy)]
struct ComparisonRun {
    session: Session,
    worker: StoredValue<WorkerClient, LocalStorage>,
    state: RwSignal<ComparisonState, LocalStorage>,
    latest: Latest,
}

impl ComparisonRun {
    fn new(session: Session) -> ComparisonRun {
        ComparisonRun {
            session,
            worker: StoredValue::new_local(WorkerClient::default()),
            state: RwSignal::new_local(ComparisonState::Idle),
            latest: Latest::new(),
        }
    }

    fn start(self, choice: ModelChoice) {
        let (request, state) = (self.latest.start(), self.state);
        state.set(ComparisonState::Running("Starting…".to_owned()));
        leptos::task::spawn_local(async move {
            let worker = self.worker.get_value();
            let report = move |text| {
                if request.is_latest() {
                    state.set(ComparisonState::Running(text));
                }
            };
            let outcome = run::compare(self.session, choice, &worker, report).await;
            if request.is_latest() {
                // Frees the second model's memory.
                worker.stop(&Failure::new(FailureKind::Stopped, ""));
                state.set(match outcome {
                    Ok(outcome) => ComparisonState::Done(Rc::new(outcome)),
                    Err(failure) => ComparisonState::Failed(failure.sentence),
                });
            }
        });
    }

    fn stop(self) {
        self.latest.cancel();
        let stopped = Failure::new(FailureKind::Stopped, "The comparison was stopped.");
        self.worker.get_value().stop(&stopped);
        // The view may have been closed.
        let _ = self.state.try_set(ComparisonState::Idle);
    }

    fn fail(self, sentence: &str) {
        self.state.set(ComparisonState::Failed(sentence.to_owned()));
    }

    fn dismiss_failure(self) {
        self.state.update(|state| {
            if matches!(state, ComparisonState::Failed(_)) {
                *state = ComparisonState::Idle;
            }
        });
    }

    fn is_running(self) -> bool {
        self.state
            .with(|state| matches!(state, ComparisonState::Running(_)))
    }
}

/// Which model is the second: the reader's choice, the suggested one, or the first available.
#[derive(Clone, Copy)]
struct SecondModelSelection {
    session: Session,
    available: Memo<Vec<ModelChoice>>,
    suggestion: Memo<Option<Suggestion>>,
    chosen: RwSignal<Option<String>>,
}

impl SecondModelSelection {
    fn new(session: Session, suggestion: Memo<Option<Suggestion>>) -> SecondModelSelection {
        SecondModelSelection {
            session,
            available: Memo::new_with_compare(
                move |_| second_model::available(session),
                |before, now| keys(before) != keys(now),
            ),
            suggestion,
            chosen: RwSignal::new(None),
        }
    }

    fn get(self) -> Option<ModelChoice> {
        let available = self.available.get();
        let chosen = self.chosen.get();
        let suggested = self.suggestion.with(|suggestion| {
            let checkpoint = suggestion.as_ref()?.checkpoint()?;
            Some(key(&checkpoint.address))
        });
        let find = |key: Option<&String>| available.iter().find(|c| Some(&c.key) == key);
        let found = find(chosen.as_ref()).or(find(suggested.as_ref()));
        found.or(available.first()).cloned()
    }

    /// Selects files, unless they are the first model.
    fn set_files(self, files: Vec<File>) -> Result<(), &'static str> {
        let choice = ModelChoice::files(files);
        if self.session.model.key() == choice.key {
            return Err("This file is the current model; open another.");
        }
        self.chosen.set(Some(choice.key.clone()));
        self.session.second.uncached.set(Some(choice));
        Ok(())
    }
}

fn keys(choices: Option<&Vec<ModelChoice>>) -> Vec<String> {
    let choices = choices.into_iter().flatten();
    choices.map(|choice| choice.key.clone()).collect()
}

#[component]
pub fn Comparison(session: Session) -> impl IntoView {
    let run = ComparisonRun::new(session);
    let checkpoints = data::load(async || Ok(Arc::new(data::checkpoints().await?)));
    if session.downloads.cache.with_untracked(Option::is_none) {
        session.downloads.read_cache();
    }
    // An outcome holds for this model, these classes and these images alone.
    Effect::new(move || {
        session.model.choice.track();
        session.classes.encoded.track();
        session.images.all.track();
        run.stop();
    });
    on_cleanup(move || run.stop());
    let suggestion = Memo::new(move |_| {
        let all = checkpoints.get()?.ok()?;
        let first = session.model.requested.get();
        let second = session.second.requested.get();
        Suggestion::find(&all, first.as_deref(), second.as_deref())
    });
    let selection = SecondModelSelection::new(session, suggestion);
    let start = move || {
        let Some(choice) = selection.get() else {
            return;
        };
        let Some(Ok(checkpoints)) = checkpoints.get_untracked() else {
            return;
        };
        let is_it = |c: &&PublishedCheckpoint| key(&c.address) == choice.key;
        let published = checkpoints.iter().find(is_it);
        session.request_second(published.map(|checkpoint| checkpoint.id.clone()));
        run.start(choice);
    };
    view! {
        <section aria-label="Compare models" class="comparison">
            <p class="aside">
                "Runs a second model on the same images and classes and compares predictions and cost. Choose a bundled model (5 or 6 MB), a cached one, or a file."
            </p>
            {move || {
                suggestion.get().map(|suggestion| view! { <SuggestedModel session suggestion /> })
            }}
            <Controls session run selection start />
            <div role="status">{move || status(&run.state.get())}</div>
            {move || match run.state.get() {
                ComparisonState::Done(outcome) => Some(outcome::tables(&outcome)),
                _ => None,
            }}
        </section>
    }
}

#[component]
fn Controls(
    session: Session,
    run: ComparisonRun,
    selection: SecondModelSelection,
    start: impl Fn() + 'static,
) -> impl IntoView {
    let open = move |files| match selection.set_files(files) {
        Err(sentence) => run.fail(sentence),
        Ok(()) => run.dismiss_failure(),
    };
    let options = move || {
        let selected = selection.get().map(|choice| choice.key);
        list(selection.available.get().into_iter().map(move |choice| {
            let is_selected = selected.as_ref() == Some(&choice.key);
            view! {
                <option value=choice.key.clone() prop:selected=is_selected>
                    {choice.name}
                </option>
            }
        }))
    };
    let choose = move |event| selection.chosen.set(Some(event_target_value(&event)));
    let is_ready = move || {
        !session.images.is_empty()
            && session.classes.encoded.with(Option::is_some)
            && session.model.is_loaded()
    };
    view! {
        <div class="choices">
            <label class="choice">
                <span>"Second model"</span>
                <select name="Second model" on:change=choose>
                    {options}
                </select>
            </label>
            {file_button("Second checkpoint", open)}
            <button
                type="button"
                class="compare"
                prop:disabled=move || !is_ready() || run.is_running()
                on:click=move |_| start()
            >
                "Compare"
            </button>
            <button type="button" hidden=move || !run.is_running() on:click=move |_| run.stop()>
                "Stop"
            </button>
        </div>
    }
}

fn status(state: &ComparisonState) -> Option<AnyView> {
    match state {
        ComparisonState::Running(text) => {
            Some(view! { <p class="aside">{text.clone()}</p> }.into_any())
        }
        ComparisonState::Failed(sentence) => {
            Some(view! { <p class="error">{sentence.clone()}</p> }.into_any())
        }
        ComparisonState::Done(outcome) => {
            Some(view! { <p class="agreement">{outcome::agreement(outcome)}</p> }.into_any())
        }
        ComparisonState::Idle => None,
    }
}
