//! Tabs by the ARIA pattern: one is in the order of the Tab key, arrows, Home and End move and select.

use crate::page::list;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// A tab: the id of its panel, and its text.
pub type Tab = (&'static str, &'static str);

/// The row of tabs; `selected` is the panel's id.
#[component]
pub fn TabList(
    label: &'static str,
    tabs: &'static [Tab],
    selected: RwSignal<&'static str>,
) -> impl IntoView {
    let select = move |id: &'static str| {
        selected.set(id);
        if let Some(tab) = document().get_element_by_id(&tab_id(id)) {
            let _ = tab.unchecked_into::<HtmlElement>().focus();
        }
    };
    let key = move |event: KeyboardEvent| {
        let current = tabs
            .iter()
            .position(|(id, _)| *id == selected.get_untracked());
        let (current, count) = (current.unwrap_or(0), tabs.len());
        let next = match event.key().as_str() {
            "ArrowRight" => (current + 1) % count,
            "ArrowLeft" => (current + count - 1) % count,
            "Home" => 0,
            "End" => count - 1,
            _ => return,
        };
        event.prevent_default();
        select(tabs[next].0);
    };
    let items = tabs.iter().map(|(id, text)| {
        let is_selected = move || selected.get() == *id;
        view! {
            <button
                type="button"
                role="tab"
                id=tab_id(id)
                aria-controls=*id
                aria-selected=move || is_selected().to_string()
                tabindex=move || if is_selected() { "0" } else { "-1" }
                on:click=move |_| selected.set(id)
            >
                {*text}
            </button>
        }
    });
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=key>
            {list(items)}
        </div>
    }
}

/// What a tab shows. It stays in the document when another is selected, with what the reader did.
#[component]
pub fn TabPanel(
    id: &'static str,
    selected: RwSignal<&'static str>,
    children: Children,
) -> impl IntoView {
    view! {
        <div
            role="tabpanel"
            class="panel"
            id=id
            aria-labelledby=tab_id(id)
            tabindex="0"
            hidden=move || selected.get() != id
        >
            {children()}
        </div>
    }
}

fn tab_id(panel: &str) -> String {
    format!("tab-{panel}")
}
