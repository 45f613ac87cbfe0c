//! Explore's sections and further views, as a program that the page loads on demand. wasm32 only.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// Shows a view in an element of the page, which calls it through `boot.js`.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn show(view: &str, place: web_sys::HtmlElement) -> bool {
    refit::page::details::show(view, place)
}

/// Opens the study at an address; its head as text. `boot.js` calls it.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub async fn open_study(reference: String) -> Result<String, JsValue> {
    let opened = refit::page::details::open_study(&reference).await;
    opened.map_err(|sentence| JsValue::from_str(&sentence))
}

/// Opens the study of dropped files, by their names in the folder; its reference. `boot.js` calls it.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub async fn open_dropped(
    name: String,
    names: Vec<String>,
    files: Vec<js_sys::Uint8Array>,
) -> Result<String, JsValue> {
    let files = names
        .into_iter()
        .zip(files.iter().map(js_sys::Uint8Array::to_vec));
    let opened = refit::page::details::open_dropped(&name, files.collect()).await;
    opened.map_err(|sentence| JsValue::from_str(&sentence))
}

#[cfg(target_arch = "wasm32")]
fn main() {
    refit::study::describe_all();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This part of the page runs in a browser: cargo xtask serve");
}
