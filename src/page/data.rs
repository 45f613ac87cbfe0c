//! Data files: fetched when first needed, typed on reading.

use refit::claim::{Library, Printed};
use refit::study::architecture::{self, Architecture};
use refit::study::{DataError, Measurement, Study, Table, read_measurements};
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

/// What one table's analyses need.
#[derive(Debug, PartialEq)]
pub struct TableData {
    pub table: Table,
    pub rows: Vec<Measurement>,
    pub architectures: Vec<Architecture>,
}

pub async fn table(table: Table) -> Result<Arc<TableData>, DataError> {
    let path = table.path();
    let rows = read_measurements(&path, &fetch(&path).await?)?;
    let path = architecture::path(table.study());
    let architectures = architecture::read(&path, &fetch(&path).await?)?;
    Ok(Arc::new(TableData {
        table,
        rows,
        architectures,
    }))
}

/// Everything that Verify needs.
pub async fn everything() -> Result<Arc<(Printed, Library)>, DataError> {
    let paths = Table::ALL
        .iter()
        .map(|t| t.path())
        .chain(Study::ALL.map(architecture::path))
        .chain(Printed::PATHS.map(str::to_owned));
    let mut texts = BTreeMap::new();
    for path in paths {
        let text = fetch(&path).await?;
        texts.insert(path, text);
    }
    let read = |path: &str| {
        texts
            .get(path)
            .cloned()
            .ok_or_else(|| DataError::whole(path, "was not fetched"))
    };
    Ok(Arc::new((Printed::read(read)?, Library::read_all(read)?)))
}

/// One file's text, relative to the page.
async fn fetch(path: &str) -> Result<String, DataError> {
    let failed = |why: &str| DataError::whole(path, why);
    let offline = "could not be fetched; check the connection and reload";
    let response = JsFuture::from(leptos::prelude::window().fetch_with_str(path))
        .await
        .map_err(|_| failed(offline))?;
    let response: web_sys::Response = response.dyn_into().map_err(|_| failed(offline))?;
    if !response.ok() {
        return Err(failed(&format!(
            "the host answered {} {}",
            response.status(),
            response.status_text()
        )));
    }
    let text = response.text().map_err(|_| failed(offline))?;
    let text = JsFuture::from(text).await.map_err(|_| failed(offline))?;
    text.as_string().ok_or_else(|| failed("is not text"))
}
