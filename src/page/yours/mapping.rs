//! What a table's columns are: proposed, changed by the reader, shown on the first rows.

use super::Yours;
use crate::decimal;
use crate::page::list;
use crate::page::table::table;
use crate::runs::{
    Compute, Field, Mapping, Options, Preview, Quantity, Scale, Scaled, Score, metric,
};
use crate::study::{Study, names};
use crate::text::{number, percent};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of the preview.
const ROWS: usize = 5;

/// The mapping being chosen and the table that it is of.
#[derive(Clone, Copy)]
struct Choosing {
    mapping: RwSignal<Mapping>,
    preview: StoredValue<Arc<Preview>>,
    /// Entries that are none, by their labels: what was entered.
    wrong: RwSignal<BTreeMap<String, String>>,
}

impl Choosing {
    /// What keeps the table from being read.
    fn problem(self) -> Option<String> {
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

pub fn form(yours: Yours, id: u32, preview: &Arc<Preview>) -> AnyView {
    let choosing = Choosing {
        mapping: RwSignal::new(preview.mapping.clone()),
        preview: StoredValue::new(preview.clone()),
        wrong: RwSignal::new(BTreeMap::new()),
    };
    let mapping = choosing.mapping;
    let read = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let origin = yours.origins.try_update_value(|o| o.remove(&id)).flatten();
        if let Some(origin) = origin {
            yours.cards.update(|cards| cards.retain(|c| c.id != id));
            yours.read(origin, Some(mapping.get_untracked()));
        }
    };
    let head: Vec<&str> = preview.columns.iter().map(String::as_str).collect();
    let rows = preview.rows.iter().take(ROWS).cloned().collect();
    let caption = format!("The first rows of {} columns", head.len());
    view! {
        <p>
            "These columns are not those of a released file. Say what they are; a proposal is made where their names tell."
        </p>
        {table(Some(caption), &head, rows)}
        <form class="mapping" on:submit=read>
            <fieldset>
                <legend>"Compute"</legend>
                {study(choosing)}
                {compute(choosing)}
                {amount(
                    choosing,
                    "Parameters",
                    |m| &m.parameters,
                    |m, value| m.parameters = value,
                )}
                {amount(choosing, "Samples seen", |m| &m.samples, |m, value| m.samples = value)}
            </fieldset>
            <fieldset>
                <legend>"What was measured"</legend>
                {scores(choosing)}
                {field(choosing, "Downstream set", |m| &m.dataset, |m, value| m.dataset = value)}
            </fieldset>
            <fieldset>
                <legend>"Which run"</legend>
                {field(choosing, "Family", |m| &m.family, |m, value| m.family = value)}
                {field(choosing, "Pre-training set", |m| &m.pretrain, |m, value| m.pretrain = value)}
                {field(
                    choosing,
                    "Architecture",
                    |m| &m.architecture,
                    |m, value| m.architecture = value,
                )}
                {field(choosing, "Schedule", |m| &m.schedule, |m, value| m.schedule = value)}
                {field(choosing, "Name of the run", |m| &m.run, |m, value| m.run = value)}
            </fieldset>
            <p role="status" class="warning">{move || choosing.problem()}</p>
            {tried(yours, choosing)}
            <button type="submit" disabled=move || choosing.problem().is_some()>
                "Read it so"
            </button>
        </form>
    }
    .into_any()
}

/// A choice of values and texts.
fn choice(
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

/// What the first rows come to, so that a wrong unit is seen before it is kept.
fn tried(yours: Yours, c: Choosing) -> AnyView {
    let outcome = Memo::new(move |_| {
        if c.problem().is_some() {
            return None;
        }
        let options = Options {
            architectures: yours.architectures.get_value(),
            mapping: Some(c.mapping.get()),
            ..Options::default()
        };
        c.preview.with_value(|preview| preview.read(options))
    });
    let shown = move || {
        outcome.with(|outcome| {
            let (runs, refusals) = outcome.as_ref()?;
            let unit = runs.study().compute_unit();
            let rows = runs.iter().take(ROWS).map(|(run, dataset, metric, value)| {
                vec![
                    format!("{} {unit}", number(run.compute)),
                    percent(1.0 - value),
                    names::dataset(dataset).to_owned(),
                    names::metric(metric).to_owned(),
                    names::family(run.family).to_owned(),
                ]
            });
            let rows: Vec<Vec<String>> = rows.collect();
            let head = ["Compute", "Error", "Set", "Metric", "Family"];
            let caption = "The first rows, read so".to_owned();
            let refused = refusals.first().map(|refusal| {
                view! { <p class="warning">{format!("Not used: {refusal}")}</p> }
            });
            let told = (!rows.is_empty()).then(|| table(Some(caption), &head, rows));
            Some(view! { {told} {refused} })
        })
    };
    view! { <div class="tried">{shown}</div> }.into_any()
}

/// A text beside a choice; set when the reader leaves it.
fn text(
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

fn study(c: Choosing) -> AnyView {
    let options = Study::ALL.map(|s| {
        let text = format!("{}, in {}", s.id(), s.compute_unit());
        (s.id().to_owned(), text)
    });
    choice(
        "Joins the study",
        options.to_vec(),
        move || c.mapping.with(|m| m.study.id().to_owned()),
        move |id| {
            if let Some(study) = Study::ALL.into_iter().find(|s| s.id() == id) {
                c.mapping.update(|m| m.study = study);
            }
        },
    )
}

/// Columns as options; their values are told apart from others by a prefix.
fn columns(c: Choosing, others: &[(&str, &str)]) -> Vec<(String, String)> {
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

fn compute(c: Choosing) -> AnyView {
    let options = columns(
        c,
        &[
            ("", "Choose a column"),
            ("product", "Parameters × samples × factor"),
            ("architecture", "The architecture’s × samples"),
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
    let chosen = move |id: String| {
        let compute = match (id.strip_prefix('='), id.as_str()) {
            (Some(column), _) => {
                let known = c.preview.with_value(|p| p.compute_of(column));
                Some(known.map_or_else(
                    || {
                        Compute::Column(Scaled {
                            column: column.to_owned(),
                            factor: 1.0,
                        })
                    },
                    |(compute, _)| compute,
                ))
            }
            (_, "product") => Some(Compute::Product {
                factor: Compute::VIT_B_32,
            }),
            (_, "architecture") => Some(Compute::Architecture),
            _ => None,
        };
        c.mapping.update(|m| m.compute = compute);
    };
    let factor = move || {
        c.mapping.with(|m| match &m.compute {
            Some(
                Compute::Column(Scaled { factor, .. })
                | Compute::Each(Scaled { factor, .. })
                | Compute::Product { factor },
            ) => Some(*factor),
            _ => None,
        })
    };
    let has_factor = Memo::new(move |_| factor().is_some());
    let set = move |text: String| {
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
    let kind = Memo::new(move |_| {
        c.mapping.with(|m| match m.compute {
            Some(Compute::Column(_)) => "run",
            Some(Compute::Each(_)) => "sample",
            Some(Compute::Product { .. }) => "product",
            _ => "",
        })
    });
    let of = move |id: String| {
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
            ("sample", "one sample, times samples seen"),
        ]
        .map(|(id, text)| (id.to_owned(), text.to_owned()))
        .to_vec()
    };
    view! {
        {choice("Compute", options, value, chosen)}
        {move || match kind.get() {
            "run" | "sample" => Some(choice("It is that of", kinds(), move || kind.get().to_owned(), of)),
            "product" => Some(view! {
                <p class="aside">
                    "GFLOPs a parameter and sample. 9.6e-8 is the study’s ViT-B-32 (about 48 tokens a sample, 2 operations a parameter and token); smaller patches and larger pictures take more. For tokens: 2e-9."
                </p>
            }.into_any()),
            _ => None,
        }}
        {move || {
            has_factor
                .get()
                .then(|| {
                    let shown = move || factor().map_or(String::new(), plain);
                    text(c, "Compute is multiplied by".to_owned(), shown, set)
                })
        }}
    }
    .into_any()
}

fn positive(text: &str) -> Option<f64> {
    decimal::parse(text.trim()).filter(|x| x.is_finite() && *x > 0.0)
}

/// A factor as it is typed.
fn plain(x: f64) -> String {
    match x {
        x if (1e-3..1e6).contains(&x) => x.to_string(),
        x => format!("{x:e}"),
    }
}

fn amount(
    c: Choosing,
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
        {choice(label, columns(c, &[("", "not told")]), value, chosen)}
        {move || {
            has_column
                .get()
                .then(|| text(c, format!("{label} are multiplied by"), factor, change))
        }}
    }
    .into_any()
}

/// A column, or the same text for all rows.
fn field(
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
fn scores(c: Choosing) -> AnyView {
    let number = Memo::new(move |_| c.mapping.with(|m| m.scores.len()));
    let add = move |id: String| {
        let Some(column) = id.strip_prefix('=').map(str::to_owned) else {
            return;
        };
        c.mapping.update(|m| {
            m.scores.push(Score {
                metric: Field::Constant(metric(&column)),
                quantity: Quantity::Metric,
                scale: Scale::Detect,
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
                    Scale::Detect => "detect".to_owned(),
                    Scale::Fraction => "fraction".to_owned(),
                    Scale::Percent => "percent".to_owned(),
                }),
                move |id| change(&|s| s.scale = match id.as_str() {
                    "fraction" => Scale::Fraction,
                    "percent" => Scale::Percent,
                    _ => Scale::Detect,
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
