//! The reader's pictures by a sentence or by another picture.

use super::session::{ImageState, Picture, Session, State};
use crate::page::list;
use crate::text;
use leptos::prelude::*;
use refit_clip::browser::now;
use refit_clip::classes::cosine;

/// Pictures that are shown of what was found.
const FOUND: usize = 12;

/// Pictures and how well they agree, the best first; how many were searched, in how many
/// milliseconds.
#[derive(Clone)]
struct Found {
    best: Vec<(Picture, f64)>,
    searched: usize,
    milliseconds: f64,
}

fn search(session: Session, unit: &[f32]) -> Found {
    let start = now();
    let cosine = |picture: &Picture| {
        let cosine = picture.look.with_untracked(|look| match look {
            ImageState::Encoded(seen) => Some(cosine(&seen.0, unit)),
            _ => None,
        })?;
        Some((picture.id, cosine))
    };
    let mut all: Vec<(u32, f64)> = session
        .pictures
        .with_untracked(|all| all.iter().filter_map(cosine).collect());
    refit_fit::order::sort_by(&mut all, |a, b| b.1.total_cmp(&a.1));
    let best = session.pictures.with_untracked(|pictures| {
        let found = |(id, cosine): &(u32, f64)| {
            let picture = pictures.iter().find(|picture| picture.id == *id)?;
            Some((picture.clone(), *cosine))
        };
        all.iter().take(FOUND).filter_map(found).collect()
    });
    Found {
        best,
        searched: all.len(),
        milliseconds: now() - start,
    }
}

#[component]
pub fn Search(session: Session) -> impl IntoView {
    let sentence = RwSignal::new(String::new());
    let found = RwSignal::new_local(None::<Found>);
    let by_sentence = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let text = sentence.get_untracked().trim().to_owned();
        if text.is_empty() || session.ready().is_none() {
            return;
        }
        let mine = session.loads.get_untracked();
        leptos::task::spawn_local(async move {
            let answer = session.texts(vec![text]).await;
            if session.loads.get_untracked() != mine {
                return;
            }
            match answer {
                Ok((_, units)) => {
                    found.set(units.first().map(|unit| search(session, unit)));
                }
                Err(failure) => session.state.set(State::Failed(failure)),
            }
        });
    };
    let by_picture = move |_| {
        let id = session.selected.get_untracked();
        let unit = session.pictures.with_untracked(|all| {
            let picture = all.iter().find(|picture| Some(picture.id) == id)?;
            picture.look.with_untracked(|look| match look {
                ImageState::Encoded(seen) => Some(seen.clone()),
                _ => None,
            })
        });
        found.set(unit.map(|unit| search(session, &unit.0)));
    };
    let results = move || {
        let Found {
            best,
            searched,
            milliseconds,
        } = found.get()?;
        let item = |(picture, cosine): (Picture, f64)| {
            let id = picture.id;
            let text = format!("{cosine:.3}").replace('-', "−");
            view! {
                <li data-cosine=cosine.to_string()>
                    <button type="button" on:click=move |_| session.selected.set(Some(id))>
                        <img src=picture.address() alt=picture.name width="96" height="96" loading="lazy" />
                    </button>
                    <span class="aside">{text}</span>
                </li>
            }
        };
        Some(view! {
            <p class="aside found" data-milliseconds=milliseconds.to_string()>
                {format!("{searched} pictures searched in {}.", text::milliseconds(milliseconds))}
            </p>
            <ol class="thumbnails">{list(best.into_iter().map(item))}</ol>
        })
    };
    view! {
        <section aria-labelledby="search" hidden=move || session.pictures.with(|all| all.len() < 2)>
            <h2 id="search">"Search"</h2>
            <form class="choices" on:submit=by_sentence>
                <label class="choice address">
                    <span>"Pictures that agree with a sentence"</span>
                    <input
                        name="Sentence"
                        type="search"
                        prop:value=move || sentence.get()
                        on:input=move |event| sentence.set(event_target_value(&event))
                    />
                </label>
                <button type="submit">"Search"</button>
                <button type="button" on:click=by_picture>
                    "Like the chosen picture"
                </button>
            </form>
            <div role="status">{results}</div>
        </section>
    }
}
