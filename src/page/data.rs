//! Data files: fetched when first needed, typed on reading.

use crate::claim::{Library, Printed};
use crate::study::architecture::{self, Architecture};
use crate::study::checkpoint::{self, Checkpoint};
use crate::study::digest::integrity;
use crate::study::{DataError, Measurement, Study, Table, read_measurements};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

/// What has been loaded; nothing at first.
pub type Loaded<T> = ReadSignal<Option<Result<Arc<T>, DataError>>>;

/// What one table's analyses need.
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

/// The checkpoints that the page can run.
pub async fn checkpoints() -> Result<Vec<Checkpoint>, DataError> {
    checkpoint::read(&fetch(checkpoint::PATH).await?)
}

/// The printed numbers.
pub async fn printed() -> Result<Printed, DataError> {
    let mut texts = BTreeMap::new();
    for path in Printed::PATHS {
        texts.insert(path, fetch(path).await?);
    }
    Printed::read(|path| {
        let text = texts.get(path).cloned();
        text.ok_or_else(|| DataError::whole(path, "was not fetched"))
    })
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

/// What `load` brings, and brings anew whenever a signal that it reads changes; until then the
/// last, and at first nothing. Leptos's own resources can suspend and be sent by a server; this
/// page needs neither, and they are 3 % of it.
pub fn load<T, F>(load: impl Fn() -> F + 'static) -> Loaded<T>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<Arc<T>, DataError>> + 'static,
{
    let loaded = RwSignal::new(None);
    let current = RwSignal::new(0_u32);
    Effect::new(move || {
        let mine = current.get_untracked() + 1;
        current.set(mine);
        let loading = load();
        leptos::task::spawn_local(async move {
            let result = loading.await;
            // A later one has taken its place, or the view is gone.
            if current.try_get_untracked() == Some(mine) {
                loaded.set(Some(result));
            }
        });
    });
    loaded.read_only()
}

/// One file's text, relative to the page.
async fn fetch(path: &str) -> Result<String, DataError> {
    let failed = |why: &str| DataError::whole(path, why);
    let offline = "could not be fetched, or is not the file that this page was made for; check the connection and reload";
    let asked = web_sys::RequestInit::new();
    // The browser refuses a file that is not the one that this page was made for.
    if let Some(digest) = integrity(path) {
        asked.set_integrity(&digest);
    }
    let response = JsFuture::from(window().fetch_with_str_and_init(path, &asked))
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
