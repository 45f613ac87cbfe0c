//! Parquet files to CSV, for the page: wasm32 only, a program of its own, since few readers have
//! such files.

#[cfg(target_arch = "wasm32")]
use js_sys::{Array, Uint8Array};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// The pieces of the table as CSV, the columns that are not read, and why it ends early, if it does.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn to_csv(file: &[u8]) -> Array {
    let pieces = Array::new();
    let table = refit::runs::parquet::to_csv(file, &mut |piece| {
        pieces.push(&Uint8Array::from(piece));
        true
    });
    let (skipped, error) = match table {
        Ok(table) => (table.skipped, JsValue::UNDEFINED),
        Err(error) => (Vec::new(), JsValue::from_str(&error.to_string())),
    };
    let skipped: Array = skipped.iter().map(|name| JsValue::from_str(name)).collect();
    Array::of3(&pieces, &skipped, &error)
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This is a part of the page, which runs in a browser: cargo xtask serve");
}
