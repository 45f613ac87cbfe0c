//! Mixing the weights of models: which, with what coefficients, measured on which sets; and one of the mixtures in use.

mod figure;
mod outcome;
mod try_one;

use super::checkpoints::{file_button, files_of};
use super::choice::ModelChoice;
use super::field::text_field;
use super::labelled_sets::{self, LabelledSet, Siblings};
use super::progress;
use super::session::{MixChoices, MixState, Session};
use crate::page::list;
use crate::page::messages::error;
use leptos::prelude::*;
use refit_clip::mix::{Coefficients, MOST, Tower};
use std::sync::Arc;
use try_one::TryOne;

/// What is usually asked, and how it is written.
const PRESETS: [(&str, &str); 6] = [
    ("0:1:0.1", "Interpolate or add: λ from 0 to 1"),
    ("0:-1:-0.1", "Negate: λ from 0 to −1"),
    ("mean", "Mean of the models (uniform soup)"),
    ("greedy", "Greedy soup, by held-out images"),
    ("-1,1,1", "Analogy: the first taken away, two added"),
    ("", "One coefficient for each model"),
];

/// Images of a set that are shown.
const SHOWN: usize = 40;

/// What is mixed and measured.
#[derive(Clone, Copy)]
struct Form {
    session: Session,
    coefficients: RwSignal<String>,
    is_all: RwSignal<bool>,
    /// What comes with the page, once it is read.
    bundled: RwSignal<Option<Arc<Siblings>>>,
    folders: RwSignal<Vec<LabelledSet>, LocalStorage>,
    /// Names of the sets to measure on.
    sets: RwSignal<Vec<String>>,
    problem: RwSignal<Option<String>>,
}

impl Form {
    fn new(session: Session) -> Form {
        let form = Form {
            session,
            coefficients: RwSignal::new(PRESETS[0].0.to_owned()),
            is_all: RwSignal::new(false),
            bundled: RwSignal::new(None),
            folders: RwSignal::new_local(Vec::new()),
            sets: RwSignal::new(vec!["letters".to_owned(), "shapes".to_owned()]),
            problem: RwSignal::new(None),
        };
        if session.downloads.cache.with_untracked(Option::is_none) {
            session.downloads.read_cache();
        }
        leptos::task::spawn_local(async move {
            if let Err(sentence) = form.read_bundled().await {
                // The tab may be gone.
                form.problem.try_set(Some(sentence));
            }
        });
        form
    }

    /// Reads what comes with the page, unless it is there.
    async fn read_bundled(self) -> Result<Arc<Siblings>, String> {
        if let Some(bundled) = self.bundled.try_get_untracked().flatten() {
            return Ok(bundled);
        }
        let bundled = Arc::new(labelled_sets::siblings().await?);
        self.bundled.try_set(Some(bundled.clone()));
        Ok(bundled)
    }

    /// The models that can be mixed in; tracked.
    fn available(self) -> Vec<ModelChoice> {
        let base = self.session.mixing.base.with(|base| base.key.clone());
        let siblings = self.bundled.with(|bundled| {
            let siblings = bundled.iter().flat_map(|bundled| &bundled.siblings);
            let siblings = siblings.map(|sibling| ModelChoice::bundled_sibling(&sibling.task));
            siblings.collect::<Vec<_>>()
        });
        let siblings = siblings
            .into_iter()
            .filter(|_| base == ModelChoice::bundled_clip().key);
        let cached = self.session.downloads.cache.with(|cache| match cache {
            Some(Ok(cache)) => cache.checkpoints.iter().map(ModelChoice::cached).collect(),
            _ => Vec::new(),
        });
        let opened = self.session.mixing.opened.get();
        let all = siblings.chain(cached).chain(opened);
        all.filter(|choice| choice.key != base).collect()
    }

    /// Those that are chosen; tracked.
    fn chosen(self) -> Vec<ModelChoice> {
        let chosen = self.session.mixing.others.get();
        let mut all = self.available();
        all.retain(|choice| chosen.contains(&choice.key));
        all
    }

    fn tower(self) -> Tower {
        match self.is_all.get() {
            true => Tower::All,
            false => Tower::Image,
        }
    }

