//! The controls of an analysis.

use super::CurrentAnalysis;
use crate::analysis::{Analysis, BinRange, Choices, interval_title, threshold};
use crate::page::list;
use crate::page::location::{Location, explore_link};
use crate::page::messages::error_if_any;
use crate::study::frontier::FrontierRule;
use crate::study::select::Axis;
use crate::study::{Study, names};
use crate::text::escape;
use leptos::prelude::*;
use refit_fit::law::{Form, Law};
use refit_fit::order;
use refit_fit::{Interval, Loss};

/// Values and texts of a select.
type Options = Vec<(String, String)>;

fn options<T: Copy>(all: &[T], id: fn(T) -> &'static str, title: impl Fn(T) -> String) -> Options {
    all.iter().map(|&v| (id(v).to_owned(), title(v))).collect()
}

fn named(study: Study, ids: &[String], name: fn(Study, &str) -> &str) -> Options {
    let mut options: Options = ids
        .iter()
        .map(|id| (id.clone(), name(study, id).to_owned()))
        .collect();
    order::sort_by(&mut options, |(_, a), (_, b)| {
        a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase())
    });
    options
}

fn find<T: Copy>(all: &[T], id: fn(T) -> &'static str, value: &str) -> Option<T> {
    all.iter().copied().find(|v| id(*v) == value)
}

#[component]
pub fn Controls(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let controls = ControlsState {
        location: expect_context::<Location>(),
        current,
        choices: Memo::new(move |_| {
            current
                .with(|s| s.as_ref().map(|s| Choices::of(&s.analysis, &s.data.rows)))
                .unwrap_or_default()
        }),
    };
    view! {
        // On a phone a sheet, which the button opens.
        <button type="button" popovertarget="choices">
            "Choices"
        </button>
        <form class="controls" id="choices" popover aria-label="Choices" on:submit=|e| e.prevent_default()>
            <fieldset>
                <legend>"Data"</legend>
                {controls.data()}
            </fieldset>
            <fieldset>
                <legend>"Series"</legend>
                {controls.series()}
            </fieldset>
            <fieldset>
                <legend>"Fit"</legend>
                {controls.fit()}
            </fieldset>
        </form>
    }
}

/// What the groups of controls share.
#[derive(Clone, Copy)]
struct ControlsState {
    location: Location,
    current: Memo<Option<CurrentAnalysis>>,
    choices: Memo<Choices>,
}

impl ControlsState {
    fn read(self, get: fn(&Analysis) -> String) -> Signal<String> {
        Signal::derive(move || self.location.analysis.with(get))
    }

    /// Options whose names depend on the data.
    fn options(
        self,
        ids: fn(&Choices) -> &Vec<String>,
        name: fn(Study, &str) -> &str,
    ) -> Signal<Options> {
        Signal::derive(move || {
            let study = self.location.analysis.with(Analysis::study);
            self.choices.with(|c| named(study, ids(c), name))
        })
    }

    /// After a change, the choices that depend on it fall back to some that the data have.
    fn change(self, change: &dyn Fn(&mut Analysis)) {
        self.location.change(|analysis| {
            let before = analysis.families.clone();
            change(analysis);
            if let Some(current) = self.current.get_untracked()
                && current.data.query.table == analysis.table
            {
                analysis.settle(&current.data.rows);
                analysis.show_families(&before, &current.data.rows);
            }
        });
    }

    fn data(self) -> AnyView {
        let tables = Signal::derive(move || {
            let study = self.location.analysis.with(Analysis::study);
            let tables = study.tables().map(|t| (t.id.clone(), t.title.clone()));
            tables.collect::<Options>()
        });
        let studies = Signal::derive(move || {
            // A study that was opened is in the address.
            self.location.analysis.track();
            let studies = Study::all().into_iter();
            let options = studies.map(|s| (s.reference().to_owned(), s.title.clone()));
            options.collect::<Options>()
        });
        view! {
            <Choice
                label="Study"
                options=studies
                value=self.read(|a| a.study().reference().to_owned())
                on_choice=move |reference: String| {
                    let study = Study::find(&reference);
                    match study.and_then(|s| s.tables().next().filter(|_| s.is_described())) {
                        Some(table) => self.change(&|a| *a = Analysis::of(table)),
                        None => self.location.go(&format!("?study={reference}")),
                    }
                }
            />
            <Choice
                label="Measurements"
                options=tables
                value=self.read(|a| a.table.id.clone())
                on_choice=move |id: String| {
                    let study = self.location.analysis.with_untracked(Analysis::study);
                    if let Some(table) = study.table(&id) {
                        self.change(&|a| *a = Analysis::of(table));
                    }
                }
            />
            <Choice
                label="Benchmark"
                options=self.options(|c| &c.datasets, names::dataset)
                value=self.read(|a| a.dataset.clone())
                on_choice=move |id: String| self.change(&|a| a.dataset.clone_from(&id))
            />
            <Choice
                label="Metric"
                options=self.options(|c| &c.metrics, names::metric)
                value=self.read(|a| a.metric.clone())
                on_choice=move |id: String| self.change(&|a| a.metric.clone_from(&id))
            />
        }
        .into_any()
    }

