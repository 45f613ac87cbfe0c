//! The chart on its two canvases, with a tooltip for the run under the pointer.

mod caption;
mod gesture;
mod state;
mod toolbar;
mod tooltip;

use super::CurrentAnalysis;
use super::coefficients::name;
use super::measured;
use crate::analysis::comparison::claim;
use crate::analysis::drawing::Lines;
use crate::chart::canvas;
use crate::figure::AnalysisChart;
use crate::page::appearance::Appearance;
use crate::page::messages::error_if_any;
use gesture::{Gesture, Rectangle};
use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;
use state::{Drag, FigureState};
use toolbar::{Legend, Toolbar};
use tooltip::Tooltip;

#[component]
pub fn Figure(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let figure = FigureState::new(current);
    let appearance = expect_context::<Appearance>();
    let theme = move || appearance.theme();
    let size = RwSignal::new(0_u32);
    let resize = window_event_listener(ev::resize, move |_| size.update(|s| *s += 1));
    on_cleanup(move || resize.remove());
    let data = NodeRef::<Canvas>::new();
    let overlay = NodeRef::<Canvas>::new();
    Effect::new(move || {
        size.track();
        if let Some(canvas) = data.get() {
            draw_data(figure, &canvas, appearance);
        }
    });
    // On a canvas of its own, so that hovering does not redraw the data.
    Effect::new(move || {
        if let Some(canvas) = overlay.get() {
            draw_overlay(figure, &canvas, appearance);
        }
    });
    let gesture = Gesture::new(figure);
    let key = move |event: ev::KeyboardEvent| {
        if figure.key(&event.key()) {
            event.prevent_default();
        }
    };
    // Of one type: views of another would make the page larger.
    let text = move |of: fn(&AnalysisChart, &CurrentAnalysis) -> Option<String>| {
        move || {
            let picture = figure.picture.read();
            picture.as_ref().and_then(|(chart, s)| of(chart, s))
        }
    };
    view! {
        <figure class="figure">
            <p class="claim">{text(|_, s| claim(&s.analysis, &s.outcome))}</p>
            <Legend figure theme />
            <Toolbar figure />
            <div class="canvas" class:selecting=move || figure.drag.get() == Drag::Select>
                <canvas node_ref=data aria-hidden="true"></canvas>
                <canvas
                    node_ref=overlay
                    tabindex="0"
                    role="img"
                    aria-label="Chart of the error. Arrow keys select a run, Enter excludes or restores it, plus and minus zoom, 0 resets. Numbers are below."
                    class:zoomed=move || figure.window.with(Option::is_some)
                    on:pointerdown=move |event| gesture.down(&event)
                    on:pointermove=move |event| gesture.moved(&event)
                    on:pointerup=move |event| gesture.up(&event)
                    on:pointercancel=move |event| gesture.up(&event)
                    on:pointerleave=move |_| {
                        if !figure.pinned.get_untracked() {
                            figure.focus.set(None);
                        }
                    }
                    on:wheel=move |event| gesture.wheel(&event)
                    on:dblclick=move |_| figure.set_window(None)
                    on:keydown=key
                ></canvas>
                <Tooltip figure />
            </div>
            {error_if_any(figure.failed)}
            <figcaption>{text(caption::caption)}</figcaption>
        </figure>
    }
}

fn draw_data(figure: FigureState, canvas: &web_sys::HtmlCanvasElement, appearance: Appearance) {
    let Some(mut scene) = figure.scene() else {
        return;
    };
    if let Some(window) = figure.window.get() {
        scene.x.range = Some(window.x);
        scene.y.range = Some(window.y);
    }
    let (width, height) = (canvas.client_width(), canvas.client_height());
    // On a phone labels would cover a third of the plot; the legend names the series.
    if width < 480 && figure.location.drawing.with(|d| d.lines == Lines::None) {
        scene.labels.clear();
    }
    let (width, height) = (f64::from(width), f64::from(height));
    let theme = appearance.theme();
    let drawn = measured("refit:draw", || {
        canvas::draw_on(canvas, &scene, &theme, width, height)
    });
    let toggled = figure.toggled.get_untracked();
    figure.toggled.set(None);
    let again = |row| {
        figure
            .picture
            .with_untracked(|p| p.as_ref()?.0.dots.iter().position(|d| d.row == row))
    };
    figure.focus.set(toggled.and_then(again));
    figure.pinned.set(false);
    match drawn {
        Ok(layout) => {
            figure.layout.set(Some(layout));
            figure.failed.set(None);
        }
        Err(error) => figure.failed.set(Some(error.to_string())),
    }
}

/// The ring around the run under focus, and the selection.
fn draw_overlay(figure: FigureState, canvas: &web_sys::HtmlCanvasElement, appearance: Appearance) {
    let Some(layout) = figure.layout.get() else {
        return;
    };
    let mark = figure.focus.get().and_then(|key| figure.mark(key));
    let rectangle = figure.rectangle.get().map(Rectangle::corners);
    let theme = appearance.theme();
    let drawn = canvas::overlay_on(canvas, &layout, mark.as_ref(), rectangle, &theme);
    if let Err(error) = drawn {
        figure.failed.set(Some(error.to_string()));
    }
}
