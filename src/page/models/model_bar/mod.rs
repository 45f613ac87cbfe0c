//! The model: which one is loaded, on which device, and what went wrong with it.

use super::checkpoints::Dropped;
use super::choice::ModelChoice;
use super::progress;
use super::protocol::{DeviceChoice, Failure, FailureKind, LoadedModel, ModelChoices};
use super::session::{ModelState, Session};
use crate::model_error::{self, FrontEnd};
use crate::page::list;
use crate::text;
use leptos::prelude::*;
use refit_clip::architecture::Activation;
use refit_clip::{CheckpointInfo, Evidence};

/// What the bundled models can do; their cards in `public/clip` have the numbers.
const ABOUT_CLIP: &str = "Shapes comes with this page: 2.4 million parameters, trained only on drawn shapes. On drawings that combine traits it never saw together, it gets 88 % of colours right (out of 11) and 81 % of counts, but only 43 % of shapes (out of 10). It knows nothing about photographs; for those, load a model from the studies.";
const ABOUT_MAMMUT: &str = "Shapes MaMMUT comes with this page: 2.9 million parameters, trained only on drawn shapes. On drawings that combine traits it never saw together, it gets 56 % of shapes right (out of 10). It can also caption images: of its captions 45 % are true in every word for familiar combinations, 12 % for new ones. It knows nothing about photographs.";

const DEVICES: [(DeviceChoice, &str, &str); 4] = [
    (DeviceChoice::Best, "best", "automatic"),
    (DeviceChoice::Cpu, "cpu", "CPU"),
    (DeviceChoice::Gpu, "gpu", "GPU, float32"),
    (DeviceChoice::GpuF16, "gpu16", "GPU, float16"),
];

#[component]
pub fn ModelSection(session: Session) -> impl IntoView {
    let model = session.model;
    let status = move || {
        let name = model.choice.with(|choice| choice.name.clone());
        model.state.with(|state| match state {
            ModelState::Loading(done) => {
                let text = progress::sentence(&format!("Loading {name}"), *done);
                let bar = progress::bar("Loading the model", done.bytes, done.total, text);
                view! { <div class="progress">{bar}</div> }.into_any()
            }
            ModelState::Loaded(loaded) => view! {
                <p class="model-status">{summary(&name, loaded)}</p>
                {card(&loaded.info)}
            }
            .into_any(),
            ModelState::Failed(failure) => failed(session, failure),
        })
    };
    let is_over = RwSignal::new(false);
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        is_over.set(false);
        let Some(dropped) = event.data_transfer().map(|data| Dropped::new(&data)) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let files = dropped.files().await;
            if !files.is_empty() {
                session.load(ModelChoice::files(files));
            }
        });
    };
    view! {
        <section
            aria-labelledby="model"
            class="model"
            class:over=move || is_over.get()
            on:dragover=move |event: web_sys::DragEvent| {
                event.prevent_default();
                is_over.set(true);
            }
            on:dragleave=move |_| is_over.set(false)
            on:drop=dropped
        >
            <h2 id="model">"Model"</h2>
            <div role="status">{status}</div>
            <BundledModels session />
            <DeviceSelect session />
            <CheckpointChoices session />
        </section>
    }
}

/// What the bundled models can do, and buttons that load them.
#[component]
fn BundledModels(session: Session) -> impl IntoView {
    let bundled = [
        (
            ModelChoice::bundled_clip(),
            ABOUT_CLIP,
            "Load Shapes, a small CLIP",
        ),
        (
            ModelChoice::bundled_mammut(),
            ABOUT_MAMMUT,
            "Load Shapes MaMMUT, which can also caption images (5.8 MB)",
        ),
    ];
    let is_current = move |key: &String| session.model.choice.with(|choice| choice.key == *key);
    let about = bundled.clone().map(|(choice, text, _)| {
        view! {
            <p class="aside" hidden=move || !is_current(&choice.key)>
                {text}
            </p>
        }
    });
    let buttons = bundled.map(|(choice, _, text)| {
        let key = choice.key.clone();
        let load = move |_| {
            session.request_checkpoint(None);
            session.load(choice.clone());
        };
        view! {
            <button type="button" class="bundled" hidden=move || is_current(&key) on:click=load>
                {text}
            </button>
        }
    });
    view! {
        {list(about)}
        <p>{list(buttons)}</p>
    }
}

