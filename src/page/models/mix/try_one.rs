//! One mixture in use: its coefficients as sliders, its answer for the selected image, and its file.

use super::Form;
use super::outcome::listed;
use crate::page::list;
use crate::page::messages::error_if_any;
use crate::page::models::answer::Answer;
use crate::page::models::choice::ModelChoice;
use crate::page::models::progress;
use crate::page::models::protocol::CheckpointLocation;
use crate::page::models::session::MixState;
use crate::page::save;
use leptos::prelude::*;

/// The coefficients of the mixture in use, where one is.
fn in_use(form: Form) -> Option<Vec<f64>> {
    form.session
        .model
        .choice
        .with(|choice| match &choice.location {
            CheckpointLocation::Mixture(recipe) => Some(recipe.coefficients.clone()),
            _ => None,
        })
}

#[component]
pub(super) fn TryOne(form: Form) -> impl IntoView {
    let session = form.session;
    let coefficients = move || in_use(form).unwrap_or_default();
    let of = move |i: usize| coefficients().get(i).copied().unwrap_or(0.0);
    let mixture = move |coefficients: &[f64]| {
        let base = session.mixing.base.get_untracked();
        let others = untrack(|| form.chosen());
        ModelChoice::mixture(&base, &others, coefficients, untrack(|| form.tower()))
    };
    let set = move |i: usize, value: f64| {
        let count = untrack(|| form.chosen()).len();
        let mut all: Vec<f64> = (0..count).map(|i| untrack(|| of(i))).collect();
        if let Some(place) = all.get_mut(i) {
            *place = value;
        }
        session.load(mixture(&all));
    };
    let sliders = move || {
        let names: Vec<String> = form
            .chosen()
            .into_iter()
            .map(|choice| choice.name)
            .collect();
        list(names.into_iter().enumerate().map(|(i, name)| {
            let shown = move || listed(&[of(i)]);
            view! {
                <label class="coefficient">
                    <span>{name}</span>
                    <input
                        type="range"
                        min="-1"
                        max="1"
                        step="0.05"
                        aria-valuetext=shown
                        prop:value=move || of(i).to_string()
                        on:change:target=move |event| {
                            if let Ok(value) = event.target().value().parse() {
                                set(i, value);
                            }
                        }
                    />
                    <output>{shown}</output>
                </label>
            }
        }))
    };
    // Only of the models that are chosen.
    let best = move || {
        let MixState::Done(outcome) = session.mixing.state.get() else {
            return None;
        };
        let names: Vec<String> = form
            .chosen()
            .into_iter()
            .map(|choice| choice.name)
            .collect();
        let best = match &outcome.tried[..] {
            [one] => one,
            _ => &outcome.tried[outcome.best()?.index],
        };
        (names == outcome.others).then(|| best.coefficients.clone())
    };
    let use_best = move || {
        best().map(|coefficients| {
            let text = format!("Use λ = {}", listed(&coefficients));
            view! {
                <button
                    type="button"
                    class="use-mixture"
                    on:click=move |_| session.load(mixture(&coefficients))
                >
                    {text}
                </button>
            }
        })
    };
    let base = move |_| session.load(session.mixing.base.get_untracked());
    let (writing, failed) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let write = move |_| {
        let choice = session.model.choice.get_untracked();
        failed.set(None);
        writing.set(Some("Writing…".to_owned()));
        leptos::task::spawn_local(async move {
            let told = move |done| {
                writing.try_set(Some(progress::sentence("Writing", done)));
            };
            let file = session.mixing.copy(&choice, told).await;
            writing.try_set(None);
            let saved = match file {
                Ok(file) => save::blob_as("mixture.safetensors", &file)
                    .map_err(|_| crate::page::messages::DOWNLOAD_REFUSED.to_owned()),
                Err(failure) => Err(failure.sentence),
            };
            failed.try_set(saved.err());
        });
    };
    let is_mixture = Memo::new(move |_| in_use(form).is_some());
    let none = move || form.chosen().is_empty();
    view! {
        <div class="try-one" hidden=none>
            <h3>"A mixture in use"</h3>
            <p class="aside">
                "Move a coefficient: the mixture becomes the model of this page, and answers for the selected image."
            </p>
            {sliders}
            <p class="toolbar">
                {use_best}
                <button type="button" class="use-base" hidden=move || !is_mixture.get() on:click=base>
                    "Use the base again"
                </button>
                <button
                    type="button"
                    class="write-mixture"
                    hidden=move || !is_mixture.get()
                    prop:disabled=move || writing.with(Option::is_some)
                    on:click=write
                >
                    "Save the mixture (safetensors, float32)"
                </button>
                <span role="status">{move || writing.get()}</span>
            </p>
            {error_if_any(failed)}
            <Answer session />
        </div>
    }
}
