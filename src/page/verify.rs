//! Verify: every printed number beside the recomputed one.

use super::location::explore;
use super::{data, list};
use leptos::prelude::*;
use refit::claim::{Check, CheckError, Library, Printed, Verdict, claims};
use refit::study::Study;
use std::sync::Arc;
use wasm_bindgen_futures::JsFuture;

/// Longest stretch of work between two frames, in milliseconds.
const SLICE: f64 = 8.0;

/// How far the recomputation has come.
#[derive(Clone, Default)]
struct Progress {
    done: usize,
    all: usize,
    checks: Vec<Check>,
    failed: Option<CheckError>,
}

#[component]
pub fn Verify() -> impl IntoView {
    let loaded = data::load(data::everything);
    let progress = RwSignal::new(Progress::default());
    // Which recomputation is the current one; an older one stops when it sees another.
    let current = RwSignal::new(0_u32);
    let start = move |data: Arc<(Printed, Library)>| {
        current.update(|c| *c += 1);
        leptos::task::spawn_local(recompute(data, progress, current));
    };
    Effect::new(move || {
        if let Some(Ok(data)) = loaded.get() {
            start(data);
        }
    });
    on_cleanup(move || {
        current.try_update(|c| *c += 1);
    });
    let again = move |_| {
        if let Some(Ok(data)) = loaded.get_untracked() {
            start(data);
        }
    };
    let running = move || progress.with(|p| p.all == 0 || p.done < p.all && p.failed.is_none());
    let study = RwSignal::new(None::<Study>);
    let verdict = RwSignal::new(None::<Verdict>);
    view! {
        <main id="main" tabindex="-1" class="verify">
            <h1>"Do the printed numbers come back?"</h1>
            <p class="lead">
                "Each number that the two papers print is recomputed from the released measurements by the released procedure, and compared at the precision that was printed. A law is judged first as a curve, since a parameter that the data do not identify may print differently on the same curve."
            </p>
            {move || match loaded.get() {
                Some(Err(error)) => {
                    view! {
                        <p class="error" role="alert">
                            {error.to_string()}
                        </p>
                    }
                        .into_any()
                }
                _ => {
                    view! {
                        <div class="progress">
                            <button type="button" on:click=again disabled=running>
                                "Recompute all"
                            </button>
                            <progress
                                max=move || progress.with(|p| p.all.max(1).to_string())
                                prop:value=move || progress.with(|p| p.done as f64)
                                aria-label="Claims recomputed"
                            ></progress>
                            <span id="progress-text" role="status">
                                {move || progress.with(progress_text)}
                            </span>
                        </div>
                    }
                        .into_any()
                }
            }}
            {move || {
                progress
                    .with(|p| p.failed.clone())
                    .map(|e| {
                        view! {
                            <p class="error" role="alert">
                                "A check could not run: "
                                {e.to_string()}
                            </p>
                        }
                            .into_any()
                    })
            }} <Summary progress verdict study />
            <Show when=move || !running()>
                <Table progress verdict study />
            </Show>
        </main>
    }
}

fn progress_text(p: &Progress) -> String {
    match p.all {
        0 => "Waiting for the data…".to_owned(),
        all if p.done < all => format!("{} of {all} claims", p.done),
        _ => format!("{} numbers checked", p.checks.len()),
    }
}

/// Checks claim after claim, and lets the browser draw between slices.
async fn recompute(
    data: Arc<(Printed, Library)>,
    progress: RwSignal<Progress>,
    current: RwSignal<u32>,
) {
    let mine = current.get_untracked();
    let (printed, library) = &*data;
    let claims = claims(printed);
    progress.set(Progress {
        all: claims.len(),
        ..Progress::default()
    });
    let now = || window().performance().map_or(0.0, |p| p.now());
    let mut slice = now();
    let mut fresh = Vec::new();
    for (i, claim) in claims.iter().enumerate() {
        match claim.check(library) {
            Ok(checks) => fresh.extend(checks),
            Err(error) => {
                progress.update(|p| p.failed = Some(error));
                return;
            }
        }
        if now() - slice > SLICE || i + 1 == claims.len() {
            let checks = std::mem::take(&mut fresh);
            progress.update(|p| {
                p.done = i + 1;
                p.checks.extend(checks);
            });
            frame().await;
            if current.try_get_untracked() != Some(mine) {
                return;
            }
            slice = now();
        }
    }
}

