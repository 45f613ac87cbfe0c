//! Views of other programs ([`super::details`]), which are loaded when one of their views is first
//! shown.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Loads a program where it is not yet there, and has it show a view (`boot.js`).
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn show(
        program: &str,
        view: &str,
        place: &web_sys::HtmlElement,
    ) -> Result<JsValue, JsValue>;
}

/// `program` is the name of a binary in `src/bin`.
#[component]
pub fn Lazy(program: &'static str, view: &'static str) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let failed = RwSignal::new(false);
    Effect::new(move || {
        let Some(place) = place.get() else { return };
        leptos::task::spawn_local(async move {
            let shown = show(program, view, &place).await;
            if shown.is_ok_and(|shown| shown.is_truthy()) {
                return;
            }
            place.set_inner_html("");
            failed.try_set(true);
        });
    });
    view! {
        <div node_ref=place>
            <p class="waiting" role="status">
                "Loading this part of the page…"
            </p>
        </div>
        <p class="error" role="alert" hidden=move || !failed.get()>
            "This part of the page could not be loaded; check the connection and reload."
        </p>
    }
}
