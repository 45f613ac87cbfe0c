//! The classes that pictures are shared out among, and the templates that make sentences of them.

use super::samples;
use super::session::{Session, lines};
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

/// The reader's own lists, and the name of the one at hand.
#[derive(Clone, Copy)]
struct Own {
    lists: RwSignal<BTreeMap<String, String>>,
    name: RwSignal<String>,
}

impl Own {
    fn new() -> Own {
        let storage = window().local_storage().ok().flatten();
        let text = storage.and_then(|storage| storage.get_item(SAVED).ok().flatten());
        let lists = text.and_then(|text| serde_json::from_str(&text).ok());
        Own {
            lists: RwSignal::new(lists.unwrap_or_default()),
            name: RwSignal::new(String::new()),
        }
    }

    fn change(self, change: impl FnOnce(&mut BTreeMap<String, String>, String)) {
        let name = self.name.get_untracked().trim().to_owned();
        if name.is_empty() {
            return;
        }
        self.lists.update(|lists| change(lists, name));
        let text = self.lists.with_untracked(serde_json::to_string);
        if let (Ok(Some(storage)), Ok(text)) = (window().local_storage(), text) {
            // A browser that keeps nothing has the lists until the page goes.
            let _ = storage.set_item(SAVED, &text);
        }
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
pub fn ClassList(session: Session) -> impl IntoView {
    let state = move || {
        if let Some(problem) = session.class_problem.get() {
            return view! { <p class="error">{problem}</p> }.into_any();
        }
        match session.classing.get() {
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
                <p class="aside">{move || session.classes.with(|classes| {
                    classes.as_ref().map(|c| format!("{} classes are ready.", c.labels.len()))
                })}</p>
            }
            .into_any(),
        }
    };
    let own = Own::new();
    let save_list = move |_| {
        own.change(|lists, name| {
            lists.insert(name, session.labels.get_untracked());
        });
    };
    let forget = move |_| {
        own.change(|lists, name| {
            lists.remove(&name);
        });
    };
    let export = move |_| {
        if let Some(classes) = session.classes.get_untracked() {
            let of: Vec<_> = classes
                .labels
                .iter()
                .zip(&classes.vectors)
                .map(|(label, vector)| serde_json::json!({"class": label, "vector": vector}))
                .collect();
            let text = serde_json::json!({
                "model": session.choice.with_untracked(|choice| choice.name.clone()),
                "templates": lines(&session.templates.get_untracked()),
                "classes": of,
            });
            save::text("classes.json", "application/json", &text.to_string());
        }
    };
    let is_own = move || {
        own.lists
            .with(|lists| own.name.with(|name| lists.contains_key(name.trim())))
    };
    view! {
        <section aria-labelledby="classes">
            <h2 id="classes">"Classes"</h2>
            <Lines
                session
                words=session.labels
                lists=("List", "Ready lists, and yours")
                ready=&LISTS
                own
                lines=("Classes", "One a line")
                rows=8
            />
            <div class="choices">
                <label class="choice">
                    <span>"Name of your list"</span>
                    <input
                        name="List name"
                        prop:value=move || own.name.get()
                        on:input=move |event| own.name.set(event_target_value(&event))
                    />
                </label>
                <button type="button" class="keep" on:click=save_list>
                    "Keep"
                </button>
                <button type="button" hidden=move || !is_own() on:click=forget>
                    "Forget"
                </button>
            </div>
            <Lines
                session
                words=session.templates
                lists=("Template list", "Templates")
                ready=&TEMPLATES
                lines=("Templates", "One a line; {} stands for the class")
                rows=3
            />
            <div role="status">{state}</div>
            <ul class="aside" hidden=move || session.notes.with(Vec::is_empty)>
                {move || {
                    list(session.notes.get().into_iter().take(5).map(|note| view! { <li>{note}</li> }))
                }}
            </ul>
            <button
                type="button"
                hidden=move || session.classes.with(Option::is_none)
                on:click=export
            >
                "Save the class vectors"
            </button>
        </section>
    }
}

/// Lines that the reader writes, or takes from a list. Of `lists` and `lines` the first is the
/// control's name, the second what is written over it.
#[component]
fn Lines(
    session: Session,
    words: RwSignal<String>,
    lists: (&'static str, &'static str),
    ready: &'static [(&'static str, Words)],
    #[prop(optional)] own: Option<Own>,
    lines: (&'static str, &'static str),
    rows: u32,
) -> impl IntoView {
    let choose = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        if let Some((_, ready)) = ready.iter().find(|(name, _)| *name == chosen) {
            put(*ready, words, session.class_problem);
        } else if let Some(own) = own
            && let Some(text) = own
                .lists
                .with_untracked(|lists| lists.get(&chosen).cloned())
        {
            own.name.set(chosen);
            words.set(text);
        }
    };
    let option = |name: String| view! { <option value=name.clone()>{name.clone()}</option> };
    let owned = move || {
        let names = own.map(|own| own.lists.get().into_keys());
        list(names.into_iter().flatten().map(option))
    };
    view! {
        <label class="choice">
            <span>{lists.1}</span>
            <select name=lists.0 on:change=choose>
                <option value="">"Choose…"</option>
                {list(ready.iter().map(|(name, _)| option((*name).to_owned())))}
                {owned}
            </select>
        </label>
        <label class="choice">
            <span>{lines.1}</span>
            <textarea
                name=lines.0
                rows=rows.to_string()
                spellcheck="false"
                prop:value=move || words.get()
                on:input=move |event| words.set(event_target_value(&event))
            ></textarea>
        </label>
    }
}
