//! The view “Your data”: import, results of imports, stored files.

use super::file_list::FileList;
use super::full_sweep::FullSweep;
use super::import_result::import_result;
use super::session::UserRuns;
use super::source::Origin;
use super::studies::Studies;
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
                "Import your own runs to see them next to the released points in every view. Files are read and stored in this browser only; nothing is uploaded."
            </p>
            <ImportForm user_runs />
            <ImportStatus user_runs />
            {move || {
                let ids: Vec<u32> = user_runs.results.with(|all| all.iter().map(|r| r.id).collect());
                list(ids.into_iter().map(|id| import_result(user_runs, id)))
            }}
            <FileList user_runs />
            <FullSweep user_runs />
            <Studies />
        </main>
    }
}

#[component]
fn ImportForm(user_runs: UserRuns) -> impl IntoView {
    let text = NodeRef::<Textarea>::new();
    let chosen = move |event: leptos::ev::Event| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        if let Some(files) = input.files() {
            user_runs.import_files((0..files.length()).filter_map(|i| files.get(i)).collect());
        }
        // So that the same file can be chosen again.
        input.set_value("");
    };
    let folder_chosen = move |event: leptos::ev::Event| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        let files = input.files().into_iter();
        let files = files.flat_map(|all| (0..all.length()).filter_map(move |i| all.get(i)));
        let files: Vec<(String, web_sys::File)> = files.map(with_path).collect();
        if let Some(name) = files.first().and_then(|(path, _)| path.split('/').next()) {
            user_runs.import_folder(name.to_owned(), files);
        }
        input.set_value("");
    };
    let import_text = move |_| {
        let Some(area) = text.get_untracked() else {
            return;
        };
        if let Some(origin) = Origin::text(&user_runs.unused_name(), &area.value()) {
            // The text stays, so that it can be corrected.
            user_runs.import(origin, None);
        }
    };
    view! {
        <section class="import" aria-labelledby="add">
            <h2 id="add">"Import"</h2>
            <div class="drop">
                <p>"Drop files anywhere on this page, paste a table, or choose:"</p>
                <label>
                    <span>"Files"</span>
                    <input
                        type="file"
                        multiple
                        accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson,.gz,.parquet,.md,.xlsx,.xlsm"
                        on:change=chosen
                    />
                </label>
                <label>
                    <span>"A folder"</span>
                    <input type="file" prop:webkitdirectory=true on:change=folder_chosen />
                </label>
            </div>
            <p class="aside">
                "CSV, TSV, JSON (each also gzipped), Markdown, Parquet, or an Excel workbook’s first sheet with a table. A folder’s JSON files are read as one table. The studies’ released files (all_results.csv.gz, zeroshot_results.csv, segmentation_results.parquet), output of CLIP_benchmark and exports of this page are recognised; any other table is read by the names and values of its columns, and you can change what they are taken for."
            </p>
            <details>
                <summary>"Type or paste a table"</summary>
                <label class="paste">
                    <span>"Table with a header row; columns separated by commas or tabs"</span>
                    <textarea node_ref=text rows="6" spellcheck="false"></textarea>
                </label>
                <button type="button" on:click=import_text>
                    "Import"
                </button>
            </details>
        </section>
    }
}

/// A file of a chosen folder, and its path from there.
fn with_path(file: web_sys::File) -> (String, web_sys::File) {
    let path = js_sys::Reflect::get(&file, &"webkitRelativePath".into());
    let path = path.ok().and_then(|path| path.as_string());
    (path.unwrap_or_else(|| file.name()), file)
}

/// The import under way.
#[component]
fn ImportStatus(user_runs: UserRuns) -> impl IntoView {
    // A memo, so that the view is built once for a file and not with every step.
    let name = Memo::new(move |_| {
        let name = user_runs
            .progress
            .with(|p| p.as_ref().map(|p| p.name.clone()));
        name.filter(|name| !name.is_empty())
    });
    let details = move || {
        user_runs.progress.with(|p| {
            let p = p.as_ref()?;
            let of = p
                .size
                .map_or(String::new(), |all| format!(" of {}", text::bytes(all)));
            Some(format!(
                "{}{of}, {} rows",
                text::bytes(p.bytes),
                text::grouped(p.rows)
            ))
        })
    };
    let fraction = move || {
        user_runs.progress.with(|p| {
            let p = p.as_ref()?;
            Some((p.bytes / p.size?).min(1.0).to_string())
        })
    };
    view! {
        <div role="status" class="sr-only">
            {move || name.get().map(|name| format!("Import {name}"))}
        </div>
        {move || {
            name.get()
                .map(|name| {
                    view! {
                        <div class="progress importing">
                            <span>{format!("Import {name}")}</span>
                            <progress max="1" value=fraction aria-label="Import progress"></progress>
                            <span data-progress="">{details}</span>
                            <button type="button" on:click=move |_| user_runs.cancel()>
                                "Cancel"
                            </button>
                        </div>
                    }
                })
        }}
    }
}
