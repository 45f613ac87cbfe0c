//! Findings: results of rerunning the released analyses, as released and corrected.

use crate::analysis::drawing::Drawing;
use crate::analysis::{self, Analysis};
use crate::chart::{ChartAxis, Scene};
use crate::claim::{CheckError, Library, Printed};
use crate::figure::{AnalysisChart, picture};
use crate::finding::{self, Finding};
use crate::page::choice::radios;
use crate::page::explore::differing_law;
use crate::page::location::explore_link;
use crate::page::messages::{LOADING_MEASUREMENTS, error, loading};
use crate::page::static_chart::StaticChart;
use crate::page::table::table;
use crate::page::work::{Progress, TaskRunner};
use crate::page::{data, list};
use crate::study::{Study, names};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::coverage::{Coverage, Simulation, monte_carlo_error};
use std::sync::Arc;
use std::time::Duration;

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

/// What findings are computed from.
type Data = Arc<(Printed, Library)>;

fn all(data: &Data, way: RwSignal<usize>) -> impl IntoView + use<> {
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
                    {one(finding, data, way)}
                    {coverage}
                }
                .into_any()
            }
            Err(CheckError(sentence)) => error(sentence),
        });
    view! { <ol class="findings">{list(findings.map(|f| view! { <li>{f}</li> }))}</ol> }
}

fn one(finding: Finding, data: &Data, way: RwSignal<usize>) -> impl IntoView + use<> {
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
    let charts = charts(finding.analyses, data);
    // A link may be to this one, which was not there when the browser looked.
    Effect::new(move || {
        let hash = window().location().hash().unwrap_or_default();
        if hash.strip_prefix('#') == Some(finding.id)
            && let Some(section) = document().get_element_by_id(finding.id)
        {
            section.scroll_into_view();
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
            <div class="charts">{charts}</div>
        </section>
    }
}

/// Each analysis as a chart that opens it in Explore; those of one finding have the same axes.
fn charts(analyses: Vec<(&'static str, Analysis)>, data: &Data) -> AnyView {
    let drawn = RwSignal::new(Vec::<AnalysisChart>::new());
    let (count, data) = (analyses.len(), data.clone());
    let figures = analyses.iter().enumerate().map(|(i, (name, analysis))| {
        let scene = Memo::new(move |_| drawn.with(|all| Some(all.get(i)?.scene.clone())));
        let notes = move || drawn.with(|all| all.get(i).and_then(AnalysisChart::dotted));
        let measured = names::measured(analysis.study(), &analysis.dataset, &analysis.metric);
        view! {
            <figure>
                <figcaption>
                    <a href=explore_link(analysis)>{*name}</a>
                    ": "
                    {measured}
                    {move || notes().map(|what| format!("; dotted: {what}"))}
                </figcaption>
                <StaticChart scene label="The laws of this finding; its link opens them in Explore, with their numbers" />
            </figure>
        }
    });
    let figures = list(figures);
    // Each finding's in a task of its own, so that the text is there at once.
    let draw = move || {
        let charts = analyses
            .iter()
            .filter_map(|(_, analysis)| chart(analysis, &data.1));
        let mut charts: Vec<AnalysisChart> = charts.collect();
        if charts.len() == count {
            share_axes(&mut charts);
            drawn.try_set(charts);
        }
    };
    set_timeout(draw, Duration::ZERO);
    figures
}

fn chart(analysis: &Analysis, library: &Library) -> Option<AnalysisChart> {
    let rows = library.rows(analysis.table).ok()?;
    let outcome = analysis::run(analysis, rows, library.architectures(analysis.study()));
    let mut chart = picture(analysis, &outcome, rows, &Drawing::default());
    for series in &outcome.series {
        if let Some(printed) = differing_law(analysis, series) {
            chart.print(series, analysis.law, &printed);
        }
    }
    Some(chart)
}

/// Where all show the same quantities, each spans what all span.
fn share_axes(charts: &mut [AnalysisChart]) {
    let is_same = |a: &Scene, b: &Scene| (&a.x.label, &a.y.label) == (&b.x.label, &b.y.label);
    let mut pairs = charts.windows(2);
    if !pairs.all(|pair| is_same(&pair[0].scene, &pair[1].scene)) {
        return;
    }
    let axes: [fn(&mut Scene) -> &mut ChartAxis; 2] = [|scene| &mut scene.x, |scene| &mut scene.y];
    for axis in axes {
        let ranges = charts.iter_mut();
        let ranges = ranges.filter_map(|chart| axis(&mut chart.scene).range);
        let whole = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        for chart in &mut *charts {
            axis(&mut chart.scene).range = whole;
        }
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
