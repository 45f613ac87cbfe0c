//! Exports a file's runs as CSV, which can be imported again.

use crate::page::save;
use crate::page::work::TimeSlice;
use crate::runs::Runs;
use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::Blob;

/// Starts a download of the runs.
pub async fn save(name: &str, runs: &Runs) -> Result<(), JsValue> {
    let parts = Array::new();
    let mut slice = TimeSlice::new();
    for piece in runs.csv() {
        // The browser may move a blob out of the program's memory.
        let text = Array::of1(&JsValue::from_str(&piece));
        parts.push(&Blob::new_with_str_sequence(&text)?.into());
        slice.yield_if_over().await;
    }
    save::blob_as(name, &Blob::new_with_blob_sequence(&parts)?)
}
