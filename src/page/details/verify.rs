//! Verify: every printed number beside the recomputed one.

use crate::claim::{Check, Verdict, Verification};
use crate::page::location::{Location, View, explore};
use crate::page::work::{Progress, Work};
use crate::page::{data, list};
use crate::study::Study;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Verify() -> impl IntoView {
    let location = expect_context::<Location>();
    // The same where another choice changes; released files of the reader's stand in.
    let state = Memo::new(move |_| {
        location.analysis.track();
        data::own_runs()
    });
    let loaded = data::load(move || {
        state.track();
        data::with_released()
    });
    let checks = RwSignal::new(Vec::<Check>::new());
    let work = Work::new();
    let start = move |checked: Arc<data::Checked>| {
        let seen = move |verification: &Verification| checks.set(verification.checks.clone());
        let verification = Verification::new(checked.data.clone());
        work.start("refit:verify", verification, seen);
    };
    Effect::new(move || {
        if let Some(Ok(data)) = loaded.get() {
            start(data);
        }
    });
    let again = move |_| {
        if let Some(Ok(data)) = loaded.get_untracked() {
            start(data);
        }
    };
    // Before the data are there nothing runs either.
    let ready = move || !work.running() && checks.with(|c| !c.is_empty());
    let study = RwSignal::new(None::<Study>);
    let verdict = RwSignal::new(None::<Verdict>);
    view! {
        <main id="main" tabindex="-1" class="verify">
            <h1>"Do the printed numbers come back?"</h1>
            <p class="lead">
                "Each number that the two papers print is recomputed from the released measurements by the released procedure, and compared at the precision that was printed; a coefficient whose points were read back from a figure, within what their rounding leaves open. A law is reproduced when all its coefficients are. Where one differs, the law is judged as a curve, since a parameter that the data do not identify may print differently on the same curve. No squared error was printed: a law’s row has that of its printed, rounded coefficients."
            </p>
            {move || {
                let own = loaded.get()?.ok()?.own.clone();
                (!own.is_empty())
                    .then(|| {
                        view! {
                            <p class="note" data-own="">
                                "Checked on " <a href=location.href(View::UserRuns)>"your data"</a> ": " {own}
                            </p>
                        }
                    })
            }}
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
                            <button type="button" on:click=again disabled=move || !ready()>
                                "Recompute all"
                            </button>
                            <span id="progress-text" role="status">
                                {move || match checks.with(Vec::len) {
                                    0 => "Waiting for the data…".to_owned(),
                                    _ if ready() => checks.with(|c| told(c)),
                                    count => format!("{count} numbers so far"),
                                }}
                            </span>
                        </div>
                        <Progress work what="claims" />
                    }
                        .into_any()
                }
            }}
            <Summary checks verdict study />
            <Show when=ready>
                <Table checks verdict study />
            </Show>
        </main>
    }
}

/// How many of the numbers could be checked.
fn told(checks: &[Check]) -> String {
    let without = |c: &&Check| c.verdict == Verdict::Uncheckable;
    let (all, without) = (checks.len(), checks.iter().filter(without).count());
    format!(
        "{} of {all} numbers checked; {without} cannot be checked here",
        all - without
    )
}

/// Counts by verdict; each is a filter.
#[component]
fn Summary(
    checks: RwSignal<Vec<Check>>,
    verdict: RwSignal<Option<Verdict>>,
    study: RwSignal<Option<Study>>,
) -> impl IntoView {
    let count = move |v: Verdict| {
        checks.with(|checks| {
            let of_study = |c: &&Check| study.get().is_none_or(|s| s == c.study);
            let checks = checks.iter().filter(of_study);
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
    checks: RwSignal<Vec<Check>>,
    verdict: RwSignal<Option<Verdict>>,
    study: RwSignal<Option<Study>>,
) -> impl IntoView {
    let rows = move || {
        let (verdict, study) = (verdict.get(), study.get());
        checks.with(|checks| {
            let checks = checks
                .iter()
                .filter(|c| verdict.is_none_or(|v| v == c.verdict))
                .filter(|c| study.is_none_or(|s| s == c.study));
            list(checks.map(row))
        })
    };
    view! {
        // Focusable, so that a keyboard can scroll it.
        <div class="scroll" tabindex="0" role="group" aria-label="Every printed number">
            <table class="numbers checks">
                <thead>
                    <tr>
                        <th scope="col">"What was printed"</th>
                        <th scope="col">"Verdict"</th>
                        <th scope="col">"Printed"</th>
                        <th scope="col">"Recomputed"</th>
                        <th scope="col">"Difference"</th>
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
            // Beside the name, where a phone shows it, too.
            <td>
                <span class=format!("verdict {}", c.verdict.id())>{c.verdict.title()}</span>
            </td>
            <td>{c.printed_text.replace('-', "−")}</td>
            <td>{c.recomputed.map_or("–".to_owned(), text)}</td>
            <td>{c.difference.map_or("–".to_owned(), text)}</td>
        </tr>
    }
}
