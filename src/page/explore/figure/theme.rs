//! Light or dark, as the page is.

use crate::chart::Theme;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// The system's theme, as it changes.
pub fn theme() -> impl Fn() -> Theme + Copy + Send + Sync + 'static {
    let query = window()
        .match_media("(prefers-color-scheme: dark)")
        .ok()
        .flatten();
    let dark = RwSignal::new(query.as_ref().is_some_and(web_sys::MediaQueryList::matches));
    if let Some(query) = query {
        let asked = query.clone();
        let changed = Closure::<dyn Fn()>::new(move || {
            // The figure may be gone; the media query outlives it.
            let _ = dark.try_set(asked.matches());
        });
        let listener = changed.as_ref().unchecked_ref();
        let _ = query.add_event_listener_with_callback("change", listener);
        changed.forget();
    }
    move || {
        if dark.get() {
            Theme::dark()
        } else {
            Theme::light()
        }
    }
}
