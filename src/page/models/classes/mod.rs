//! Editing the classes, and the templates that make prompts of them.

use super::class_lists::{LABELS, LineList, TEMPLATES};
use super::session::{Session, lines};
use super::{progress, samples};
use crate::page::{list, save};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Key of the browser's storage, where the reader's lists are saved.
const SAVED: &str = "refit-lists";
/// Warnings that are shown.
const WARNINGS: usize = 5;

/// The reader's lists by name, and the name in the form.
#[derive(Clone, Copy)]
struct SavedLists {
    lists: RwSignal<BTreeMap<String, String>>,
    name: RwSignal<String>,
}

impl SavedLists {
    fn new() -> SavedLists {
        let storage = window().local_storage().ok().flatten();
        let text = storage.and_then(|storage| storage.get_item(SAVED).ok().flatten());
        let lists = text.and_then(|text| serde_json::from_str(&text).ok());
        SavedLists {
            lists: RwSignal::new(lists.unwrap_or_default()),
            name: RwSignal::new(String::new()),
        }
    }

    /// Whether there is a list of the name in the form.
    fn is_saved(self) -> bool {
        self.lists
            .with(|lists| self.name.with(|name| lists.contains_key(name.trim())))
    }

    fn change(self, change: impl FnOnce(&mut BTreeMap<String, String>, String)) {
        let name = self.name.get_untracked().trim().to_owned();
        if name.is_empty() {
            return;
        }
        self.lists.update(|lists| change(lists, name));
        let text = self.lists.with_untracked(serde_json::to_string);
        if let (Ok(Some(storage)), Ok(text)) = (window().local_storage(), text) {
            // If the browser refuses, the lists last until the page is closed.
            let _ = storage.set_item(SAVED, &text);
        }
    }
}

#[component]
pub fn ClassEditor(session: Session) -> impl IntoView {
    let saved = SavedLists::new();
    view! {
        <section aria-labelledby="classes">
            <h2 id="classes">"Classes"</h2>
            <LineEditor
                session
                text=session.classes.labels
                select=("List", "Lists, including yours")
                lists=&LABELS
                saved
                area=("Classes", "One class per line")
                rows=8
            />
            <SaveList session saved />
            <LineEditor
                session
                text=session.classes.templates
                select=("Template list", "Template lists")
                lists=&TEMPLATES
                area=("Templates", "One template per line; {} stands for the class")
                rows=3
            />
            <div role="status">{status(session)}</div>
            <ul class="aside" hidden=move || session.classes.warnings.with(Vec::is_empty)>
                {move || {
                    let warnings = session.classes.warnings.get().into_iter().take(WARNINGS);
                    list(warnings.map(|warning| view! { <li>{warning}</li> }))
                }}
            </ul>
            <button
                type="button"
                hidden=move || session.classes.encoded.with(Option::is_none)
                on:click=move |_| export(session)
            >
                "Export class embeddings"
            </button>
        </section>
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
                Some(format!(
                    "{} classes are ready.",
                    classes.as_ref()?.labels.len()
                ))
            })
        };
        view! { <p class="aside">{count}</p> }.into_any()
    }
}

#[component]
fn SaveList(session: Session, saved: SavedLists) -> impl IntoView {
    let save = move |_| {
        saved.change(|lists, name| {
            lists.insert(name, session.classes.labels.get_untracked());
        });
    };
    let delete = move |_| {
        saved.change(|lists, name| {
            lists.remove(&name);
        });
    };
    view! {
        <div class="choices">
            <label class="choice">
                <span>"List name"</span>
                <input
                    name="List name"
                    prop:value=move || saved.name.get()
                    on:input=move |event| saved.name.set(event_target_value(&event))
                />
            </label>
            <button type="button" class="save-list" on:click=save>
                "Save list"
            </button>
            <button type="button" hidden=move || !saved.is_saved() on:click=delete>
                "Delete list"
            </button>
        </div>
    }
}

/// A text area, and a choice of lists to fill it with. Of `select` and `area` the first text names
/// the control, the second is its label.
#[component]
fn LineEditor(
    session: Session,
    text: RwSignal<String>,
    select: (&'static str, &'static str),
    lists: &'static [(&'static str, LineList)],
    #[prop(optional)] saved: Option<SavedLists>,
    area: (&'static str, &'static str),
    rows: u32,
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

/// Puts a list into a text area.
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
