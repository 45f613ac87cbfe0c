//! Joins the reader's runs to the bundled rows, for the programs that show them.

use super::StoredFile;
use super::session::UserRuns;
use crate::page::data;
use crate::runs::{Runs, family, join, joins};
use crate::study::architecture::ArchitectureCost;
use crate::study::packed::{Packed, pack};
use crate::study::select::in_authors_views;
use crate::study::{Measurement, Table};
use js_sys::{Array, Float64Array};
use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use wasm_bindgen::JsValue;

type Bundled = Rc<(Vec<Measurement>, Vec<ArchitectureCost>)>;

thread_local! {
    static BUNDLED: RefCell<BTreeMap<Table, Bundled>> = const { RefCell::new(BTreeMap::new()) };
}

async fn bundled(table: Table) -> Result<Bundled, JsValue> {
    let known = BUNDLED.with_borrow(|all| all.get(&table).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    let loaded = data::bundled(table).await;
    let loaded = Rc::new(loaded.map_err(|error| JsValue::from_str(&error.to_string()))?);
    BUNDLED.with_borrow_mut(|all| all.insert(table, loaded.clone()));
    Ok(loaded)
}

/// [`data::TableData`]'s rows, packed, and a sentence about the reader's among them; undefined
/// where none of the files joins the table.
pub async fn joined(
    user_runs: UserRuns,
    table: &str,
    dataset: &str,
    metric: &str,
    released: bool,
) -> Result<JsValue, JsValue> {
    let files: Vec<StoredFile> = user_runs.files.get_untracked();
    // By its file, as tables of different studies share ids; no file joins a study that this program
    // does not know.
    let Some(table) = Table::bundled().find(|known| known.path() == table) else {
        return Ok(JsValue::UNDEFINED);
    };
    let joins = |f: &&StoredFile| {
        joins(&f.runs, table) && (!released || f.runs.source().replaces().is_some())
    };
    let files: Vec<&StoredFile> = files.iter().filter(joins).collect();
    if files.is_empty() {
        return Ok(JsValue::UNDEFINED);
    }
    let bundled = bundled(table).await?;
    let (rows, architectures) = &*bundled;
    let runs: Vec<&Runs> = files.iter().map(|f| &*f.runs).collect();
    let view = (!dataset.is_empty()).then_some((dataset, metric));
    let joined = join(table, rows, architectures, &runs, view);
    let families = architectures.iter().map(|a| a.family.clone()).collect();
    let users = joined.rows[joined.bundled..].iter();
    let in_view = users.filter(|m| (m.dataset.as_str(), m.metric.as_str()) == (dataset, metric));
    let left_out = in_view.filter(|m| !in_authors_views(table, m)).count();
    let summary = summary(&files, dataset, metric, &families, left_out);
    let Packed { names, numbers } = pack(&joined.rows, &joined.architectures);
    Ok(Array::of3(
        &JsValue::from_str(&names),
        &Float64Array::from(&numbers[..]),
        &JsValue::from_str(&summary),
    )
    .into())
}

/// What each file adds to the view, or to the whole table where `dataset` is empty; an empty text
/// where nothing is added.
fn summary(
    files: &[&StoredFile],
    dataset: &str,
    metric: &str,
    families: &BTreeSet<String>,
    left_out: usize,
) -> String {
    let parts = files.iter().filter_map(|file| {
        let (mut count, mut names) = (0, BTreeSet::new());
        if dataset.is_empty() {
            count = file.runs.len();
        }
        for (run, _) in file.runs.of(dataset, metric) {
            count += 1;
            if names.len() < 4 {
                names.insert(family(run.family, families));
            }
        }
        let name = &file.info.name;
        let numbers = super::count(count, "result");
        (count > 0).then(|| match file.runs.source().replaces() {
            Some(_) => format!("{numbers} from {name} replace the bundled ones"),
            None => {
                let names: Vec<String> = names.iter().map(|f| format!("“{f}”")).collect();
                let more = if names.len() > 3 { " and others" } else { "" };
                let names = names[..names.len().min(3)].join(", ");
                format!("{numbers} from {name}, family {names}{more}")
            }
        })
    });
    let parts: Vec<String> = parts.collect();
    match (parts.as_slice(), left_out) {
        ([], _) => String::new(),
        (parts, 0) => format!("{}.", parts.join("; ")),
        (parts, left_out) => format!(
            "{}; the study’s rules exclude {left_out} of them.",
            parts.join("; ")
        ),
    }
}
