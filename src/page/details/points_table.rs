//! The numbers behind the chart as a table: sorted by any column, filtered by text.

use super::{Shown, fitted_names};
use crate::analysis::Series;
use crate::analysis::comparison::residuals_about;
use crate::figure::{Dot, picture};
use crate::page::explore::series_name;
use crate::page::list;
use crate::page::location::Location;
use crate::study::names;
use crate::text::{number, percent};
use leptos::prelude::*;
use refit_fit::order;
use std::cmp::Ordering;

/// Most rows that are shown at once; a filter finds the rest.
const MOST: usize = 200;

/// One point, as text where it is read and as numbers where it is sorted.
#[derive(Clone)]
struct Row {
    run: String,
    series: String,
    part: &'static str,
    samples: String,
    samples_seen: f64,
    x: f64,
    error: f64,
    residual: Option<f64>,
}

const COLUMNS: [&str; 7] = [
    "Run",
    "Series",
    "Part",
    "Samples",
    "",
    "Error",
    "Residual, pp",
];
/// Its heading is the axis's unit.
const PLACE: usize = 4;

impl Row {
    fn compare(&self, other: &Row, column: usize) -> Ordering {
        let residual = |row: &Row| row.residual.unwrap_or(f64::INFINITY);
        match column {
            0 => self.run.cmp(&other.run),
            1 => self.series.cmp(&other.series),
            2 => self.part.cmp(other.part),
            3 => self.samples_seen.total_cmp(&other.samples_seen),
            PLACE => self.x.total_cmp(&other.x),
            5 => self.error.total_cmp(&other.error),
            _ => residual(self).total_cmp(&residual(other)),
        }
    }

    fn cells(&self) -> [String; 7] {
        let residual = self.residual.map(|r| format!("{:+.2}", 100.0 * r));
        [
            self.run.clone(),
            self.series.clone(),
            self.part.to_owned(),
            self.samples.clone(),
            number(self.x),
            percent(self.error),
            residual.map_or("–".to_owned(), |r| r.replace('-', "−")),
        ]
    }

    fn holds(&self, text: &str) -> bool {
        let words = [&self.run, &self.series, self.part, &self.samples];
        words
            .iter()
            .any(|word| word.to_ascii_lowercase().contains(text))
    }
}

/// `law` is the name of the series to whose law all residuals are; of none, each to its own.
fn rows(shown: &Shown, dots: &[Dot], law: &str) -> Vec<Row> {
    let chosen = named(shown, law);
    let rows = dots.iter().filter_map(|dot| {
        let series = shown.outcome.series.get(dot.series)?;
        let m = shown.data.rows.get(dot.row)?;
        let fit = chosen.unwrap_or(series).fit.as_ref().ok();
        Some(Row {
            run: names::run(m),
            series: series_name(series),
            part: dot.role.title(),
            samples: m.samples.clone(),
            samples_seen: m.samples_seen.unwrap_or(0.0),
            x: dot.x,
            error: dot.error,
            residual: fit.map(|f| dot.error - f.law.value(&f.parameters, dot.x)),
        })
    });
    rows.collect()
}

/// The series of a name, where it has a law.
fn named<'a>(shown: &'a Shown, name: &str) -> Option<&'a Series> {
    let mut fitted = shown.outcome.series.iter().filter(|s| s.fit.is_ok());
    fitted.find(|s| series_name(s) == name)
}

/// How the points of each other series lie about a law.
fn beside(shown: &Shown, law: &str) -> Vec<String> {
    let Some(chosen) = named(shown, law) else {
        return Vec::new();
    };
    let others = shown.outcome.series.iter();
    let others = others.filter(|s| series_name(s) != law);
    let sentences = others.filter_map(|series| {
        let told = residuals_about(series, chosen)?;
        let mean = format!("{:+.2}", 100.0 * told.mean).replace('-', "−");
        let beyond = match told.beyond {
            0 => String::new(),
            some => format!("; {some} outside of the points that it was fitted to"),
        };
        Some(format!(
            "{}: {} of {} points have a lower error than the law of {law}, {mean} percentage points from it on average{beyond}.",
            series_name(series),
            told.below,
            told.points
        ))
    });
    sentences.collect()
}

