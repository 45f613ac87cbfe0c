//! Explore: one figure, every choice, what the law becomes.

mod coefficients;
mod controls;
mod figure;
mod format;
mod predictions;

pub use format::{number, percent};

use super::data::{self, TableData};
use super::location::Location;
use leptos::prelude::*;
use refit::analysis::{self, Analysis, Outcome, Unknown};
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

/// Runs it as a User Timing measure, so that anyone can see how long it takes.
pub fn measured<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let Some(performance) = window().performance() else {
        return work();
    };
    let start = format!("{name}:start");
    // A refused mark costs nothing but the measure.
    let _ = performance.mark(&start);
    let result = work();
    let _ = performance.measure_with_start_mark(name, &start);
    performance.clear_marks_with_mark_name(&start);
    result
}
