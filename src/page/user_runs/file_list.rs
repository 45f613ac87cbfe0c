//! The stored files, and what can be done with each.

use super::export;
use super::session::UserRuns;
use super::{StoredFile, count};
use crate::analysis::Analysis;
use crate::page::list;
use crate::page::location::explore_link;
use crate::page::messages::{DOWNLOAD_REFUSED, error};
use crate::runs::{RunSource, Runs, family, stem};
use crate::study::Table;
use crate::text;
use leptos::prelude::*;
use std::collections::BTreeSet;

#[component]
pub fn FileList(user_runs: UserRuns) -> impl IntoView {
    let failed = RwSignal::new(false);
    view! {
        <section aria-labelledby="files">
            <h2 id="files" tabindex="-1">"Stored files"</h2>
            {move || {
                let count = user_runs.unreadable.with(Vec::len);
                (count > 0).then(|| unreadable(user_runs, count))
            }}
            {move || {
                let files = user_runs.files.get();
                if files.is_empty() {
                    return view! {
                        <p data-files="0">"No files yet. All views show the released points only."</p>
                    }
                        .into_any();
                }
                let how = match files.iter().all(|f| f.stored) {
                    true => "Stored in this browser until you delete them.",
                    false => {
                        "Not all files fit into this browser’s storage: those marked are lost when you close the page. Export them to keep them."
                    }
                };
                view! {
                    <p class="aside" data-files=files.len()>{how}</p>
                    <ul class="files">{list(files.iter().map(|f| item(user_runs, f, failed)))}</ul>
                    {move || failed.get().then(|| error(DOWNLOAD_REFUSED.to_owned()))}
                    {(files.len() > 1).then(|| view! { <DeleteAll user_runs number=files.len() /> })}
                }
                    .into_any()
            }}
        </section>
    }
}

fn unreadable(user_runs: UserRuns, number: usize) -> AnyView {
    let sentence = format!(
        "{} from an earlier visit cannot be read by this version of the page. If you still have the original, import it again.",
        count(number, "file"),
    );
    let delete = move |_| leptos::task::spawn_local(user_runs.delete_unreadable());
    view! {
        <div class="choices">
            {error(sentence)}
            <button type="button" on:click=delete>
                "Delete unreadable files"
            </button>
        </div>
    }
    .into_any()
}

/// A second click confirms.
#[component]
fn DeleteAll(user_runs: UserRuns, number: usize) -> impl IntoView {
    let confirming = RwSignal::new(false);
    let delete = move |_| {
        if !confirming.get_untracked() {
            return confirming.set(true);
        }
        let ids = user_runs
            .files
            .with_untracked(|files| files.iter().map(|f| f.id.clone()).collect());
        leptos::task::spawn_local(user_runs.delete(ids));
    };
    view! {
        <button type="button" on:click=delete on:blur=move |_| confirming.set(false)>
            {move || match confirming.get() {
                false => "Delete all".to_owned(),
                true => format!("Delete all {number} files permanently"),
            }}
        </button>
    }
}

fn item(user_runs: UserRuns, file: &StoredFile, failed: RwSignal<bool>) -> impl IntoView + use<> {
    let StoredFile { id, info, runs, .. } = file.clone();
    let name = info.name.clone();
    let facts = facts(file);
    let in_explore = explore_link(&analysis(&runs, &user_runs.families(runs.study())));
    let csv = format!("{}.csv", stem(&name));
    let (study, study_runs) = (stem(&name).to_owned(), runs.clone());
    let assumes_schedule = info.assumes_schedule;
    let save_study = move |_| {
        failed.set(export::save_study(&study, &study_runs, assumes_schedule).is_err());
    };
    let export = move |_| {
        let (runs, csv) = (runs.clone(), csv.clone());
        leptos::task::spawn_local(async move {
            failed.set(export::save(&csv, &runs).await.is_err());
        });
    };
    let delete = move |_| leptos::task::spawn_local(user_runs.delete(vec![id.clone()]));
    view! {
        <li data-file=name.clone()>
            <strong>{name.clone()}</strong>
            <span class="aside">{facts.join(" · ")}</span>
            {info.stopped.map(|why| view! { <span class="note">{why}</span> })}
            <span class="choices">
                <a class="button" href=in_explore aria-label=format!("Open {name} in Explore")>
                    "Open in Explore"
                </a>
                <button type="button" on:click=export aria-label=format!("Export {name} as CSV")>
                    "Export CSV"
                </button>
                <button
                    type="button"
                    on:click=save_study
                    aria-label=format!("Save {name} as a study")
                    title="A folder with study.json and runs.csv, as a zip: drop it here to open it, or publish it"
                >
                    "Save as study"
                </button>
                <button type="button" on:click=delete aria-label=format!("Delete {name}")>
                    "Delete"
                </button>
            </span>
        </li>
    }
}

fn facts(file: &StoredFile) -> Vec<String> {
    let StoredFile {
        info, runs, stored, ..
    } = file;
    let kind = match runs.source() {
        RunSource::Own => "custom table",
        source => source.title(),
    };
    let mut facts = vec![
        kind.to_owned(),
        format!("{} study", runs.study().id),
        count(info.rows as usize, "row"),
        count(runs.len(), "result"),
    ];
    if info.left_out > 0 {
        facts.push(format!("{} excluded by rule", text::grouped(info.left_out)));
    }
    if info.refused > 0 {
        facts.push(format!("{} not imported", text::grouped(info.refused)));
    }
    facts.push(text::bytes(info.bytes as f64));
    let day = info.read.split('T').next().unwrap_or_default();
    facts.push(match &info.address {
        Some(address) => format!("fetched on {day} from {address}"),
        None => format!("imported on {day}"),
    });
    if !stored {
        facts.push("lost when you close the page".to_owned());
    }
    facts
}

/// The analysis that a file opens with: a released file's main figure, or the reader's series, with
/// the released ones where they were evaluated on the study's main benchmark.
fn analysis(runs: &Runs, families: &BTreeSet<String>) -> Analysis {
    let first = || runs.study().tables().next().unwrap_or(Table::first());
    let table = runs.source().replaces().unwrap_or_else(first);
    let mut analysis = Analysis::of(table);
    if runs.source().replaces().is_some() {
        return analysis;
    }
    let main = (analysis.dataset.as_str(), analysis.metric.as_str());
    let Some((dataset, metric)) = runs
        .series()
        .find(|s| *s == main)
        .or_else(|| runs.series().next())
    else {
        return analysis;
    };
    let (dataset, metric) = (dataset.to_owned(), metric.to_owned());
    if (dataset.as_str(), metric.as_str()) != main {
        // No rule of the study leaves any of the reader's runs out.
        analysis.threshold = None;
        analysis.families.clear();
        analysis.pretrains.clear();
        analysis.schedules.clear();
    }
    for m in runs.firsts() {
        if (&m.dataset, &m.metric) != (&dataset, &metric) {
            continue;
        }
        let family = family(&m.family, families);
        for (all, name) in [
            (&mut analysis.families, family),
            (&mut analysis.pretrains, m.pretrain),
            (&mut analysis.schedules, m.schedule),
        ] {
            if all.len() < MOST && !all.contains(&name) {
                all.push(name);
            }
        }
    }
    Analysis {
        dataset,
        metric,
        ..analysis
    }
}

/// Most families, pre-training sets and schedules that are chosen at first; more crowd the figure.
const MOST: usize = 8;
