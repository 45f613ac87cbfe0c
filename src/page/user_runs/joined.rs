//! The reader's runs beside the bundled rows, for the programs that show them.

use super::{Kept, UserRuns};
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
    let found = data::bundled(table).await;
    let found = Rc::new(found.map_err(|error| JsValue::from_str(&error.to_string()))?);
    BUNDLED.with_borrow_mut(|all| all.insert(table, found.clone()));
    Ok(found)
}

/// [`data::TableData`]'s rows, packed, and what of the reader's is among them; undefined where
/// nothing joins.
pub async fn joined(
    user_runs: UserRuns,
    table: &str,
    dataset: &str,
    metric: &str,
    released: bool,
) -> Result<JsValue, JsValue> {
    let kept: Vec<Kept> = user_runs.kept.get_untracked();
    let table = Table::ALL.into_iter().find(|t| t.id() == table);
    let table = table.ok_or(JsValue::UNDEFINED)?;
    let ours =
        |k: &&Kept| joins(&k.runs, table) && (!released || k.runs.source().replaces().is_some());
    let kept: Vec<&Kept> = kept.iter().filter(ours).collect();
    if kept.is_empty() {
        return Ok(JsValue::UNDEFINED);
    }
    let bundled = bundled(table).await?;
    let (rows, architectures) = &*bundled;
    let runs: Vec<&Runs> = kept.iter().map(|k| &*k.runs).collect();
    let view = (!dataset.is_empty()).then_some((dataset, metric));
    let joined = join(table, rows, architectures, &runs, view);
    let families = architectures.iter().map(|a| a.family.clone()).collect();
    let own = joined.rows[joined.bundled..].iter();
    let own = own.filter(|m| (m.dataset.as_str(), m.metric.as_str()) == (dataset, metric));
    let left_out = own.filter(|m| !in_authors_views(table, m)).count();
    let sentence = sentence(&kept, dataset, metric, &families, left_out);
    let Packed { names, numbers } = pack(&joined.rows, &joined.architectures);
    Ok(Array::of3(
        &JsValue::from_str(&names),
        &Float64Array::from(&numbers[..]),
        &JsValue::from_str(&sentence),
    )
    .into())
}

/// What of the reader's is in view, or in the whole table without a set; empty where nothing is.
fn sentence(
    kept: &[&Kept],
    dataset: &str,
    metric: &str,
    families: &BTreeSet<String>,
    left_out: usize,
) -> String {
    let parts = kept.iter().filter_map(|k| {
        let (mut count, mut theirs) = (0, BTreeSet::new());
        if dataset.is_empty() {
            count = k.runs.len();
        }
        for (run, _) in k.runs.of(dataset, metric) {
            count += 1;
            if theirs.len() < 4 {
                theirs.insert(family(run.family, families));
            }
        }
        let name = &k.about.name;
        let numbers = super::count(count, "number");
        (count > 0).then(|| match k.runs.source().replaces() {
            Some(_) => format!("{numbers} of {name} in place of the bundled ones"),
            None => {
                let theirs: Vec<String> = theirs.iter().map(|f| format!("“{f}”")).collect();
                let more = if theirs.len() > 3 { " and others" } else { "" };
                let theirs = theirs[..theirs.len().min(3)].join(", ");
                format!("{numbers} of {name}, family {theirs}{more}")
            }
        })
    });
    let parts: Vec<String> = parts.collect();
    match (parts.as_slice(), left_out) {
        ([], _) => String::new(),
        (parts, 0) => format!("{}.", parts.join("; ")),
        (parts, left_out) => format!(
            "{}; the study’s rules leave {left_out} of them out of its views.",
            parts.join("; ")
        ),
    }
}
