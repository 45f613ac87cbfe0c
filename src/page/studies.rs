//! Studies that the page's first program does not describe: bundled ones, a folder at an address, or
//! one that the reader dropped. The program `details` has the first and reads and checks the others
//! (`details/open_study.rs`), whose files the browser keeps.

use crate::analysis::query_string::parts;
use crate::study::{DataError, Study, Table, heads};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The head of a study as text: of a bundled one; from the browser's cache; once it was checked,
    /// from its address (`boot.js`). Fails with sentences.
    #[wasm_bindgen(js_namespace = refit, js_name = study, catch)]
    async fn study_head(reference: &str) -> Result<JsValue, JsValue>;

    /// The text of a file of a study that was opened before; undefined where it is not cached.
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn study_file(path: &str) -> Result<JsValue, JsValue>;
}

/// The study that a query names, by itself or by a table, and that is not described yet.
pub fn unopened(query: &str) -> Option<String> {
    let parts = parts(query);
    let value = |wanted: &str| {
        let found = parts.iter().find(|(key, _)| key == wanted);
        found.map(|(_, value)| value.trim_end_matches('/').to_owned())
    };
    let of_table = || {
        let table = Table::find(&value("table")?)?;
        Some(table.study().reference().to_owned())
    };
    let reference = value("study").or_else(of_table)?;
    let is_elsewhere = reference.starts_with("https://") || reference.starts_with("local:");
    match Study::find(&reference) {
        Some(study) => !study.is_described(),
        None => is_elsewhere,
    }
    .then_some(reference)
}

/// Makes a study known.
pub async fn open(reference: &str) -> Result<(), String> {
    let head = study_head(reference).await.map_err(|why| {
        let sentence = why.as_string();
        sentence
            .unwrap_or("The study could not be opened. Check the connection and reload.".to_owned())
    })?;
    let head = heads(&head.as_string().unwrap_or_default())
        .into_iter()
        .next();
    Study::open(head.ok_or("The study has no description.")?, reference);
    Ok(())
}

/// The text of a file of a study that is not bundled.
pub async fn file(path: String) -> Result<String, DataError> {
    let text = study_file(&path)
        .await
        .ok()
        .and_then(|text| text.as_string());
    text.ok_or_else(|| DataError::whole(&path, "is no longer in this browser. Open the study anew"))
}
