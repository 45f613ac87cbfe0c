//! The legend and the toolbar above the chart.

use super::name;
use super::state::{Drag, FigureState};
use crate::analysis::drawing::{Drawing, Lines};
use crate::chart::{AxisScale, Theme};
use crate::figure::shape;
use crate::page::explore::controls::option;
use crate::page::list;
use leptos::prelude::*;

/// The series; a click shows or hides one.
#[component]
pub fn Legend(
    figure: FigureState,
    theme: impl Fn() -> Theme + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let location = figure.location;
    let toggle = move |i: usize| {
        location.draw(
            |drawing| match drawing.hidden.iter().position(|h| *h == i) {
                Some(at) => {
                    drawing.hidden.remove(at);
                }
                None => drawing.hidden.push(i),
            },
        );
    };
    let entries = move || {
        let current = figure.current.get()?;
        let hidden = location.drawing.with(|d| d.hidden.clone());
        let entries = current
            .outcome
            .series
            .iter()
            .enumerate()
            .map(|(i, series)| {
                let (r, g, b) = theme().color(series.place);
                let pressed = !hidden.contains(&i);
                view! {
                    <li>
                        <button
                            type="button"
                            class="quiet"
                            aria-pressed=pressed.to_string()
                            title="Show or hide"
                            on:click=move |_| toggle(i)
                        >
                            <span aria-hidden="true" style:color=format!("rgb({r},{g},{b})")>
                                {shape(series.place).glyph()}
                            </span>
                            {name(series)}
                        </button>
                    </li>
                }
            });
        Some(list(entries))
    };
    view! { <ul class="legend">{entries}</ul> }
}

#[component]
pub fn Toolbar(figure: FigureState) -> impl IntoView {
    let location = figure.location;
    let selecting = move || figure.drag.get() == Drag::Select;
    let select = move |_| {
        figure.drag.update(|drag| {
            *drag = match drag {
                Drag::Move => Drag::Select,
                Drag::Select => Drag::Move,
            };
        });
    };
    let excluded = move || location.analysis.with(|a| a.excluded.len());
    let linear = move |label: &'static str,
                       get: fn(&Drawing) -> AxisScale,
                       set: fn(&mut Drawing, AxisScale)| {
        view! {
            <label class="switch">
                <input
                    type="checkbox"
                    prop:checked=move || location.drawing.with(|d| get(d) == AxisScale::Log)
                    on:change:target=move |event| {
                        let scale = if event.target().checked() { AxisScale::Log } else { AxisScale::Linear };
                        location.draw(|d| {
                            set(d, scale);
                            d.window = None;
                        });
                    }
                />
                {label}
            </label>
        }
    };
    let zoom = move |label: &'static str, title: &'static str, sign: &'static str, factor: f64| {
        view! {
            <button type="button" aria-label=label title=title on:click=move |_| figure.zoom(factor)>
                {sign}
            </button>
        }
    };
    view! {
        <div class="toolbar" role="toolbar" aria-label="Chart tools">
            {zoom("Zoom in", "Zoom in (+)", "+", 0.7)} {zoom("Zoom out", "Zoom out (−)", "−", 1.0 / 0.7)}
            <button
                type="button"
                title="Reset zoom (0)"
                prop:disabled=move || figure.window.with(Option::is_none)
                on:click=move |_| figure.set_window(None)
            >
                "Reset zoom"
            </button>
            <button
                type="button"
                aria-pressed=move || selecting().to_string()
                title="Draw a rectangle around points to exclude or restore them (or Shift and drag)"
                on:click=select
            >
                "Exclude points"
            </button>
            <button
                type="button"
                disabled=move || excluded() == 0
                on:click=move |_| location.change(|a| a.excluded.clear())
            >
                {move || match excluded() {
                    0 => "Restore points".to_owned(),
                    1 => "Restore 1 point".to_owned(),
                    count => format!("Restore {count} points"),
                }}
            </button>
            {linear("log x", |d| d.x, |d, scale| d.x = scale)}
            {linear("log y", |d| d.y, |d, scale| d.y = scale)}
            <label class="switch">
                "Connect points "
                <select
                    name="Connect points"
                    inner_html=move || {
                        let chosen = location.drawing.with(|d| d.lines.id());
                        let all = Lines::ALL.into_iter();
                        all.map(|lines| option(lines.id(), lines.title(), chosen)).collect::<String>()
                    }
                    on:change:target=move |event| {
                        let id = event.target().value();
                        if let Some(lines) = Lines::ALL.into_iter().find(|l| l.id() == id) {
                            location.draw(|d| d.lines = lines);
                        }
                    }
                ></select>
            </label>
        </div>
    }
}
