//! Fields of the mapping form: the results, and the model and run.

use super::controls::{MappingForm, choice, columns, text};
use crate::page::list;
use crate::runs::{Field, Mapping, Quantity, Score, UnitScale, metric};
use leptos::prelude::*;

/// A column, or one text for all rows.
pub fn field(
    c: MappingForm,
    label: &'static str,
    get: fn(&Mapping) -> &Field,
    set: fn(&mut Mapping, Field),
) -> AnyView {
    let value = move || {
        c.mapping.with(|m| match get(m) {
            Field::Column(name) => format!("={name}"),
            Field::Constant(_) => "same".to_owned(),
            Field::None => String::new(),
        })
    };
    let chosen = move |id: String| {
        let field = match (id.strip_prefix('='), id.as_str()) {
            (Some(column), _) => Field::Column(column.to_owned()),
            (_, "same") => Field::Constant("yours".to_owned()),
            _ => Field::None,
        };
        c.mapping.update(|m| set(m, field));
    };
    let same = move || {
        c.mapping.with(|m| match get(m) {
            Field::Constant(text) => Some(text.clone()),
            _ => None,
        })
    };
    let is_same = Memo::new(move |_| same().is_some());
    let change = move |text: String| {
        let text = text.trim();
        if text.is_empty() {
            return false;
        }
        c.mapping
            .update(|m| set(m, Field::Constant(text.to_owned())));
        true
    };
    let options = columns(c, &[("", "Not specified"), ("same", "Same for all rows")]);
    view! {
        {choice(label, options, value, chosen)}
        {move || {
            is_same
                .get()
                .then(|| {
                    text(c, format!("{label} of all rows"), move || same().unwrap_or_default(), change)
                })
        }}
    }
    .into_any()
}

/// The columns that hold results.
pub fn scores(c: MappingForm) -> AnyView {
    let number = Memo::new(move |_| c.mapping.with(|m| m.scores.len()));
    let add = move |id: String| {
        let Some(column) = id.strip_prefix('=').map(str::to_owned) else {
            return;
        };
        c.mapping.update(|m| {
            m.scores.push(Score {
                metric: Field::Constant(metric(&column)),
                dataset: Field::None,
                run: Field::None,
                quantity: Quantity::Metric,
                scale: UnitScale::Detect,
                standard_error: None,
                column,
            });
        });
    };
    view! {
        {move || list((0..number.get()).map(|i| score(c, i)))}
        {move || {
            // Rebuilt after each, so that it shows its prompt again.
            number.track();
            choice(
                "Result column",
                columns(c, &[("", "Add a column")]),
                String::new,
                add,
            )
        }}
    }
    .into_any()
}

fn score(c: MappingForm, i: usize) -> AnyView {
    let of = move |get: fn(&Score) -> String| {
        c.mapping
            .with(|m| m.scores.get(i).map(get).unwrap_or_default())
    };
    let change = move |set: &dyn Fn(&mut Score)| {
        c.mapping.update(|m| {
            if let Some(score) = m.scores.get_mut(i) {
                set(score);
            }
        });
    };
    let name = c.mapping.with_untracked(|m| {
        m.scores
            .get(i)
            .map(|s| s.column.clone())
            .unwrap_or_default()
    });
    let name = StoredValue::new(name);
    let by_column = Memo::new(move |_| {
        c.mapping
            .with(|m| match m.scores.get(i).map(|s| &s.metric) {
                Some(Field::Column(column)) => Some(column.clone()),
                _ => None,
            })
    });
    let pairs = |all: &[(&str, &str)]| {
        let owned = all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        owned.collect::<Vec<_>>()
    };
    let remove = move |_| {
        c.mapping.update(|m| {
            if i < m.scores.len() {
                m.scores.remove(i);
            }
        });
    };
    view! {
        <div class="score choices" role="group" aria-label=format!("Column {}", name.get_value())>
            <strong>{name.get_value()}</strong>
            {choice(
                "Type",
                pairs(&[
                    ("metric", "metric (higher is better)"),
                    ("error", "error (lower is better)"),
                    ("loss", "loss (above 0)"),
                    ("perplexity", "perplexity (above 1)"),
                    ("number", "another number"),
                ]),
                move || of(|s| {
                    let kind = Quantity::ALL.iter().find(|(quantity, _)| *quantity == s.quantity);
                    kind.map_or("", |(_, id)| id).to_owned()
                }),
                move |id| {
                    if let Some((quantity, _)) = Quantity::ALL.iter().find(|(_, kind)| *kind == id) {
                        change(&|s| {
                            s.quantity = *quantity;
                            if let Field::Constant(name) = &s.metric {
                                s.metric = Field::Constant(quantity.name(name));
                            }
                        });
                    }
                },
            )}
            {choice(
                "Unit",
                pairs(&[
                    ("detect", "detect"),
                    ("fraction", "fraction (0 to 1)"),
                    ("percent", "percent"),
                ]),
                move || of(|s| match s.scale {
                    UnitScale::Detect => "detect".to_owned(),
                    UnitScale::Fraction => "fraction".to_owned(),
                    UnitScale::Percent => "percent".to_owned(),
                }),
                move |id| change(&|s| s.scale = match id.as_str() {
                    "fraction" => UnitScale::Fraction,
                    "percent" => UnitScale::Percent,
                    _ => UnitScale::Detect,
                }),
            )}
            {move || match by_column.get() {
                Some(column) => view! { <span>{format!("metric named by the column {column}")}</span> }
                    .into_any(),
                None => text(
                    c,
                    format!("Metric in {}", name.get_value()),
                    move || of(|s| match &s.metric {
                        Field::Constant(name) => name.clone(),
                        _ => String::new(),
                    }),
                    move |given| {
                        let given = given.trim().to_owned();
                        let good = !given.is_empty();
                        if good {
                            change(&|s| s.metric = Field::Constant(given.clone()));
                        }
                        good
                    },
                ),
            }}
            <button type="button" on:click=remove aria-label=format!("Do not import {}", name.get_value())>
                "Remove"
            </button>
        </div>
    }
    .into_any()
}
