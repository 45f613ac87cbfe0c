//! Explore: one figure, its choices and the fitted law.

mod coefficients;
pub mod controls;
mod figure;

pub use coefficients::{differing_law, name as series_name};

use super::current::{CurrentAnalysis, current_analysis};
use super::data::{Loaded, TableData};
use super::lazy::Lazy;
use super::list;
use super::location::{Location, View};
use super::messages::error;
use super::tabs::{Tab, TabList, TabPanel, first_tab};
use super::work::measured;
use crate::analysis::Analysis;
use crate::study::names;
use crate::study::select::Axis;
use leptos::prelude::*;

/// What stands under the figure: the law, and views of the program `details`.
const TABS: [Tab; 9] = [
    Tab::new("law", "Law"),
    Tab::of(
        "predictions",
        "Predictions",
        &[("predictions", "Predictions")],
    ),
    Tab::of(
        "allocation",
        "Allocation",
        &[("allocation", "Compute-optimal allocation")],
    ),
    Tab::of(
        "certainty",
        "Uncertainty",
        &[("certainty", "Parameter uncertainty")],
    ),
    Tab::of(
        "pair",
        "Compare",
        &[
            ("pair", "Compare laws"),
            ("laws", "Model selection"),
            ("search", "Authors’ optimiser"),
        ],
    ),
    Tab::of("numbers", "Points", &[("numbers", "Points")]),
    Tab::of("residuals", "Residuals", &[("residuals", "Residuals")]),
    Tab::of(
        "transfer",
        "Robustness",
        &[("transfer", "Accuracy against accuracy")],
    ),
    Tab::of("export", "Export", &[("export", "Export")]),
];

#[component]
pub fn Explore() -> impl IntoView {
    let location = expect_context::<Location>();
    let (loaded, current) = current_analysis(location);
    // A memo, so that the figure is not rebuilt with every choice.
    let empty = Memo::new(move |_| {
        current.with(|s| s.as_ref().is_some_and(|s| s.outcome.series.is_empty()))
    });
    // A link that asks for predictions shows them.
    let asks = location.analysis.with_untracked(|a| !a.at.is_empty());
    let first = first_tab(&TABS, if asks { "predictions" } else { "law" });
    view! {
        <main id="main" tabindex="-1" class="explore">
            <h1>{move || location.analysis.with(title)}</h1>
            <p class="lead">{move || lead(&location.analysis.get(), are_own(current))}</p>
            <controls::Controls current />
            <div class="results">
                {move || user_runs(current, location)}
                // Filled by changes.js; above the figure, whose axis it must not hide.
                <div class="changes" role="status"></div>
                {move || figure_or_error(loaded, current, empty.get())}
                <TabList label="Laws" tabs=&TABS first />
                <TabPanel id="law" first>
                    <coefficients::Coefficients current />
                </TabPanel>
                {list(TABS[1..].iter().map(|tab| view! { <Panel tab first /> }))}
            </div>
        </main>
    }
}

/// The figure alone, with a link to Explore.
#[component]
pub fn Embed() -> impl IntoView {
    let location = expect_context::<Location>();
    let (loaded, current) = current_analysis(location);
    view! {
        <main id="main" class="embed">
            <h1>{move || location.analysis.with(title)}</h1>
            {move || figure_or_error(loaded, current, false)}
            <p class="aside">
                <a target="_blank" href=move || location.href(View::Explore)>
                    "Open in Refit"
                </a>
            </p>
        </main>
    }
}

fn figure_or_error(
    loaded: Loaded<TableData>,
    current: Memo<Option<CurrentAnalysis>>,
    empty: bool,
) -> AnyView {
    match loaded.get() {
        Some(Err(failure)) => error(failure.to_string()),
        _ if empty => error(
            "No measurement matches these choices: change families, sets or schedules.".to_owned(),
        ),
        _ => view! { <figure::Figure current /> }.into_any(),
    }
}

fn title(a: &Analysis) -> String {
    names::measured(a.study(), &a.dataset, &a.metric)
}

/// Which of the reader's runs are in the figure.
fn user_runs(current: Memo<Option<CurrentAnalysis>>, location: Location) -> Option<AnyView> {
    let summary = current.with(|s| s.as_ref()?.data.user_runs.clone());
    let summary = summary.filter(|summary| !summary.is_empty())?;
    let link = view! {
        <p class="user-runs">
            <a href=location.href(View::UserRuns)>"Your data"</a>
            ": "
            {summary}
        </p>
    };
    Some(link.into_any())
}

/// Whether all that is drawn are the reader's runs.
fn are_own(current: Memo<Option<CurrentAnalysis>>) -> bool {
    current.with(|s| {
        s.as_ref().is_some_and(|s| {
            let mut points = s.outcome.series.iter().flat_map(|series| &series.points);
            !s.outcome.series.is_empty() && points.all(|point| s.data.rows[point.row].own)
        })
    })
}

fn lead(a: &Analysis, are_own: bool) -> String {
    let study = a.study();
    let against = match a.axis {
        Axis::Compute => format!("compute in {}", a.unit()),
        axis => axis.title(study).to_ascii_lowercase(),
    };
    let source = match are_own {
        true => "from your own runs".to_owned(),
        false => format!("as released with “{}”", study.title),
    };
    format!(
        "{} against {against}, {source}. Each choice refits the law in your browser.",
        a.loss_unit().title(),
    )
}

/// A tab's sections, which are there while it is selected: what is hidden is not computed.
#[component]
fn Panel(tab: &'static Tab, first: &'static str) -> impl IntoView {
    let open = RwSignal::new(tab.id == first);
    let section = |(view, heading): &'static (&'static str, &'static str)| {
        view! {
            <section class="section" id=(*view != tab.id).then_some(*view)>
                <h2>{*heading}</h2>
                <Lazy program="details" view=view />
            </section>
        }
    };
    view! {
        <TabPanel id=tab.id first open>
            {move || open.get().then(|| list(tab.sections.iter().map(section)))}
        </TabPanel>
    }
}
