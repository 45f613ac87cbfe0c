//! The choices.

use super::Shown;
use crate::page::list;
use crate::page::location::Location;
use leptos::prelude::*;
use refit::analysis::{Analysis, Choices, Edges, threshold};
use refit::fit::Interval;
use refit::law::Law;
use refit::order;
use refit::study::frontier::Rule;
use refit::study::{Study, Table, names};

/// One way a choice can fall: value, text.
type Options = Vec<(String, String)>;

fn options<T: Copy>(all: &[T], id: fn(T) -> &'static str, title: impl Fn(T) -> String) -> Options {
    all.iter().map(|&v| (id(v).to_owned(), title(v))).collect()
}

fn named(ids: &[String], name: fn(&str) -> &str) -> Options {
    let mut options: Options = ids
        .iter()
        .map(|id| (id.clone(), name(id).to_owned()))
        .collect();
    order::sort_by(&mut options, |(_, a), (_, b)| {
        a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase())
    });
    options
}

fn find<T: Copy>(all: &[T], id: fn(T) -> &'static str, wanted: &str) -> Option<T> {
    all.iter().copied().find(|v| id(*v) == wanted)
}

#[component]
pub fn Controls(shown: Memo<Option<Shown>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let choices = Memo::new(move |_| {
        shown
            .with(|s| s.as_ref().map(|s| Choices::of(&s.analysis, &s.data.rows)))
            .unwrap_or_default()
    });
    let read =
        move |get: fn(&Analysis) -> String| Signal::derive(move || location.analysis.with(get));
    // After a choice, those that depend on it settle on something that the data hold.
    let change = move |change: &dyn Fn(&mut Analysis)| {
        location.change(|analysis| {
            change(analysis);
            if let Some(shown) = shown.get_untracked()
                && shown.data.table == analysis.table
            {
                analysis.settle(&shown.data.rows);
            }
        });
    };
    let set_families = move |ids: Vec<String>| change(&|a| a.families.clone_from(&ids));
    let set_pretrains = move |ids: Vec<String>| change(&|a| a.pretrains.clone_from(&ids));
    let tables = Signal::derive(move || {
        let study = location.analysis.with(Analysis::study);
        let tables: Vec<Table> = Table::of(study).collect();
        options(&tables, Table::id, |t| t.title().to_owned())
    });
    view! {
        <form class="controls" aria-label="Choices" on:submit=|e| e.prevent_default()>
            <fieldset>
                <legend>"Data"</legend>
                <Choice
                    label="Study"
                    options=options(&Study::ALL, Study::id, |s| format!("{} ({})", s.id(), s.arxiv()))
                    value=read(|a| a.study().id().to_owned())
                    on_choice=move |id: String| {
                        let study = find(&Study::ALL, Study::id, &id);
                        let table = study.and_then(|s| {
                            [Table::Sweep, Table::Zeroshot].into_iter().find(|t| t.study() == s)
                        });
                        if let Some(table) = table {
                            change(&|a| *a = Analysis::of(table));
                        }
                    }
                />
                <Choice
                    label="Measurements"
                    options=tables
                    value=read(|a| a.table.id().to_owned())
                    on_choice=move |id: String| {
                        if let Some(table) = find(&Table::ALL, Table::id, &id) {
                            change(&|a| *a = Analysis::of(table));
                        }
                    }
                />
                <Choice
                    label="Set"
                    options=Signal::derive(move || choices.with(|c| named(&c.datasets, names::dataset)))
                    value=read(|a| a.dataset.clone())
                    on_choice=move |id: String| change(&|a| a.dataset.clone_from(&id))
                />
                <Choice
                    label="Metric"
                    options=Signal::derive(move || choices.with(|c| named(&c.metrics, names::metric)))
                    value=read(|a| a.metric.clone())
                    on_choice=move |id: String| change(&|a| a.metric.clone_from(&id))
                />
                <Choice
                    label="Learning-rate schedule"
                    options=Signal::derive(move || choices.with(|c| named(&c.schedules, names::schedule)))
                    value=read(|a| a.schedule.clone())
                    on_choice=move |id: String| change(&|a| a.schedule.clone_from(&id))
                />
            </fieldset>
            <fieldset>
                <legend>"Series"</legend>
                <Several
                    label="Families"
                    options=Signal::derive(move || choices.with(|c| named(&c.families, names::family)))
                    values=Signal::derive(move || location.analysis.with(|a| a.families.clone()))
                    on_change=set_families
                />
                <Several
                    label="Pre-training sets"
                    options=Signal::derive(move || choices.with(|c| named(&c.pretrains, names::pretrain)))
                    values=Signal::derive(move || location.analysis.with(|a| a.pretrains.clone()))
                    on_change=set_pretrains
                />
            </fieldset>
            <fieldset>
                <legend>"Fit"</legend>
                <Choice
                    label="Law"
                    options=options(&Law::ALL, Law::id, |l| l.plain().to_owned())
                    value=read(|a| a.law.id().to_owned())
                    on_choice=move |id: String| {
                        if let Some(law) = find(&Law::ALL, Law::id, &id) {
                            change(&|a| a.law = law);
                        }
                    }
                />
                <Choice
                    label="Frontier"
                    options=options(&Rule::ALL, Rule::id, |r| r.title().to_owned())
                    value=read(|a| a.frontier.id().to_owned())
                    on_choice=move |id: String| {
                        if let Some(rule) = find(&Rule::ALL, Rule::id, &id) {
                            change(&|a| a.frontier = rule);
                        }
                    }
                />
                <Threshold />
                <Choice
                    label="Bin edges from"
                    options=options(&Edges::ALL, Edges::id, |e| {
                        match e {
                            Edges::Kept => "runs up to the threshold",
                            Edges::All => "all runs",
                        }
                            .to_owned()
                    })
                    value=read(|a| a.edges.id().to_owned())
                    on_choice=move |id: String| {
                        if let Some(edges) = find(&Edges::ALL, Edges::id, &id) {
                            change(&|a| a.edges = edges);
                        }
                    }
                />
                <Choice
                    label="Interval"
                    options=options(&Interval::ALL, Interval::id, |i| i.title().to_owned())
                    value=read(|a| a.interval.id().to_owned())
                    on_choice=move |id: String| {
                        if let Some(interval) = find(&Interval::ALL, Interval::id, &id) {
                            change(&|a| a.interval = interval);
                        }
                    }
                />
                <p>
                    <a class="button" href=move || {
                        location.analysis.with(|a| {
                            crate::page::location::explore(&Analysis::of(a.table))
                        })
                    }>"Back to the released choices"</a>
                </p>
            </fieldset>
        </form>
    }
}

