//! What was measured on what, and which run it was.

use super::controls::{Choosing, choice, columns, text};
use crate::page::list;
use crate::runs::{Field, Mapping, Quantity, Score, UnitScale, metric};
use leptos::prelude::*;

/// A column, or the same text for all rows.
pub fn field(
    c: Choosing,
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
    let options = columns(c, &[("", "not told"), ("same", "the same for all rows")]);
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

/// Columns of measured numbers.
pub fn scores(c: Choosing) -> AnyView {
    let number = Memo::new(move |_| c.mapping.with(|m| m.scores.len()));
    let add = move |id: String| {
        let Some(column) = id.strip_prefix('=').map(str::to_owned) else {
            return;
        };
        c.mapping.update(|m| {
            m.scores.push(Score {
                metric: Field::Constant(metric(&column)),
                quantity: Quantity::Metric,
                scale: UnitScale::Detect,
                column,
            });
        });
    };
    view! {
        {move || list((0..number.get()).map(|i| score(c, i)))}
        {move || {
            // Built anew after each, so that it says again what it is for.
            number.track();
            choice(
                "A column that was measured",
                columns(c, &[("", "Add a column")]),
                String::new,
                add,
            )
        }}
    }
    .into_any()
}

fn score(c: Choosing, i: usize) -> AnyView {
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
                "is",
                pairs(&[("metric", "a metric: higher is better"), ("error", "an error: lower is better")]),
                move || of(|s| match s.quantity {
                    Quantity::Metric => "metric".to_owned(),
                    Quantity::Error => "error".to_owned(),
                }),
                move |id| change(&|s| s.quantity = match id.as_str() {
                    "error" => Quantity::Error,
                    _ => Quantity::Metric,
                }),
            )}
            {choice(
                "in",
                pairs(&[
                    ("detect", "as its numbers tell"),
                    ("fraction", "fractions, 0 to 1"),
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
                Some(column) => view! { <span>{format!("named in each row by the column {column}")}</span> }
                    .into_any(),
                None => text(
                    c,
                    format!("{} is named", name.get_value()),
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
            <button type="button" on:click=remove aria-label=format!("Do not read {}", name.get_value())>
                "Leave out"
            </button>
        </div>
    }
    .into_any()
}