    fn series(self) -> AnyView {
        let values = move |get: fn(&Analysis) -> &Vec<String>| {
            Signal::derive(move || self.location.analysis.with(|a| get(a).clone()))
        };
        let set = move |set: fn(&mut Analysis, Vec<String>)| {
            Callback::new(move |ids: Vec<String>| self.change(&|a| set(a, ids.clone())))
        };
        view! {
            <Several
                label="Families"
                options=self.options(|c| &c.families, names::family)
                values=values(|a| &a.families)
                on_change=set(|a, ids| a.families = ids)
            />
            <Several
                label="Pre-training sets"
                options=self.options(|c| &c.pretrains, names::pretrain)
                values=values(|a| &a.pretrains)
                on_change=set(|a, ids| a.pretrains = ids)
            />
            <Several
                label="Learning-rate schedules"
                options=self.options(|c| &c.schedules, names::schedule)
                values=values(|a| &a.schedules)
                on_change=set(|a, ids| a.schedules = ids)
            />
        }
        .into_any()
    }

    fn fit(self) -> AnyView {
        let reset = move || {
            let analysis = self.location.analysis.get();
            explore_link(&Analysis::of(analysis.table))
        };
        view! {
            {one_of("x axis", &Axis::ALL, Axis::id, axis_title, |a| a.axis, |a, x| a.axis = x)}
            {one_of("Law", &Law::ALL, Form::id, Form::plain, |a| a.law, |a, l| a.law = l)}
            {one_of("Loss", &Loss::ALL, Loss::kind, Loss::title, |a| a.loss, |a, l| a.loss = l)}
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
            {one_of("Bin range", &BinRange::ALL, BinRange::id, BinRange::title, |a| a.bin_range, |a, e| a.bin_range = e)}
            {one_of(
                "Interval",
                &Interval::ALL,
                Interval::id,
                interval_title,
                |a| a.interval,
                |a, i| a.interval = i,
            )}
            <p>
                <a class="button" href=reset>
                    "Reset to released settings"
                </a>
            </p>
        }
        .into_any()
    }
}

fn axis_title(axis: Axis) -> &'static str {
    axis.title(expect_context::<Location>().analysis.with(Analysis::study))
}

/// A choice among values that do not depend on the data.
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

/// A select.
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
                inner_html=move || {
                    let chosen = value.get();
                    options.with(|options| options.iter().map(|(id, text)| option(id, text, &chosen)).collect::<String>())
                }
            ></select>
        </label>
    }
}

/// As HTML, which costs less of the first view than elements do.
pub fn option(id: &str, text: &str, chosen: &str) -> String {
    let selected = if id == chosen { " selected" } else { "" };
    format!(
        "<option value=\"{}\"{selected}>{}</option>",
        escape(id),
        escape(text)
    )
}

/// Checkboxes, at least one of which is checked.
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
                                    // A figure needs at least one series.
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

/// A text field with an error where its value is invalid.
#[component]
pub fn TextField(
    #[prop(into)] label: Signal<String>,
    name: &'static str,
    value: Signal<String>,
    /// Applies the entry, or returns what is wrong with it.
    apply: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
) -> impl IntoView {
    let invalid = RwSignal::new(None::<String>);
    let id = format!("{}-error", name.to_ascii_lowercase().replace(' ', "-"));
    view! {
        <label class="choice">
            <span>{label}</span>
            <input
                name=name
                inputmode="text"
                autocomplete="off"
                prop:value=value
                aria-invalid=move || invalid.with(Option::is_some).then_some("true")
                aria-describedby=id.clone()
                on:change:target=move |event| invalid.set(apply(event.target().value().trim()).err())
            />
        </label>
        <div id=id>{error_if_any(invalid)}</div>
    }
}

/// The compute above which runs are held out.
#[component]
fn Threshold() -> impl IntoView {
    let location = expect_context::<Location>();
    let value = move || {
        let value = location.analysis.with(|a| a.threshold);
        value.map_or("none".to_owned(), |t| format!("{t:e}"))
    };
    let label = move || {
        let unit = location.analysis.with(|a| &a.study().head().compute_unit);
        format!("Hold out runs above ({unit})")
    };
    let apply = move |given: &str| {
        let value = threshold(given).ok_or_else(|| {
            format!("“{given}” is not a compute. Enter one such as 1e12, or “none”.")
        })?;
        location.change(|a| a.threshold = value);
        Ok(())
    };
    view! {
        <TextField
            label=Signal::derive(label)
            name="Threshold"
            value=Signal::derive(value)
            apply
        />
    }
}

/// The loss's parameter, where it has one.
#[component]
fn LossParameter() -> impl IntoView {
    let location = expect_context::<Location>();
    let kind = Memo::new(move |_| location.analysis.with(|a| a.loss.kind()));
    let value = move || {
        let id = location.analysis.with(|a| a.loss.id());
        id.split_once(':')
            .map_or(String::new(), |(_, v)| v.to_owned())
    };
    let apply = move |given: &str| {
        let loss = crate::analysis::loss::parse(&format!("{}:{given}", kind.get_untracked()))
            .ok_or_else(|| format!("“{given}” is out of range."))?;
        location.change(|a| a.loss = loss);
        Ok(())
    };
    move || {
        let label = match Loss::new(kind.get(), None)? {
            Loss::Huber { .. } => "δ (of the log error)",
            Loss::Binomial { .. } => "Test images",
            Loss::Asymmetric { .. } => "Weight of overestimates",
            Loss::Squares | Loss::LogSquares => return None,
        };
        Some(view! {
            <TextField
                label=Signal::stored(label.to_owned())
                name="Loss parameter"
                value=Signal::derive(value)
                apply
            />
        })
    }
}
