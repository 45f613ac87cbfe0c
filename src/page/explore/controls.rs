//! The choices.

use super::Shown;
use crate::analysis::{Analysis, BinRange, Choices, threshold};
use crate::page::list;
use crate::page::location::Location;
use crate::study::frontier::FrontierRule;
use crate::study::select::Axis;
use crate::study::{Study, Table, names};
use leptos::prelude::*;
use refit_fit::law::{Form, Law};
use refit_fit::order;
use refit_fit::{Interval, Loss};

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
                && shown.data.wanted.table == analysis.table
            {
                analysis.settle(&shown.data.rows);
            }
        });
    };
    let set_families = move |ids: Vec<String>| change(&|a| a.families.clone_from(&ids));
    let set_pretrains = move |ids: Vec<String>| change(&|a| a.pretrains.clone_from(&ids));
    let set_schedules = move |ids: Vec<String>| change(&|a| a.schedules.clone_from(&ids));
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
                <Several
                    label="Learning-rate schedules"
                    options=Signal::derive(move || choices.with(|c| named(&c.schedules, names::schedule)))
                    values=Signal::derive(move || location.analysis.with(|a| a.schedules.clone()))
                    on_change=set_schedules
                />
            </fieldset>
            <fieldset>
                <legend>"Fit"</legend>
                {one_of("Law of", &Axis::ALL, Axis::id, Axis::title, |a| a.axis, |a, x| a.axis = x)}
                {one_of("Law", &Law::ALL, Form::id, Form::plain, |a| a.law, |a, l| a.law = l)}
                {one_of(
                    "Minimise",
                    &Loss::ALL,
                    Loss::kind,
                    Loss::title,
                    |a| a.loss,
                    |a, l| a.loss = l,
                )}
                <LossParameter />
                {one_of(
                    "Frontier",
                    &FrontierRule::ALL,
                    FrontierRule::id,
                    FrontierRule::title,
                    |a| a.frontier,
                    |a, r| a.frontier = r,
                )}
                <Threshold />
                {one_of(
                    "Bin edges from",
                    &BinRange::ALL,
                    BinRange::id,
                    BinRange::title,
                    |a| a.bin_range,
                    |a, e| a.bin_range = e,
                )}
                {one_of(
                    "Interval",
                    &Interval::ALL,
                    Interval::id,
                    crate::analysis::interval_title,
                    |a| a.interval,
                    |a, i| a.interval = i,
                )}
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

/// One of the library's own choices, none of which depends on the data.
pub fn one_of<T: Copy + Send + Sync + 'static>(
    label: &'static str,
    all: &'static [T],
    id: fn(T) -> &'static str,
    title: fn(T) -> &'static str,
    get: fn(&Analysis) -> T,
    set: fn(&mut Analysis, T),
) -> impl IntoView {
    let location = expect_context::<Location>();
    view! {
        <Choice
            label
            options=Signal::derive(move || options(all, id, |v| title(v).to_owned()))
            value=Signal::derive(move || location.analysis.with(|a| id(get(a)).to_owned()))
            on_choice=move |chosen: String| {
                if let Some(value) = find(all, id, &chosen) {
                    location.change(|a| set(a, value));
                }
            }
        />
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

/// A value that is typed, with a sentence where it cannot be read.
#[component]
pub fn Typed(
    #[prop(into)] label: Signal<String>,
    name: &'static str,
    value: Signal<String>,
    /// Takes what was typed, or says what is wrong with it.
    take: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
) -> impl IntoView {
    let wrong = RwSignal::new(None::<String>);
    let id = format!("{}-error", name.to_ascii_lowercase().replace(' ', "-"));
    view! {
        <label class="choice">
            <span>{label}</span>
            <input
                name=name
                inputmode="text"
                autocomplete="off"
                prop:value=value
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                aria-describedby=id.clone()
                on:change:target=move |event| wrong.set(take(event.target().value().trim()).err())
            />
        </label>
        <p id=id class="error" role="alert" hidden=move || wrong.with(Option::is_none)>
            {move || wrong.get()}
        </p>
    }
}

/// Compute above which runs are held out.
#[component]
fn Threshold() -> impl IntoView {
    let location = expect_context::<Location>();
    let value = move || {
        let value = location.analysis.with(|a| a.threshold);
        value.map_or("none".to_owned(), |t| format!("{t:e}"))
    };
    let label = move || {
        let unit = location.analysis.with(|a| a.study().compute_unit());
        format!("Hold out runs above ({unit})")
    };
    let take = move |given: &str| {
        let value = threshold(given)
            .ok_or_else(|| format!("“{given}” is neither a compute such as 1e12 nor “none”."))?;
        location.change(|a| a.threshold = value);
        Ok(())
    };
    view! {
        <Typed
            label=Signal::derive(label)
            name="Threshold"
            value=Signal::derive(value)
            take
        />
    }
}

/// δ, a number of images or a factor, where the loss has one.
#[component]
fn LossParameter() -> impl IntoView {
    let location = expect_context::<Location>();
    let kind = Memo::new(move |_| location.analysis.with(|a| a.loss.kind()));
    let value = move || {
        let id = location.analysis.with(|a| a.loss.id());
        id.split_once(':')
            .map_or(String::new(), |(_, v)| v.to_owned())
    };
    let take = move |given: &str| {
        let loss = crate::analysis::loss::parse(&format!("{}:{given}", kind.get_untracked()))
            .ok_or_else(|| format!("“{given}” is out of range here."))?;
        location.change(|a| a.loss = loss);
        Ok(())
    };
    move || {
        let label = match Loss::new(kind.get(), None)? {
            Loss::Huber { .. } => "δ, on the log of the error",
            Loss::Binomial { .. } => "Test images",
            Loss::Asymmetric { .. } => "Weight where the law lies above",
            Loss::Squares | Loss::LogSquares => return None,
        };
        Some(view! {
            <Typed
                label=Signal::stored(label.to_owned())
                name="Loss parameter"
                value=Signal::derive(value)
                take
            />
        })
    }
}
