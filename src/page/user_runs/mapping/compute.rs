//! Fields of the mapping form: compute, parameters and samples as formulas.

use super::controls::{MappingForm, choice, columns, text};
use crate::runs::{Amount, Compute, Mapping, Points};
use crate::study::Study;
use leptos::prelude::*;

pub fn study(c: MappingForm) -> AnyView {
    let options = Study::bundled().into_iter().map(|s| {
        let text = format!("{}, in {}", s.id, s.compute_unit);
        (s.reference().to_owned(), text)
    });
    choice(
        "Add to study",
        options.collect(),
        move || c.mapping.with(|m| m.study.reference().to_owned()),
        move |id| {
            if let Some(study) = Study::find(&id) {
                c.mapping.update(|m| m.set_study(study));
            }
        },
    )
}

/// Compute by a column, by what it can be computed from, or by a formula.
pub fn compute(c: MappingForm) -> AnyView {
    let formula = move || {
        c.mapping.with(|m| match &m.compute {
            Some(Compute::Amount(amount)) => Some(amount.to_string()),
            _ => None,
        })
    };
    let has_formula = Memo::new(move |_| formula().is_some());
    let change = move |text: String| c.answer(&format!("compute={text}"));
    view! {
        {source(c)}
        {move || {
            has_formula
                .get()
                .then(|| {
                    let value = move || formula().unwrap_or_default();
                    view! {
                        {text(c, "Compute formula".to_owned(), value, change)}
                        <p class="aside">
                            "In the study’s unit: columns and numbers, × and /, 10^column, and parameters and samples of the row. A CLIP ViT-B-32 takes 9.6e-8*parameters*samples GFLOPs, training on tokens 6e-9*parameters*samples."
                        </p>
                    }
                })
        }}
    }
    .into_any()
}

/// The select of the column, or of what to compute it from.
fn source(c: MappingForm) -> AnyView {
    let options = columns(
        c,
        &[
            ("", "Not specified"),
            ("product", "Parameters × samples × factor"),
            (
                "architecture",
                "Architecture’s compute per sample × samples",
            ),
        ],
    );
    let value = move || {
        c.mapping.with(|m| match &m.compute {
            None => String::new(),
            Some(Compute::Amount(amount)) => of_column(amount, "product"),
            Some(Compute::Architecture) => "architecture".to_owned(),
        })
    };
    let chosen = move |id: String| {
        let compute = match (id.strip_prefix('='), id.as_str()) {
            (Some(column), _) => {
                c.preview
                    .with_value(|preview| c.assign(column, "compute", preview));
                return;
            }
            (_, "product") => Some(Compute::product(Compute::VIT_B_32)),
            (_, "architecture") => Some(Compute::Architecture),
            _ => None,
        };
        c.mapping.update(|m| m.compute = compute);
    };
    choice("Compute", options, value, chosen)
}

/// Which checkpoints of a run count, where a column tells a checkpoint's place.
pub fn points(c: MappingForm) -> AnyView {
    let has_progress = Memo::new(move |_| c.mapping.with(|m| m.progress.is_some()));
    let options = || {
        let texts = [
            "Every checkpoint",
            "The final checkpoint of each run",
            "The envelope: none better with less compute",
        ];
        let ids = Points::ALL.into_iter().map(|(_, id)| id.to_owned());
        ids.zip(texts.map(str::to_owned)).collect()
    };
    let value = move || {
        let points = c.mapping.with(|m| m.points);
        let id = Points::ALL.iter().find(|(p, _)| *p == points);
        id.map_or(String::new(), |(_, id)| (*id).to_owned())
    };
    let chosen = move |id: String| {
        c.answer(&format!("points={id}"));
    };
    (move || {
        has_progress
            .get()
            .then(|| choice("Checkpoints", options(), value, chosen))
    })
    .into_any()
}

/// The option of an amount: its first column, or another.
fn of_column(amount: &Amount, other: &str) -> String {
    let first = amount.columns().next();
    first.map_or(other.to_owned(), |name| format!("={name}"))
}

/// Parameters or samples; `field` as `--map` calls it.
pub fn amount(
    c: MappingForm,
    label: &'static str,
    field: &'static str,
    get: fn(&Mapping) -> &Option<Amount>,
    set: fn(&mut Mapping, Option<Amount>),
) -> AnyView {
    let value = move || {
        c.mapping.with(|m| {
            get(m)
                .as_ref()
                .map_or(String::new(), |amount| of_column(amount, "formula"))
        })
    };
    let chosen = move |id: String| {
        let amount = match (id.strip_prefix('='), id.as_str()) {
            (Some(column), _) => Some(c.preview.with_value(|p| p.amount_of(column))),
            (_, "formula") => Some(Amount::product(1e9, [])),
            _ => None,
        };
        c.mapping.update(|m| set(m, amount));
    };
    let has_formula = Memo::new(move |_| c.mapping.with(|m| get(m).is_some()));
    let formula = move || {
        let formula = c.mapping.with(|m| get(m).as_ref().map(Amount::to_string));
        formula.unwrap_or_default()
    };
    let change = move |text: String| c.answer(&format!("{field}={text}"));
    let options = columns(
        c,
        &[("", "Not specified"), ("formula", "Formula or number")],
    );
    view! {
        {choice(label, options, value, chosen)}
        {move || {
            has_formula
                .get()
                .then(|| text(c, format!("{label} formula"), formula, change))
        }}
    }
    .into_any()
}
