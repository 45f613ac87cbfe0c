//! Running models on the page: a program of its own, for wasm32 only. The page shows its views, and
//! workers run it for what takes long.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::wasm_bindgen;

/// Shows a view in an element of the page; called by `boot.js`.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn show(view: &str, place: web_sys::HtmlElement) -> bool {
    refit::page::models::show(view, place)
}

/// Answers the page's requests; a worker calls it once.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn serve() {
    refit::page::models::serve();
}

#[cfg(target_arch = "wasm32")]
fn main() {
    refit::study::describe_all();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This is a part of the page, which runs in a browser: cargo xtask serve");
}
