//! The index of a folder: what it is, whose vectors it has, and its search.

use super::problem_list;
use super::search::Search;
use crate::page::messages::error_if_any;
use crate::page::models::session::{FolderIndex, Session, Target};
use crate::text::{bytes, grouped};
use leptos::prelude::*;
use std::rc::Rc;

#[component]
pub(super) fn OpenFolder(session: Session) -> impl IntoView {
    let folder = session.folder;
    let opening = move || {
        folder.is_opening.get().then(|| {
            view! { <p class="waiting" role="status">"Opening the index…"</p> }
        })
    };
    let index = move || folder.index.get().map(|index| opened(session, index));
    view! {
        {opening}
        {error_if_any(folder.problem)}
        {index}
    }
}

fn opened(session: Session, index: Rc<FolderIndex>) -> AnyView {
    let folder = session.folder;
    let size: u64 = index
        .parts
        .iter()
        .map(|part| part.vectors.rows * part.vectors.stored.bytes() as u64)
        .sum();
    let halves = if index.parts.iter().all(|part| part.vectors.stored.half) {
        "float16"
    } else {
        "float32"
    };
    let what = match (&index.record, index.is_of_texts) {
        (Some(record), _) => format!("It was made with {}.", record.model),
        (None, false) => String::new(),
        (None, true) => "Its vectors are those of texts.".to_owned(),
    };
    let told = format!(
        "{} vectors of {} {halves} numbers ({}) in {}. {what}",
        grouped(index.rows),
        index.width,
        bytes(size as f64),
        match index.parts.len() {
            1 => "one part".to_owned(),
            count => format!("{count} parts"),
        },
    );
    let stored = StoredValue::new_local(index.clone());
    let key = move || session.model.choice.with(|choice| choice.key.clone());
    let mismatch = Memo::new(move |_| {
        session.model.state.track();
        stored.with_value(|index| session.index_mismatch(index))
    });
    // Whether the vectors are the loaded model's: the folder says it, or the reader.
    let is_asked = Memo::new(move |_| {
        let is_unsaid = stored.with_value(|index| index.record.is_none());
        is_unsaid && mismatch.with(Option::is_none) && folder.said.get() != Some(key())
    });
    let is_off = Signal::derive(move || is_asked.get() || mismatch.with(Option::is_some));
    let question = move || {
        let name = session.model.choice.with(|choice| choice.name.clone());
        is_asked.get().then(|| {
            view! {
                <p class="callout question">
                    {format!(
                        "The folder does not say which model made its vectors; their width would fit {name}. With another model’s vectors the results mean nothing. ",
                    )}
                    <button
                        type="button"
                        class="say-model"
                        on:click=move |_| folder.said.set(Some(key()))
                    >
                        {format!("They were made with {name}")}
                    </button>
                </p>
            }
        })
    };
    let other = move || {
        let names = session
            .model
            .choice
            .with(|choice| [choice.name.clone(), choice.known_as.clone()]);
        let names = [names[0].as_str(), names[1].as_str()];
        let loaded = session.model.loaded().filter(|_| session.model.is_loaded());
        let record = stored.with_value(|index| index.record.clone())?;
        let is_other = !record.names(&names)
            || loaded.is_some_and(|loaded| loaded.info.identity() != record.identity);
        (is_other && mismatch.with(Option::is_none)).then(|| {
            let sentence = format!(
                "The index was made with {}; with {}, or as it is run now, the results may mean nothing.",
                record.model, names[0]
            );
            view! { <p class="callout warning">{sentence}</p> }
        })
    };
    let wrong = move || {
        mismatch
            .get()
            .map(|sentence| view! { <p class="callout warning">{sentence}</p> })
    };
    view! {
        <section class="index" aria-label="Index">
            <h3>{format!("Index {}", index.name)}</h3>
            <p class="opened" role="status">{told}</p>
            <p class="toolbar">
                <button type="button" class="close-index" on:click=move |_| folder.close()>
                    "Close it"
                </button>
            </p>
            {problem_list(&index.problems)}
            {wrong}
            {question}
            {other}
            <Search session searching=folder.searching target=Target::Folder(index) is_off />
        </section>
    }
    .into_any()
}
