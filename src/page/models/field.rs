//! A field of a form.

use leptos::prelude::*;

/// A text field with its label; `name` is that of its input.
pub fn text_field(label: &'static str, name: &'static str, text: RwSignal<String>) -> AnyView {
    field("choice", "text", label, name, text)
}

/// A narrow field for a number.
pub fn number_field(label: &'static str, name: &'static str, text: RwSignal<String>) -> AnyView {
    field("choice small", "decimal", label, name, text)
}

/// `keyboard`: which one a phone shows.
fn field(
    class: &'static str,
    keyboard: &'static str,
    label: &'static str,
    name: &'static str,
    text: RwSignal<String>,
) -> AnyView {
    view! {
        <label class=class>
            <span>{label}</span>
            <input
                name=name
                autocomplete="off"
                inputmode=keyboard
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            />
        </label>
    }
    .into_any()
}
