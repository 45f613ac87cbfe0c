//! A file's runs as CSV, which reads back as it is.

use crate::page::save;
use crate::page::work::Turns;
use crate::runs::Runs;
use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::Blob;

/// Offers the runs as a download.
pub async fn save(name: &str, runs: &Runs) -> Result<(), JsValue> {
    let parts = Array::new();
    let mut turns = Turns::new();
    for piece in runs.csv() {
        // As a blob of its own, a piece leaves the program's memory.
        let text = Array::of1(&JsValue::from_str(&piece));
        parts.push(&Blob::new_with_str_sequence(&text)?.into());
        turns.take().await;
    }
    save::blob_as(name, &Blob::new_with_blob_sequence(&parts)?)
}
