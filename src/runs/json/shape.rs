//! Tables in one JSON object: by run, by column, split, records in a member.

use crate::runs::reading;
use serde_json::{Map, Value as Json};

type Object = Map<String, Json>;

/// The rows of an object that is a table; the object itself where it is one row.
pub(super) fn rows(object: Object) -> Result<Vec<Object>, Object> {
    if let Some(rows) = split(&object).or_else(|| lists(&object)) {
        return Ok(rows);
    }
    if let Some(rows) = harness(&object).or_else(|| records(&object)) {
        return Ok(rows);
    }
    match members(&object) {
        Some(rows) => Ok(rows),
        None => Err(object),
    }
}

fn is_scalar(value: &Json) -> bool {
    !value.is_object() && !value.is_array()
}

/// Members that are one value, which hold for all rows.
fn scalars(object: &Object) -> Object {
    let scalars = object.iter().filter(|(_, value)| is_scalar(value));
    scalars.map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// A row with what holds for all rows, where it does not say otherwise.
fn with(row: &Object, all: &Object) -> Object {
    let mut row = row.clone();
    for (name, value) in all {
        row.entry(name.clone()).or_insert_with(|| value.clone());
    }
    row
}

/// pandas' `orient="split"`: {"columns": […], "data": [[…], …]}.
fn split(object: &Object) -> Option<Vec<Object>> {
    let names = object.get("columns")?.as_array()?;
    let names: Vec<&str> = names.iter().map(Json::as_str).collect::<Option<_>>()?;
    let data = object
        .get("data")
        .or_else(|| object.get("rows"))?
        .as_array()?;
    let row = |row: &Json| {
        let cells = row.as_array()?.iter().cloned();
        Some(names.iter().map(|n| (*n).to_owned()).zip(cells).collect())
    };
    let rows: Vec<Object> = data.iter().map(row).collect::<Option<_>>()?;
    (!rows.is_empty()).then_some(rows)
}

/// Columns as lists of one length: {"flops": […], "acc": […]}.
fn lists(object: &Object) -> Option<Vec<Object>> {
    let columns = object.iter().map(|(name, value)| {
        let cells = value.as_array()?;
        cells.iter().all(is_scalar).then_some((name, cells))
    });
    let columns: Vec<(&String, &Vec<Json>)> = columns.collect::<Option<_>>()?;
    let rows = columns.first()?.1.len();
    if columns.len() < 2 || rows == 0 || columns.iter().any(|(_, c)| c.len() != rows) {
        return None;
    }
    let row = |i: usize| {
        let cells = columns.iter();
        cells
            .map(|(name, c)| ((*name).clone(), c[i].clone()))
            .collect()
    };
    Some((0..rows).map(row).collect())
}

/// lm-evaluation-harness: results by task, with the model beside them.
fn harness(object: &Object) -> Option<Vec<Object>> {
    let results = object.get("results")?.as_object()?;
    if results.is_empty() || !results.values().all(Json::is_object) {
        return None;
    }
    let mut all = scalars(object);
    if let Some(config) = object.get("config").and_then(Json::as_object) {
        all = with(&all, &scalars(config));
    }
    let row = |(task, numbers): (&String, &Json)| {
        let mut row = Object::new();
        row.insert("dataset".to_owned(), Json::String(task.clone()));
        for (name, value) in numbers.as_object().into_iter().flatten() {
            // "acc,none": a metric and its filter.
            let name = name.strip_suffix(",none").unwrap_or(name);
            row.entry(name.to_owned()).or_insert_with(|| value.clone());
        }
        with(&row, &all)
    };
    Some(results.iter().map(row).collect())
}

/// Records in a member: {"results": [{…}, …]}; in several, each is a group of its own.
fn records(object: &Object) -> Option<Vec<Object>> {
    let lists = object.iter().filter_map(|(name, value)| {
        let list = value.as_array()?;
        let records = !list.is_empty() && list.iter().all(Json::is_object);
        records.then_some((name, list))
    });
    let lists: Vec<(&String, &Vec<Json>)> = lists.collect();
    let all = scalars(object);
    let mut rows = Vec::new();
    for (name, list) in &lists {
        for row in list.iter().filter_map(Json::as_object) {
            let mut row = with(row, &all);
            if lists.len() > 1 {
                let group = Json::String((*name).clone());
                row.entry("group".to_owned()).or_insert(group);
            }
            rows.push(row);
        }
    }
    (!rows.is_empty()).then_some(rows)
}

/// Objects by run or by column: {"run-0": {"flops": …}} or {"flops": {"0": …}}.
fn members(object: &Object) -> Option<Vec<Object>> {
    let inner: Vec<(&String, &Object)> = object
        .iter()
        .map(|(name, value)| Some((name, value.as_object()?)))
        .collect::<Option<_>>()?;
    let keys: Vec<&String> = inner.first()?.1.keys().collect();
    let shared = |of: &Object| {
        2 * keys.iter().filter(|key| of.contains_key(**key)).count() >= keys.len().max(of.len())
    };
    if inner.len() < 2 || keys.is_empty() || !inner.iter().all(|(_, of)| shared(of)) {
        return None;
    }
    let tell = |names: &mut dyn Iterator<Item = &String>| {
        let (mut known, mut all) = (0, 0);
        for name in names {
            known += usize::from(reading::tells(name));
            all += 1;
        }
        2 * known >= all
    };
    let flat = inner.iter().all(|(_, of)| of.values().all(is_scalar));
    let outer = tell(&mut inner.iter().map(|(name, _)| *name));
    let by_column = flat && outer && !tell(&mut keys.iter().copied());
    if by_column {
        let mut rows: Vec<&String> = Vec::new();
        for (_, of) in &inner {
            rows.extend(of.keys().filter(|key| !keys.contains(key)));
        }
        let row = |key: &String| {
            let cell =
                |(name, of): &(&String, &Object)| Some(((*name).clone(), of.get(key)?.clone()));
            inner.iter().filter_map(cell).collect()
        };
        rows.sort();
        rows.dedup();
        return Some(keys.into_iter().chain(rows).map(row).collect());
    }
    let set = |name: &str| reading::set_id(&reading::words(name)).is_some();
    let column = if inner.iter().any(|(name, _)| set(name)) {
        "dataset"
    } else {
        "run"
    };
    let numbered = inner
        .iter()
        .all(|(name, _)| name.bytes().all(|b| b.is_ascii_digit()));
    let row = |(name, of): &(&String, &Object)| {
        let mut row = (*of).clone();
        let column = if numbered { "index" } else { column };
        row.entry(column.to_owned())
            .or_insert_with(|| Json::String((*name).clone()));
        row
    };
    Some(inner.iter().map(row).collect())
}
