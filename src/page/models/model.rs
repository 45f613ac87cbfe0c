//! Which model is there, on what it runs, and what went wrong with it.

use super::protocol::{Device, FailureKind, LoadedModel, Progress};
use super::session::{Choice, Session, State};
use crate::page::list;
use crate::text;
use leptos::prelude::*;

/// What the small models know.
const OWN: &str = "Shapes comes with this page: 2.4 million parameters, trained on drawn pictures alone. Of such pictures with a pair of traits it never saw together it tells 88 % of colours right (of 11), 81 % of counts, but 43 % of shapes (of 10). Of photographs it knows nothing; for those, take a model of the studies.";
const OWN_MAMMUT: &str = "Shapes MaMMUT comes with this page: 2.9 million parameters, trained on drawn pictures alone. Of such pictures with a pair of traits it never saw together it tells 56 % of shapes right (of 10). It also writes: of its captions of familiar kinds of pictures 45 % are true in every word, of new pairs 12 %. Of photographs it knows nothing.";

const DEVICES: [(Device, &str, &str); 4] = [
    (Device::Best, "best", "the best there is"),
    (Device::Cpu, "cpu", "processor"),
    (Device::Gpu, "gpu", "GPU, float32"),
    (Device::GpuF16, "gpu16", "GPU, float16"),
];

#[component]
pub fn Model(session: Session) -> impl IntoView {
    let status = move || {
        let name = session.choice.with(|choice| choice.name.clone());
        session.state.with(|state| match state {
            State::Loading(progress) => loading(&name, *progress),
            State::Ready(ready) => {
                view! { <p class="model-status">{sentence(&name, ready)}</p> }.into_any()
            }
            State::Failed(failure) => failed(session, failure.kind, failure.sentence.clone()),
        })
    };
    let is = move |own: &Choice| session.choice.with(|choice| choice.key == own.key);
    let own = [
        (Choice::own(), OWN, "Take Shapes, a small CLIP of this page"),
        (
            Choice::own_mammut(),
            OWN_MAMMUT,
            "Take its sibling that also writes captions, a MaMMUT (5.8 MB of this page)",
        ),
    ];
    let asides = own.clone().map(|(choice, text, _)| {
        view! {
            <p class="aside" hidden=move || !is(&choice)>
                {text}
            </p>
        }
    });
    let take = own.map(|(choice, _, text)| {
        let own = choice.clone();
        let load = move |_| {
            session.request_checkpoint(None);
            session.load(choice.clone());
        };
        view! {
            <button type="button" class="own" hidden=move || is(&own) on:click=load>
                {text}
            </button>
        }
    });
    let devices = DEVICES.map(|(device, value, text)| {
        view! {
            <option value=value prop:selected=move || session.device.get() == device>
                {text}
            </option>
        }
    });
    let choose = move |event| {
        let value = event_target_value(&event);
        if let Some((device, ..)) = DEVICES.iter().find(|(_, id, _)| *id == value) {
            session.device.set(*device);
            session.load_again();
        }
    };
    view! {
        <section aria-labelledby="model" class="model">
            <h2 id="model">"Model"</h2>
            <div role="status">{status}</div>
            {list(asides)}
            <p>{list(take)}</p>
            <label class="choice on">
                <span>"Computed on"</span>
                <select name="Computed on" on:change=choose>
                    {list(devices)}
                </select>
            </label>
        </section>
    }
}

fn loading(name: &str, Progress { bytes, total }: Progress) -> AnyView {
    let text = match total {
        0 => format!("Loading {name}…"),
        total => format!(
            "Loading {name}: {} of {}",
            text::bytes(bytes as f64),
            text::bytes(total as f64)
        ),
    };
    view! {
        <div class="progress">
            <progress max=total.max(1).to_string() value=bytes.to_string() aria-label="Loading the model"></progress>
            <span>{text}</span>
        </div>
    }
    .into_any()
}

/// What the model is, in a sentence.
fn sentence(name: &str, ready: &LoadedModel) -> String {
    let architecture = &ready.architecture;
    let on = match &ready.gpu {
        None => "the processor".to_owned(),
        Some(gpu) => {
            let name = if gpu.name.is_empty() {
                "the GPU"
            } else {
                &gpu.name
            };
            let precision = if ready.has_f16_weights {
                "float16"
            } else {
                "float32"
            };
            format!("{name} in {precision}")
        }
    };
    format!(
        "{name} is ready on {on}, loaded in {}: pictures of {size} × {size}, {} vision and {} text layers, {} of weights.",
        text::milliseconds(ready.milliseconds),
        architecture.vision.layers,
        architecture.text.layers,
        text::bytes(ready.bytes as f64),
        size = architecture.image_size(),
    )
}

/// A sentence, and the ways on.
fn failed(session: Session, kind: FailureKind, sentence: String) -> AnyView {
    let own = Choice::own().key;
    let is_own = session.choice.with(|choice| choice.key == own);
    let on_processor = move |_| {
        session.device.set(Device::Cpu);
        session.load_again();
    };
    view! {
        <p class="error">{sentence}</p>
        <p class="toolbar">
            <button type="button" on:click=move |_| session.load_again()>
                "Load it again"
            </button>
            {(kind == FailureKind::Device)
                .then(|| {
                    view! {
                        <button type="button" on:click=on_processor>
                            "Compute on the processor"
                        </button>
                    }
                })}
            {(!is_own)
                .then(|| {
                    view! {
                        <button type="button" on:click=move |_| session.load(Choice::own())>
                            "Take the small model"
                        </button>
                    }
                })}
        </p>
    }
    .into_any()
}
