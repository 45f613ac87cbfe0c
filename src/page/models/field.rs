//! A field of a form.

use leptos::prelude::*;

/// A text field with its label; `name` is that of its input.
pub fn text_field(label: &'static str, name: &'static str, text: RwSignal<String>) -> AnyView {
    view! {
        <label class="choice">
            <span>{label}</span>
            <input
                name=name
                autocomplete="off"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            />
        </label>
    }
    .into_any()
}
