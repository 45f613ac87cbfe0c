//! The classes that pictures are shared out among, and the templates that make sentences of them.

use super::desk::{Desk, lines};
use super::samples;
use crate::page::{list, save};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// What the small model knows.
pub const USUAL_LABELS: &str = "a red circle\na blue square\na green triangle\na yellow star";
pub const USUAL_TEMPLATES: &str = "a photo of {}.";

/// Where a list of classes, or of templates, is.
#[derive(Clone, Copy)]
enum Words {
    Here(&'static str),
    /// A file of the page.
    File(&'static str),
}

const LISTS: [(&str, Words); 4] = [
    ("Shapes", Words::Here(USUAL_LABELS)),
    (
        "CIFAR-10",
        Words::Here("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck"),
    ),
    (
        "Oxford pets",
        Words::Here(
            "Abyssinian\nAmerican Bulldog\nAmerican Pit Bull Terrier\nBasset Hound\nBeagle\nBengal\nBirman\nBombay\nBoxer\nBritish Shorthair\nChihuahua\nEgyptian Mau\nEnglish Cocker Spaniel\nEnglish Setter\nGerman Shorthaired\nGreat Pyrenees\nHavanese\nJapanese Chin\nKeeshond\nLeonberger\nMaine Coon\nMiniature Pinscher\nNewfoundland\nPersian\nPomeranian\nPug\nRagdoll\nRussian Blue\nSaint Bernard\nSamoyed\nScottish Terrier\nShiba Inu\nSiamese\nSphynx\nStaffordshire Bull Terrier\nWheaten Terrier\nYorkshire Terrier",
        ),
    ),
    ("ImageNet, 1,000", Words::File("clip/imagenet.txt")),
];

const TEMPLATES: [(&str, Words); 4] = [
    (
        "One, for names with an article",
        Words::Here(USUAL_TEMPLATES),
    ),
    ("One, for bare names", Words::Here("a photo of a {}.")),
    ("CLIP’s 7", Words::File("clip/templates-7.txt")),
    ("CLIP’s 80", Words::File("clip/templates-80.txt")),
];

/// Where the reader's own lists are kept on this device.
const SAVED: &str = "refit-lists";

fn saved() -> BTreeMap<String, String> {
    let storage = window().local_storage().ok().flatten();
    let text = storage.and_then(|storage| storage.get_item(SAVED).ok().flatten());
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

fn keep(lists: &BTreeMap<String, String>) {
    if let (Ok(Some(storage)), Ok(text)) = (window().local_storage(), serde_json::to_string(lists))
    {
        // A browser that keeps nothing has the lists until the page goes.
        let _ = storage.set_item(SAVED, &text);
    }
}

/// Puts words into a text box.
fn put(words: Words, into: RwSignal<String>, problem: RwSignal<Option<String>>) {
    leptos::task::spawn_local(async move {
        match words {
            Words::Here(text) => into.set(text.to_owned()),
            Words::File(path) => match samples::text(path).await {
                Ok(text) => into.set(text.trim_end().to_owned()),
                Err(sentence) => problem.set(Some(sentence)),
            },
        }
    });
}

#[component]
pub fn ClassList(desk: Desk) -> impl IntoView {
    let state = move || {
        if let Some(problem) = desk.class_problem.get() {
            return view! { <p class="error">{problem}</p> }.into_any();
        }
        match desk.classing.get() {
            Some((done, all)) => view! {
                <div class="progress">
                    <progress
                        max=all.to_string()
                        value=done.to_string()
                        aria-label="Classes"
                    ></progress>
                    <span>{format!("{done} of {all} classes")}</span>
                </div>
            }
            .into_any(),
            None => view! {
                <p class="aside">{move || desk.classes.with(|classes| {
                    classes.as_ref().map(|c| format!("{} classes are ready.", c.labels.len()))
                })}</p>
            }
            .into_any(),
        }
    };
    let own = RwSignal::new(saved());
    let name = RwSignal::new(String::new());
    let choose_list = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        if let Some((_, words)) = LISTS.iter().find(|(name, _)| *name == chosen) {
            put(*words, desk.labels, desk.class_problem);
        } else if let Some(text) = own.with_untracked(|own| own.get(&chosen).cloned()) {
            name.set(chosen);
            desk.labels.set(text);
        }
    };
    let choose_templates = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        if let Some((_, words)) = TEMPLATES.iter().find(|(name, _)| *name == chosen) {
            put(*words, desk.templates, desk.class_problem);
        }
    };
    let save_list = move |_| {
        let name = name.get_untracked().trim().to_owned();
        if !name.is_empty() {
            own.update(|own| {
                own.insert(name, desk.labels.get_untracked());
                keep(own);
            });
        }
    };
    let forget = move |_| {
        own.update(|own| {
            own.remove(name.get_untracked().trim());
            keep(own);
        });
    };
    let export = move |_| {
        if let Some(classes) = desk.classes.get_untracked() {
            let of: Vec<_> = classes
                .labels
                .iter()
                .zip(&classes.vectors)
                .map(|(label, vector)| serde_json::json!({"class": label, "vector": vector}))
                .collect();
            let text = serde_json::json!({
                "model": desk.choice.with_untracked(|choice| choice.name.clone()),
                "templates": lines(&desk.templates.get_untracked()),
                "classes": of,
            });
            save::text("classes.json", "application/json", &text.to_string());
        }
    };
    let option = |name: String| view! { <option value=name.clone()>{name.clone()}</option> };
    view! {
        <section aria-labelledby="classes">
            <h2 id="classes">"Classes"</h2>
            <label class="choice">
                <span>"Ready lists, and yours"</span>
                <select name="List" on:change=choose_list>
                    <option value="">"Choose…"</option>
                    {list(LISTS.iter().map(|(name, _)| option((*name).to_owned())))}
                    {move || list(own.get().into_keys().map(option))}
                </select>
            </label>
            <label class="choice">
                <span>"One a line"</span>
                <textarea
                    name="Classes"
                    rows="8"
                    spellcheck="false"
                    prop:value=move || desk.labels.get()
                    on:input=move |event| desk.labels.set(event_target_value(&event))
                ></textarea>
            </label>
            <div class="choices">
                <label class="choice">
                    <span>"Name of your list"</span>
                    <input
                        name="List name"
                        prop:value=move || name.get()
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </label>
                <button type="button" class="keep" on:click=save_list>
                    "Keep"
                </button>
                <button
                    type="button"
                    hidden=move || !own.with(|own| own.contains_key(name.get().trim()))
                    on:click=forget
                >
                    "Forget"
                </button>
            </div>
            <label class="choice">
                <span>"Templates"</span>
                <select name="Template list" on:change=choose_templates>
                    <option value="">"Choose…"</option>
                    {list(TEMPLATES.iter().map(|(name, _)| option((*name).to_owned())))}
                </select>
            </label>
            <label class="choice">
                <span>"One a line; {} stands for the class"</span>
                <textarea
                    name="Templates"
                    rows="3"
                    spellcheck="false"
                    prop:value=move || desk.templates.get()
                    on:input=move |event| desk.templates.set(event_target_value(&event))
                ></textarea>
            </label>
            <div role="status">{state}</div>
            <ul class="aside" hidden=move || desk.notes.with(Vec::is_empty)>
                {move || {
                    list(desk.notes.get().into_iter().take(5).map(|note| view! { <li>{note}</li> }))
                }}
            </ul>
            <button
                type="button"
                hidden=move || desk.classes.with(Option::is_none)
                on:click=export
            >
                "Save the class vectors"
            </button>
        </section>
    }
}