#[component]
pub fn Numbers(shown: Memo<Option<Shown>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let sorted = RwSignal::new((PLACE, false));
    let filter = RwSignal::new(String::new());
    let law = RwSignal::new(String::new());
    let all = Memo::new_with_compare(
        move |_| {
            shown.with(|s| {
                let s = s.as_ref()?;
                let drawing = location.drawing.get();
                let dots = picture(&s.analysis, &s.outcome, &s.data.rows, &drawing).dots;
                Some((law.with(|law| rows(s, &dots, law)), s.analysis.unit()))
            })
        },
        // Its inputs are memos: it runs when something else is shown.
        |_, _| true,
    );
    let found = move || {
        let text = filter.with(|text| text.trim().to_ascii_lowercase());
        let (column, falling) = sorted.get();
        all.with(|all| {
            let mut rows: Vec<Row> = all.iter().flat_map(|(rows, _)| rows.clone()).collect();
            rows.retain(|row| row.holds(&text));
            order::sort_by(&mut rows, |a, b| {
                let order = a.compare(b, column);
                if falling { order.reverse() } else { order }
            });
            rows
        })
    };
    let names = fitted_names(shown);
    let laws = move || {
        let laws = names.get().into_iter().map(|text| {
            let selected = law.with_untracked(|law| *law == text);
            view! {
                <option value=text.clone() selected=selected>
                    {format!("the law of {text}")}
                </option>
            }
        });
        list(laws)
    };
    let head = COLUMNS.iter().enumerate().map(|(i, title)| {
        let direction = move || match sorted.get() {
            (column, falling) if column == i => {
                if falling {
                    "descending"
                } else {
                    "ascending"
                }
            }
            _ => "none",
        };
        let text = move || match i {
            PLACE => all.with(|a| a.as_ref().map_or("", |(_, unit)| *unit)),
            _ => title,
        };
        view! {
            <th scope="col" aria-sort=direction>
                <button
                    type="button"
                    class="quiet"
                    on:click=move |_| {
                        sorted.update(|s| *s = if s.0 == i { (i, !s.1) } else { (i, false) });
                    }
                >
                    {text}
                </button>
            </th>
        }
    });
    view! {
        <div class="choices">
            <label class="choice">
                <span>"Only rows with"</span>
                <input
                    name="Filter"
                    autocomplete="off"
                    placeholder="ViT-B-32, frontier, 3B …"
                    prop:value=filter
                    on:input:target=move |event| filter.set(event.target().value())
                />
            </label>
            <label class="choice">
                <span>"Residual from"</span>
                <select name="Residual from" on:change:target=move |event| law.set(event.target().value())>
                    <option value="">"each series’ own law"</option>
                    {laws}
                </select>
            </label>
            <p class="aside" role="status">
                {move || {
                    let found = found().len();
                    let all = all.with(|a| a.as_ref().map_or(0, |(rows, _)| rows.len()));
                    match found {
                        found if found > MOST => format!("{found} of {all} points, the first {MOST} shown"),
                        found => format!("{found} of {all} points"),
                    }
                }}
            </p>
        </div>
        {move || {
            let told = shown.with(|s| law.with(|law| s.as_ref().map(|s| beside(s, law))))?;
            let told = told.into_iter().map(|text| view! { <li>{text}</li> });
            Some(view! { <ul>{list(told)}</ul> })
        }}
        <div class="scroll" tabindex="0" role="group" aria-label="Points as a table">
            <table class="numbers sortable">
                <thead>
                    <tr>{list(head)}</tr>
                </thead>
                <tbody>
                    {move || {
                        list(found().into_iter().take(MOST).map(|row| {
                            let [run, rest @ ..] = row.cells();
                            view! {
                                <tr>
                                    <th scope="row">{run}</th>
                                    {list(rest.into_iter().map(|cell| view! { <td>{cell}</td> }))}
                                </tr>
                            }
                        }))
                    }}
                </tbody>
            </table>
        </div>
    }
}
