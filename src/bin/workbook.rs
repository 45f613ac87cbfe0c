//! Converts Excel workbooks to CSV, as a program of its own, since few readers have such files. wasm32
//! only.

#[cfg(target_arch = "wasm32")]
use js_sys::{Array, Uint8Array};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// The table as pieces of CSV, what is told of it in sentences, and an error where it ends early.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn to_csv(file: &[u8]) -> Array {
    let pieces = Array::new();
    let table = refit::runs::workbook::to_csv(file, None, &mut |piece| {
        pieces.push(&Uint8Array::from(piece));
        true
    });
    let (notices, error) = match table {
        Ok(table) => (table.notices, JsValue::UNDEFINED),
        Err(error) => (Vec::new(), JsValue::from_str(&error.to_string())),
    };
    let notices: Array = notices.iter().map(|text| JsValue::from_str(text)).collect();
    Array::of3(&pieces, &notices, &error)
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This part of the page runs in a browser: cargo xtask serve");
}
