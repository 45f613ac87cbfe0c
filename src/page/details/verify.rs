//! Verify: every published number, compared with the recomputed one.

use crate::claim::{Check, Verdict, Verification};
use crate::page::location::{Location, View, explore_link};
use crate::page::messages::error;
use crate::page::table::{header_row, scrolling};
use crate::page::work::{Progress, TaskRunner};
use crate::page::{data, list};
use crate::study::Study;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Verify() -> impl IntoView {
    let location = expect_context::<Location>();
    // Only a change of the reader's files matters: a released file replaces what is bundled of it.
    let version = Memo::new(move |_| {
        location.analysis.track();
        data::user_runs_version()
    });
    let loaded = data::load(move || {
        version.track();
        data::verify_data()
    });
    let checks = RwSignal::new(Vec::<Check>::new());
    let work = TaskRunner::new();
    let start = move |loaded: Arc<data::VerifyData>| {
        let show = move |verification: &Verification| checks.set(verification.checks.clone());
        let verification = Verification::new(loaded.data.clone());
        work.start("refit:verify", verification, show);
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
    // Nothing runs before the data are loaded, either.
    let ready = move || !work.running() && checks.with(|c| !c.is_empty());
    let study = RwSignal::new(None::<Study>);
    let verdict = RwSignal::new(None::<Verdict>);
    view! {
        <main id="main" tabindex="-1" class="verify">
            <h1>"Can the published numbers be reproduced?"</h1>
            <p class="lead">
                "Every number in the two papers is recomputed from the released measurements with the released procedure and compared at the printed precision; coefficients of points read from a figure, within their rounding. A law is reproduced if all its coefficients are. If one differs, the curves are compared, since a parameter that the data do not identify can differ on the same curve. The papers print no squared errors: a law’s row has that of its printed, rounded coefficients."
            </p>
            {move || {
                let summary = loaded.get()?.ok()?.user_runs.clone();
                (!summary.is_empty())
                    .then(|| {
                        view! {
                            <p class="note" data-user-runs="">
                                "Includes " <a href=location.href(View::UserRuns)>"your data"</a> ": " {summary}
                            </p>
                        }
                    })
            }}
            {move || match loaded.get() {
                Some(Err(failure)) => error(failure.to_string()),
                _ => {
                    view! {
                        <div class="progress">
                            <button type="button" on:click=again disabled=move || !ready()>
                                "Recompute all"
                            </button>
                            <span id="progress-text" role="status">
                                {move || match checks.with(Vec::len) {
                                    0 => "Loading the data…".to_owned(),
                                    _ if ready() => checks.with(|c| tally(c)),
                                    count => format!("{count} numbers checked"),
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
fn tally(checks: &[Check]) -> String {
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
        <div class="summary" role="group" aria-label="Filter by verdict">
            {list(Verdict::ALL
                .map(|v| {
                    view! {
                        <button
                            type="button"
                            class=format!("verdict {}", v.id())
                            aria-pressed=move || (verdict.get() == Some(v)).to_string()
                            on:click=move |_| {
                                verdict.update(|chosen| *chosen = if *chosen == Some(v) { None } else { Some(v) });
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
                        study.set(Study::find(&id));
                    }
                >
                    <option value="">"All"</option>
                    {list(Study::bundled()
                        .into_iter()
                        .map(|s| {
                            view! { <option value=s.reference()>{s.id.clone()}</option> }
                        }))}
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
    let head = ["Quantity", "Verdict", "Printed", "Recomputed", "Difference"];
    let rows = rows.into_any();
    scrolling(
        "Published numbers",
        "numbers checks",
        header_row(&head),
        rows,
    )
}

fn row(c: &Check) -> impl IntoView + use<> {
    let decimals = c
        .printed_text
        .split_once('.')
        .filter(|_| !c.printed_text.contains('e'))
        .map_or(0, |(_, d)| d.len().min(6));
    // Two more digits than printed, to show how close it is.
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
            <a href=explore_link(analysis) aria-label=format!("Open {} in Explore", c.quantity)>
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
            // Second, so that it is in view on a phone.
            <td>
                <span class=format!("verdict {}", c.verdict.id())>{c.verdict.title()}</span>
            </td>
            <td>{c.printed_text.replace('-', "−")}</td>
            <td>{c.recomputed.map_or("–".to_owned(), text)}</td>
            <td>{c.difference.map_or("–".to_owned(), text)}</td>
        </tr>
    }
}
