//! The model bar: which model is loaded, what it knows, on which device, how fast, and another.

mod details;

use super::checkpoints::{Dropped, ModelPicker};
use super::choice::ModelChoice;
use super::notice::is_demo;
use super::progress;
use super::protocol::{DeviceChoice, Failure, FailureKind, LoadedModel};
use super::session::{ModelState, Session};
use crate::page::list;
use crate::text;
use details::CheckpointChoices;
use leptos::prelude::*;
use refit_clip::browser::{MOST_WORKERS, cores};

const DEVICES: [(DeviceChoice, &str, &str); 4] = [
    (DeviceChoice::Best, "best", "auto"),
    (DeviceChoice::Cpu, "cpu", "CPU"),
    (DeviceChoice::Gpu, "gpu", "GPU, float32"),
    (DeviceChoice::GpuF16, "gpu16", "GPU, float16"),
];

#[component]
pub fn ModelBar(session: Session) -> impl IntoView {
    let is_picking = RwSignal::new(session.model.requested.with_untracked(Option::is_some));
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
    let name = move || session.model.choice.with(|choice| choice.name.clone());
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
            <div class="model-bar">
                <div class="identity">
                    <h2 id="model">{name}</h2>
                    <p class="aside">{move || knows(session)}</p>
                </div>
                <Speed session />
                <DeviceSelect session />
                <WorkersSelect session />
                <button
                    type="button"
                    class="change-model"
                    aria-controls="checkpoints"
                    aria-expanded=move || is_picking.get().to_string()
                    on:click=move |_| is_picking.update(|is_picking| *is_picking = !*is_picking)
                >
                    {move || if is_picking.get() { "Close the list" } else { "Change model" }}
                </button>
            </div>
            <div role="status">{move || status(session)}</div>
            <CheckpointChoices session />
        </section>
        <ModelPicker session is_open=is_picking />
    }
}

/// What a model can do, in a few words.
fn knows(session: Session) -> &'static str {
    let has_decoder = session.model.has_decoder();
    match (is_demo(session), has_decoder) {
        (true, false) => "A demo model: knows drawn shapes, no photographs.",
        (true, true) => "A demo model: knows drawn shapes, no photographs; captions them, too.",
        (false, false) => "CLIP: compares images with any text.",
        (false, true) => "MaMMUT: compares images with any text, and captions them.",
    }
}

fn status(session: Session) -> AnyView {
    let (key, name) = session
        .model
        .choice
        .with(|choice| (choice.key.clone(), choice.name.clone()));
    session.model.state.with(|state| match state {
        ModelState::Loading(done) => {
            let text = progress::sentence(&format!("Loading {name}"), *done);
            let bar = progress::bar("Loading the model", done.bytes, done.total, text);
            view! { <div class="progress">{bar}</div> }.into_any()
        }
        ModelState::Loaded(loaded) => view! {
            <details class="fold">
                <summary class="model-status">{summary(&name, loaded)}</summary>
                {details::about(&key, loaded)}
            </details>
            {details::assumed(&loaded.info)}
            {details::notes(&loaded.notes)}
        }
        .into_any(),
        ModelState::Failed(failure) => failed(session, failure),
    })
}

/// How long an image takes, once one was computed.
#[component]
fn Speed(session: Session) -> impl IntoView {
    view! {
        <p class="pace" hidden=move || session.images.pace.get().is_none()>
            <span>"Speed"</span>
            {move || {
                let pace = session.images.pace.get();
                pace.map(|pace| format!("{} per image", text::milliseconds(pace)))
            }}
        </p>
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
        <label class="choice">
            <span>"Device"</span>
            <select name="Device" on:change=choose>
                {list(options)}
            </select>
        </label>
    }
}

/// How many workers divide the model, where it runs on the CPU and there are cores for several.
#[component]
fn WorkersSelect(session: Session) -> impl IntoView {
    let most = cores().min(MOST_WORKERS);
    let is_on_cpu = move || {
        session.model.state.with(|state| match state {
            ModelState::Loaded(loaded) => loaded.gpu.is_none(),
            _ => session.model.device.get() == DeviceChoice::Cpu,
        })
    };
    let option = move |workers: Option<usize>| {
        let text = workers.map_or("auto".to_owned(), |workers| workers.to_string());
        view! {
            <option value=text.clone() prop:selected=move || session.model.workers.get() == workers>
                {text.clone()}
            </option>
        }
    };
    let options = std::iter::once(None)
        .chain((1..=most).map(Some))
        .map(option);
    let choose = move |event| {
        // "auto" is no number.
        session
            .model
            .workers
            .set(event_target_value(&event).parse().ok());
        session.reload();
    };
    view! {
        <label class="choice" hidden=move || most == 1 || !is_on_cpu()>
            <span>"Workers"</span>
            <select
                name="Workers"
                title="Each has a core and a part of the model. “auto” measures how many make it faster; small models and mixtures have one."
                on:change=choose
            >
                {list(options)}
            </select>
        </label>
    }
}

fn summary(name: &str, loaded: &LoadedModel) -> String {
    let device = match &loaded.gpu {
        None if loaded.workers == 1 => "the CPU".to_owned(),
        None => format!("the CPU, divided between {} workers", loaded.workers),
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
        "{name} is ready on {device}; loading took {}.",
        text::milliseconds(loaded.milliseconds),
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
