//! The form that maps a table's columns, with a preview of the import.

mod compute;
mod controls;
mod fields;

use super::session::UserRuns;
use crate::page::list;
use crate::page::table::table;
use crate::runs::{Choice, Preview, Question, ReadOptions};
use crate::study::names;
use crate::text::{number, percent};
use compute::{amount, compute, study};
use controls::MappingForm;
use fields::{field, scores};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of the preview.
const ROWS: usize = 5;

pub fn form(user_runs: UserRuns, id: u32, preview: &Arc<Preview>) -> AnyView {
    let form = MappingForm {
        mapping: RwSignal::new(preview.mapping.clone()),
        preview: StoredValue::new(preview.clone()),
        invalid: RwSignal::new(BTreeMap::new()),
    };
    let mapping = form.mapping;
    let import = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(origin) = user_runs.dismiss(id) {
            user_runs.import(origin, Some(mapping.get_untracked()));
        }
    };
    let head: Vec<&str> = preview.columns.iter().map(String::as_str).collect();
    let rows = preview.rows.iter().take(ROWS).cloned().collect();
    let caption = format!("First rows ({} columns)", head.len());
    view! {
        <p>
            "These are not the columns of a released file. Map them below; known names are already filled in."
        </p>
        {table(Some(caption), &head, rows)}
        {readings(preview)}
        {assumptions(preview)}
        {questions(form)}
        <form class="mapping" on:submit=import>
            <fieldset>
                <legend>"Compute"</legend>
                {study(form)}
                {compute(form)}
                {amount(
                    form,
                    "Parameters",
                    "parameters",
                    |m| &m.parameters,
                    |m, value| m.parameters = value,
                )}
                {amount(form, "Samples seen", "samples", |m| &m.samples, |m, value| m.samples = value)}
            </fieldset>
            <fieldset>
                <legend>"Results"</legend>
                {scores(form)}
                {field(form, "Benchmark", |m| &m.dataset, |m, value| m.dataset = value)}
            </fieldset>
            <fieldset>
                <legend>"Model and run"</legend>
                {field(form, "Family", |m| &m.family, |m, value| m.family = value)}
                {field(form, "Pre-training set", |m| &m.pretrain, |m, value| m.pretrain = value)}
                {field(
                    form,
                    "Architecture",
                    |m| &m.architecture,
                    |m, value| m.architecture = value,
                )}
                {field(form, "Schedule", |m| &m.schedule, |m, value| m.schedule = value)}
                {field(form, "Run name", |m| &m.run, |m, value| m.run = value)}
            </fieldset>
            <p role="status" class="warning">{move || form.problem()}</p>
            {preview_import(user_runs, form)}
            <button type="submit" disabled=move || form.problem().is_some()>
                "Import"
            </button>
        </form>
    }
    .into_any()
}

/// What each column is taken for, and why.
fn readings(preview: &Preview) -> AnyView {
    if preview.readings.is_empty() {
        return ().into_any();
    }
    let rows = preview.readings.iter().map(|r| {
        let used = if r.used { "yes" } else { "no" };
        vec![r.column.clone(), r.why.clone(), used.to_owned()]
    });
    let head = ["Column", "Taken for", "Used"];
    let caption = "Columns".to_owned();
    view! {
        <details class="readings" open>
            <summary>"What the columns are taken for"</summary>
            {table(Some(caption), &head, rows.collect())}
        </details>
    }
    .into_any()
}

fn assumptions(preview: &Preview) -> AnyView {
    let all = preview.assumptions.iter().cloned();
    let all = all.map(|sentence| view! { <li>{sentence}</li> });
    (!preview.assumptions.is_empty())
        .then(|| view! { <ul class="assumptions">{list(all)}</ul> })
        .into_any()
}

/// What names and values leave open: the readings side by side, with the first rows under each.
fn questions(form: MappingForm) -> AnyView {
    let choice = move |choice: Choice| {
        let map = choice.map;
        let answer = move |_| {
            form.answer(&map);
        };
        view! {
            <li>
                <button type="button" on:click=answer>
                    {choice.text}
                </button>
                " "
                <span class="aside">{choice.first.join(", ")}</span>
            </li>
        }
    };
    let question = move |question: Question| {
        let label = question.text.clone();
        view! {
            <div class="question" role="group" aria-label=label>
                <p>
                    <strong>{question.text}</strong>
                </p>
                <ul>{list(question.choices.into_iter().map(choice))}</ul>
            </div>
        }
    };
    (move || {
        list(
            form.mapping
                .with(|m| m.questions.clone())
                .into_iter()
                .map(question),
        )
    })
    .into_any()
}

/// The first rows as they will be imported, so that a wrong unit shows before.
fn preview_import(user_runs: UserRuns, c: MappingForm) -> AnyView {
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
    let preview = move || {
        outcome.with(|outcome| {
            let (runs, refusals) = outcome.as_ref()?;
            let unit = &runs.study().head().compute_unit;
            let rows = runs.iter().take(ROWS).map(|(run, dataset, metric, value)| {
                let quantity = runs.study().quantity(metric);
                let measured = match quantity.loss(value) {
                    Some(error) if quantity.is_fraction() => percent(error),
                    Some(loss) => number(loss),
                    None => number(value),
                };
                vec![
                    run.compute
                        .map_or("unknown".to_owned(), |c| format!("{} {unit}", number(c))),
                    measured,
                    names::dataset(runs.study(), dataset).to_owned(),
                    names::metric(runs.study(), metric).to_owned(),
                    names::family(runs.study(), run.family).to_owned(),
                ]
            });
            let rows: Vec<Vec<String>> = rows.collect();
            let head = ["Compute", "Error or loss", "Benchmark", "Metric", "Family"];
            let caption = "Preview of the import".to_owned();
            let refused = refusals.first().map(|refusal| {
                view! { <p class="warning">{format!("Not imported: {refusal}")}</p> }
            });
            let rows = (!rows.is_empty()).then(|| table(Some(caption), &head, rows));
            Some(view! { {rows} {refused} })
        })
    };
    view! { <div class="import-preview">{preview}</div> }.into_any()
}
