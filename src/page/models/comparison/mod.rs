//! Two models on the same pictures and classes: what each says, how often they agree, what each
//! takes. The second has a worker of its own, which goes when the answer is there.

mod answer;
mod second_model;

use super::checkpoints::open;
use super::downloads::{choice_of_file, key};
use super::protocol::{Failure, FailureKind, Progress};
use super::ranking::ranked;
use super::session::{BATCH, Choice, ImageState, PROMPTS, Picture, Session, State, prompts};
use super::worker_client::WorkerClient;
use crate::page::{data, list};
use crate::text;
use answer::{Compared, Side};
use leptos::prelude::*;
use refit_clip::Classes;
use second_model::{Companion, Offer};
use std::rc::Rc;
use std::sync::Arc;
use web_sys::Blob;

/// Runs of which the median is told, after one that is not counted.
const RUNS: usize = 3;

#[derive(Clone)]
enum Is {
    Idle,
    /// At what it is.
    Working(String),
    Done(Rc<Compared>),
    Failed(String),
}

#[component]
pub fn Beside(session: Session) -> impl IntoView {
    let is = RwSignal::new_local(Is::Idle);
    let second = StoredValue::new_local(WorkerClient::default());
    let chosen = RwSignal::new(None::<String>);
    let checkpoints = data::load(async || Ok(Arc::new(data::checkpoints().await?)));
    // What is kept is offered.
    if session.cache.with_untracked(Option::is_none) {
        session.read_cache();
    }
    // Counts what ended or took the place of a comparison.
    let run = StoredValue::new(0_u32);
    let stop = move || {
        run.update_value(|run| *run += 1);
        let stopped = Failure::new(FailureKind::Stopped, "The comparison was stopped.");
        second.get_value().stop(&stopped);
    };
    // Another model, other classes or pictures: what was compared is no longer what is there.
    Effect::new(move || {
        session.loads.track();
        session.classes.track();
        session.pictures.track();
        stop();
        is.set(Is::Idle);
    });
    on_cleanup(stop);
    let companion = Memo::new(move |_| {
        let all = checkpoints.get()?.ok()?;
        let (first, named) = (session.requested.get(), session.requested_second.get());
        Companion::of(&all, first.as_deref(), named.as_deref())
    });
    let offered = Memo::new_with_compare(
        move |_| second_model::offered(session),
        |before, now| keys(before) != keys(now),
    );
    let taken = move || {
        let offered = offered.get();
        let wanted = chosen.get();
        let beside = companion.with(|c| Some(key(&c.as_ref()?.checkpoint()?.address)));
        let find = |key: Option<&String>| offered.iter().find(|c| Some(&c.key) == key);
        let found = find(wanted.as_ref()).or(find(beside.as_ref()));
        found.or(offered.first()).cloned()
    };
    let start = move |_| {
        let Some(choice) = taken() else { return };
        let Some(Ok(checkpoints)) = checkpoints.get_untracked() else {
            return;
        };
        let beside = checkpoints.iter().find(|c| key(&c.address) == choice.key);
        session.request_second(beside.map(|c| c.id.clone()));
        is.set(Is::Working("Starting…".to_owned()));
        leptos::task::spawn_local(async move {
            let mine = run.get_value();
            let thread = second.get_value();
            let compared = compare(session, choice, thread.clone(), is).await;
            // Nobody asks it again, and it holds a model.
            thread.stop(&Failure::new(FailureKind::Stopped, ""));
            if run.try_get_value() != Some(mine) {
                is.try_set(Is::Idle);
                return;
            }
            is.try_set(match compared {
                Ok(compared) => Is::Done(Rc::new(compared)),
                Err(failure) => Is::Failed(failure.sentence),
            });
        });
    };
    let take = move |file| {
        let choice = choice_of_file(file);
        if session
            .choice
            .with_untracked(|current| current.key == choice.key)
        {
            let sentence = "This file is the model that is there already; open another.";
            return is.set(Is::Failed(sentence.to_owned()));
        }
        chosen.set(Some(choice.key.clone()));
        session.uncached_second.set(Some(choice));
        is.update(|is| {
            if matches!(is, Is::Failed(_)) {
                *is = Is::Idle;
            }
        });
    };
    let options = move || {
        let offered = offered.get();
        let first = taken().map(|choice| choice.key);
        list(offered.into_iter().map(move |choice| {
            let is_first = first.as_ref() == Some(&choice.key);
            view! {
                <option value=choice.key.clone() prop:selected=is_first>
                    {choice.name}
                </option>
            }
        }))
    };
    let is_ready = move || {
        let pictures = session.pictures.with(|all| !all.is_empty());
        pictures
            && session.classes.with(Option::is_some)
            && session.state.with(|state| matches!(state, State::Ready(_)))
    };
    let is_working = move || is.with(|is| matches!(is, Is::Working(_)));
    view! {
        <section aria-labelledby="beside" class="beside">
            <h2 id="beside">"Side by side"</h2>
            <p class="aside">
                "A second model on the same pictures and classes: do they agree, and what does each take? The page’s own small ones (5 and 6 MB) are offered, those that are kept, and a file of yours."
            </p>
            {move || companion.get().map(|companion| view! { <Offer session companion /> })}
            <div class="choices">
                <label class="choice">
                    <span>"Second model"</span>
                    <select name="Second model" on:change=move |e| chosen.set(Some(event_target_value(&e)))>
                        {options}
                    </select>
                </label>
                {open("Second checkpoint", take)}
                <button
                    type="button"
                    class="compare"
                    prop:disabled=move || !is_ready() || is_working()
                    on:click=start
                >
                    "Compare"
                </button>
                <button type="button" hidden=move || !is_working() on:click=move |_| stop()>
                    "Stop"
                </button>
            </div>
            <div role="status">
                {move || match is.get() {
                    Is::Working(at) => Some(view! { <p class="aside">{at}</p> }.into_any()),
                    Is::Failed(sentence) => Some(view! { <p class="error">{sentence}</p> }.into_any()),
                    Is::Done(compared) => Some(view! { <p class="agreement">{answer::agreement(&compared)}</p> }.into_any()),
                    Is::Idle => None,
                }}
            </div>
            {move || match is.get() {
                Is::Done(compared) => Some(answer::tables(&compared)),
                _ => None,
            }}
        </section>
    }
}

