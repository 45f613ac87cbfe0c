//! The law that a reader moves by hand, as a program that papers to read load on demand. wasm32 only.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::wasm_bindgen;

/// Fills a figure's place, an element that has what is needed as data (`src/read/html.rs`); false where that
/// cannot be read. `src/read/read.js` calls it.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn show(place: web_sys::HtmlElement) -> bool {
    refit::page::by_hand::show(place)
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This part of the page runs in a browser: cargo xtask serve");
}
