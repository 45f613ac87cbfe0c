//! Explore: one figure, its choices and the fitted law.

mod coefficients;
pub mod controls;
mod figure;

pub use coefficients::name as series_name;

use super::current::{CurrentAnalysis, current_analysis};
use super::data::{Loaded, TableData};
use super::lazy::Lazy;
use super::location::{Location, View};
use super::messages::error;
use super::work::measured;
use crate::analysis::Analysis;
use crate::study::names;
use crate::study::select::Axis;
use leptos::prelude::*;

#[component]
pub fn Explore() -> impl IntoView {
    let location = expect_context::<Location>();
    let (loaded, current) = current_analysis(location);
    // A memo, so that the figure is not rebuilt with every choice.
    let empty = Memo::new(move |_| {
        current.with(|s| s.as_ref().is_some_and(|s| s.outcome.series.is_empty()))
    });
    // A link that asks for predictions shows them.
    let asks = Memo::new(move |_| location.analysis.with(|a| !a.at.is_empty()));
    view! {
        <main id="main" tabindex="-1" class="explore">
            <h1>{move || location.analysis.with(title)}</h1>
            <p class="lead">{move || location.analysis.with(lead)}</p>
            <controls::Controls current />
            <div class="results">
                {move || user_runs(current, location)}
                {move || figure_or_error(loaded, current, empty.get())}
                <coefficients::Coefficients current />
                <Section title="Predictions" id="predictions" open=asks />
                <Section title="Points" id="numbers" />
                <Section title="Residuals" id="residuals" />
                <Section title="Export" id="export" />
                <Section title="Parameter uncertainty" id="certainty" />
                <Section title="Compare laws" id="pair" />
                <Section title="Model selection" id="laws" />
                <Section title="Authors’ optimiser" id="search" />
                <Section title="Compute-optimal allocation" id="allocation" />
                <Section title="Accuracy against accuracy" id="transfer" />
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
        // The law's section explains why.
        _ if empty => ().into_any(),
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

fn lead(a: &Analysis) -> String {
    let study = a.study();
    let against = match a.axis {
        Axis::Compute => format!("compute in {}", a.unit()),
        axis => axis.title(study).to_ascii_lowercase(),
    };
    let arxiv = match study.arxiv.as_str() {
        "" => String::new(),
        arxiv => format!(" (arXiv {arxiv})"),
    };
    format!(
        "{} against {against}, as released with “{}”{arxiv}. Each choice refits the law in your browser.",
        a.loss_unit().title(),
        study.title,
    )
}

/// A section that is loaded when it is opened: by the reader, or because `open` says so.
#[component]
fn Section(
    title: &'static str,
    id: &'static str,
    #[prop(optional)] open: Option<Memo<bool>>,
) -> impl IntoView {
    let asked = open;
    let open = RwSignal::new(false);
    Effect::new(move || {
        if asked.is_some_and(|asked| asked.get()) {
            open.set(true);
        }
    });
    let toggled = move |event: leptos::ev::Event| {
        open.set(event_target::<web_sys::Element>(&event).has_attribute("open"));
    };
    view! {
        <details class="section" id=id open=open on:toggle=toggled>
            <summary>
                <h2>{title}</h2>
            </summary>
            {move || open.get().then(|| view! { <Lazy program="details" view=id /> })}
        </details>
    }
}
