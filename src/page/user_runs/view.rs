//! Your data: adding files, what came of them, what is kept.

use super::list::List;
use super::outcome;
use super::source::Origin;
use super::sweep::Sweep;
use super::{UserRuns, grouped};
use crate::page::list;
use crate::text;
use leptos::html::Textarea;
use leptos::prelude::*;

#[component]
pub fn Page(user_runs: UserRuns) -> impl IntoView {
    view! {
        <main id="main" tabindex="-1" class="yours">
            <h1>"Your data"</h1>
            <p class="lead">
                "Runs of your own join the released points in every view. Files are read in this browser and kept in it; nothing of them is sent anywhere, and only you can pass them on, by exporting them."
            </p>
            <Add user_runs />
            <Now user_runs />
            {move || {
                let ids: Vec<u32> = user_runs.cards.with(|cards| cards.iter().map(|c| c.id).collect());
                list(ids.into_iter().map(|id| outcome::card(user_runs, id)))
            }}
            <List user_runs />
            <Sweep user_runs />
        </main>
    }
}

#[component]
fn Add(user_runs: UserRuns) -> impl IntoView {
    let text = NodeRef::<Textarea>::new();
    let chosen = move |event: leptos::ev::Event| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        if let Some(files) = input.files() {
            user_runs.take((0..files.length()).filter_map(|i| files.get(i)).collect());
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    let pasted = move |_| {
        let Some(area) = text.get_untracked() else {
            return;
        };
        if let Some(origin) = Origin::text(&user_runs.fresh_name(), &area.value()) {
            // The text stays, so that it can be put right.
            user_runs.read(origin, None);
        }
    };
    view! {
        <section class="add" aria-labelledby="add">
            <h2 id="add">"Read a file"</h2>
            <label class="drop">
                <span>"Drop files anywhere on this page, paste a table, or choose files"</span>
                <input
                    type="file"
                    multiple
                    accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson,.gz,.parquet"
                    on:change=chosen
                />
            </label>
            <p class="aside">
                "CSV, TSV, JSON, gzip of each, or Parquet. The studies’ released files (all_results.csv.gz, zeroshot_results.csv, segmentation_results.parquet), output of CLIP_benchmark and what this page exports are recognised; of any other table you choose what its columns are."
            </p>
            <details>
                <summary>"Type or paste a table"</summary>
                <label class="paste">
                    <span>"A table with its header; columns separated by commas or tabs"</span>
                    <textarea node_ref=text rows="6" spellcheck="false"></textarea>
                </label>
                <button type="button" on:click=pasted>
                    "Read it"
                </button>
            </details>
        </section>
    }
}

/// What is being read.
#[component]
fn Now(user_runs: UserRuns) -> impl IntoView {
    // Built once for a file, not with every step.
    let name = Memo::new(move |_| {
        let name = user_runs
            .progress
            .with(|p| p.as_ref().map(|p| p.name.clone()));
        name.filter(|name| !name.is_empty())
    });
    let far = move || {
        user_runs.progress.with(|p| {
            let p = p.as_ref()?;
            let of = p
                .size
                .map_or(String::new(), |all| format!(" of {}", text::bytes(all)));
            Some(format!(
                "{}{of}, {} rows",
                text::bytes(p.bytes),
                grouped(p.rows)
            ))
        })
    };
    let part = move || {
        user_runs.progress.with(|p| {
            let p = p.as_ref()?;
            Some((p.bytes / p.size?).min(1.0).to_string())
        })
    };
    view! {
        <div role="status" class="sr-only">
            {move || name.get().map(|name| format!("Reading {name}"))}
        </div>
        {move || {
            name.get()
                .map(|name| {
                    view! {
                        <div class="progress reading">
                            <span>{format!("Reading {name}")}</span>
                            <progress max="1" value=part aria-label="Part of the file that is read"></progress>
                            <span data-progress="">{far}</span>
                            <button type="button" on:click=move |_| user_runs.cancel()>
                                "Cancel"
                            </button>
                        </div>
                    }
                })
        }}
    }
}
