//! How fast the loaded model is on this device, as a text that a reader can paste into an issue.

use super::protocol::{Failure, FailureKind, LoadedModel};
use super::samples;
use super::session::Session;
use crate::text::{milliseconds, number};
use leptos::prelude::*;
use refit_clip::browser::{cores, median, now};
use refit_clip::caption::Decoding;
use web_sys::Blob;

/// Timed runs at most, after one that compiles and allocates.
const RUNS: usize = 9;
/// Milliseconds after which a job is not run again.
const ENOUGH: f64 = 8_000.0;
/// 64 images are only asked of a device that encodes 8 in so many milliseconds.
const FAST: f64 = 1_000.0;
/// Longer than any context, so that all of it is computed.
const WORDS: usize = 200;
const TEXTS: usize = 10;
/// Of a caption, at most.
const TOKENS: usize = 20;

#[component]
pub fn Benchmark(session: Session) -> impl IntoView {
    let outcome = RwSignal::new(None::<Result<String, String>>);
    let running = RwSignal::new(None::<String>);
    let start = move |_| {
        running.set(Some(String::new()));
        leptos::task::spawn_local(async move {
            let progress = move |job: &str| {
                running.try_set(Some(job.to_owned()));
            };
            let measured = measure(session, progress).await;
            outcome.try_set(Some(measured.map_err(|failure| failure.sentence)));
            running.try_set(None);
        });
    };
    let copy = move |_| {
        if let Some(Ok(text)) = outcome.get_untracked() {
            let _ = window().navigator().clipboard().write_text(&text);
        }
    };
    view! {
        <p class="toolbar">
            <button
                type="button"
                class="benchmark"
                prop:disabled=move || running.get().is_some() || !session.model.is_loaded()
                on:click=start
            >
                "Benchmark this device"
            </button>
            <span class="aside">
                "Times the loaded model on the sample images, in half a minute or less on most devices; sends nothing."
            </span>
        </p>
        <div role="status" class="benchmarked">
            {move || match (running.get(), outcome.get()) {
                (Some(job), _) => view! { <p class="waiting">{format!("Measuring {job}…")}</p> }.into_any(),
                (None, None) => ().into_any(),
                (None, Some(Ok(text))) => {
                    view! {
                        <pre class="text" tabindex="0" aria-label="The benchmark’s result">
                            {text}
                        </pre>
                        <button type="button" on:click=copy>
                            "Copy"
                        </button>
                    }
                        .into_any()
                }
                (None, Some(Err(sentence))) => view! { <p class="error">{sentence}</p> }.into_any(),
            }}
        </div>
    }
}

/// The times of each job, one after the other.
async fn measure(session: Session, progress: impl Fn(&str)) -> Result<String, Failure> {
    let failed = |sentence: String| Failure::new(FailureKind::Other, sentence);
    let loaded = session.model.loaded();
    let loaded = loaded.ok_or_else(|| failed("Load a model first.".to_owned()))?;
    let samples = samples::all().await.map_err(failed)?;
    let engine = session.model.engine();
    let mut lines = vec![heading(&session.model.name(), &loaded)];

    let architecture = &loaded.architecture;
    for count in [1, 8, 64] {
        let job = match count {
            1 => "1 image".to_owned(),
            count => format!("{count} images"),
        };
        progress(&job);
        let files = || samples.iter().map(|(_, file)| file).cycle().take(count);
        let mut on_device = Vec::new();
        let times = times(async || {
            let encoded = engine.encode_images(files(), false).await?;
            let details = encoded.into_iter().flatten().next().map(|e| e.details);
            let details = details
                .ok_or_else(|| failed("The sample images could not be decoded.".to_owned()))?;
            on_device.push(details.on_device.unwrap_or(f64::NAN));
            Ok(details.encode)
        });
        let times = times.await?;
        let operations = count as f64 * architecture.image_operations();
        let mut line = line(&job, &times, Some(operations));
        let on_device = median(&on_device[1..]);
        if on_device.is_finite() {
            line.push_str(&format!(", {} on the GPU itself", milliseconds(on_device)));
        }
        lines.push(line);
        if count == 8 && median(&times) > FAST {
            break;
        }
    }

    let context = architecture.context;
    let job = format!("{TEXTS} texts of {context} tokens");
    progress(&job);
    let times_of_texts = times(async || {
        let texts = vec!["photo ".repeat(WORDS); TEXTS];
        let start = now();
        engine.encode_texts(texts).await?;
        Ok(now() - start)
    });
    let operations = TEXTS as f64 * architecture.prompt_operations();
    lines.push(line(&job, &times_of_texts.await?, Some(operations)));

    if architecture.decoder.is_some() {
        progress("a caption");
        let file: &Blob = &samples[0].1;
        let mut tokens = 0;
        let times = times(async || {
            let start = now();
            let caption = engine.caption(file, Decoding::GREEDY, TOKENS, |_| {});
            tokens = caption.await?.tokens;
            Ok(now() - start)
        });
        let times = times.await?;
        lines.push(line(&format!("a caption of {tokens} tokens"), &times, None));
    }
    Ok(lines.join("\n"))
}

/// Milliseconds of each run but the first.
async fn times(mut run: impl AsyncFnMut() -> Result<f64, Failure>) -> Result<Vec<f64>, Failure> {
    let mut times = Vec::new();
    run().await?;
    while times.len() < RUNS && times.iter().sum::<f64>() < ENOUGH {
        times.push(run().await?);
    }
    Ok(times)
}

/// What was measured, and how many operations a second that is.
fn line(job: &str, times: &[f64], operations: Option<f64>) -> String {
    let median = median(times);
    let rate = operations.map(|operations| operations / median / 1e6);
    let rate = rate.map_or(String::new(), |rate| format!(", {rate:.0} GFLOP/s"));
    format!(
        "{job}: {} (median of {}){rate}",
        milliseconds(median),
        times.len()
    )
}

/// The model and the device.
fn heading(name: &str, loaded: &LoadedModel) -> String {
    let device = match &loaded.gpu {
        Some(gpu) => {
            let name = match gpu.name.as_str() {
                "" => "GPU that the browser does not name",
                name => name,
            };
            format!("{name}, WebGPU")
        }
        None => format!("CPU, {} of {} cores", loaded.workers, cores()),
    };
    let precision = match loaded.has_f16_weights {
        true => "float16",
        false => "float32",
    };
    let browser = window().navigator().user_agent().unwrap_or_default();
    format!(
        "Refit, {name} ({} parameters), {precision}\n{device}\n{browser}",
        number(loaded.info.parameters as f64)
    )
}
