//! The points of the chart as a table that can be sorted and filtered.

use super::{CurrentAnalysis, fitted_names};
use crate::analysis::comparison::residuals_about;
use crate::analysis::{LossUnit, Series};
use crate::figure::{Dot, picture};
use crate::page::explore::series_name;
use crate::page::list;
use crate::page::location::Location;
use crate::page::table::{scrolling, text_row};
use crate::study::names;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::order;
use std::cmp::Ordering;

/// Most rows shown at once.
const MOST: usize = 200;

/// One point, as texts to show and numbers to sort by.
#[derive(Clone)]
struct Row {
    run: String,
    series: String,
    role: &'static str,
    samples: String,
    samples_seen: f64,
    x: f64,
    error: f64,
    residual: Option<f64>,
    unit: LossUnit,
}

const COLUMNS: [&str; 7] = ["Run", "Series", "Role", "Samples", "", "Error", "Residual"];
/// Its header is the axis's unit.
const X: usize = 4;

impl Row {
    fn compare(&self, other: &Row, column: usize) -> Ordering {
        let residual = |row: &Row| row.residual.unwrap_or(f64::INFINITY);
        match column {
            0 => self.run.cmp(&other.run),
            1 => self.series.cmp(&other.series),
            2 => self.role.cmp(other.role),
            3 => self.samples_seen.total_cmp(&other.samples_seen),
            X => self.x.total_cmp(&other.x),
            5 => self.error.total_cmp(&other.error),
            _ => residual(self).total_cmp(&residual(other)),
        }
    }

    fn cells(&self) -> [String; 7] {
        let residual = self.residual.map(|r| self.unit.difference(r));
        [
            self.run.clone(),
            self.series.clone(),
            self.role.to_owned(),
            self.samples.clone(),
            number(self.x),
            self.unit.text(self.error),
            residual.unwrap_or("–".to_owned()),
        ]
    }

    fn contains(&self, text: &str) -> bool {
        let words = [&self.run, &self.series, self.role, &self.samples];
        words
            .iter()
            .any(|word| word.to_ascii_lowercase().contains(text))
    }
}

/// Residuals are relative to the law of the series `law`, or to each series' own where it is empty.
fn rows(current: &CurrentAnalysis, dots: &[Dot], law: &str) -> Vec<Row> {
    let chosen = named(current, law);
    let rows = dots.iter().filter_map(|dot| {
        let series = current.outcome.series.get(dot.series)?;
        let m = current.data.rows.get(dot.row)?;
        let fit = chosen.unwrap_or(series).fit.as_ref().ok();
        Some(Row {
            run: names::run(series.study, m),
            series: series_name(series),
            role: dot.role.title(),
            samples: m.samples.clone(),
            samples_seen: m.samples_seen.unwrap_or(0.0),
            x: dot.x,
            error: dot.error,
            residual: fit.map(|f| dot.error - f.law.value(&f.parameters, dot.x)),
            unit: current.analysis.loss_unit(),
        })
    });
    rows.collect()
}

/// The series of this name, where it has a law.
fn named<'a>(current: &'a CurrentAnalysis, name: &str) -> Option<&'a Series> {
    let mut fitted = current.outcome.series.iter().filter(|s| s.fit.is_ok());
    fitted.find(|s| series_name(s) == name)
}

/// How the points of each other series compare with a law.
fn comparisons(current: &CurrentAnalysis, law: &str) -> Vec<String> {
    let Some(chosen) = named(current, law) else {
        return Vec::new();
    };
    let others = current.outcome.series.iter();
    let others = others.filter(|s| series_name(s) != law);
    let sentences = others.filter_map(|series| {
        let comparison = residuals_about(series, chosen)?;
        let unit = current.analysis.loss_unit();
        let mean = unit.difference(comparison.mean);
        let beyond = match comparison.beyond {
            0 => String::new(),
            some => format!("; {some} beyond the points that it was fitted to"),
        };
        Some(format!(
            "{}: {} of {} points have a lower {} than the law of {law}; the mean residual is {mean} {}{beyond}.",
            series_name(series),
            comparison.below,
            comparison.points,
            unit.title().to_ascii_lowercase(),
            unit.of_differences()
        ))
    });
    sentences.collect()
}

#[component]
pub fn PointsTable(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let sorted = RwSignal::new((X, false));
    let filter = RwSignal::new(String::new());
    let law = RwSignal::new(String::new());
    let all = Memo::new_with_compare(
        move |_| {
            current.with(|s| {
                let s = s.as_ref()?;
                let drawing = location.drawing.get();
                let dots = picture(&s.analysis, &s.outcome, &s.data.rows, &drawing).dots;
                Some((law.with(|law| rows(s, &dots, law)), s.analysis.unit()))
            })
        },
        // Its inputs are memos: when it runs, its value has changed.
        |_, _| true,
    );
    let found = move || {
        let text = filter.with(|text| text.trim().to_ascii_lowercase());
        let (column, falling) = sorted.get();
        all.with(|all| {
            let mut rows: Vec<Row> = all.iter().flat_map(|(rows, _)| rows.clone()).collect();
            rows.retain(|row| row.contains(&text));
            order::sort_by(&mut rows, |a, b| {
                let order = a.compare(b, column);
                if falling { order.reverse() } else { order }
            });
            rows
        })
    };
    let names = fitted_names(current);
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
    let unit = move || all.with(|a| a.as_ref().map_or("", |(_, unit)| *unit));
    let head = (0..COLUMNS.len()).map(|i| sort_header(i, sorted, unit));
    let rows = (move || {
        let rows = found().into_iter().take(MOST);
        list(rows.map(|row| text_row(row.cells())))
    })
    .into_any();
    view! {
        <div class="choices">
            <label class="choice">
                <span>"Filter"</span>
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
            let all = current.with(|s| law.with(|law| s.as_ref().map(|s| comparisons(s, law))))?;
            let all = all.into_iter().map(|text| view! { <li>{text}</li> });
            Some(view! { <ul>{list(all)}</ul> })
        }}
        {scrolling("Points", "numbers sortable", view! { <tr>{list(head)}</tr> }.into_any(), rows)}
    }
}

/// The header of a column; a click sorts by it, a second click in descending order.
fn sort_header(
    column: usize,
    sorted: RwSignal<(usize, bool)>,
    unit: impl Fn() -> &'static str + Send + Sync + 'static,
) -> AnyView {
    let direction = move || match sorted.get() {
        (sorted, true) if sorted == column => "descending",
        (sorted, false) if sorted == column => "ascending",
        _ => "none",
    };
    let text = move || match column {
        X => unit(),
        _ => COLUMNS[column],
    };
    let sort = move |_| {
        sorted.update(|(current, falling)| {
            *falling = *current == column && !*falling;
            *current = column;
        });
    };
    view! {
        <th scope="col" aria-sort=direction>
            <button type="button" class="quiet" on:click=sort>
                {text}
            </button>
        </th>
    }
    .into_any()
}
