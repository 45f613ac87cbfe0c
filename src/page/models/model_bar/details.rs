//! What a loaded model is, what was assumed about it, and the choices that it leaves open.

use crate::model_error::{self, FrontEnd};
use crate::page::list;
use crate::page::models::choice::ModelChoice;
use crate::page::models::protocol::{LoadedModel, ModelChoices};
use crate::page::models::session::{ModelState, Session};
use crate::text;
use leptos::prelude::*;
use refit_clip::architecture::Activation;
use refit_clip::{CheckpointInfo, Evidence};

/// What the bundled models can do; their cards in `public/clip` have the numbers.
const ABOUT_CLIP: &str = "Shapes comes with this page: 2.4 million parameters, trained only on drawn shapes. On drawings that combine traits it never saw together, it gets 88 % of colours right (out of 11) and 81 % of counts, but only 43 % of shapes (out of 10). It knows nothing about photographs; for those, load a model from the studies.";
const ABOUT_MAMMUT: &str = "Shapes MaMMUT comes with this page: 2.9 million parameters, trained only on drawn shapes. On drawings that combine traits it never saw together, it gets 56 % of shapes right (out of 10). It can also caption images: of its captions 45 % are true in every word for familiar combinations, 12 % for new ones. It knows nothing about photographs.";

/// What is behind "About this model".
pub(super) fn about(key: &str, loaded: &LoadedModel) -> AnyView {
    let text = [
        (ModelChoice::bundled_clip(), ABOUT_CLIP),
        (ModelChoice::bundled_mammut(), ABOUT_MAMMUT),
    ];
    let text = text.iter().find(|(choice, _)| choice.key == key);
    let text = text.map(|(_, text)| view! { <p class="about">{*text}</p> });
    let architecture = &loaded.architecture;
    let info = &loaded.info;
    let size = format!(
        "Input {size} × {size} pixels, {} vision and {} text layers, {} of weights: {} parameters, {} ({}).",
        architecture.vision.layers,
        architecture.text.layers,
        text::bytes(loaded.bytes as f64),
        text::number(info.parameters as f64),
        info.format,
        info.dtypes.join(", "),
        size = architecture.image_size(),
    );
    let preprocessing = format!(
        "Images: {} ({}). Activation: {} ({}).",
        info.preprocessing,
        info.preprocessing_from,
        info.architecture.activation,
        info.activation_from,
    );
    view! {
        {text}
        <p>{size}</p>
        <p class="preprocessing">{preprocessing}</p>
    }
    .into_any()
}

/// What was assumed about a checkpoint, if anything.
pub(super) fn assumed(info: &CheckpointInfo) -> Option<AnyView> {
    let assumptions = info.assumptions();
    let sentences = assumptions.iter().map(|assumption| {
        let sentence = model_error::assumption(assumption, FrontEnd::Page);
        view! { <li>{sentence}</li> }
    });
    (!assumptions.is_empty())
        .then(|| view! { <ul class="assumed">{list(sentences)}</ul> }.into_any())
}

/// What else to know of the model.
pub(super) fn notes(notes: &[String]) -> Option<AnyView> {
    (!notes.is_empty()).then(|| view! { <p class="aside notes">{notes.join(" ")}</p> }.into_any())
}

/// The choices that a checkpoint leaves open: its activation, and which of several states to run.
#[component]
pub(super) fn CheckpointChoices(session: Session) -> impl IntoView {
    let info = move || match session.model.state.get() {
        ModelState::Loaded(loaded) => Some(loaded.info.clone()),
        _ => None,
    };
    let change = move |change: &dyn Fn(&mut ModelChoices)| {
        let mut choice = session.model.choice.get_untracked();
        change(&mut choice.choices);
        session.load(choice);
    };
    let activation = move |info: &CheckpointInfo| {
        // What a configuration or a name tells needs no choice.
        let is_open = [Evidence::Assumed, Evidence::Chosen].contains(&info.activation_from);
        let current = info.architecture.activation;
        is_open.then(|| {
            let options = [Activation::Gelu, Activation::QuickGelu].map(|activation| {
                let name = activation.to_string();
                view! {
                    <option value=name.clone() prop:selected=activation == current>
                        {name.clone()}
                    </option>
                }
            });
            let choose = move |event| {
                let is_quick = event_target_value(&event) == Activation::QuickGelu.to_string();
                let activation = match is_quick {
                    true => Activation::QuickGelu,
                    false => Activation::Gelu,
                };
                change(&|choices| choices.activation = Some(activation));
            };
            view! {
                <label class="choice on">
                    <span>"Activation"</span>
                    <select name="Activation" on:change=choose>
                        {list(options)}
                    </select>
                </label>
            }
        })
    };
    let state = move |info: &CheckpointInfo| {
        let all = std::iter::once(&info.prefix).chain(&info.other_states);
        let all: Vec<String> = all.cloned().collect();
        (all.len() > 1).then(|| {
            let options = all.into_iter().enumerate().map(|(i, prefix)| {
                let name = if prefix.is_empty() {
                    "(no key)".to_owned()
                } else {
                    prefix.clone()
                };
                view! {
                    <option value=prefix prop:selected=i == 0>
                        {name}
                    </option>
                }
            });
            let choose = move |event| {
                let key = event_target_value(&event);
                change(&|choices| choices.weights_key = Some(key.clone()));
            };
            view! {
                <label class="choice on">
                    <span>"Weights"</span>
                    <select name="Weights" on:change=choose>
                        {list(options)}
                    </select>
                </label>
            }
        })
    };
    move || info().map(|info| view! { {activation(&info)} {state(&info)} })
}
