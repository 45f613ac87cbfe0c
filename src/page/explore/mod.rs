//! Explore: one figure, every choice, what the law becomes.

mod coefficients;
pub mod controls;
mod figure;
mod predictions;

pub use coefficients::name as series_name;

use super::data::{Loaded, TableData};
use super::lazy::Lazy;
use super::location::{Location, View};
use super::shown::{Shown, shown};
use super::work::measured;
use crate::analysis::Analysis;
use crate::study::names;
use crate::study::select::Axis;
use leptos::prelude::*;

#[component]
pub fn Explore() -> impl IntoView {
    let location = expect_context::<Location>();
    let (loaded, shown) = shown(location);
    // A memo of its own: the figure must not be built anew with every choice.
    let empty =
        Memo::new(move |_| shown.with(|s| s.as_ref().is_some_and(|s| s.outcome.series.is_empty())));
    view! {
        <main id="main" tabindex="-1" class="explore">
            <h1>{move || location.analysis.with(title)}</h1>
            <p class="lead">{move || location.analysis.with(lead)}</p>
            <controls::Controls shown />
            <div class="results">
                {move || own(shown, location)}
                {move || figure_or_error(loaded, shown, empty.get())}
                <coefficients::Coefficients shown />
                <predictions::Predictions shown />
                <Section title="The points as a table" id="numbers" />
                <Section title="Residuals" id="residuals" />
                <Section title="Take it away" id="export" />
                <Section title="How sure is it?" id="certainty" />
                <Section title="The two laws beside each other" id="pair" />
                <Section title="Would another law predict better?" id="laws" />
                <Section title="The released search" id="search" />
                <Section title="Parameters or samples?" id="allocation" />
            </div>
        </main>
    }
}

/// The figure alone, with a way to the rest.
#[component]
pub fn Embed() -> impl IntoView {
    let location = expect_context::<Location>();
    let (loaded, shown) = shown(location);
    view! {
        <main id="main" class="embed">
            <h1>{move || location.analysis.with(title)}</h1>
            {move || figure_or_error(loaded, shown, false)}
            <p class="aside">
                <a target="_blank" href=move || location.href(View::Explore)>
                    "Refit this figure"
                </a>
            </p>
        </main>
    }
}

fn figure_or_error(loaded: Loaded<TableData>, shown: Memo<Option<Shown>>, empty: bool) -> AnyView {
    match loaded.get() {
        Some(Err(error)) => view! {
            <p class="error" role="alert">
                {error.to_string()}
            </p>
        }
        .into_any(),
        // The law's section says why.
        _ if empty => ().into_any(),
        _ => view! { <figure::Figure shown /> }.into_any(),
    }
}

fn title(a: &Analysis) -> String {
    let (set, metric) = (names::dataset(&a.dataset), names::metric(&a.metric));
    format!("{set}, {metric}")
}

/// What of the reader's runs is in the figure.
fn own(shown: Memo<Option<Shown>>, location: Location) -> Option<AnyView> {
    let own = shown.with(|s| s.as_ref()?.data.own.clone());
    let sentence = own.filter(|sentence| !sentence.is_empty())?;
    let link = view! {
        <p class="own">
            <a href=location.href(View::UserRuns)>"Your data"</a>
            ": "
            {sentence}
        </p>
    };
    Some(link.into_any())
}

fn lead(a: &Analysis) -> String {
    let study = a.study();
    let against = match a.axis {
        Axis::Compute => "the forward compute of all samples seen",
        Axis::Samples => "samples seen",
        Axis::Parameters => "parameters",
    };
    format!(
        "Error against {against}, from the measurements released with “{}” (arXiv {}). The law is refitted here whenever a choice changes.",
        study.title(),
        study.arxiv()
    )
}

/// Something that a reader may ask next; loaded when it is opened.
#[component]
fn Section(title: &'static str, id: &'static str) -> impl IntoView {
    let open = RwSignal::new(false);
    let toggled = move |event: leptos::ev::Event| {
        open.set(event_target::<web_sys::Element>(&event).has_attribute("open"));
    };
    view! {
        <details class="section" id=id on:toggle=toggled>
            <summary>
                <h2>{title}</h2>
            </summary>
            {move || open.get().then(|| view! { <Lazy program="details" view=id /> })}
        </details>
    }
}
