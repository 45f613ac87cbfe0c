//! What the form is made of: a choice, a text beside it, the table's columns as options.

use crate::page::list;
use crate::runs::{Mapping, Preview};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The mapping being chosen and the table that it is of.
#[derive(Clone, Copy)]
pub struct Choosing {
    pub mapping: RwSignal<Mapping>,
    pub preview: StoredValue<Arc<Preview>>,
    /// Entries that are none, by their labels: what was entered.
    pub wrong: RwSignal<BTreeMap<String, String>>,
}

impl Choosing {
    /// What keeps the table from being read.
    pub fn problem(self) -> Option<String> {
        let wrong = self.wrong.with(|wrong| {
            let (label, entered) = wrong.first_key_value()?;
            Some(match entered.trim() {
                "" => format!("“{label}” is empty."),
                entered => format!("“{label}”: “{entered}” is not a number above zero."),
            })
        });
        wrong.or_else(|| self.mapping.with(Mapping::problem).map(|p| p.to_string()))
    }
}

/// A choice of values and texts.
pub fn choice(
    label: &'static str,
    options: Vec<(String, String)>,
    value: impl Fn() -> String + Send + Sync + 'static,
    chosen: impl Fn(String) + Send + Sync + 'static,
) -> AnyView {
    let value = Memo::new(move |_| value());
    let options = options.into_iter().map(|(id, text)| {
        let is = id.clone();
        view! {
            <option value=id selected=move || value.with(|v| *v == is)>
                {text}
            </option>
        }
    });
    view! {
        <label class="choice">
            <span>{label}</span>
            <select name=label on:change:target=move |event| chosen(event.target().value())>
                {list(options)}
            </select>
        </label>
    }
    .into_any()
}

/// A text beside a choice; set when the reader leaves it.
pub fn text(
    c: Choosing,
    label: String,
    value: impl Fn() -> String + Send + Sync + 'static,
    chosen: impl Fn(String) -> bool + Send + Sync + 'static,
) -> AnyView {
    let key = StoredValue::new(label.clone());
    on_cleanup(move || {
        c.wrong
            .try_update(|wrong| key.try_with_value(|key| wrong.remove(key)));
    });
    let is_wrong = move || c.wrong.with(|w| key.with_value(|key| w.contains_key(key)));
    let changed = move |entered: String| {
        let good = chosen(entered.clone());
        c.wrong.update(|wrong| {
            let key = key.get_value();
            match good {
                true => drop(wrong.remove(&key)),
                false => drop(wrong.insert(key, entered)),
            }
        });
    };
    view! {
        <label class="choice">
            <span>{label.clone()}</span>
            <input
                type="text"
                name=label
                prop:value=value
                aria-invalid=move || is_wrong().to_string()
                on:change:target=move |event| changed(event.target().value())
            />
        </label>
    }
    .into_any()
}

/// Columns as options; their values are told apart from others by a prefix.
pub fn columns(c: Choosing, others: &[(&str, &str)]) -> Vec<(String, String)> {
    let others = others
        .iter()
        .map(|(id, text)| ((*id).to_owned(), (*text).to_owned()));
    let column = |name: String| (format!("={name}"), name);
    others
        .chain(
            c.preview
                .with_value(|p| p.columns.clone())
                .into_iter()
                .map(column),
        )
        .collect()
}
