//! What a table's columns are: proposed, changed by the reader, shown on the first rows.

mod compute;
mod controls;
mod fields;

use super::UserRuns;
use crate::page::table::table;
use crate::runs::{Preview, ReadOptions};
use crate::study::names;
use crate::text::{number, percent};
use compute::{amount, compute, study};
use controls::Choosing;
use fields::{field, scores};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of the preview.
const ROWS: usize = 5;

pub fn form(user_runs: UserRuns, id: u32, preview: &Arc<Preview>) -> AnyView {
    let choosing = Choosing {
        mapping: RwSignal::new(preview.mapping.clone()),
        preview: StoredValue::new(preview.clone()),
        wrong: RwSignal::new(BTreeMap::new()),
    };
    let mapping = choosing.mapping;
    let read = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let origin = user_runs
            .origins
            .try_update_value(|o| o.remove(&id))
            .flatten();
        if let Some(origin) = origin {
            user_runs.cards.update(|cards| cards.retain(|c| c.id != id));
            user_runs.read(origin, Some(mapping.get_untracked()));
        }
    };
    let head: Vec<&str> = preview.columns.iter().map(String::as_str).collect();
    let rows = preview.rows.iter().take(ROWS).cloned().collect();
    let caption = format!("The first rows of {} columns", head.len());
    view! {
        <p>
            "These columns are not those of a released file. Say what they are; a proposal is made where their names tell."
        </p>
        {table(Some(caption), &head, rows)}
        <form class="mapping" on:submit=read>
            <fieldset>
                <legend>"Compute"</legend>
                {study(choosing)}
                {compute(choosing)}
                {amount(
                    choosing,
                    "Parameters",
                    |m| &m.parameters,
                    |m, value| m.parameters = value,
                )}
                {amount(choosing, "Samples seen", |m| &m.samples, |m, value| m.samples = value)}
            </fieldset>
            <fieldset>
                <legend>"What was measured"</legend>
                {scores(choosing)}
                {field(choosing, "Downstream set", |m| &m.dataset, |m, value| m.dataset = value)}
            </fieldset>
            <fieldset>
                <legend>"Which run"</legend>
                {field(choosing, "Family", |m| &m.family, |m, value| m.family = value)}
                {field(choosing, "Pre-training set", |m| &m.pretrain, |m, value| m.pretrain = value)}
                {field(
                    choosing,
                    "Architecture",
                    |m| &m.architecture,
                    |m, value| m.architecture = value,
                )}
                {field(choosing, "Schedule", |m| &m.schedule, |m, value| m.schedule = value)}
                {field(choosing, "Name of the run", |m| &m.run, |m, value| m.run = value)}
            </fieldset>
            <p role="status" class="warning">{move || choosing.problem()}</p>
            {tried(user_runs, choosing)}
            <button type="submit" disabled=move || choosing.problem().is_some()>
                "Read it so"
            </button>
        </form>
    }
    .into_any()
}

/// What the first rows come to, so that a wrong unit is seen before it is kept.
fn tried(user_runs: UserRuns, c: Choosing) -> AnyView {
    let outcome = Memo::new(move |_| {
        if c.problem().is_some() {
            return None;
        }
        let options = ReadOptions {
            architectures: user_runs.architectures.get_value(),
            mapping: Some(c.mapping.get()),
            ..ReadOptions::default()
        };
        c.preview.with_value(|preview| preview.read(options))
    });
    let shown = move || {
        outcome.with(|outcome| {
            let (runs, refusals) = outcome.as_ref()?;
            let unit = runs.study().compute_unit();
            let rows = runs.iter().take(ROWS).map(|(run, dataset, metric, value)| {
                vec![
                    format!("{} {unit}", number(run.compute)),
                    percent(1.0 - value),
                    names::dataset(dataset).to_owned(),
                    names::metric(metric).to_owned(),
                    names::family(run.family).to_owned(),
                ]
            });
            let rows: Vec<Vec<String>> = rows.collect();
            let head = ["Compute", "Error", "Set", "Metric", "Family"];
            let caption = "The first rows, read so".to_owned();
            let refused = refusals.first().map(|refusal| {
                view! { <p class="warning">{format!("Not used: {refusal}")}</p> }
            });
            let told = (!rows.is_empty()).then(|| table(Some(caption), &head, rows));
            Some(view! { {told} {refused} })
        })
    };
    view! { <div class="tried">{shown}</div> }.into_any()
}
