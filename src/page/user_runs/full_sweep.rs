//! Imports the comparison study's full sweep from its repository, when the reader asks for it.

use super::session::UserRuns;
use super::source::{Origin, SourceError, size_of};
use crate::text;
use leptos::prelude::*;

/// Where the study's authors released it; the host allows other origins.
const ADDRESS: &str = "https://raw.githubusercontent.com/LAION-AI/scaling-laws-for-comparison/main/scaling_laws/data/all_results.csv.gz";
/// Local-storage key of another address.
const STORAGE_KEY: &str = "sweep-address";

#[component]
pub fn FullSweep(user_runs: UserRuns) -> impl IntoView {
    let storage = || window().local_storage().ok().flatten();
    let remembered = storage().and_then(|s| s.get_item(STORAGE_KEY).ok().flatten());
    let address = RwSignal::new(remembered.unwrap_or(ADDRESS.to_owned()));
    let size = RwSignal::new(None::<Result<Option<f64>, SourceError>>);
    let change = move |given: String| {
        // Without local storage it is forgotten with the page.
        let _ = storage().map(|storage| match given.as_str() {
            "" | ADDRESS => storage.remove_item(STORAGE_KEY),
            other => storage.set_item(STORAGE_KEY, other),
        });
        address.set(if given.is_empty() {
            ADDRESS.to_owned()
        } else {
            given
        });
        size.set(None);
    };
    let check_size = move |_| {
        leptos::task::spawn_local(async move {
            let address = address.get_untracked();
            size.set(Some(size_of(&address).await));
        });
    };
    let import = move |_| user_runs.import(Origin::Address(address.get_untracked()), None);
    let busy = move || user_runs.progress.with(Option::is_some);
    view! {
        <section class="full-sweep" aria-labelledby="sweep">
            <h2 id="sweep">"The full sweep"</h2>
            <p>
                "The comparison study released every run of its hyperparameter sweeps; this page bundles only the best run of each. Import the full sweep from the study’s repository to use all runs in every view and to verify the claims that need them. Like any download, this tells the host that you requested the file; nothing else leaves this browser."
            </p>
            <div class="choices">
                <button type="button" on:click=import disabled=busy>
                    "Import the full sweep"
                </button>
                <button type="button" on:click=check_size>
                    "Check size"
                </button>
                <span role="status" data-size="">
                    {move || match size.get() {
                        None => String::new(),
                        Some(Ok(Some(bytes))) => format!("{}.", text::bytes(bytes)),
                        Some(Ok(None)) => "The host does not report the size.".to_owned(),
                        Some(Err(error)) => error.to_string(),
                    }}
                </span>
            </div>
            <details>
                <summary>"Use another address"</summary>
                <label class="choice">
                    <span>"File address (leave empty for the study’s own)"</span>
                    <input
                        type="url"
                        name="address"
                        prop:value=address
                        on:change:target=move |event| change(event.target().value().trim().to_owned())
                    />
                </label>
            </details>
        </section>
    }
}
