//! The comparison study's own search beside the best fit.

use super::{Shown, when_fitted};
use crate::analysis::authors_optimiser;
use crate::page::explore::series_name as name;
use crate::page::list;
use crate::page::table::table;
use crate::page::work::{Progress, Work};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::law::Form;
use refit_fit::multistart::{Best, Search};
use refit_fit::{Fit, Task};

#[component]
pub fn ReleasedSearch(shown: Memo<Option<Shown>>) -> impl IntoView {
    let found = RwSignal::new(Vec::<Option<Best>>::new());
    let work = Work::new();
    when_fitted(shown, move |_| {
        work.stop();
        found.set(Vec::new());
    });
    let run = move |_| {
        let searches = shown.with_untracked(|s| searches(s.as_ref()));
        work.start("refit:released-search", searches, move |task| {
            if task.progress().0 == task.progress().1 {
                found.set(task.iter().map(authors_optimiser::found).collect());
            }
        });
    };
    let possible = Memo::new(move |_| shown.with(|s| !searches(s.as_ref()).is_empty()));
    view! {
        <p>
            "The comparison study fits by SciPy’s bounded trust-region method from a grid of 3,200 starts (a law without E from a single one) and keeps the lowest squared error. The same method, step for step, runs here; a best fit that lies lower means that the released search stopped early."
        </p>
        <Show
            when=move || possible.get()
            fallback=|| view! { <p>"The study searched no law of this form."</p> }
        >
            <p>
                <button type="button" on:click=run disabled=move || work.running()>
                    "Run the released search"
                </button>
            </p>
        </Show>
        <Progress work what="starts" />
        {move || {
            let shown = shown.get()?;
            let fits = shown.outcome.series.iter().filter_map(|s| Some((s, s.fit.as_ref().ok()?)));
            Some(list(fits.zip(found.get()).filter_map(|((series, fit), found)| {
                        Some(view! { <h3>{name(series)}</h3> {beside(fit, &found?)} })
                    })))
        }}
    }
}

/// One for each series that has a fit and was searched.
fn searches(shown: Option<&Shown>) -> Vec<Search> {
    let series = shown.into_iter().flat_map(|s| &s.outcome.series);
    let search = |s: &crate::analysis::Series| {
        let (x, y) = s.fitted();
        authors_optimiser::search(s.fit.as_ref().ok()?.law, &x, &y)
    };
    series.filter_map(search).collect()
}

fn beside(fit: &Fit, released: &Best) -> AnyView {
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
        {table(None, &["", "Released search", "Best fit"], rows)}
        <p>
            <strong>{authors_optimiser::conclusion(released, fit)}</strong>
            {format!(
                " {} of {} starts ended in the lowest it found, within 10⁻⁶; {} evaluations of the law on all points.",
                released.reached,
                released.starts,
                released.evaluations,
            )}
        </p>
    }
    .into_any()
}
