//! What of the numbers is shown: by verdict, with their counts, by study, by a text.

use crate::claim::{Check, Filter, Tally, Verdict};
use crate::page::list;
use crate::study::Study;
use leptos::prelude::*;

#[component]
pub(super) fn Filters(
    checks: RwSignal<Vec<Check>>,
    filter: RwSignal<Filter>,
    #[prop(into)] ready: Signal<bool>,
) -> impl IntoView {
    // Of the study and the text that are chosen.
    let count = move |verdict: Verdict| {
        let of_verdict = Filter {
            verdict: Some(verdict),
            ..filter.get()
        };
        checks
            .with(|checks| Tally::of(checks.iter().filter(|c| of_verdict.takes(c))).count(verdict))
    };
    let button = move |verdict: Verdict| {
        let chosen = move || filter.with(|f| f.verdict == Some(verdict));
        view! {
            <button
                type="button"
                class=format!("verdict {}", verdict.id())
                aria-pressed=move || chosen().to_string()
                on:click=move |_| {
                    let other = (!chosen()).then_some(verdict);
                    filter.update(|f| f.verdict = other);
                }
            >
                // Counts that still grow would be read as the result.
                <strong data-count=verdict.id()>{move || ready.get().then(|| count(verdict))}</strong>
                {verdict.title()}
            </button>
        }
    };
    let study = move |study: Study| {
        view! {
            <option
                value=study.reference()
                selected=move || filter.with(|f| f.study == Some(study))
            >
                {study.title.clone()}
            </option>
        }
    };
    view! {
        <div class="summary">
            <div role="group" aria-label="Filter by verdict">
                {list(Verdict::ALL.map(button))}
            </div>
            <label class="choice">
                <span>"Study"</span>
                <select
                    name="Study"
                    on:change:target=move |event| {
                        let chosen = Study::find(&event.target().value());
                        filter.update(|f| f.study = chosen);
                    }
                >
                    <option value="">"All"</option>
                    {list(Study::all().into_iter().map(study))}
                </select>
            </label>
            <label class="choice">
                <span>"Search"</span>
                <input
                    type="search"
                    name="find"
                    placeholder="ImageNet-R, α, …"
                    prop:value=move || filter.with(|f| f.text.clone())
                    on:input:target=move |event| {
                        let text = event.target().value();
                        filter.update(|f| f.text = text);
                    }
                />
            </label>
        </div>
    }
}
