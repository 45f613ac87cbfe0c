//! This device: what its GPU offers, and whether the model computes here what it does in open_clip.

use super::benchmark::Benchmark;
use super::choice::ModelChoice;
use super::protocol::{Failure, FailureKind, GpuInfo, Placement, WorkerRequest};
use super::samples;
use super::session::Session;
use super::worker_client::WorkerClient;
use crate::text::{self, number};
use leptos::prelude::*;
use refit_clip::browser::now;

/// The largest difference from open_clip's embeddings that is accepted, for float32 and float16.
const TOLERANCES: [f64; 2] = [1e-4, 5e-3];

#[component]
pub fn DeviceSection(session: Session) -> impl IntoView {
    let gpu = RwSignal::new(None::<Result<GpuInfo, Failure>>);
    let check = RwSignal::new(None::<Result<String, String>>);
    let is_checking = RwSignal::new(false);
    let toggled = move |event: web_sys::Event| {
        let details: web_sys::Element = event_target(&event);
        if details.has_attribute("open") && gpu.with_untracked(Option::is_none) {
            leptos::task::spawn_local(async move {
                let storage = session.downloads.storage();
                // The view may be gone.
                gpu.try_set(Some(storage.ask(&WorkerRequest::Gpu).await));
            });
        }
    };
    let start = move |_| {
        is_checking.set(true);
        leptos::task::spawn_local(async move {
            check.try_set(Some(self_check(session.model.placement()).await));
            is_checking.try_set(false);
        });
    };
    view! {
        <details class="section" id="device" on:toggle=toggled>
            <summary>
                <h2>"This device"</h2>
            </summary>
            <div role="status">
                {move || match gpu.get() {
                    None => view! { <p class="waiting">"Looking for a GPU…"</p> }.into_any(),
                    Some(Ok(gpu)) => describe(&gpu),
                    Some(Err(failure)) => {
                        view! {
                            <p>{failure.sentence}</p>
                            <p>{how_to_enable()}</p>
                            <p>"The CPU computes the same, but takes longer."</p>
                        }
                            .into_any()
                    }
                }}
            </div>
            <p class="toolbar">
                <button type="button" class="check" prop:disabled=move || is_checking.get() on:click=start>
                    "Check this device"
                </button>
                <span class="aside">"Compares the sample images’ embeddings with open_clip’s; downloads nothing."</span>
            </p>
            <div role="status" class="checked">
                {move || match check.get() {
                    None => ().into_any(),
                    Some(Ok(sentence)) => view! { <p class="verdict reproduced">{sentence}</p> }.into_any(),
                    Some(Err(sentence)) => view! { <p class="error">{sentence}</p> }.into_any(),
                }}
            </div>
            <Benchmark session />
        </details>
    }
}

fn describe(gpu: &GpuInfo) -> AnyView {
    let name = match gpu.name.as_str() {
        "" => "The browser does not name the GPU.".to_owned(),
        name => format!("GPU: {name}."),
    };
    let kind = match gpu.is_software {
        true => {
            "This is a software renderer, not a GPU: the CPU is faster, and models run on it unless you choose otherwise."
        }
        false => "Models run on it unless you choose otherwise.",
    };
    let f16 = match gpu.has_f16 {
        true => "It supports float16, which halves a model’s memory.",
        false => "It does not support float16, so each weight takes four bytes.",
    };
    let timestamps = match gpu.has_timestamps {
        true => "It can measure its own computing time.",
        false => "It cannot measure its own computing time.",
    };
    let limits = format!(
        "Buffers can have up to {}, and a kernel can use {} of one.",
        text::bytes(gpu.buffer_bytes as f64),
        text::bytes(gpu.binding_bytes as f64)
    );
    view! { <p>{[&name, kind, f16, timestamps, &limits].join(" ")}</p> }.into_any()
}

/// How to enable WebGPU in the reader's browser.
fn how_to_enable() -> &'static str {
    let agent = window().navigator().user_agent().unwrap_or_default();
    if agent.contains("Firefox") {
        "Firefox supports WebGPU on Windows and newer Macs; elsewhere set dom.webgpu.enabled in about:config."
    } else if agent.contains("Chrome") {
        "Chrome and Edge support WebGPU on most devices; on Linux start them with --enable-unsafe-webgpu --enable-features=Vulkan, and see chrome://gpu for what is disabled."
    } else if agent.contains("Safari") {
        "Safari supports WebGPU from version 26 on."
    } else {
        "The latest versions of Chrome, Edge, Firefox and Safari support WebGPU."
    }
}

/// Encodes the samples on a device, and compares their embeddings with open_clip's.
async fn self_check(placement: Placement) -> Result<String, String> {
    let start = now();
    let samples = samples::all().await?;
    // A worker of its own, so that the reader's model stays loaded.
    let worker = WorkerClient::default();
    let choice = ModelChoice {
        // Without a key no embeddings are cached.
        key: String::new(),
        ..ModelChoice::bundled_clip()
    };
    let loaded = worker.load(&choice, placement, |_| {}).await;
    let loaded = loaded.map_err(|failure| failure.sentence)?;
    let files = samples.iter().map(|(_, file)| file);
    let encoded = worker.encode_images(files, false).await;
    let encoded = encoded.map_err(|failure| failure.sentence)?;
    worker.stop(&Failure::new(FailureKind::Stopped, ""));
    let pairs = encoded.iter().zip(&samples);
    let differences = pairs.flat_map(|(encoding, (sample, _))| {
        let embedding = encoding.iter().flat_map(|encoding| &encoding.embedding);
        embedding
            .zip(&sample.image)
            .map(|(a, b)| f64::from((a - b).abs()))
    });
    let largest = differences.fold(0.0, f64::max);
    let is_complete = encoded.iter().all(Result::is_ok);
    let tolerance = TOLERANCES[usize::from(loaded.has_f16_weights)];
    let device = match (&loaded.gpu, loaded.workers) {
        (Some(_), _) => "GPU".to_owned(),
        (None, 1) => "CPU".to_owned(),
        (None, workers) => format!("CPU, with {workers} workers,"),
    };
    let seconds = number((now() - start) / 1000.0);
    if is_complete && largest <= tolerance {
        Ok(format!(
            "The {device} reproduces open_clip’s embeddings of {} images; largest difference {}, in {seconds} s.",
            samples.len(),
            number(largest)
        ))
    } else {
        Err(format!(
            "The {device} does not reproduce open_clip’s embeddings: the largest difference is {}; up to {} is accepted. Choose another device above, and please report this.",
            number(largest),
            number(tolerance)
        ))
    }
}
