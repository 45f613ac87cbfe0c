//! The form that maps a table's columns, with a preview of the import.

mod compute;
mod controls;
mod fields;

use super::session::UserRuns;
use crate::page::list;
use crate::page::table::{header_row, scrolling, table};
use crate::runs::{Choice, Preview, Question, ROLES, ReadOptions};
use crate::study::names;
use crate::text::{number, percent};
use compute::{amount, compute, points, study};
use controls::MappingForm;
use fields::{field, scores};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of the preview.
const ROWS: usize = 5;

/// First values of a column.
const VALUES: usize = 3;

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
    let details = view! {
        <details class="formulas">
            <summary>"Formulas, units and names"</summary>
            <div class="fieldsets">
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
                    {points(form)}
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
            </div>
        </details>
    };
    view! {
        <p>
            "These are not the columns of a released file. This is what they are taken for; change what is wrong, then import."
        </p>
        {questions(form)}
        <form class="mapping" on:submit=import>
            {column_table(form)}
            {assumptions(form)}
            {details}
            <p role="status" class="warning">{move || form.problem()}</p>
            {preview_import(user_runs, form)}
            <button type="submit" class="primary" disabled=move || form.problem().is_some()>
                "Import"
            </button>
        </form>
    }
    .into_any()
}

/// A row for each column: its first values, its role, which can be changed, and why it has it.
fn column_table(form: MappingForm) -> AnyView {
    let preview = form.preview.get_value();
    let rows = preview.columns.iter().enumerate().map(|(i, column)| {
        let values: Vec<String> = preview
            .rows
            .iter()
            .take(VALUES)
            .map(|row| row[i].clone())
            .collect();
        let why = preview.readings.iter().find(|r| r.column == *column);
        let why = why.map_or(String::new(), |r| r.why.clone());
        let name = match column.as_str() {
            "" => format!("column {}", i + 1),
            name => name.to_owned(),
        };
        view! {
            <tr>
                <th scope="row">{name.clone()}</th>
                <td class="values">{values.join(", ")}</td>
                <td>{role(form, column, format!("Role of {name}"))}</td>
                <td class="why">{why}</td>
            </tr>
        }
    });
    let head = header_row(&["Column", "First values", "Taken for", "Why"]);
    let label = "Columns and what they are taken for";
    view! { <div class="list">{scrolling(label, "columns", head, list(rows))}</div> }.into_any()
}

fn role(form: MappingForm, column: &str, label: String) -> AnyView {
    let column = StoredValue::new(column.to_owned());
    let role = Memo::new(move |_| form.mapping.with(|m| column.with_value(|c| m.role(c))));
    let options = ROLES.map(|(id, text)| {
        view! {
            <option value=id selected=move || role.get() == id>
                {text}
            </option>
        }
    });
    let chosen = move |event: leptos::ev::Targeted<web_sys::Event, web_sys::HtmlSelectElement>| {
        let role = event.target().value();
        form.preview.with_value(|preview| {
            column.with_value(|column| form.assign(column, &role, preview));
        });
    };
    view! {
        <select aria-label=label data-unused=move || role.get().is_empty().to_string() on:change:target=chosen>
            {list(options)}
        </select>
    }
    .into_any()
}

fn assumptions(form: MappingForm) -> AnyView {
    let preview = form.preview.get_value();
    if preview.assumptions.is_empty() {
        return ().into_any();
    }
    let all = preview.assumptions.clone().into_iter();
    let all = all.map(|sentence| view! { <li>{sentence}</li> });
    let heading = move || match form.mapping.with(|m| *m == preview.mapping) {
        true => "Assumed:",
        false => "Assumed before your changes:",
    };
    view! {
        <div class="assumptions">
            <p>{heading}</p>
            <ul>{list(all)}</ul>
        </div>
    }
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
