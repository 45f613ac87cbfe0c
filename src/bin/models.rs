//! The models on the page: wasm32 only, a program of its own. The page shows its views; workers
//! run the same program for what takes long.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::wasm_bindgen;

/// Puts a view into a place of the page; `boot.js` calls it for the page.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn show(view: &str, place: web_sys::HtmlElement) -> bool {
    refit::page::models::show(view, place)
}

/// Does what the page asks; a worker calls it once.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen]
pub fn serve() {
    refit::page::models::serve();
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This is a part of the page, which runs in a browser: cargo xtask serve");
}