    /// Cuts or finds the sets of these names.
    fn labelled(
        self,
        names: Vec<String>,
    ) -> impl Future<Output = Result<Vec<LabelledSet>, String>> + 'static {
        // The tab may be gone before it has what it waits for.
        let folders = self.folders.get_untracked();
        async move {
            let bundled = self.read_bundled().await?;
            let mut sets = Vec::new();
            for name in names {
                let folder = folders.iter().find(|set| set.name == name);
                let sheet = bundled.sets.iter().find(|sheet| sheet.name == name);
                match (folder, sheet) {
                    (Some(set), _) => sets.push(set.clone()),
                    (None, Some(sheet)) => sets.push(bundled.set(sheet).await?),
                    (None, None) => {
                        return Err(format!(
                            "There is no set “{name}” any more; choose among those that are listed."
                        ));
                    }
                }
            }
            Ok(sets)
        }
    }

    fn start(self) {
        let others = untrack(|| self.chosen());
        let names = self.sets.get_untracked();
        let checked = self.coefficients.with_untracked(|text| {
            let coefficients: Coefficients = text
                .parse()
                .map_err(|error| format!("The coefficients cannot be read: {error}."))?;
            match &coefficients {
                _ if others.is_empty() => Err("Choose a model to mix in.".to_owned()),
                _ if others.len() > MOST => Err(format!("Choose at most {MOST} models.")),
                _ if names.is_empty() => {
                    Err("Choose a set of labelled images to measure on.".to_owned())
                }
                Coefficients::Each(all) if all.len() != others.len() => Err(format!(
                    "There are {} coefficients for {} models; give one for each.",
                    all.len(),
                    others.len()
                )),
                _ => Ok(coefficients),
            }
        });
        match checked {
            Err(sentence) => self.problem.set(Some(sentence)),
            Ok(coefficients) => {
                self.problem.set(None);
                let session = self.session;
                let base = session.mixing.base.get_untracked();
                let tower = untrack(|| self.tower());
                let sets = self.labelled(names);
                leptos::task::spawn_local(async move {
                    match sets.await {
                        Ok(sets) => session.mix(MixChoices {
                            base,
                            others,
                            coefficients,
                            tower,
                            sets,
                        }),
                        Err(sentence) => session.mixing.fail(sentence),
                    }
                });
            }
        }
    }

    /// Puts some of a set's images on the bench, with its classes.
    fn show(self, name: String) {
        self.problem.set(None);
        let sets = self.labelled(vec![name]);
        self.session.open_set(SHOWN, self.problem, async move {
            Ok(sets.await?.into_iter().next())
        });
    }

    fn add_folder(self, files: Vec<web_sys::File>) {
        match labelled_sets::folder(files) {
            Ok(mut set) => {
                self.problem.set(None);
                // A set of the page may be called so, too.
                let bundled = self.bundled.get_untracked();
                let mut sheets = bundled.iter().flat_map(|bundled| &bundled.sets);
                if sheets.any(|sheet| sheet.name == set.name) {
                    set.name = format!("{}, a folder", set.name);
                }
                let name = set.name.clone();
                self.folders.update(|all| {
                    all.retain(|other| other.name != set.name);
                    all.push(set);
                });
                toggle(self.sets, &name, true);
            }
            Err(sentence) => self.problem.set(Some(sentence)),
        }
    }
}

fn toggle(chosen: RwSignal<Vec<String>>, name: &str, on: bool) {
    chosen.update(|all| {
        all.retain(|other| other != name);
        if on {
            all.push(name.to_owned());
        }
    });
}

/// A checkbox for one of several things.
fn checkbox(chosen: RwSignal<Vec<String>>, id: String, text: String) -> AnyView {
    let (name, checked) = (id.clone(), id.clone());
    view! {
        <label>
            <input
                type="checkbox"
                name=name
                prop:checked=move || chosen.with(|all| all.contains(&checked))
                on:change:target=move |event| toggle(chosen, &id, event.target().checked())
            />
            {text}
        </label>
    }
    .into_any()
}

#[component]
pub fn Mix(session: Session) -> impl IntoView {
    let form = Form::new(session);
    let result = move || match session.mixing.state.get() {
        MixState::Idle => ().into_any(),
        MixState::Running {
            done,
            total,
            outcome,
        } => {
            let text = match total {
                0 => "Starting…".to_owned(),
                total => format!("{done} of {total} images encoded"),
            };
            let bar = progress::bar("Measuring", done as u64, total as u64, text);
            view! {
                <div class="progress" role="status">
                    {bar}
                </div>
                {outcome.map(|outcome| outcome::view(outcome, false))}
            }
            .into_any()
        }
        MixState::Failed(sentence) => error(sentence),
        MixState::Done(outcome) => outcome::view(outcome, true),
    };
    view! {
        <section aria-labelledby="mix-title">
            <h2 id="mix-title">"Mix"</h2>
            <p class="aside">
                "Blend the weights of models of one architecture: slide from one to another, and see what is gained and what is lost. θ = θ₀ + Σ λᵢ (θᵢ − θ₀): with one other model this is PAINT; with λ below 0 a task is forgotten; with several, task vectors are added or models averaged."
            </p>
            <Choices form />
            {result}
            <TryOne form />
        </section>
    }
}

