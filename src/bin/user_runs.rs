//! The view “Your data”, as a program that the page loads on demand. wasm32 only.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// Shows a view in an element of the page, which calls it through `boot.js`.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn show(view: &str, place: web_sys::HtmlElement) -> bool {
    refit::page::user_runs::show(view, place)
}

/// Imports files that were dropped or pasted; `boot.js` calls it.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn import_files(files: Vec<web_sys::File>) {
    refit::page::user_runs::import_files(files);
}

/// Imports a folder that was dropped: its name, and all files in it with their paths; `boot.js` calls
/// it.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn import_folder(name: String, paths: Vec<String>, files: Vec<web_sys::File>) {
    refit::page::user_runs::import_folder(name, paths, files);
}

/// Bundled rows and the reader's of one view of a table, for other programs, which call it through
/// `boot.js`.
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
fn main() {
    refit::study::describe_all();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This part of the page runs in a browser: cargo xtask serve");
}
