//! A reader's own runs on the page: wasm32 only, a program of its own.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// Puts a view into a place of the page; `boot.js` calls it for the page.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn show(view: &str, place: web_sys::HtmlElement) -> bool {
    refit::page::user_runs::show(view, place)
}

/// Reads files that were dropped or pasted; `boot.js` calls it.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn take(files: Vec<web_sys::File>) {
    refit::page::user_runs::take(files);
}

/// Bundled rows and the reader's of one view of a table; `boot.js` calls it for other programs.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub async fn joined(
    table: String,
    dataset: String,
    metric: String,
    released: bool,
) -> Result<JsValue, JsValue> {
    refit::page::user_runs::joined(&table, &dataset, &metric, released).await
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This is a part of the page, which runs in a browser: cargo xtask serve");
}
