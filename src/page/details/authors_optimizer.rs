//! The authors' optimiser, compared with the best fit.

use super::{CurrentAnalysis, on_refit};
use crate::analysis::authors_optimiser::{conclusion, found, search};
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::table;
use crate::page::work::{Progress, TaskRunner};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::law::Form;
use refit_fit::multistart::{Best, Search};
use refit_fit::{Fit, Task};

#[component]
pub fn AuthorsOptimizer(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let results = RwSignal::new(Vec::<Option<Best>>::new());
    let work = TaskRunner::new();
    on_refit(current, move |_| {
        work.stop();
        results.set(Vec::new());
    });
    let run = move |_| {
        let searches = current.with_untracked(|s| searches(s.as_ref()));
        work.start("refit:released-search", searches, move |task| {
            if task.progress().0 == task.progress().1 {
                results.set(task.iter().map(found).collect());
            }
        });
    };
    let possible = Memo::new(move |_| current.with(|s| !searches(s.as_ref()).is_empty()));
    view! {
        <p>
            "The comparison study fits with SciPy’s bounded trust-region method from a grid of 3,200 starts (a law without E from one) and keeps the lowest squared error. The same method runs here, step for step. Where the best fit is lower, the authors’ optimiser stopped early."
        </p>
        <Show
            when=move || possible.get()
            fallback=|| view! { <p>"The authors fitted no law of this form."</p> }
        >
            <p>
                <button type="button" on:click=run disabled=move || work.running()>
                    "Run the authors’ optimiser"
                </button>
            </p>
        </Show>
        <Progress work what="starts" />
        {move || {
            let current = current.get()?;
            let fits = current.outcome.series.iter().filter_map(|s| Some((s, s.fit.as_ref().ok()?)));
            Some(list(fits.zip(results.get()).filter_map(|((series, fit), result)| {
                        Some(view! { <h3>{name(series)}</h3> {comparison(fit, &result?)} })
                    })))
        }}
    }
}

/// One for each series with a law that the authors fitted.
fn searches(current: Option<&CurrentAnalysis>) -> Vec<Search> {
    let series = current.into_iter().flat_map(|s| &s.outcome.series);
    let of_series = |s: &crate::analysis::Series| {
        let points = s.fitted();
        search(s.fit.as_ref().ok()?.law, &points.x, &points.y)
    };
    series.filter_map(of_series).collect()
}

fn comparison(fit: &Fit, released: &Best) -> AnyView {
    let mut rows = vec![vec![
        "Mean squared error".to_owned(),
        format!("{:.6e}", released.mse),
        format!("{:.6e}", fit.mse),
    ]];
    for (j, parameter) in fit.law.parameters().iter().enumerate() {
        rows.push(vec![
            parameter.symbol.to_owned(),
            number(released.parameters[j]),
            number(fit.parameters[j]),
        ]);
    }
    view! {
        {table(None, &["", "Authors’ optimiser", "Best fit"], rows)}
        <p>
            <strong>{conclusion(released, fit)}</strong>
            {format!(
                " {} of {} starts reached its lowest error (within 10⁻⁶), with {} evaluations of the law on all points.",
                released.reached,
                released.starts,
                released.evaluations,
            )}
        </p>
    }
    .into_any()
}
