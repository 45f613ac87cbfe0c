//! Accuracy against accuracy: the benchmark on screen against another, and effective robustness.

use super::CurrentAnalysis;
use crate::analysis::transfer::{
    Benchmark, Choice, Model, Source, Transfer, benchmarks, reference_groups, transfer,
};
use crate::figure::transfer_scene;
use crate::page::choice::radios;
use crate::page::static_chart::StaticChart;
use crate::page::table::{or_dash, table};
use crate::page::{data, list};
use crate::study::{Measurement, Table, names};
use crate::text::{number, percent};
use leptos::prelude::*;
use refit_fit::line::Estimate;
use refit_fit::robustness::{AccuracyLine, Axis};
use std::error::Error;
use std::sync::Arc;

const AXES: [(&str, Axis); 3] = [
    ("Logit", Axis::Logit),
    ("Probit", Axis::Probit),
    ("Linear", Axis::Linear),
];
/// The benchmark without the shift that opens, where a table has it.
const USUAL: &str = "imagenet1k";

/// What the reader chose, and what came of it.
#[derive(Clone, PartialEq)]
struct Shown {
    current: CurrentAnalysis,
    choice: Choice,
    found: Transfer,
}

/// Rows of another table, whose models are held against the line.
type Other = (Table, Vec<Measurement>);

#[component]
pub fn AccuracyTransfer(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let axis = RwSignal::new(0);
    let x = RwSignal::new(String::new());
    let reference = RwSignal::new(Vec::<String>::new());
    let other = RwSignal::new(String::new());
    let others = data::load(move || {
        let chosen = other.get();
        let table = Table::bundled().find(|t| t.id == chosen);
        async move {
            Ok(Arc::new(match table {
                Some(table) => Some((table, data::bundled(table).await?.0)),
                None => None::<Other>,
            }))
        }
    });
    let options = Memo::new(move |_| {
        current.with(|s| {
            s.as_ref().map_or(Vec::new(), |s| {
                let mut all = benchmarks(s.analysis.study(), &s.data.rows);
                let on_screen = of_screen(s);
                all.retain(|b| *b != on_screen);
                all
            })
        })
    });
    let shown = Memo::new(move |_| {
        let current = current.get()?;
        let choice = Choice {
            x: chosen(&options.get(), &x.get(), &of_screen(&current))?,
            y: of_screen(&current),
            axis: AXES[axis.get()].1,
            reference: reference.get(),
        };
        let others = others.get().and_then(Result::ok);
        let found = {
            let mut sources = vec![Source {
                study: current.analysis.study(),
                rows: &current.data.rows,
            }];
            let others = others.iter().filter_map(|o| o.as_ref().as_ref());
            sources.extend(others.map(|(table, rows)| Source {
                study: table.study(),
                rows,
            }));
            transfer(&choice, &sources)
        };
        Some(Shown {
            current,
            choice,
            found,
        })
    });
    let scene = Memo::new(move |_| {
        shown.with(|s| {
            let s = s.as_ref()?;
            let study = s.current.analysis.study();
            Some(transfer_scene(study, &s.choice, &s.found))
        })
    });
    view! {
        <p>
            "Each model on the benchmark of the figure above (vertical) and on another (horizontal). Accuracies under a shift follow a straight line once both are logits or probits; a model’s height above the line of reference models is its effective robustness."
        </p>
        {choices(options, x, shown, other)}
        {radios("Axes of accuracy", &AXES.map(|a| a.0), axis)}
        {move || shown.with(|s| s.as_ref().map(|s| references(s, reference)))}
        {move || match others.get() {
            Some(Err(failure)) => crate::page::messages::error(failure.to_string()).into_any(),
            _ => ().into_any(),
        }}
        <StaticChart
            scene
            label="Accuracy against accuracy; the numbers are in the table below."
        />
        {move || match shown.get() {
            None => view! { <p>"The measurements have one benchmark alone."</p> }.into_any(),
            Some(s) => results(&s),
        }}
    }
}

/// The benchmark of the figure.
fn of_screen(s: &CurrentAnalysis) -> Benchmark {
    Benchmark {
        dataset: s.analysis.dataset.clone(),
        metric: s.analysis.metric.clone(),
    }
}

/// A benchmark as the value of an option.
fn value(b: &Benchmark) -> String {
    format!("{} {}", b.dataset, b.metric)
}

/// The benchmark that the reader chose; the usual one, or the first, by the metric on screen.
fn chosen(all: &[Benchmark], wanted: &str, on_screen: &Benchmark) -> Option<Benchmark> {
    let same_metric = || all.iter().filter(|b| b.metric == on_screen.metric);
    let found = all.iter().find(|b| value(b) == wanted);
    let found = found.or_else(|| same_metric().find(|b| b.dataset == USUAL));
    let found = found.or_else(|| same_metric().next()).or(all.first());
    found.cloned()
}