/// Waits until the browser has had its turn.
async fn frame() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback(&resolve);
    });
    // A promise that only resolves.
    let _ = JsFuture::from(promise).await;
}

/// Counts by verdict; each is a filter.
#[component]
fn Summary(
    progress: RwSignal<Progress>,
    verdict: RwSignal<Option<Verdict>>,
    study: RwSignal<Option<Study>>,
) -> impl IntoView {
    let count = move |v: Verdict| {
        progress.with(|p| {
            let of_study = |c: &&Check| study.get().is_none_or(|s| s == c.study);
            let checks = p.checks.iter().filter(of_study);
            checks.filter(|c| c.verdict == v).count()
        })
    };
    view! {
        <div class="summary" role="group" aria-label="Show only one verdict">
            {list(Verdict::ALL
                .map(|v| {
                    view! {
                        <button
                            type="button"
                            class=format!("verdict {}", v.id())
                            aria-pressed=move || (verdict.get() == Some(v)).to_string()
                            on:click=move |_| {
                                verdict.update(|now| *now = if *now == Some(v) { None } else { Some(v) });
                            }
                        >
                            <strong data-count=v.id()>{move || count(v)}</strong>
                            {v.title()}
                        </button>
                    }
                }))}
            <label class="choice">
                <span>"Study"</span>
                <select
                    name="Study"
                    on:change:target=move |event| {
                        let id = event.target().value();
                        study.set(Study::ALL.into_iter().find(|s| s.id() == id));
                    }
                >
                    <option value="">"both"</option>
                    {list(Study::ALL
                        .map(|s| view! { <option value=s.id()>{s.id()}</option> }))}
                </select>
            </label>
        </div>
    }
}

#[component]
fn Table(
    progress: RwSignal<Progress>,
    verdict: RwSignal<Option<Verdict>>,
    study: RwSignal<Option<Study>>,
) -> impl IntoView {
    let rows = move || {
        let (verdict, study) = (verdict.get(), study.get());
        progress.with(|p| {
            let checks = p
                .checks
                .iter()
                .filter(|c| verdict.is_none_or(|v| v == c.verdict))
                .filter(|c| study.is_none_or(|s| s == c.study));
            list(checks.map(row))
        })
    };
    view! {
        // Focusable, so that a keyboard can scroll it.
        <div class="scroll" tabindex="0" role="region" aria-label="Every printed number">
            <table class="numbers checks">
                <thead>
                    <tr>
                        <th scope="col">"What was printed"</th>
                        <th scope="col">"Printed"</th>
                        <th scope="col">"Recomputed"</th>
                        <th scope="col">"Difference"</th>
                        <th scope="col">"Verdict"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn row(c: &Check) -> impl IntoView + use<> {
    let decimals = c
        .printed_text
        .split_once('.')
        .filter(|_| !c.printed_text.contains('e'))
        .map_or(0, |(_, d)| d.len().min(6));
    // Two digits more than were printed show how close it is.
    let text = |x: f64| {
        if c.printed_text.contains('e') {
            format!("{x:.4e}")
        } else {
            format!("{x:.*}", decimals + 2)
        }
        .replace('-', "−")
    };
    let link = c.analysis.as_ref().map(|analysis| {
        view! {
            <a href=explore(analysis) aria-label=format!("Open {} in Explore", c.quantity)>
                "Explore"
            </a>
        }
    });
    view! {
        <tr data-id=c.id.clone() data-verdict=c.verdict.id()>
            <th scope="row">
                {c.quantity.clone()} <span class="aside">{c.source.clone()} " " {link}</span>
                {(!c.note.is_empty()).then(|| view! { <span class="note">{c.note.clone()}</span> })}
            </th>
            <td>{c.printed_text.replace('-', "−")}</td>
            <td>{c.recomputed.map_or("–".to_owned(), text)}</td>
            <td>{c.difference.map_or("–".to_owned(), text)}</td>
            <td>
                <span class=format!("verdict {}", c.verdict.id())>{c.verdict.title()}</span>
            </td>
        </tr>
    }
}
