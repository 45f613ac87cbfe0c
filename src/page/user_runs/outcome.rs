//! What came of a file: how much is used, what is not, and why.

use super::mapping;
use super::{Came, UserRuns, count, grouped};
use crate::page::list;
use crate::runs::{Report, Runs};
use leptos::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Most lines of a list that are shown.
const MOST: usize = 50;

pub fn card(user_runs: UserRuns, id: u32) -> impl IntoView {
    let found = user_runs
        .cards
        .with_untracked(|cards| cards.iter().find(|c| c.id == id).cloned());
    let Some(card) = found else {
        return ().into_any();
    };
    let dismiss = move |_| {
        user_runs.cards.update(|cards| cards.retain(|c| c.id != id));
        user_runs
            .origins
            .update_value(|origins| drop(origins.remove(&id)));
    };
    let name = card.name;
    let heading = format!("came-{id}");
    let body = match card.came {
        Came::Nothing(why) => view! {
            <p class="error" role="alert">
                {why}
            </p>
        }
        .into_any(),
        Came::Asks(preview) => mapping::form(user_runs, id, &preview),
        Came::Runs(report, runs, earlier) => summary(&report, &runs, earlier),
    };
    view! {
        <section class="came" aria-labelledby=heading.clone() data-came=name.clone()>
            <h2 id=heading.clone() tabindex="-1">{name.clone()}</h2>
            {body}
            <button type="button" on:click=dismiss aria-label=format!("Dismiss what is said of {name}")>
                "Dismiss"
            </button>
        </section>
    }
    .into_any()
}

fn summary(report: &Report, runs: &Runs, earlier: Option<String>) -> AnyView {
    let kind = report.source.map_or("", |s| s.title());
    let what = match runs.is_empty() {
        true => "Nothing of it can be used".to_owned(),
        false => format!(
            "{} of {} kept, with {}",
            grouped(report.kept_rows),
            count(report.rows as usize, "row"),
            count(runs.len(), "number")
        ),
    };
    let stopped = report.error.as_ref().map(|stop| {
        view! {
            <p class="error" role="alert">
                {stop.to_string()}
            </p>
        }
    });
    let notices = report
        .notices
        .iter()
        .map(|n| view! { <li>{n.to_string()}</li> });
    let left_out = report.skipped.iter().map(|(why, rows)| {
        view! { <li>{format!("{} {why}, left out by the released analysis’s rules", grouped(*rows))}</li> }
    });
    let told = list(
        notices
            .map(IntoAny::into_any)
            .chain(left_out.map(IntoAny::into_any)),
    );
    view! {
        <p role="status">
            <strong>{what}</strong>
            ". "
            <span class="aside">{format!("{}: {kind}; compute in {}.", report.format, report.study.compute_unit())}</span>
        </p>
        {stopped}
        {earlier.map(|sentence| view! { <p class="note">{sentence}</p> })}
        <ul>{told}</ul>
        {(report.rejected > 0).then(|| refusals(report))}
        {(!runs.is_empty()).then(|| series(runs))}
    }
    .into_any()
}

/// Rows and numbers that cannot be used, each with its line.
fn refusals(report: &Report) -> AnyView {
    let all = report.rejected as usize;
    let more = all.saturating_sub(report.rejections.len());
    let lines = report
        .rejections
        .iter()
        .map(|rejection| view! { <li>{rejection.to_string()}</li> });
    view! {
        <details open=all <= 5>
            <summary>{format!("Not used ({})", grouped(report.rejected))}</summary>
            <ul class="refusals">{list(lines)}</ul>
            {(more > 0).then(|| view! { <p>{format!("… and {} more", grouped(more as u64))}</p> })}
        </details>
    }
    .into_any()
}

/// What was measured on what.
fn series(runs: &Runs) -> AnyView {
    let sets: BTreeSet<(&str, &str)> = runs.series().collect();
    let mut groups: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for run in runs.runs() {
        *groups
            .entry((run.family, run.pretrain, run.schedule))
            .or_default() += 1;
    }
    let more = |all: usize, what: &str| {
        let more = all.saturating_sub(MOST);
        (more > 0).then(|| view! { <p>{format!("… and {} more", count(more, what))}</p> })
    };
    let (more_groups, more_sets) = (more(groups.len(), "group"), more(sets.len(), "set"));
    let groups = groups.iter().take(MOST).map(|((family, pretrain, schedule), n)| {
        view! { <li>{format!("{family} on {pretrain}, {schedule} schedule: {}", count(*n, "run"))}</li> }
    });
    let sets = sets
        .iter()
        .take(MOST)
        .map(|(dataset, metric)| view! { <li>{format!("{dataset}, {metric}")}</li> });
    view! {
        <details>
            <summary>"What is in it"</summary>
            <ul>{list(groups)}</ul>
            {more_groups}
            <ul class="sets">{list(sets)}</ul>
            {more_sets}
        </details>
    }
    .into_any()
}
