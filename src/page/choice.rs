//! Choices that belong to one view, not to the analysis.

use super::list;
use leptos::prelude::*;

/// One of several texts; `chosen` is its index.
pub fn radios(label: &'static str, texts: &[&'static str], chosen: RwSignal<usize>) -> AnyView {
    let options = texts.iter().enumerate().map(|(i, text)| {
        view! {
            <label>
                <input
                    type="radio"
                    name=label
                    prop:checked=move || chosen.get() == i
                    on:change=move |_| chosen.set(i)
                />
                {*text}
            </label>
        }
    });
    view! {
        <div class="several radios" role="radiogroup" aria-label=label>
            {list(options)}
        </div>
    }
    .into_any()
}
