//! The result of an import: what is used, what is not, and why.

use super::import_queue::ImportOutcome;
use super::session::UserRuns;
use super::{count, mapping};
use crate::page::list;
use crate::page::messages::error;
use crate::runs::{Report, Runs};
use crate::text::grouped;
use crate::words;
use leptos::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Most lines of a list that are shown.
const MOST: usize = 50;

pub fn import_result(user_runs: UserRuns, id: u32) -> AnyView {
    let result = user_runs
        .results
        .with_untracked(|all| all.iter().find(|r| r.id == id).cloned());
    let Some(result) = result else {
        return ().into_any();
    };
    let dismiss = move |_| drop(user_runs.dismiss(id));
    let name = result.name;
    let heading = format!("import-{id}");
    let body = match result.outcome {
        ImportOutcome::Failed(why) => error(why),
        ImportOutcome::NeedsMapping(preview) => mapping::form(user_runs, id, &preview),
        ImportOutcome::Imported(report, runs, note) => summary(&report, &runs, note),
    };
    view! {
        <section class="import-result" aria-labelledby=heading.clone() data-import=name.clone()>
            <h2 id=heading.clone() tabindex="-1">{name.clone()}</h2>
            {body}
            <button type="button" on:click=dismiss aria-label=format!("Dismiss the result for {name}")>
                "Dismiss"
            </button>
        </section>
    }
    .into_any()
}

fn summary(report: &Report, runs: &Runs, note: Option<String>) -> AnyView {
    let kind = report.source.map_or("", |s| s.title());
    let imported = match runs.is_empty() {
        true => "No row could be imported".to_owned(),
        false => format!(
            "Imported {} of {} with {}",
            grouped(report.kept_rows),
            count(report.rows as usize, "row"),
            count(runs.len(), "result")
        ),
    };
    let failure = report
        .error
        .as_ref()
        .map(|failure| error(words::read_error(failure)));
    let notices = report.notices.iter().map(ToString::to_string);
    let left_out = report.skipped.iter().map(|(why, rows)| {
        format!(
            "{} {why}, excluded by the released analysis’s rules",
            grouped(*rows)
        )
    });
    let comments = (report.comments > 0).then(|| {
        let lines = count(report.comments as usize, "line");
        format!("{lines} of comments skipped")
    });
    let without_compute = (report.without_compute > 0).then(|| {
        let runs = count(report.without_compute as usize, "run");
        format!("{runs} kept without compute: laws over compute leave them out")
    });
    let notices = (report.assumptions.iter().cloned())
        .chain(notices)
        .chain(left_out)
        .chain(comments)
        .chain(without_compute)
        .map(|text| view! { <li>{text}</li> });
    view! {
        <p role="status">
            <strong>{imported}</strong>
            ". "
            <span class="aside">
                {format!("{}: {kind}; compute in {}.", report.format, report.study.compute_unit)}
            </span>
        </p>
        {failure}
        {note.map(|sentence| view! { <p class="note">{sentence}</p> })}
        <ul>{list(notices)}</ul>
        {(report.rejected > 0).then(|| rejections(report))}
        {(!runs.is_empty()).then(|| contents(runs))}
    }
    .into_any()
}

/// Rows and numbers that could not be read, each with its line.
fn rejections(report: &Report) -> AnyView {
    let all = report.rejected as usize;
    let more = all.saturating_sub(report.rejections.len());
    let lines = report
        .rejections
        .iter()
        .map(|rejection| view! { <li>{rejection.to_string()}</li> });
    view! {
        <details open=all <= 5>
            <summary>{format!("Not imported ({})", grouped(report.rejected))}</summary>
            <ul class="refusals">{list(lines)}</ul>
            {(more > 0).then(|| view! { <p>{format!("… and {} more", grouped(more as u64))}</p> })}
        </details>
    }
    .into_any()
}

/// Which models were evaluated on which benchmarks.
fn contents(runs: &Runs) -> AnyView {
    let benchmarks: BTreeSet<(&str, &str)> = runs.series().collect();
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
    let more_groups = more(groups.len(), "group");
    let more_benchmarks = more(benchmarks.len(), "benchmark");
    let groups = groups.iter().take(MOST).map(|((family, pretrain, schedule), n)| {
        view! { <li>{format!("{family} on {pretrain}, {schedule} schedule: {}", count(*n, "run"))}</li> }
    });
    let benchmarks = benchmarks
        .iter()
        .take(MOST)
        .map(|(dataset, metric)| view! { <li>{format!("{dataset}, {metric}")}</li> });
    view! {
        <details>
            <summary>"Contents"</summary>
            <ul>{list(groups)}</ul>
            {more_groups}
            <ul class="sets">{list(benchmarks)}</ul>
            {more_benchmarks}
        </details>
    }
    .into_any()
}
