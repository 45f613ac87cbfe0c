//! Explore's sections and further views, as a program that the page loads on demand. wasm32 only.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::wasm_bindgen;

/// Shows a view in an element of the page, which calls it through `boot.js`.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn show(view: &str, place: web_sys::HtmlElement) -> bool {
    refit::page::details::show(view, place)
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This part of the page runs in a browser: cargo xtask serve");
}
