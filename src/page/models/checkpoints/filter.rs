//! Searching and filtering the catalogue.

use super::catalogue::CheckpointWithResults;
use crate::page::list;
use crate::study::{Study, names};
use leptos::prelude::*;

/// What can be filtered by: a label, and a checkpoint's value.
type Facet = (&'static str, fn(&CheckpointWithResults) -> String);

const FACETS: [Facet; 3] = [
    ("Family", family),
    ("Architecture", |listed| {
        listed.checkpoint.architecture.clone()
    }),
    ("Pre-training set", |listed| {
        listed.checkpoint.pretrain_name().to_owned()
    }),
];

fn family(listed: &CheckpointWithResults) -> String {
    let id = listed.checkpoint.family.as_str();
    // A model that no study measured is called as any study calls its family.
    let study = listed.checkpoint.study;
    let study = study.or_else(|| Study::bundled().first().copied());
    study
        .map_or(id, |study| names::family(study, id))
        .to_owned()
}

#[derive(Clone, Copy)]
pub(super) struct Filter {
    text: RwSignal<String>,
    /// For each facet the chosen value, or nothing.
    chosen: [RwSignal<String>; FACETS.len()],
}

impl Filter {
    pub(super) fn new() -> Filter {
        Filter {
            text: RwSignal::new(String::new()),
            chosen: FACETS.map(|_| RwSignal::new(String::new())),
        }
    }

    /// Whether a checkpoint is shown: each word of the text is in its name or its values.
    pub(super) fn shows(self, listed: &CheckpointWithResults) -> bool {
        let values = FACETS.map(|(_, value)| value(listed));
        let mut facets = self.chosen.iter().zip(&values);
        let is_chosen = facets
            .all(|(chosen, value)| chosen.with(|chosen| chosen.is_empty() || chosen == value));
        let name = format!("{} {}", listed.checkpoint.name(), listed.short_name());
        let all = format!("{name} {} {}", values.join(" "), listed.checkpoint.id);
        let all = all.to_ascii_lowercase();
        let text = self.text.with(|text| text.to_ascii_lowercase());
        is_chosen && text.split_whitespace().all(|word| all.contains(word))
    }

    fn clear(self) {
        self.text.set(String::new());
        for chosen in self.chosen {
            chosen.set(String::new());
        }
    }

    fn is_set(self) -> bool {
        let is_set = |text: &RwSignal<String>| text.with(|text| !text.is_empty());
        is_set(&self.text) || self.chosen.iter().any(is_set)
    }
}

/// The fields, and how many checkpoints are left.
pub(super) fn fields(
    filter: Filter,
    all: &[CheckpointWithResults],
    count: impl Fn() -> usize + Send + 'static,
) -> AnyView {
    let total = all.len();
    let selects = FACETS.iter().zip(filter.chosen).map(|((label, value), chosen)| {
        let mut values: Vec<String> = all.iter().map(value).collect();
        values.sort();
        values.dedup();
        let options = values.into_iter().map(|value| {
            let text = value.clone();
            let is_chosen = move || chosen.with(|chosen| *chosen == value);
            view! { <option value=text.clone() prop:selected=is_chosen>{text.clone()}</option> }
        });
        view! {
            <label class="choice">
                <span>{*label}</span>
                <select name=*label on:change=move |event| chosen.set(event_target_value(&event))>
                    <option value="" prop:selected=move || chosen.with(String::is_empty)>
                        "All"
                    </option>
                    {list(options)}
                </select>
            </label>
        }
    });
    view! {
        <div class="choices filter">
            <label class="choice search">
                <span>"Search models"</span>
                <input
                    name="Model search"
                    type="search"
                    placeholder="ViT-L 34B"
                    prop:value=move || filter.text.get()
                    on:input=move |event| filter.text.set(event_target_value(&event))
                />
            </label>
            {list(selects)}
            <button type="button" hidden=move || !filter.is_set() on:click=move |_| filter.clear()>
                "Clear filters"
            </button>
        </div>
        <p class="aside shown" role="status">
            {move || match count() {
                0 => "No model matches. Change the search, or clear the filters.".to_owned(),
                count => format!("{count} of {total} models"),
            }}
        </p>
    }
    .into_any()
}
