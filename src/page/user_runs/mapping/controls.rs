//! Controls of the mapping form: selects, text fields, the table's columns as options.

use crate::page::list;
use crate::runs::{Mapping, MappingError, Preview};
use crate::words;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// State of the form: the mapping and the table's preview.
#[derive(Clone, Copy)]
pub struct MappingForm {
    pub mapping: RwSignal<Mapping>,
    pub preview: StoredValue<Arc<Preview>>,
    /// Invalid entries by the labels of their fields.
    pub invalid: RwSignal<BTreeMap<String, String>>,
}

impl MappingForm {
    /// Changes the mapping by words, as `--map` does; whether they are a mapping.
    pub fn answer(self, map: &str) -> bool {
        let columns = self.preview.with_value(|p| p.columns.clone());
        let changed = self.mapping.try_update(|m| m.set(map, &columns).is_ok());
        changed == Some(true)
    }

    /// Gives a column another role.
    pub fn assign(self, column: &str, role: &str, preview: &Preview) {
        self.mapping
            .update(|m| drop(m.assign(column, role, preview)));
    }

    /// Why the table cannot be imported yet.
    pub fn problem(self) -> Option<String> {
        let invalid = self.invalid.with(|invalid| {
            let (label, entered) = invalid.first_key_value()?;
            Some(match entered.trim() {
                "" => format!("“{label}” is empty."),
                entered => {
                    format!("“{label}”: “{entered}” is not a formula of columns and numbers.")
                }
            })
        });
        invalid.or_else(|| {
            let problem = self.mapping.with(Mapping::problem)?;
            Some(match problem {
                MappingError::Open { .. } => "Answer the question above first.".to_owned(),
                problem => words::mapping_error(&problem),
            })
        })
    }
}

/// A select; `options` are values and texts.
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

/// A text field; `chosen` returns whether the entry is valid.
pub fn text(
    c: MappingForm,
    label: String,
    value: impl Fn() -> String + Send + Sync + 'static,
    chosen: impl Fn(String) -> bool + Send + Sync + 'static,
) -> AnyView {
    let key = StoredValue::new(label.clone());
    on_cleanup(move || {
        c.invalid
            .try_update(|invalid| key.try_with_value(|key| invalid.remove(key)));
    });
    let is_invalid = move || {
        c.invalid
            .with(|w| key.with_value(|key| w.contains_key(key)))
    };
    let changed = move |entered: String| {
        let valid = chosen(entered.clone());
        c.invalid.update(|invalid| {
            let key = key.get_value();
            match valid {
                true => drop(invalid.remove(&key)),
                false => drop(invalid.insert(key, entered)),
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
                aria-invalid=move || is_invalid().to_string()
                on:change:target=move |event| changed(event.target().value())
            />
        </label>
    }
    .into_any()
}

/// The columns as options, whose values have the prefix `=`.
pub fn columns(c: MappingForm, others: &[(&str, &str)]) -> Vec<(String, String)> {
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
