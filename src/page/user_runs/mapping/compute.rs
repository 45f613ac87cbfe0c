//! Fields of the mapping form: compute, and what it can be computed from.

use super::controls::{MappingForm, choice, columns, text};
use crate::decimal;
use crate::runs::{Compute, Mapping, Scaled};
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
                c.mapping.update(|m| m.study = study);
            }
        },
    )
}

pub fn compute(c: MappingForm) -> AnyView {
    let factor = move || c.mapping.with(|m| m.compute.as_ref().and_then(factor_of));
    let has_factor = Memo::new(move |_| factor().is_some());
    let set_factor = move |text: String| {
        let Some(given) = positive(&text) else {
            return false;
        };
        c.mapping.update(|m| {
            if let Some(
                Compute::Column(Scaled { factor, .. })
                | Compute::Each(Scaled { factor, .. })
                | Compute::Product { factor },
            ) = &mut m.compute
            {
                *factor = given;
            }
        });
        true
    };
    view! {
        {source(c)}
        {kind(c)}
        {move || {
            has_factor
                .get()
                .then(|| {
                    let value = move || factor().map_or(String::new(), plain);
                    text(c, "Compute factor".to_owned(), value, set_factor)
                })
        }}
    }
    .into_any()
}

fn factor_of(compute: &Compute) -> Option<f64> {
    match compute {
        Compute::Column(Scaled { factor, .. })
        | Compute::Each(Scaled { factor, .. })
        | Compute::Product { factor } => Some(*factor),
        Compute::Architecture => None,
    }
}

/// The select of the column, or of what to compute it from.
fn source(c: MappingForm) -> AnyView {
    let options = columns(
        c,
        &[
            ("", "Choose a column"),
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
            Some(Compute::Column(scaled) | Compute::Each(scaled)) => format!("={}", scaled.column),
            Some(Compute::Product { .. }) => "product".to_owned(),
            Some(Compute::Architecture) => "architecture".to_owned(),
        })
    };
    let column = move |column: &str| {
        let known = c.preview.with_value(|p| p.compute_of(column));
        known.map_or_else(
            || {
                Compute::Column(Scaled {
                    column: column.to_owned(),
                    factor: 1.0,
                })
            },
            |(compute, _)| compute,
        )
    };
    let chosen = move |id: String| {
        let compute = match (id.strip_prefix('='), id.as_str()) {
            (Some(name), _) => Some(column(name)),
            (_, "product") => Some(Compute::Product {
                factor: Compute::VIT_B_32,
            }),
            (_, "architecture") => Some(Compute::Architecture),
            _ => None,
        };
        c.mapping.update(|m| m.compute = compute);
    };
    choice("Compute", options, value, chosen)
}

/// Whether a column is the compute of a run or of a sample, or a hint about the factor.
fn kind(c: MappingForm) -> AnyView {
    let kind = Memo::new(move |_| {
        c.mapping.with(|m| match m.compute {
            Some(Compute::Column(_)) => "run",
            Some(Compute::Each(_)) => "sample",
            Some(Compute::Product { .. }) => "product",
            _ => "",
        })
    });
    let set_kind = move |id: String| {
        c.mapping.update(|m| {
            let compute = m.compute.take();
            m.compute = match (compute, id.as_str()) {
                (Some(Compute::Column(s) | Compute::Each(s)), "sample") => Some(Compute::Each(s)),
                (Some(Compute::Column(s) | Compute::Each(s)), _) => Some(Compute::Column(s)),
                (other, _) => other,
            };
        });
    };
    let kinds = || {
        [
            ("run", "the whole run"),
            ("sample", "one sample (× samples seen)"),
        ]
        .map(|(id, text)| (id.to_owned(), text.to_owned()))
        .to_vec()
    };
    (move || match kind.get() {
        "run" | "sample" => choice("Compute of", kinds(), move || kind.get().to_owned(), set_kind),
        "product" => view! {
            <p class="aside">
                "GFLOPs per parameter and sample. 9.6e-8 is the study’s ViT-B-32 (about 48 tokens per sample, 2 operations per parameter and token); smaller patches and larger images need more. For tokens use 2e-9."
            </p>
        }
        .into_any(),
        _ => ().into_any(),
    })
    .into_any()
}

pub fn amount(
    c: MappingForm,
    label: &'static str,
    get: fn(&Mapping) -> &Option<Scaled>,
    set: fn(&mut Mapping, Option<Scaled>),
) -> AnyView {
    let value = move || {
        c.mapping.with(|m| {
            get(m)
                .as_ref()
                .map_or(String::new(), |s| format!("={}", s.column))
        })
    };
    let chosen = move |id: String| {
        let scaled = id.strip_prefix('=').map(|column| {
            let millions = c.preview.with_value(|p| p.parameters_of(column));
            match millions.filter(|_| label == "Parameters") {
                Some(parameters) => parameters,
                None => Scaled {
                    column: column.to_owned(),
                    factor: 1.0,
                },
            }
        });
        c.mapping.update(|m| set(m, scaled));
    };
    let has_column = Memo::new(move |_| c.mapping.with(|m| get(m).is_some()));
    let factor = move || {
        let factor = c.mapping.with(|m| get(m).as_ref().map(|s| s.factor));
        factor.map_or(String::new(), plain)
    };
    let change = move |text: String| {
        let Some(factor) = positive(&text) else {
            return false;
        };
        c.mapping.update(|m| {
            let scaled = get(m).clone().map(|s| Scaled { factor, ..s });
            set(m, scaled);
        });
        true
    };
    view! {
        {choice(label, columns(c, &[("", "Not specified")]), value, chosen)}
        {move || {
            has_column
                .get()
                .then(|| text(c, format!("{label} factor"), factor, change))
        }}
    }
    .into_any()
}

fn positive(text: &str) -> Option<f64> {
    decimal::parse(text.trim()).filter(|x| x.is_finite() && *x > 0.0)
}

/// A factor as a reader would type it.
fn plain(x: f64) -> String {
    match x {
        x if (1e-3..1e6).contains(&x) => x.to_string(),
        x => format!("{x:e}"),
    }
}
