//! The comparison study's full sweep, read from its repository when the reader asks for it.

use super::UserRuns;
use super::source::{Origin, SourceError, size_of};
use crate::text;
use leptos::prelude::*;

/// Where the study's authors released it; the host lets pages of other origins read.
const ADDRESS: &str = "https://raw.githubusercontent.com/LAION-AI/scaling-laws-for-comparison/main/scaling_laws/data/all_results.csv.gz";
/// Under which another address is remembered.
const KEY: &str = "sweep-address";

#[component]
pub fn Sweep(user_runs: UserRuns) -> impl IntoView {
    let storage = || window().local_storage().ok().flatten();
    let remembered = storage().and_then(|s| s.get_item(KEY).ok().flatten());
    let address = RwSignal::new(remembered.unwrap_or(ADDRESS.to_owned()));
    let large = RwSignal::new(None::<Result<Option<f64>, SourceError>>);
    let change = move |given: String| {
        // A browser that keeps nothing forgets it.
        let _ = storage().map(|storage| match given.as_str() {
            "" | ADDRESS => storage.remove_item(KEY),
            other => storage.set_item(KEY, other),
        });
        address.set(if given.is_empty() {
            ADDRESS.to_owned()
        } else {
            given
        });
        large.set(None);
    };
    let ask = move |_| {
        leptos::task::spawn_local(async move {
            let address = address.get_untracked();
            large.set(Some(size_of(&address).await));
        });
    };
    let read = move |_| user_runs.read(Origin::Address(address.get_untracked()), None);
    let busy = move || user_runs.progress.with(Option::is_some);
    view! {
        <section class="sweep" aria-labelledby="sweep">
            <h2 id="sweep">"The full sweep"</h2>
            <p>
                "The comparison study released every run of its hyper-parameter sweeps; bundled here is the best of each. Read from the study’s repository, all runs take the place of the best ones in every view, and Verify checks what only they can tell. The host then knows that you asked for the file, as with any download; nothing else leaves this browser."
            </p>
            <div class="choices">
                <button type="button" on:click=read disabled=busy>
                    "Read the full sweep"
                </button>
                <button type="button" on:click=ask>
                    "How large is it?"
                </button>
                <span role="status" data-size="">
                    {move || match large.get() {
                        None => String::new(),
                        Some(Ok(Some(bytes))) => format!("{}.", text::bytes(bytes)),
                        Some(Ok(None)) => "The host does not tell its size.".to_owned(),
                        Some(Err(error)) => error.to_string(),
                    }}
                </span>
            </div>
            <details>
                <summary>"Another address"</summary>
                <label class="choice">
                    <span>"Address of the file; empty for the study’s own"</span>
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
