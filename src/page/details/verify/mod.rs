//! Verify: every published number, compared with the recomputed one.

mod filters;
mod groups;

use crate::claim::{Check, Filter, Tally, Verification};
use crate::page::location::{Location, View};
use crate::page::messages::error;
use crate::page::work::{Progress, TaskRunner};
use crate::page::{data, list};
use filters::Filters;
use groups::Groups;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Verify() -> impl IntoView {
    let location = expect_context::<Location>();
    // Changes with the reader's files, which replace what is bundled of them, and with a study at an address, which
    // becomes known after this view began.
    let loaded = data::load(move || {
        location.analysis.track();
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
    let search = window().location().search().unwrap_or_default();
    let (filter, notices) = Filter::from_query(&search);
    let filter = RwSignal::new(filter);
    let notices = notices
        .iter()
        .map(|notice| view! { <p class="warning">{notice.to_string()}</p> });
    let notices = list(notices);
    Effect::watch(
        move || filter.get(),
        move |filter, _, _| location.filter(filter),
        false,
    );
    view! {
        <main id="main" tabindex="-1" class="verify">
            <h1>"Can the published numbers be reproduced?"</h1>
            <p class="lead">
                "The printed numbers of each study’s folder are recomputed from the measurements that it has, by the authors’ procedure, and compared at the printed precision; coefficients of points read from a figure, within their rounding."
            </p>
            <details>
                <summary>"How verdicts are given"</summary>
                <p>
                    "A law is reproduced if all its coefficients are. If one differs, the curves are compared, since a parameter that the data do not identify can differ on the same curve. The papers print no squared errors: a law’s own row, which has the law’s verdict, holds that of the printed coefficients against that of the refit."
                </p>
            </details>
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
                                    _ if ready() => checks.with(|c| filter.with(|f| tally(c, f))),
                                    _ => "Recomputing the printed numbers…".to_owned(),
                                }}
                            </span>
                        </div>
                        <Progress work what="laws and table entries" />
                    }
                        .into_any()
                }
            }}
            {notices}
            <Filters checks filter ready=Signal::derive(ready) />
            <Show when=ready>
                <Groups checks filter />
            </Show>
        </main>
    }
}

/// How many of the printed numbers can be checked, and what came of them: of the study and the text that are chosen.
fn tally(checks: &[Check], filter: &Filter) -> String {
    let all = Filter {
        verdict: None,
        ..filter.clone()
    };
    let tally = Tally::of(checks.iter().filter(|check| all.takes(check)));
    match tally.all() {
        // The list says that nothing matches.
        0 => String::new(),
        _ => tally.sentence(),
    }
}
