//! What is kept, with what can be done with it.

use super::export;
use super::{Kept, UserRuns, count, grouped};
use crate::analysis::Analysis;
use crate::page::list;
use crate::page::location::explore;
use crate::runs::{RunSource, Runs, family, stem};
use crate::study::{Study, Table};
use crate::text;
use leptos::prelude::*;
use std::collections::BTreeSet;

#[component]
pub fn List(user_runs: UserRuns) -> impl IntoView {
    let failed = RwSignal::new(false);
    // Asked once, before all is gone.
    let sure = RwSignal::new(false);
    let delete_all = move |_| {
        if !sure.get_untracked() {
            return sure.set(true);
        }
        sure.set(false);
        let ids = user_runs
            .kept
            .with_untracked(|kept| kept.iter().map(|k| k.id.clone()).collect());
        leptos::task::spawn_local(user_runs.delete(ids));
    };
    view! {
        <section aria-labelledby="kept">
            <h2 id="kept" tabindex="-1">"What is kept"</h2>
            {move || {
                let count = user_runs.unreadable.with(Vec::len);
                (count > 0)
                    .then(|| {
                        view! {
                            <div class="choices">
                                <p class="error" role="alert">
                                    {format!(
                                        "{} kept by an earlier visit cannot be read by this edition of the page. If you have the original, read it again.",
                                        super::count(count, "file"),
                                    )}
                                </p>
                                <button
                                    type="button"
                                    on:click=move |_| {
                                        leptos::task::spawn_local(user_runs.delete_unreadable());
                                    }
                                >
                                    "Delete what cannot be read"
                                </button>
                            </div>
                        }
                    })
            }}
            {move || {
                let kept = user_runs.kept.get();
                if kept.is_empty() {
                    return view! { <p data-kept="0">"Nothing yet: every view shows the released points alone."</p> }
                        .into_any();
                }
                let stored = kept.iter().all(|k| k.stored);
                let how = if stored {
                    "Kept in this browser until you delete it."
                } else {
                    "This browser has no room for all of it: what is marked goes when the page is closed. Export it to keep it."
                };
                let number = kept.len();
                view! {
                    <p class="aside" data-kept=number>{how}</p>
                    <ul class="kept">{list(kept.iter().map(|k| item(user_runs, k, failed)))}</ul>
                    <p class="error" role="alert" hidden=move || !failed.get()>
                        "This browser refused the file."
                    </p>
                    {(number > 1)
                        .then(|| {
                            view! {
                                <button type="button" on:click=delete_all on:blur=move |_| sure.set(false)>
                                    {move || match sure.get() {
                                        false => "Delete all".to_owned(),
                                        true => format!("Delete all {number} files for good"),
                                    }}
                                </button>
                            }
                        })}
                }
                    .into_any()
            }}
        </section>
    }
}

fn item(user_runs: UserRuns, kept: &Kept, failed: RwSignal<bool>) -> impl IntoView + use<> {
    let Kept {
        id,
        about,
        runs,
        stored,
    } = kept.clone();
    let (name, source) = (about.name.clone(), runs.source());
    let kind = match source {
        RunSource::Own => "a table of your own".to_owned(),
        source => source.title().to_owned(),
    };
    let mut facts = vec![
        kind,
        format!("{} study", runs.study().id()),
        count(about.rows as usize, "row"),
        format!("{} kept", count(runs.len(), "number")),
    ];
    if about.left_out > 0 {
        facts.push(format!("{} left out by rule", grouped(about.left_out)));
    }
    if about.refused > 0 {
        facts.push(format!("{} refused", grouped(about.refused)));
    }
    facts.push(text::bytes(about.bytes as f64));
    let day = about.read.split('T').next().unwrap_or_default();
    facts.push(match &about.address {
        Some(address) => format!("fetched on {day} from {address}"),
        None => format!("read on {day}"),
    });
    if !stored {
        facts.push("goes when the page is closed".to_owned());
    }
    let see = explore(&analysis(&runs, &user_runs.families(runs.study())));
    let (saved, file) = (runs, format!("{}.csv", stem(&name)));
    let export = move |_| {
        let (runs, file) = (saved.clone(), file.clone());
        leptos::task::spawn_local(async move {
            failed.set(export::save(&file, &runs).await.is_err());
        });
    };
    let delete = move |_| leptos::task::spawn_local(user_runs.delete(vec![id.clone()]));
    view! {
        <li data-file=name.clone()>
            <strong>{name.clone()}</strong>
            <span class="aside">{facts.join(" · ")}</span>
            {about.stopped.map(|why| view! { <span class="note">{why}</span> })}
            <span class="choices">
                <a class="button" href=see aria-label=format!("See {name} in Explore")>
                    "See it in Explore"
                </a>
                <button type="button" on:click=export aria-label=format!("Export {name} as CSV")>
                    "Export CSV"
                </button>
                <button type="button" on:click=delete aria-label=format!("Delete {name}")>
                    "Delete"
                </button>
            </span>
        </li>
    }
}

/// What shows a file's runs: a released file's main figure, or the reader's series, beside the
/// released ones where they were measured on the study's main set.
fn analysis(runs: &Runs, families: &BTreeSet<String>) -> Analysis {
    let table = runs.source().replaces().unwrap_or(match runs.study() {
        Study::Comparison => Table::Sweep,
        Study::Openclip => Table::Zeroshot,
    });
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

/// Names of a kind that are chosen at first: more fill a figure.
const MOST: usize = 8;
