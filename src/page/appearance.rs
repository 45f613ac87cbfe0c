//! Light or dark: as the system is, or as the reader chose. The choice is kept on this device
//! (`boot.js` puts it on before the first paint) and is the document's `data-theme`.

use crate::chart::Theme;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

const ATTRIBUTE: &str = "data-theme";
/// Both programs hear it when one has changed the theme.
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
        let asked = system.clone();
        let dark_now = move || match chosen().as_deref() {
            Some("dark") => true,
            Some("light") => false,
            _ => asked.as_ref().is_some_and(web_sys::MediaQueryList::matches),
        };
        let dark = RwSignal::new(dark_now());
        let heard = Closure::<dyn Fn()>::new(move || {
            let _ = dark.try_set(dark_now());
        });
        let listener = heard.as_ref().unchecked_ref();
        if let Some(system) = system {
            let _ = system.add_event_listener_with_callback("change", listener);
        }
        let _ = window().add_event_listener_with_callback(CHANGED, listener);
        // As long as the page.
        heard.forget();
        Appearance { dark }
    }

    /// Colours of charts; read in an effect, it follows.
    pub fn theme(self) -> Theme {
        if self.dark.get() {
            Theme::dark()
        } else {
            Theme::light()
        }
    }

    /// Light where it is dark, dark where it is light.
    fn switch(self) {
        let theme = if self.dark.get_untracked() {
            "light"
        } else {
            "dark"
        };
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute(ATTRIBUTE, theme);
        }
        // A browser that keeps nothing shows the choice until the page goes.
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
        <button type="button" class="theme" on:click=move |_| appearance.switch()>
            {move || if appearance.dark.get() { "Light" } else { "Dark" }}
        </button>
    }
}
