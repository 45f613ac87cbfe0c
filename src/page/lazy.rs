//! Views of other programs, such as [`super::details`]. A program is loaded with the first of its
//! views.

use super::messages::{error, loading};
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Shows a view of a program, which is loaded if necessary (`boot.js`).
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
            {loading("Loading…")}
        </div>
        {move || {
            failed
                .get()
                .then(|| error("This view could not be loaded. Check the connection and reload.".to_owned()))
        }}
    }
}
