//! The page: mounts the application in the browser.

#[cfg(target_arch = "wasm32")]
fn main() {
    use leptos::prelude::*;
    use wasm_bindgen::JsCast;

    let app: web_sys::HtmlElement = document()
        .get_element_by_id("app")
        .expect("index.html has #app")
        .unchecked_into();
    // The static text gives way to the same facts, live.
    app.set_inner_html("");
    leptos::mount::mount_to(app, || view! { <h1>"Refit"</h1> }).forget();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    println!(
        "This program is the web page: run `cargo xtask serve` and open the address it prints."
    );
}