#[component]
fn Choices(form: Form) -> impl IntoView {
    let session = form.session;
    let is_running = move || {
        session
            .mixing
            .state
            .with(|s| matches!(s, MixState::Running { .. }))
    };
    let open = move |files| {
        let choice = ModelChoice::files(files);
        let key = choice.key.clone();
        form.session.mixing.opened.update(|all| {
            all.retain(|other| other.key != choice.key);
            all.push(choice);
        });
        toggle(form.session.mixing.others, &key, true);
    };
    let models = move || {
        let all = form.available();
        let none = all.is_empty();
        view! {
            {list(all.into_iter().map(|c| checkbox(form.session.mixing.others, c.key, c.name)))}
            {none
                .then(|| {
                    view! {
                        <p class="aside">
                            {move || {
                                let base = form.session.mixing.base.with(|base| base.name.clone());
                                format!(
                                    "The page has no other model of {base}’s architecture: open the file of one.",
                                )
                            }}
                        </p>
                    }
                })}
        }
    };
    let presets = PRESETS.map(|(text, title)| {
        view! {
            <option value=text prop:selected=move || form.coefficients.with(|c| c == text)>
                {title}
            </option>
        }
    });
    let start = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        form.start();
    };
    view! {
        <form class="mix" on:submit=start>
            <p class="base">
                "Base θ₀: "
                <strong>{move || form.session.mixing.base.with(|base| base.name.clone())}</strong>
            </p>
            <div class="several" role="group" aria-label="Models to mix in">
                <span>"Models to mix in"</span>
                {models}
                {file_button("Model to mix in", open)}
            </div>
            <div class="choices">
                <label class="choice">
                    <span>"What to try"</span>
                    <select
                        name="Preset"
                        on:change=move |event| form.coefficients.set(event_target_value(&event))
                    >
                        {list(presets)}
                    </select>
                </label>
                {text_field("Coefficients λ", "Coefficients", form.coefficients)}
                <label class="choice">
                    <span>"Tensors"</span>
                    <select
                        name="Tensors"
                        on:change=move |event| form.is_all.set(event_target_value(&event) == "all")
                    >
                        <option value="image">"Image tower, as PAINT"</option>
                        <option value="all">"Both towers"</option>
                    </select>
                </label>
            </div>
            <Sets form />
            <p class="toolbar">
                <button type="submit" class="measure" prop:disabled=is_running>
                    "Measure"
                </button>
                <button
                    type="button"
                    class="cancel-mixing"
                    hidden=move || !is_running()
                    on:click=move |_| session.mixing.cancel()
                >
                    "Cancel"
                </button>
            </p>
            {move || form.problem.get().map(error)}
        </form>
    }
}

/// The sets to measure on: the new task's, and those that must not suffer.
#[component]
fn Sets(form: Form) -> impl IntoView {
    let one = move |name: String, classes: usize, images: usize, notes: &[String]| {
        let text = format!("{name}: {images} images of {classes} classes");
        let label = format!("Show some of {name}, with its classes");
        let (shown, notes) = (name.clone(), notes.join(" "));
        view! {
            <div class="set">
                {checkbox(form.sets, name, text)}
                <button
                    type="button"
                    aria-label=label
                    title="Replaces the images, the classes and their templates"
                    on:click=move |_| form.show(shown.clone())
                >
                    "Show some, with its classes"
                </button>
                {(!notes.is_empty()).then(|| view! { <p class="aside">{notes}</p> })}
            </div>
        }
    };
    let sets = move || {
        let sheets = form.bundled.with(|bundled| {
            let sheets = bundled.iter().flat_map(|bundled| bundled.sets.clone());
            sheets.collect::<Vec<_>>()
        });
        let sheets = sheets.into_iter().map(|sheet| {
            let pictures = sheet.pictures.len();
            one(sheet.name.clone(), sheet.classes(), pictures, &[])
        });
        let sheets: Vec<_> = sheets.collect();
        let folders = form.folders.with(|all| {
            let folders = all.iter();
            let folders = folders.map(|set| {
                let (classes, pictures) = (set.labels.len(), set.pictures.len());
                one(set.name.clone(), classes, pictures, &set.notes)
            });
            folders.collect::<Vec<_>>()
        });
        list(sheets.into_iter().chain(folders))
    };
    let add = move |event: web_sys::Event| {
        let files = files_of(&event);
        if !files.is_empty() {
            form.add_folder(files);
        }
    };
    view! {
        <div class="several" role="group" aria-label="Sets to measure on">
            <span>"Sets to measure on: one of the new task, and others of tasks that it should keep"</span>
            {sets}
            <label class="button file">
                "Add a folder (subfolders are classes)"
                <input
                    type="file"
                    name="Labelled folder"
                    prop:webkitdirectory=true
                    multiple
                    on:change=add
                />
            </label>
        </div>
    }
}
