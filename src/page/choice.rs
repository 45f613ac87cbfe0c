//! Choices of one view that are not part of the analysis.

use super::list;
use leptos::prelude::*;

/// Radio buttons; `chosen` is the index of the checked one.
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
