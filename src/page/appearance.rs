//! Light or dark theme: the system's, or the reader's choice, which is stored in local storage and
//! in the document's `data-theme` (`boot.js` sets it before the first paint).

use crate::chart::Theme;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

const ATTRIBUTE: &str = "data-theme";
/// Event by which one program tells the others of a change.
const CHANGED: &str = "refit:theme";

#[derive(Clone, Copy)]
pub struct Appearance {
    dark: RwSignal<bool>,
}

impl Appearance {
    /// Follows the system and the reader.
    pub fn follow() -> Appearance {
        let system = window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten();
        let query = system.clone();
        let dark_now = move || match chosen().as_deref() {
            Some("dark") => true,
            Some("light") => false,
            _ => query.as_ref().is_some_and(web_sys::MediaQueryList::matches),
        };
        let dark = RwSignal::new(dark_now());
        let update = Closure::<dyn Fn()>::new(move || {
            let _ = dark.try_set(dark_now());
        });
        let listener = update.as_ref().unchecked_ref();
        if let Some(system) = system {
            let _ = system.add_event_listener_with_callback("change", listener);
        }
        let _ = window().add_event_listener_with_callback(CHANGED, listener);
        // The listener lives as long as the page.
        update.forget();
        Appearance { dark }
    }

    /// Colours of charts; reading them in an effect subscribes to changes.
    pub fn theme(self) -> Theme {
        if self.dark.get() {
            Theme::dark()
        } else {
            Theme::light()
        }
    }

    fn toggle(self) {
        let theme = if self.dark.get_untracked() {
            "light"
        } else {
            "dark"
        };
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute(ATTRIBUTE, theme);
        }
        // Without local storage the choice lasts until the page is closed.
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(ATTRIBUTE, theme);
        }
        if let Ok(event) = web_sys::Event::new(CHANGED) {
            let _ = window().dispatch_event(&event);
        }
    }
}

fn chosen() -> Option<String> {
    document().document_element()?.get_attribute(ATTRIBUTE)
}

#[component]
pub fn Switch() -> impl IntoView {
    let appearance = expect_context::<Appearance>();
    view! {
        <button type="button" class="theme" on:click=move |_| appearance.toggle()>
            {move || if appearance.dark.get() { "Light" } else { "Dark" }}
        </button>
    }
}