fn choices(
    options: Memo<Vec<Benchmark>>,
    x: RwSignal<String>,
    shown: Memo<Option<Shown>>,
    other: RwSignal<String>,
) -> impl IntoView {
    let benchmarks = move || {
        let now = shown.with(|s| s.as_ref().map(|s| value(&s.choice.x)));
        let study = shown.with(|s| s.as_ref().map(|s| s.current.analysis.study()));
        let all = options.get().into_iter();
        list(all.filter_map(move |b| {
            let text = format!(
                "{}, {}",
                names::dataset(study?, &b.dataset),
                names::metric(study?, &b.metric)
            );
            let selected = now.as_ref() == Some(&value(&b));
            Some(view! {
                <option value=value(&b) prop:selected=selected>
                    {text}
                </option>
            })
        }))
    };
    let tables = Table::bundled().map(|t| {
        let text = format!("{}: {}", t.study().id, t.title);
        view! { <option value=t.id.clone()>{text}</option> }
    });
    view! {
        <div class="choices">
            <label class="choice">
                <span>"Against"</span>
                <select name="Against" on:change:target=move |event| x.set(event.target().value())>
                    {benchmarks}
                </select>
            </label>
            <label class="choice">
                <span>"Also the models of"</span>
                <select
                    name="Also the models of"
                    on:change:target=move |event| other.set(event.target().value())
                >
                    <option value="">"no other table"</option>
                    {list(tables)}
                </select>
            </label>
        </div>
    }
}

/// Checkboxes of the groups that reference models are of; none means all models of the figure's table.
fn references(s: &Shown, reference: RwSignal<Vec<String>>) -> AnyView {
    let groups = reference_groups(&s.found.models).into_iter();
    let boxes = groups.map(|(study, group)| {
        let name = match s.found.models.iter().any(|m| m.family == group) {
            true => names::family(study, &group),
            false => names::pretrain(study, &group),
        };
        let name = name.to_owned();
        let (checked, toggled) = (group.clone(), group);
        view! {
            <label>
                <input
                    type="checkbox"
                    prop:checked=move || reference.with(|r| r.contains(&checked))
                    on:change:target=move |event| {
                        let on = event.target().checked();
                        reference
                            .update(|r| {
                                r.retain(|known| *known != toggled);
                                if on {
                                    r.push(toggled.clone());
                                }
                            });
                    }
                />
                {name}
            </label>
        }
    });
    view! {
        <div class="several" role="group" aria-label="Reference models">
            <span>"Reference models (none chosen: all of this table)"</span>
            {list(boxes)}
        </div>
    }
    .into_any()
}

fn results(s: &Shown) -> AnyView {
    let found = &s.found;
    let left_out = (!found.off_axis.is_empty()).then(|| {
        format!(
            "Left out, with an accuracy of 0 or 1, which these axes do not have: {}. ",
            found.off_axis.join(", ")
        )
    });
    let alone = (found.on_one_alone > 0).then(|| {
        format!(
            "{} models were measured on one of the two alone.",
            found.on_one_alone
        )
    });
    let line = match &found.line {
        Ok(line) => view! { <p>{sentence(line)}</p> }.into_any(),
        Err(why) => {
            let cause = why.source().map_or(String::new(), |c| format!(" {c}"));
            let text = format!("{why}{cause} Choose other reference models.");
            view! { <p class="error">{text}</p> }.into_any()
        }
    };
    view! {
        <p class="aside">
            "Hollow: reference models. Line: through them, with its 95 % band. Dotted: equal accuracy."
        </p>
        {line}
        <p class="aside">{left_out} {alone}</p>
        {robustness(s)}
    }
    .into_any()
}

fn sentence(line: &AccuracyLine) -> String {
    let of = |e: Estimate| {
        let interval = e.interval.map_or(String::new(), |(low, high)| {
            format!(" (95 %: {} to {})", number(low), number(high))
        });
        format!("{}{interval}", number(e.value))
    };
    format!(
        "Through {} reference models, on {} axes: slope {}, intercept {}.",
        line.line.points,
        line.axis.id(),
        of(line.line.slope),
        of(line.line.intercept)
    )
}

/// Effective robustness, the highest first: of the other models, or where there are none, of all.
fn robustness(s: &Shown) -> AnyView {
    let models = &s.found.models;
    let others = models.iter().any(|m| !m.reference);
    let listed = models.iter().filter(|m| !m.reference || !others);
    let study = s.current.analysis.study();
    let head = [
        "Model",
        names::dataset(study, &s.choice.x.dataset),
        names::dataset(study, &s.choice.y.dataset),
        "The line expects",
        "Effective robustness, pp",
        "95 % of single models lie within, pp",
    ];
    table(None, &head, listed.map(row).collect())
}

fn row(m: &Model) -> Vec<String> {
    let points = |x: f64| format!("{:+.2}", 100.0 * x).replace('-', "−");
    let single = m.expected.and_then(|e| Some((e.value, e.single?)));
    vec![
        m.name.clone(),
        percent(m.x),
        percent(m.y),
        or_dash(m.expected, |e| percent(e.value)),
        or_dash(m.effective_robustness, points),
        or_dash(single, |(value, (low, high))| {
            format!("{} to {}", points(low - value), points(high - value))
        }),
    ]
}
