//! The classes that pictures are shared out among, and the templates that make sentences of them.

use super::desk::Desk;
use crate::page::list;
use leptos::prelude::*;

/// What the small model knows.
pub const USUAL_LABELS: &str = "a red circle\na blue square\na green triangle\na yellow star";
pub const USUAL_TEMPLATES: &str = "a photo of {}.";

#[component]
pub fn ClassList(desk: Desk) -> impl IntoView {
    let state = move || {
        if let Some(problem) = desk.class_problem.get() {
            return view! { <p class="error">{problem}</p> }.into_any();
        }
        match desk.classing.get() {
            Some((done, all)) => view! {
                <div class="progress">
                    <progress max=all.to_string() value=done.to_string() aria-label="Classes"></progress>
                    <span>{format!("{done} of {all} classes")}</span>
                </div>
            }
            .into_any(),
            None => ().into_any(),
        }
    };
    view! {
        <section aria-labelledby="classes">
            <h2 id="classes">"Classes"</h2>
            <label class="choice">
                <span>"One a line"</span>
                <textarea
                    name="Classes"
                    rows="8"
                    spellcheck="false"
                    prop:value=move || desk.labels.get()
                    on:input=move |event| desk.labels.set(event_target_value(&event))
                ></textarea>
            </label>
            <label class="choice">
                <span>"Templates, one a line; {} stands for the class"</span>
                <textarea
                    name="Templates"
                    rows="3"
                    spellcheck="false"
                    prop:value=move || desk.templates.get()
                    on:input=move |event| desk.templates.set(event_target_value(&event))
                ></textarea>
            </label>
            <div role="status">{state}</div>
            <ul class="aside" hidden=move || desk.notes.with(Vec::is_empty)>
                {move || list(desk.notes.get().into_iter().take(5).map(|note| view! { <li>{note}</li> }))}
            </ul>
        </section>
    }
}
