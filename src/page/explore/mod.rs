//! Explore: one figure, every choice, what the law becomes.

mod allocation;
mod certainty;
mod coefficients;
mod controls;
mod figure;
mod other_laws;
mod pair;
mod predictions;
mod released_search;

use super::data::{self, TableData};
use super::location::Location;
use super::work::{Work, measured};
use leptos::prelude::*;
use refit::analysis::{self, Analysis, Outcome, Unknown};
use refit::fit::Task;
use refit::fit::bootstrap::{Bootstrap, Replicates};
use refit::study::names;
use std::sync::Arc;

/// The analysis on screen: choices, the rows behind them, what came of it.
#[derive(Clone)]
pub struct Shown {
    pub analysis: Analysis,
    pub data: Arc<TableData>,
    pub outcome: Arc<Outcome>,
}

impl PartialEq for Shown {
    /// The outcome follows from the other two.
    fn eq(&self, other: &Self) -> bool {
        self.analysis == other.analysis && Arc::ptr_eq(&self.data, &other.data)
    }
}

/// The bootstrap of the series on screen, for every section that needs it.
#[derive(Clone, Copy)]
struct Resamples {
    work: Work,
    /// One for each series, `None` where it has no fit; empty before a bootstrap has ended.
    replicates: RwSignal<Vec<Option<Replicates>>>,
}

impl Resamples {
    /// Forgets what was drawn when something else is fitted.
    fn new(shown: Memo<Option<Shown>>) -> Resamples {
        let resamples = Resamples {
            work: Work::new(),
            replicates: RwSignal::new(Vec::new()),
        };
        let fitted = Memo::new(move |_| shown.with(|s| what_is_fitted(s.as_ref())));
        Effect::new(move || {
            fitted.track();
            resamples.work.stop();
            resamples.replicates.set(Vec::new());
        });
        resamples
    }

    fn start(self, shown: &Shown) {
        let all: Vec<Option<Bootstrap>> = (shown.outcome.series.iter().enumerate())
            .map(|(i, series)| shown.analysis.bootstrap(series, i))
            .collect();
        let fitted: Vec<bool> = all.iter().map(Option::is_some).collect();
        let task: Vec<Bootstrap> = all.into_iter().flatten().collect();
        self.work.start("refit:bootstrap", task, move |task| {
            let (done, all) = task.progress();
            if done < all {
                return;
            }
            let mut drawn = task.iter().map(|b| b.replicates().clone());
            let each = fitted.iter().map(|f| if *f { drawn.next() } else { None });
            self.replicates.set(each.collect());
        });
    }
}

#[component]
pub fn Explore() -> impl IntoView {
    let location = expect_context::<Location>();
    let table = Memo::new(move |_| location.analysis.with(|a| a.table));
    let loaded = data::load(move || data::table(table.get()));
    // Names that the data do not hold fall back, with a notice.
    Effect::new(move || {
        let Some(Ok(data)) = loaded.get() else { return };
        let mut analysis = location.analysis.get();
        if data.table != analysis.table {
            return;
        }
        let unknown = analysis.settle(&data.rows);
        if !unknown.is_empty() {
            location.analysis.set(analysis);
            location
                .notices
                .update(|n| n.extend(unknown.iter().map(Unknown::to_string)));
        }
    });
    let shown = Memo::new(move |_| {
        let data = loaded.get()?.ok()?;
        let analysis = location.analysis.get();
        if data.table != analysis.table {
            return None;
        }
        let outcome = measured("refit:fit", || {
            analysis::run(&analysis, &data.rows, &data.architectures)
        });
        Some(Shown {
            analysis,
            data,
            outcome: Arc::new(outcome),
        })
    });
    let resamples = Resamples::new(shown);
    // A memo of its own: the figure must not be built anew with every choice.
    let empty =
        Memo::new(move |_| shown.with(|s| s.as_ref().is_some_and(|s| s.outcome.series.is_empty())));
    let title = move || {
        location.analysis.with(|a| {
            let (set, metric) = (names::dataset(&a.dataset), names::metric(&a.metric));
            format!("{set}, {metric}")
        })
    };
    view! {
        <main id="main" tabindex="-1" class="explore">
            <h1>{title}</h1>
            <p class="lead">{move || location.analysis.with(lead)}</p>
            <controls::Controls shown />
            <div class="results">
                {move || match loaded.get() {
                    Some(Err(error)) => {
                        view! {
                            <p class="error" role="alert">
                                {error.to_string()}
                            </p>
                        }
                            .into_any()
                    }
                    // The law's section says why.
                    _ if empty.get() => ().into_any(),
                    _ => view! { <figure::Figure shown /> }.into_any(),
                }}
                <coefficients::Coefficients shown />
                <predictions::Predictions shown />
                <Section title="How sure is it?" id="certainty">
                    <certainty::Certainty shown resamples />
                </Section>
                <Section title="The two laws beside each other" id="pair">
                    <pair::Beside shown resamples />
                </Section>
                <Section title="Would another law predict better?" id="laws">
                    <other_laws::OtherLaws shown />
                </Section>
                <Section title="The released search" id="search">
                    <released_search::ReleasedSearch shown />
                </Section>
                <Section title="Parameters or samples?" id="allocation">
                    <allocation::Allocation shown />
                </Section>
            </div>
        </main>
    }
}

fn lead(a: &Analysis) -> String {
    let study = a.study();
    format!(
        "Error against training compute, from the measurements released with “{}” (arXiv {}). The law is refitted here whenever a choice changes.",
        study.title(),
        study.arxiv()
    )
}

/// Something that a reader may ask next; built when it is opened.
#[component]
fn Section(title: &'static str, id: &'static str, children: ChildrenFn) -> impl IntoView {
    let open = RwSignal::new(false);
    let toggled = move |event: leptos::ev::Event| {
        open.set(event_target::<web_sys::Element>(&event).has_attribute("open"));
    };
    view! {
        <details class="section" id=id on:toggle=toggled>
            <summary>
                <h2>{title}</h2>
            </summary>
            {move || open.get().then(|| children())}
        </details>
    }
}

/// The analysis without the choices that neither change a fit nor its resamples.
fn what_is_fitted(shown: Option<&Shown>) -> Option<Analysis> {
    let analysis = &shown?.analysis;
    let standard = Analysis::of(analysis.table);
    let mut resampling = analysis.resampling;
    resampling.ends = standard.resampling.ends;
    Some(Analysis {
        interval: standard.interval,
        at: standard.at,
        resampling,
        ..analysis.clone()
    })
}
