//! Exports a file's runs as CSV, which can be imported again, or as a study, which can be opened.

use crate::page::save;
use crate::page::work::TimeSlice;
use crate::runs::{Runs, counts_tokens, study_files};
use crate::study::{Measurement, UNSPECIFIED};
use js_sys::{Array, Uint8Array};
use std::io::{Cursor, Write};
use wasm_bindgen::JsValue;
use web_sys::Blob;
use zip::write::{SimpleFileOptions, ZipWriter};

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

/// Starts a download of the runs as a zip of a study's folder (`docs/studies.md`); a schedule that
/// was assumed to join a study is not written.
pub fn save_study(name: &str, runs: &Runs, assumes_schedule: bool) -> Result<(), JsValue> {
    let mut rows: Vec<_> = runs.measurements().collect();
    if assumes_schedule {
        rows.iter_mut()
            .for_each(|row| row.schedule = UNSPECIFIED.to_owned());
    }
    let unit = &runs.study().compute_unit;
    let zip =
        zipped_study(name, &rows, unit).map_err(|error| JsValue::from_str(&error.to_string()))?;
    let parts = Array::of1(&Uint8Array::from(zip.as_slice()));
    let blob = Blob::new_with_u8_array_sequence(&parts)?;
    save::blob_as(&format!("{name}.zip"), &blob)
}

fn zipped_study(
    name: &str,
    rows: &[Measurement],
    unit: &str,
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let files = study_files(name, rows, unit, counts_tokens(rows))?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (file, text) in files {
        zip.start_file(format!("{name}/{file}"), SimpleFileOptions::default())?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}
