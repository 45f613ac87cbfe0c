//! Editing the classes, and the templates that make prompts of them.

mod chips;
mod saved_lists;

use super::session::{Session, lines};
use super::{progress, samples};
use crate::class_lists::{LABELS, LineList, TEMPLATES};
use crate::page::{list, save};
use chips::Chips;
use leptos::prelude::*;
use refit_clip::Head;
use saved_lists::{SaveList, SavedLists};

/// Warnings that are shown.
const WARNINGS: usize = 5;
/// Classes of a head that are shown.
const HEAD_LABELS: usize = 60;

#[component]
pub fn ClassEditor(session: Session) -> impl IntoView {
    let saved = SavedLists::new();
    let classes = session.classes;
    let has_head = Memo::new(move |_| classes.head.with(Option::is_some));
    view! {
        <section class="classes" aria-labelledby="classes">
            <h2 id="classes">"Classes"</h2>
            {move || classes.head.get().map(|head| of_head(session, &head))}
            <div hidden=move || has_head.get()>
                <Chips classes />
            </div>
            <div role="status">{status(session)}</div>
            <ul class="aside" hidden=move || classes.warnings.with(Vec::is_empty)>
                {move || {
                    let warnings = classes.warnings.get().into_iter().take(WARNINGS);
                    list(warnings.map(|warning| view! { <li>{warning}</li> }))
                }}
            </ul>
            <div hidden=move || has_head.get()>
            <ListChoice
                session
                text=classes.labels
                select=("List", "Lists, including yours")
                lists=&LABELS
                saved
            />
            <details class="fold">
                <summary>"Edit as text, save the list"</summary>
                <Lines text=classes.labels area=("Classes", "One class per line") rows=8 />
                <SaveList session saved />
                <p class="toolbar">
                    <button
                        type="button"
                        hidden=move || classes.encoded.with(Option::is_none)
                        on:click=move |_| export(session)
                    >
                        "Export class embeddings"
                    </button>
                </p>
            </details>
            <details class="fold">
                <summary>{move || templates(&classes.templates.get())}</summary>
                <ListChoice
                    session
                    text=classes.templates
                    select=("Template list", "Template lists")
                    lists=&TEMPLATES
                />
                <Lines
                    text=classes.templates
                    area=("Templates", "One template per line; {} stands for the class")
                    rows=3
                />
            </details>
            </div>
        </section>
    }
}

/// The classes of a head, and the way back to the list.
fn of_head(session: Session, head: &Head) -> AnyView {
    let sentence = match head.labels.as_slice() {
        [_] => format!("The head “{}” gives each image a score.", head.name),
        labels => format!("The head “{}” has {} classes:", head.name, labels.len()),
    };
    let labels = head.labels.iter().take(HEAD_LABELS).cloned();
    view! {
        <p class="head-in-use">{sentence}</p>
        <ul class="chips" hidden=head.labels.len() < 2>
            {list(labels.map(|label| view! { <li><span>{label}</span></li> }))}
        </ul>
        <p class="toolbar">
            <button type="button" class="use-list" on:click=move |_| session.classes.head.set(None)>
                "Use the class list"
            </button>
        </p>
    }
    .into_any()
}

/// The summary of the templates.
fn templates(text: &str) -> String {
    match lines(text).as_slice() {
        [] => "Prompt template: none".to_owned(),
        [one] => format!("Prompt template: {one}"),
        several => format!("Prompt templates: {}", several.len()),
    }
}

/// How far the classes are.
fn status(session: Session) -> impl IntoView {
    move || {
        if let Some(problem) = session.classes.problem.get() {
            return view! { <p class="error">{problem}</p> }.into_any();
        }
        if let Some((done, total)) = session.classes.progress.get() {
            let text = format!("{done} of {total} classes encoded");
            let bar = progress::bar("Classes", done as u64, total as u64, text);
            return view! { <div class="progress">{bar}</div> }.into_any();
        }
        let count = move || {
            session.classes.encoded.with(|classes| {
                Some(match classes.as_ref()?.labels.len() {
                    1 => "1 class is ready.".to_owned(),
                    count => format!("{count} classes are ready."),
                })
            })
        };
        view! { <p class="aside">{count}</p> }.into_any()
    }
}

/// A choice of lists, which replace a text. The first text of `select` names the control, the
/// second is its label.
#[component]
fn ListChoice(
    session: Session,
    text: RwSignal<String>,
    select: (&'static str, &'static str),
    lists: &'static [(&'static str, LineList)],
    #[prop(optional)] saved: Option<SavedLists>,
) -> impl IntoView {
    let choose = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        if let Some((_, lines)) = lists.iter().find(|(name, _)| *name == chosen) {
            fill(*lines, text, session.classes.problem);
        } else if let Some(saved) = saved
            && let Some(lines) = saved
                .lists
                .with_untracked(|lists| lists.get(&chosen).cloned())
        {
            saved.name.set(chosen);
            text.set(lines);
        }
    };
    let option = |name: String| view! { <option value=name.clone()>{name.clone()}</option> };
    let saved_options = move || {
        let names = saved.map(|saved| saved.lists.get().into_keys());
        list(names.into_iter().flatten().map(option))
    };
    view! {
        <label class="choice">
            <span>{select.1}</span>
            <select name=select.0 on:change=choose>
                <option value="">"Choose…"</option>
                {list(lists.iter().map(|(name, _)| option((*name).to_owned())))}
                {saved_options}
            </select>
        </label>
    }
}

/// A text area of lines; `area` as in [`ListChoice`].
#[component]
fn Lines(text: RwSignal<String>, area: (&'static str, &'static str), rows: u32) -> impl IntoView {
    view! {
        <label class="choice">
            <span>{area.1}</span>
            <textarea
                name=area.0
                rows=rows.to_string()
                spellcheck="false"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            ></textarea>
        </label>
    }
}

/// Replaces a text by a list.
fn fill(lines: LineList, text: RwSignal<String>, problem: RwSignal<Option<String>>) {
    leptos::task::spawn_local(async move {
        match lines {
            LineList::Text(lines) => text.set(lines.to_owned()),
            LineList::File(path) => match samples::text(path).await {
                Ok(lines) => text.set(lines.trim_end().to_owned()),
                Err(sentence) => problem.set(Some(sentence)),
            },
        }
    });
}

fn export(session: Session) {
    let Some(classes) = session.classes.encoded.get_untracked() else {
        return;
    };
    let pairs = classes.labels.iter().zip(&classes.vectors);
    let classes: Vec<_> = pairs
        .map(|(label, vector)| serde_json::json!({"class": label, "vector": vector}))
        .collect();
    let text = serde_json::json!({
        "model": session.model.name(),
        "templates": lines(&session.classes.templates.get_untracked()),
        "classes": classes,
    });
    save::text("classes.json", "application/json", &text.to_string());
}