fn keys(choices: Option<&Vec<Choice>>) -> Vec<String> {
    choices.map_or(Vec::new(), |all| {
        all.iter().map(|c| c.key.clone()).collect()
    })
}

/// Has both do the same, one after the other.
async fn compare(
    session: Session,
    choice: Choice,
    second: WorkerClient,
    is: RwSignal<Is, LocalStorage>,
) -> Result<Compared, Failure> {
    let say = move |text: String| {
        is.try_set(Is::Working(text));
    };
    let gone = || Failure::new(FailureKind::Stopped, "Another model was chosen.");
    let (Some(ready), Some(classes)) = (session.ready(), session.classes.get_untracked()) else {
        return Err(gone());
    };
    let seen = |picture: &Picture| {
        picture.look.with_untracked(|look| match look {
            ImageState::Encoded(seen) => Some((picture.clone(), seen.clone())),
            _ => None,
        })
    };
    let pictures = session.pictures.get_untracked();
    let pictures: Vec<_> = pictures.iter().filter_map(seen).collect();
    let name = choice.name.clone();
    say(format!("Loading {name}…"));
    let progress = move |Progress { bytes, total }| {
        let (bytes, total) = (text::bytes(bytes as f64), text::bytes(total as f64));
        say(format!("Loading {name}: {bytes} of {total}"));
    };
    let device = session.device.get_untracked();
    let their_ready = choice.load_on(&second, device, progress).await?;

    let templates = super::session::lines(&session.templates.get_untracked());
    let prompts = prompts(&classes.labels, &templates);
    let mut units = Vec::with_capacity(prompts.len());
    for some in prompts.chunks(PROMPTS) {
        say(format!(
            "{} of {} sentences are read.",
            units.len(),
            prompts.len()
        ));
        units.extend(second.texts(some.to_vec()).await?.1);
    }
    let their_classes = Classes::new(&classes.labels, &units);

    let mut rows = Vec::with_capacity(pictures.len());
    for some in pictures.chunks(BATCH) {
        say(format!(
            "{} of {} pictures are seen.",
            rows.len(),
            pictures.len()
        ));
        let files = some.iter().map(|(picture, _)| &picture.file);
        let sights = second.pictures(files, true).await?;
        for ((picture, own), theirs) in some.iter().zip(sights) {
            // What this browser decoded once, it decodes again.
            let Ok((unit, _)) = theirs else { continue };
            let shares = [
                ranked(&classes, &own.0, ready.scale),
                ranked(&their_classes, &unit, their_ready.scale),
            ];
            rows.push((picture.clone(), shares));
        }
    }
    let Some((picture, _)) = pictures.first() else {
        return Err(gone());
    };
    say("Timing each by itself…".to_owned());
    let own_pace = pace(&session.engine.get_value(), &picture.file).await?;
    let their_pace = pace(&second, &picture.file).await?;
    let own_name = session.choice.with_untracked(|choice| choice.name.clone());
    Ok(Compared {
        classes: their_classes.labels,
        sides: [
            Side {
                name: own_name,
                ready,
                milliseconds: own_pace,
            },
            Side {
                name: choice.name,
                ready: Arc::new(their_ready),
                milliseconds: their_pace,
            },
        ],
        rows,
    })
}

/// Milliseconds for one picture alone through the image tower, the median of some warm runs.
async fn pace(thread: &WorkerClient, file: &Blob) -> Result<f64, Failure> {
    let mut times = Vec::with_capacity(RUNS + 1);
    for _ in 0..=RUNS {
        let sights = thread.pictures(std::iter::once(file), false).await?;
        times.extend(sights.into_iter().flatten().map(|(_, seen)| seen.encode));
    }
    let mut warm = times.split_off(times.len().min(1));
    refit_fit::order::sort_by(&mut warm, f64::total_cmp);
    let median = warm.get(warm.len() / 2).copied();
    median.ok_or_else(|| {
        let sentence = "The first picture could be looked at once, and not again: take others.";
        Failure::new(FailureKind::Other, sentence)
    })
}
