//! Findings: results of rerunning the released analyses, as released and corrected.

use crate::analysis::{self, Analysis};
use crate::claim::{CheckError, Library, Printed};
use crate::finding::{self, Finding};
use crate::page::choice::radios;
use crate::page::location::explore_link;
use crate::page::messages::{LOADING_MEASUREMENTS, error, loading};
use crate::page::table::table;
use crate::page::work::{Progress, TaskRunner};
use crate::page::{data, list};
use crate::study::Study;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::coverage::{Coverage, Simulation, monte_carlo_error};
use std::sync::Arc;

/// Which of a finding's two columns are shown: title, as released, corrected.
const COLUMNS: [(&str, [bool; 2]); 3] = [
    ("Both", [true, true]),
    ("As released", [true, false]),
    ("Corrected", [false, true]),
];

#[component]
pub fn Findings() -> impl IntoView {
    let loaded = data::load(|| data::data_of(Study::bundled()));
    let way = RwSignal::new(0);
    view! {
        <main id="main" tabindex="-1" class="findings">
            <h1>"Findings"</h1>
            <p class="lead">
                "Results of rerunning the released analyses. Each number is computed in this browser from the released measurements, once as in the released code and once corrected; numbers computed with SciPy are marked. Most published numbers are reproduced. Where one is not, or where a choice changes a conclusion, you see by how much."
            </p>
            {radios("Numbers shown", &COLUMNS.map(|w| w.0), way)}
            {move || match loaded.get() {
                None => loading(LOADING_MEASUREMENTS),
                Some(Err(failure)) => error(failure.to_string()),
                Some(Ok(data)) => all(&data, way).into_any(),
            }}
        </main>
    }
}

fn all(data: &Arc<(Printed, Library)>, way: RwSignal<usize>) -> impl IntoView + use<> {
    let (printed, library) = &**data;
    let findings = finding::all()
        .into_iter()
        .map(|recompute| match recompute(printed, library) {
            Ok(finding) => {
                let coverage = finding
                    .simulated
                    .clone()
                    .map(|analysis| coverage(&analysis, library));
                view! {
                    {one(finding, way)}
                    {coverage}
                }
                .into_any()
            }
            Err(CheckError(sentence)) => error(sentence),
        });
    view! { <ol class="findings">{list(findings.map(|f| view! { <li>{f}</li> }))}</ol> }
}

fn one(finding: Finding, way: RwSignal<usize>) -> impl IntoView {
    let (released, corrected) = (finding.released, finding.corrected);
    let rows = finding.rows;
    let numbers = move || {
        let keep = COLUMNS[way.get()].1;
        let ways = [released, corrected].into_iter().zip(keep);
        let shown = ways.filter(|(_, keep)| *keep).map(|(name, _)| name);
        let head: Vec<&str> = [""].into_iter().chain(shown).collect();
        let rows = rows.iter().map(|row| {
            let both = [&row.released, &row.corrected].into_iter().zip(keep);
            let kept = both.filter(|(_, keep)| *keep).map(|(text, _)| text);
            [&row.what].into_iter().chain(kept).cloned().collect()
        });
        table(None, &head, rows.collect())
    };
    let links = finding.analyses.iter().map(|(text, analysis)| {
        view! {
            <li>
                <a href=explore_link(analysis)>{*text}</a>
            </li>
        }
    });
    view! {
        <section id=finding.id aria-labelledby=format!("{}-title", finding.id)>
            <h2 id=format!("{}-title", finding.id)>{finding.title}</h2>
            <p class="aside">
                <cite>{finding.study.title.clone()}</cite>
                ", arXiv "
                {finding.study.arxiv.clone()}
            </p>
            <p>{finding.text}</p>
            {numbers}
            <p>
                <strong>"Consequence: "</strong>
                {finding.changes}
            </p>
            <p class="aside">"Open in Explore:"</p>
            <ul class="aside">{list(links)}</ul>
        </section>
    }
}

/// The coverage of the two intervals, simulated on request with fig. 1's law.
fn coverage(analysis: &Analysis, library: &Library) -> impl IntoView + use<> {
    const SETS: usize = 2000;
    let study = analysis.study();
    let outcome = library
        .rows(analysis.table)
        .map(|rows| analysis::run(analysis, rows, library.architectures(study)));
    let series = outcome.ok().and_then(|o| o.series.into_iter().next());
    let fitted = series.and_then(|s| Some((s.fitted(), s.fit.ok()?)));
    let result = RwSignal::new(None::<(Vec<Coverage>, usize)>);
    let work = TaskRunner::new();
    let run = move |_| {
        let Some((points, fit)) = &fitted else { return };
        let at = [1e8, 1e10, 5e11, 2.14e12];
        let simulation = Simulation::new(fit, &points.x, &points.y, &at, SETS, 1);
        work.start("refit:coverage", simulation, move |s| {
            result.set(Some(s.coverage()))
        });
    };
    view! {
        <div id="coverage">
            <h3>"Coverage of the 95 % intervals"</h3>
            <p>
                {format!(
                    "Draws {SETS} sets of 25 points from CLIP’s law of fig. 1, with normal noise as large as its residuals; fits each and counts how often each interval contains the law.",
                )}
            </p>
            <p>
                <button type="button" on:click=run disabled=move || work.running()>
                    "Simulate"
                </button>
            </p>
            <Progress work what="sets" />
            {move || {
                let (rows, count) = result.get()?;
                let share = |s: f64| {
                    let error = monte_carlo_error(s, count);
                    format!("{:.1} ± {:.1} %", 100.0 * s, 100.0 * error)
                };
                let rows = rows
                    .into_iter()
                    .map(|c| vec![number(c.x), share(c.log_t), share(c.student_t)]);
                let caption = format!(
                    "Share of {count} sets whose interval contains the law, ± standard error"
                );
                let head = ["GFLOPs", "As released", "t, n − 4"];
                Some(table(Some(caption), &head, rows.collect()))
            }}
        </div>
    }
}
