//! What a reader may ask after the first view: wasm32 only, a program of its own.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::wasm_bindgen;

/// Puts a view into a place of the page; `boot.js` calls it for the page.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn show(view: &str, place: web_sys::HtmlElement) -> bool {
    refit::page::details::show(view, place)
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This is a part of the page, which runs in a browser: cargo xtask serve");
}