/// One of several.
#[component]
fn Choice(
    label: &'static str,
    #[prop(into)] options: Signal<Options>,
    value: Signal<String>,
    #[prop(into)] on_choice: Callback<String>,
) -> impl IntoView {
    let options = Memo::new(move |_| options.get());
    view! {
        <label class="choice">
            <span>{label}</span>
            <select
                name=label
                on:change:target=move |event| on_choice.run(event.target().value())
                prop:value=move || {
                    // The value only takes once its option is there.
                    options.track();
                    value.get()
                }
            >
                {move || {
                    let options = options.get().into_iter();
                    list(options.map(|(id, text)| {
                        let selected = value.with(|v| *v == id);
                        view! {
                            <option value=id selected=selected>
                                {text}
                            </option>
                        }
                    }))
                }}
            </select>
        </label>
    }
}

/// Any number of several, one at least.
#[component]
fn Several(
    label: &'static str,
    #[prop(into)] options: Signal<Options>,
    values: Signal<Vec<String>>,
    #[prop(into)] on_change: Callback<Vec<String>>,
) -> impl IntoView {
    let options = Memo::new(move |_| options.get());
    let toggle = move |id: &str, on: bool| {
        let known: Vec<String> = options
            .get_untracked()
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        let before = values.get_untracked();
        let after = known
            .into_iter()
            .filter(|k| if k == id { on } else { before.contains(k) })
            .collect();
        on_change.run(after);
    };
    view! {
        <div class="several" role="group" aria-label=label>
            <span>{label}</span>
            {move || {
                let options = options.get().into_iter();
                list(options.map(|(id, text)| {
                        let (name, checked, only) = (id.clone(), id.clone(), id.clone());
                        view! {
                            <label>
                                <input
                                    type="checkbox"
                                    name=name
                                    prop:checked=move || values.with(|v| v.contains(&checked))
                                    // The last one stays: a figure has a series.
                                    disabled=move || values.with(|v| v.len() == 1 && v.contains(&only))
                                    on:change:target=move |event| toggle(&id, event.target().checked())
                                />
                                {text}
                            </label>
                        }
                    }))
            }}
        </div>
    }
}

/// Compute above which runs are held out.
#[component]
fn Threshold() -> impl IntoView {
    let location = expect_context::<Location>();
    let wrong = RwSignal::new(None::<String>);
    let text = move || {
        let value = location.analysis.with(|a| a.threshold);
        value.map_or("none".to_owned(), |t| format!("{t:e}"))
    };
    let unit = move || location.analysis.with(|a| a.study().compute_unit());
    view! {
        <label class="choice">
            <span>"Hold out runs above (" {unit} ")"</span>
            <input
                name="Threshold"
                inputmode="text"
                autocomplete="off"
                prop:value=text
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                aria-describedby="threshold-error"
                on:change:target=move |event| {
                    let given = event.target().value();
                    match threshold(given.trim()) {
                        Some(value) => {
                            wrong.set(None);
                            location.change(|a| a.threshold = value);
                        }
                        None => {
                            wrong
                                .set(
                                    Some(
                                        format!(
                                            "“{given}” is neither a compute such as 1e12 nor “none”.",
                                        ),
                                    ),
                                )
                        }
                    }
                }
            />
        </label>
        <p id="threshold-error" class="error" role="alert" hidden=move || wrong.with(Option::is_none)>
            {move || wrong.get()}
        </p>
    }
}