#[component]
fn DeviceSelect(session: Session) -> impl IntoView {
    let options = DEVICES.map(|(device, value, text)| {
        view! {
            <option value=value prop:selected=move || session.model.device.get() == device>
                {text}
            </option>
        }
    });
    let choose = move |event| {
        let value = event_target_value(&event);
        if let Some((device, ..)) = DEVICES.iter().find(|(_, id, _)| *id == value) {
            session.model.device.set(*device);
            session.reload();
        }
    };
    view! {
        <label class="choice on">
            <span>"Device"</span>
            <select name="Device" on:change=choose>
                {list(options)}
            </select>
        </label>
    }
}

/// How the model wants its images, and what was assumed about it.
fn card(info: &CheckpointInfo) -> impl IntoView + use<> {
    let preprocessing = format!(
        "Images: {} ({}). Activation: {} ({}). {} parameters, {} ({}).",
        info.preprocessing,
        info.preprocessing_from,
        info.architecture.activation,
        info.activation_from,
        text::number(info.parameters as f64),
        info.format,
        info.dtypes.join(", "),
    );
    let assumptions = info.assumptions();
    let sentences = assumptions.iter().map(|assumption| {
        let sentence = model_error::assumption(assumption, FrontEnd::Page);
        view! { <li>{sentence}</li> }
    });
    let assumed = (!assumptions.is_empty()).then(|| {
        view! { <ul class="assumed">{list(sentences)}</ul> }
    });
    view! {
        <p class="aside preprocessing">{preprocessing}</p>
        {assumed}
    }
}

/// The choices that a checkpoint leaves open: its activation, and which of several states to run.
#[component]
fn CheckpointChoices(session: Session) -> impl IntoView {
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

fn summary(name: &str, loaded: &LoadedModel) -> String {
    let architecture = &loaded.architecture;
    let device = match &loaded.gpu {
        None => "the CPU".to_owned(),
        Some(gpu) => {
            let name = match gpu.name.as_str() {
                "" => "the GPU",
                name => name,
            };
            let precision = match loaded.has_f16_weights {
                true => "float16",
                false => "float32",
            };
            format!("{name} in {precision}")
        }
    };
    format!(
        "{name} is ready on {device}; loading took {}. Input {size} × {size} pixels, {} vision and {} text layers, {} of weights.",
        text::milliseconds(loaded.milliseconds),
        architecture.vision.layers,
        architecture.text.layers,
        text::bytes(loaded.bytes as f64),
        size = architecture.image_size(),
    )
}

/// The failure, and what the reader can do.
fn failed(session: Session, failure: &Failure) -> AnyView {
    let bundled = ModelChoice::bundled_clip();
    let is_bundled = session
        .model
        .choice
        .with(|choice| choice.key == bundled.key);
    let use_cpu = move |_| {
        session.model.device.set(DeviceChoice::Cpu);
        session.reload();
    };
    let cpu = (failure.kind == FailureKind::Device).then(|| {
        view! {
            <button type="button" on:click=use_cpu>
                "Use the CPU"
            </button>
        }
    });
    let other = (!is_bundled).then(|| {
        view! {
            <button type="button" on:click=move |_| session.load(bundled.clone())>
                "Load Shapes"
            </button>
        }
    });
    view! {
        <p class="error">{failure.sentence.clone()}</p>
        <p class="toolbar">
            <button type="button" on:click=move |_| session.reload()>
                "Try again"
            </button>
            {cpu}
            {other}
        </p>
    }
    .into_any()
}
