//! Image search by text or by image.

use super::answer::signed;
use super::session::{Session, SourceImage};
use crate::page::latest::Latest;
use crate::page::list;
use crate::text;
use leptos::prelude::*;
use refit_clip::browser::now;
use refit_clip::classes::cosine;

/// How many results are shown.
const SHOWN: usize = 12;

#[derive(Clone)]
struct SearchResult {
    /// Images with their cosine similarity, best first.
    best: Vec<(SourceImage, f64)>,
    /// How many images were searched, and how long it took.
    searched: usize,
    milliseconds: f64,
}

fn search(session: Session, query: &[f32]) -> SearchResult {
    search_by(session, |embedding| Some(cosine(embedding, query)))
}

/// By the score of a class, or a head's only score.
fn search_class(session: Session, label: &str) -> Option<SearchResult> {
    let classes = session.classes.encoded.get_untracked()?;
    let place = classes.labels.iter().position(|known| known == label)?;
    let score = |embedding: &[f32]| classes.scores(embedding).get(place).copied().map(f64::from);
    Some(search_by(session, score))
}

fn search_by(session: Session, score: impl Fn(&[f32]) -> Option<f64>) -> SearchResult {
    let start = now();
    let similarity = |image: &SourceImage| {
        let encoding = image.encoding()?;
        Some((image.id, score(&encoding.embedding)?))
    };
    let mut all: Vec<(u32, f64)> = session
        .images
        .all
        .with_untracked(|all| all.iter().filter_map(similarity).collect());
    refit_fit::order::sort_by(&mut all, |a, b| b.1.total_cmp(&a.1));
    let image = |(id, cosine): &(u32, f64)| Some((session.images.find(*id)?, *cosine));
    SearchResult {
        best: all.iter().take(SHOWN).filter_map(image).collect(),
        searched: all.len(),
        milliseconds: now() - start,
    }
}

#[component]
pub fn Search(session: Session) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let result = RwSignal::new_local(None::<SearchResult>);
    let latest = Latest::new();
    let by_text = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let text = query.get_untracked().trim().to_owned();
        if text.is_empty() || session.model.loaded().is_none() {
            return;
        }
        let (request, load) = (latest.start(), session.model.current_load());
        leptos::task::spawn_local(async move {
            let encoded = session.model.engine().encode_texts(vec![text]).await;
            if !load.is_latest() {
                return;
            }
            match encoded {
                Ok((_, embeddings)) if request.is_latest() => {
                    result.set(embeddings.first().map(|query| search(session, query)));
                }
                Ok(_) => {}
                Err(failure) => session.model.fail(failure),
            }
        });
    };
    let by_image = move |_| {
        latest.cancel();
        let selected = session.images.selected_image();
        let query = selected.and_then(|image| image.encoding());
        result.set(query.map(|query| search(session, &query.embedding)));
    };
    let by_class = move |event: web_sys::Event| {
        latest.cancel();
        result.set(search_class(session, &event_target_value(&event)));
    };
    let of_head = move || {
        let head = session.classes.head.get()?;
        let option =
            |label: &String| view! { <option value=label.clone()>{label.clone()}</option> };
        let options = list(head.labels.iter().map(option));
        Some(view! {
            <div class="choices">
                <label class="choice">
                    <span>{format!("Rank images by a class of “{}”", head.name)}</span>
                    <select name="Class of the head" on:change=by_class>
                        <option value="">"Choose…"</option>
                        {options}
                    </select>
                </label>
            </div>
        })
    };
    let results = move || result.get().map(|result| results(session, result));
    view! {
        <section aria-label="Search">
            <p class="empty" hidden=move || { session.images.len() > 1 }>
                "Search needs at least two images. Add a folder of your own."
            </p>
            <form class="choices" on:submit=by_text>
                <label class="choice address">
                    <span>"Find images that match a text"</span>
                    <input
                        name="Query"
                        type="search"
                        prop:value=move || query.get()
                        on:input=move |event| query.set(event_target_value(&event))
                    />
                </label>
                <button type="submit">"Search"</button>
                <button type="button" on:click=by_image>
                    "Find images like the selected one"
                </button>
            </form>
            {of_head}
            <div role="status">{results}</div>
        </section>
    }
}

fn results(session: Session, result: SearchResult) -> AnyView {
    let SearchResult {
        best,
        searched,
        milliseconds,
    } = result;
    let item = |(image, cosine): (SourceImage, f64)| {
        let id = image.id;
        view! {
            <li data-cosine=cosine.to_string()>
                <button type="button" on:click=move |_| session.images.selected.set(Some(id))>
                    <img src=image.address() alt=image.name width="96" height="96" loading="lazy" />
                </button>
                <span class="aside">{signed(cosine)}</span>
            </li>
        }
    };
    view! {
        <p class="aside found" data-milliseconds=milliseconds.to_string()>
            {format!("{searched} images searched in {}.", text::milliseconds(milliseconds))}
        </p>
        <ol class="thumbnails">{list(best.into_iter().map(item))}</ol>
    }
    .into_any()
}
