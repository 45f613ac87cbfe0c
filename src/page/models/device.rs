//! This device: its GPU in plain words, and whether it computes what open_clip does.

use super::protocol::{EncodedImage, Failure, GpuInfo, LoadedModel, Request};
use super::samples;
use super::session::{Choice, Session, vectors};
use super::worker_client::WorkerClient;
use crate::text::{self, number};
use js_sys::Array;
use leptos::prelude::*;
use refit_clip::browser::now;
use wasm_bindgen::JsValue;

/// How far numbers may be from open_clip's, in float32 and in float16.
const BOUNDS: [f64; 2] = [1e-4, 5e-3];

#[component]
pub fn Device(session: Session) -> impl IntoView {
    let gpu = RwSignal::new(None::<Result<GpuInfo, Failure>>);
    let check = RwSignal::new(None::<Result<String, String>>);
    let is_checking = RwSignal::new(false);
    let opened = move |event: web_sys::Event| {
        let details: web_sys::Element = event_target(&event);
        if details.has_attribute("open") && gpu.with_untracked(Option::is_none) {
            leptos::task::spawn_local(async move {
                let found = session
                    .storage
                    .get_value()
                    .ask::<GpuInfo>(&Request::Gpu)
                    .await;
                gpu.set(Some(found));
            });
        }
    };
    let start = move |_| {
        is_checking.set(true);
        leptos::task::spawn_local(async move {
            check.set(Some(self_check(session).await));
            is_checking.set(false);
        });
    };
    view! {
        <details class="section" id="device" on:toggle=opened>
            <summary>
                <h2>"This device"</h2>
            </summary>
            <div role="status">
                {move || match gpu.get() {
                    None => view! { <p class="waiting">"Asking for the GPU…"</p> }.into_any(),
                    Some(Ok(gpu)) => facts(&gpu),
                    Some(Err(failure)) => {
                        view! {
                            <p>{failure.sentence}</p>
                            <p>{how_to_enable()}</p>
                            <p>"The processor computes everything that a GPU would; it takes longer."</p>
                        }
                            .into_any()
                    }
                }}
            </div>
            <p class="toolbar">
                <button type="button" class="check" prop:disabled=move || is_checking.get() on:click=start>
                    "Check this device"
                </button>
                <span class="aside">"The samples, held against open_clip’s numbers; nothing is downloaded."</span>
            </p>
            <div role="status" class="checked">
                {move || match check.get() {
                    None => ().into_any(),
                    Some(Ok(sentence)) => view! { <p class="verdict reproduced">{sentence}</p> }.into_any(),
                    Some(Err(sentence)) => view! { <p class="error">{sentence}</p> }.into_any(),
                }}
            </div>
        </details>
    }
}

fn facts(gpu: &GpuInfo) -> AnyView {
    let name = match gpu.name.as_str() {
        "" => "The browser does not name the GPU.".to_owned(),
        name => format!("The GPU is {name}."),
    };
    let kind = match gpu.is_software {
        true => {
            "It is no GPU but software that stands in for one: the processor is faster, and is taken unless you choose otherwise."
        }
        false => "Models run on it unless you choose otherwise.",
    };
    let f16 = match gpu.has_f16 {
        true => "It computes with float16, which halves the memory that a model takes.",
        false => "It does not compute with float16, so models take four bytes a weight.",
    };
    let clock = match gpu.has_clock {
        true => "It tells how long it worked.",
        false => "It does not tell how long it worked.",
    };
    let limits = format!(
        "A buffer may have {}, of which a kernel reads {} at once.",
        text::bytes(gpu.buffer_bytes as f64),
        text::bytes(gpu.binding_bytes as f64)
    );
    view! { <p>{[&name, kind, f16, clock, &limits].join(" ")}</p> }.into_any()
}

/// What to do where there is no WebGPU, for the reader's browser.
fn how_to_enable() -> &'static str {
    let agent = window().navigator().user_agent().unwrap_or_default();
    if agent.contains("Firefox") {
        "Firefox has WebGPU on Windows and newer Macs; elsewhere set dom.webgpu.enabled in about:config."
    } else if agent.contains("Chrome") {
        "Chrome and Edge have WebGPU on most devices; on Linux start them with --enable-unsafe-webgpu --enable-features=Vulkan, and look at chrome://gpu for what is switched off."
    } else if agent.contains("Safari") {
        "Safari has WebGPU from version 26 on."
    } else {
        "Chrome, Edge, Firefox and Safari have WebGPU in their newest versions."
    }
}

/// Has this device look at the samples and compares with what open_clip said of them.
async fn self_check(session: Session) -> Result<String, String> {
    let start = now();
    let samples = samples::all().await?;
    // A worker of its own: the reader's model stays where it is.
    let thread = WorkerClient::default();
    let own = Choice::own();
    let ask = Request::Load {
        key: String::new(),
        place: own.place,
        device: session.device.get_untracked(),
        quick_gelu: false,
    };
    let ready = thread
        .ask::<LoadedModel>(&ask)
        .await
        .map_err(|failure| failure.sentence)?;
    let files: Array = samples
        .iter()
        .map(|(_, file)| JsValue::from(file))
        .collect();
    let ask = Request::Pictures { keep: false };
    let seen = thread.ask_with::<Vec<Result<EncodedImage, String>>>(
        &ask,
        files.into(),
        Array::new(),
        |_| {},
    );
    let seen = seen.await.map_err(|failure| failure.sentence)?;
    let units = vectors(&seen.beside, samples.len());
    let pairs = units.iter().zip(&samples);
    let differences = pairs.flat_map(|(unit, (sample, _))| {
        unit.iter()
            .zip(&sample.image)
            .map(|(a, b)| f64::from((a - b).abs()))
    });
    let largest = differences.fold(0.0, f64::max);
    thread.stop(&Failure::new(super::protocol::FailureKind::Stopped, ""));
    let bound = BOUNDS[usize::from(ready.has_f16_weights)];
    let on = if ready.gpu.is_some() {
        "GPU"
    } else {
        "processor"
    };
    let seconds = number((now() - start) / 1000.0);
    if units.len() == samples.len() && largest <= bound {
        Ok(format!(
            "The {on} computes what open_clip does: {} pictures, largest difference {}, in {seconds} s.",
            samples.len(),
            number(largest)
        ))
    } else {
        Err(format!(
            "The {on} computes something else than open_clip: the largest difference is {}, where {} is allowed. Choose another device above, and please report this.",
            number(largest),
            number(bound)
        ))
    }
}
