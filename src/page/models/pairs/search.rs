//! Searching the pairs by a text.

use super::shown;
use crate::page::latest::Latest;
use crate::page::messages::error_if_any;
use crate::page::models::session::{PairSet, Session};
use crate::text;
use leptos::prelude::*;
use refit_clip::browser::now;
use refit_clip::classes::cosine;
use std::rc::Rc;

/// How many are shown.
const BEST: usize = 20;

#[derive(Clone)]
struct Hits {
    query: String,
    best: Vec<(usize, f32)>,
    milliseconds: f64,
}

fn search(set: &PairSet, query: String, vector: &[f32]) -> Hits {
    let start = now();
    let mut all: Vec<(usize, f32)> = (0..set.len())
        .map(|i| (i, cosine(set.vector(i), vector) as f32))
        .collect();
    // Of equal ones the earlier.
    refit_fit::order::sort_by(&mut all, |a, b| b.1.total_cmp(&a.1));
    all.truncate(BEST);
    Hits {
        query,
        best: all,
        milliseconds: now() - start,
    }
}

/// `is_other`: another model is loaded than the one that embedded the pairs.
#[component]
pub(super) fn Search(session: Session, set: Rc<PairSet>, is_other: Memo<bool>) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let hits = RwSignal::new_local(None::<Hits>);
    let problem = RwSignal::new(None::<String>);
    let latest = Latest::new();
    let searched = set.len();
    let set = StoredValue::new_local(set);
    let ask = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let words = query.get_untracked().trim().to_owned();
        if words.is_empty() || is_other.get_untracked() {
            return;
        }
        let request = latest.start();
        problem.set(None);
        leptos::task::spawn_local(async move {
            let encoded = session
                .model
                .engine()
                .encode_texts(vec![words.clone()])
                .await;
            if !request.is_latest() {
                return;
            }
            match encoded {
                Ok((_, vectors)) => {
                    let vector = vectors
                        .first()
                        .map(|vector| set.with_value(|set| search(set, words, vector)));
                    hits.set(vector);
                }
                Err(failure) => problem.set(Some(failure.sentence)),
            }
        });
    };
    let found = move || {
        hits.get().map(|hits| {
            let told = format!(
                "“{}”: the nearest of {searched} images, searched in {}.",
                hits.query,
                text::milliseconds(hits.milliseconds)
            );
            view! {
                <p class="aside" role="status">{told}</p>
                <div class="hits">{set.with_value(|set| shown::pairs(set, hits.best))}</div>
            }
        })
    };
    view! {
        <h3>"Search"</h3>
        <form class="choices" on:submit=ask>
            <label class="choice address">
                <span>"Find images among these pairs by a text"</span>
                <input
                    name="Text to find pairs"
                    type="search"
                    prop:value=move || query.get()
                    on:input=move |event| query.set(event_target_value(&event))
                />
            </label>
            <button type="submit" class="search-pairs" disabled=move || is_other.get()>
                "Search"
            </button>
        </form>
        {error_if_any(problem)}
        {found}
    }
}
