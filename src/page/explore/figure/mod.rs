//! The chart on its two canvases, with a card for the run under the pointer.

mod card;
mod gesture;
mod toolbar;

use super::coefficients::name;
use super::{Shown, measured};
use crate::analysis::drawing::{Drawing, Lines, Window};
use crate::chart::{ChartLayout, Direction, Mark, Scene, canvas, nearest, step};
use crate::figure::{AnalysisChart, SeriesRole, picture};
use crate::page::appearance::Appearance;
use crate::page::location::Location;
use crate::text::number;
use card::Card;
use gesture::{Gesture, Rectangle};
use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;
use toolbar::{Legend, Toolbar};

/// How near the pointer has to come to a mark, in CSS pixels.
const REACH: f64 = 24.0;

/// What a drag over the chart does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drag {
    Move,
    Select,
}

/// What the parts of the figure share.
#[derive(Clone, Copy)]
struct Figure {
    location: Location,
    shown: Memo<Option<Shown>>,
    /// The whole picture; the window cuts a part out of it.
    picture: Memo<Option<AnalysisChart>>,
    /// What is seen, also in the middle of a gesture.
    window: RwSignal<Option<Window>>,
    layout: RwSignal<Option<ChartLayout>>,
    /// Key of the mark under the pointer or the keyboard's focus.
    focus: RwSignal<Option<usize>>,
    /// The run under focus stays, wherever the pointer goes.
    pinned: RwSignal<bool>,
    drag: RwSignal<Drag>,
    /// Where a selection is being drawn, in CSS pixels.
    rectangle: RwSignal<Option<Rectangle>>,
    failed: RwSignal<Option<String>>,
}

#[component]
pub fn Figure(shown: Memo<Option<Shown>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let whole = Memo::new(move |_| Drawing {
        window: None,
        ..location.drawing.get()
    });
    let picture = Memo::new(move |_| {
        let drawing = whole.get();
        shown.with(|s| {
            let s = s.as_ref()?;
            Some(picture(&s.analysis, &s.outcome, &s.data.rows, &drawing))
        })
    });
    let figure = Figure {
        location,
        shown,
        picture,
        window: RwSignal::new(None),
        layout: RwSignal::new(None),
        focus: RwSignal::new(None),
        pinned: RwSignal::new(false),
        drag: RwSignal::new(Drag::Move),
        rectangle: RwSignal::new(None),
        failed: RwSignal::new(None),
    };
    Effect::new(move || {
        let window = location.drawing.with(|d| d.window);
        figure.window.set(window);
    });
    let appearance = expect_context::<Appearance>();
    let theme = move || appearance.theme();
    let size = RwSignal::new(0_u32);
    let resize = window_event_listener(ev::resize, move |_| size.update(|s| *s += 1));
    on_cleanup(move || resize.remove());

    let data = NodeRef::<Canvas>::new();
    let overlay = NodeRef::<Canvas>::new();
    Effect::new(move || {
        size.track();
        let (Some(canvas), Some(mut scene)) = (data.get(), figure.scene()) else {
            return;
        };
        if let Some(window) = figure.window.get() {
            scene.x.range = Some(window.x);
            scene.y.range = Some(window.y);
        }
        let (width, height) = (canvas.client_width(), canvas.client_height());
        // On a phone names would take a third of the plot; the legend has them.
        if width < 480 && location.drawing.with(|d| d.lines == Lines::None) {
            scene.labels.clear();
        }
        let drawn = measured("refit:draw", || {
            canvas::draw_on(
                &canvas,
                &scene,
                &theme(),
                f64::from(width),
                f64::from(height),
            )
        });
        figure.focus.set(None);
        figure.pinned.set(false);
        match drawn {
            Ok(drawn) => {
                figure.layout.set(Some(drawn));
                figure.failed.set(None);
            }
            Err(error) => figure.failed.set(Some(error.to_string())),
        }
    });
    // The ring is on a canvas of its own, so that hovering does not draw the data again.
    Effect::new(move || {
        let (Some(canvas), Some(layout)) = (overlay.get(), figure.layout.get()) else {
            return;
        };
        let mark = figure.focus.get().and_then(|key| figure.mark(key));
        let rectangle = figure.rectangle.get().map(Rectangle::corners);
        let drawn = canvas::overlay_on(&canvas, &layout, mark.as_ref(), rectangle, &theme());
        if let Err(error) = drawn {
            figure.failed.set(Some(error.to_string()));
        }
    });

    let gesture = Gesture::new(figure);
    let key = move |event: ev::KeyboardEvent| {
        if figure.key(&event.key()) {
            event.prevent_default();
        }
    };
    view! {
        <figure class="figure">
            <Legend figure theme />
            <Toolbar figure />
            <div class="canvas" class:selecting=move || figure.drag.get() == Drag::Select>
                <canvas node_ref=data aria-hidden="true"></canvas>
                <canvas
                    node_ref=overlay
                    tabindex="0"
                    role="img"
                    aria-label="The error along the axis. Arrow keys go from run to run, Enter takes a run out or puts it back, plus and minus zoom, 0 shows all; the law and the points are in the tables below."
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
                    on:dblclick=move |_| figure.look(None)
                    on:keydown=key
                ></canvas>
                <Card figure />
            </div>
            <p class="error" role="alert" hidden=move || figure.failed.with(Option::is_none)>
                {move || figure.failed.get()}
            </p>
            <figcaption>{move || shown.with(|s| s.as_ref().map(caption))}</figcaption>
        </figure>
    }
}

impl Figure {
    fn scene(self) -> Option<Scene> {
        self.picture.with(|p| Some(p.as_ref()?.scene.clone()))
    }

    fn mark(self, key: usize) -> Option<Mark> {
        self.picture.with(|p| {
            let dot = p.as_ref()?.dots.get(key)?;
            Some(Mark {
                x: dot.x,
                y: dot.error,
                key,
            })
        })
    }

    fn with_scene<T>(self, find: impl Fn(&ChartLayout, &Scene) -> Option<T>) -> Option<T> {
        self.layout.with(|layout| {
            self.picture
                .with(|picture| find(layout.as_ref()?, &picture.as_ref()?.scene))
        })
    }

    /// Shows a part of the plane, or all of it; a step in the browser's history.
    fn look(self, window: Option<Window>) {
        self.location.draw(|drawing| drawing.window = window);
    }

    /// What is seen after zooming about a place and moving, in CSS pixels.
    fn seen(self, factor: f64, about: (f64, f64), moved: (f64, f64)) -> Option<Window> {
        self.with_scene(|layout, scene| {
            Some(Window {
                x: layout.x.seen(factor, about.0, moved.0, scene.x.range?),
                y: layout.y.seen(factor, about.1, moved.1, scene.y.range?),
            })
        })
    }

    fn zoom(self, factor: f64) {
        let middle = self.layout.with(|l| {
            let (left, top, right, bottom) = l.as_ref()?.plot();
            Some((f64::midpoint(left, right), f64::midpoint(top, bottom)))
        });
        if let Some(window) = middle.and_then(|m| self.seen(factor, m, (0.0, 0.0))) {
            self.look(Some(window));
        }
    }

    /// Whether the key does something here.
    fn key(self, key: &str) -> bool {
        let direction = match key {
            "ArrowRight" => Direction::Next,
            "ArrowLeft" => Direction::Previous,
            "ArrowDown" => Direction::NextLayer,
            "ArrowUp" => Direction::PreviousLayer,
            "Escape" => {
                self.focus.set(None);
                self.pinned.set(false);
                return true;
            }
            "+" | "=" => {
                self.zoom(0.7);
                return true;
            }
            "-" => {
                self.zoom(1.0 / 0.7);
                return true;
            }
            "0" => {
                self.look(None);
                return true;
            }
            "Enter" => {
                let focus = self.focus.get_untracked();
                self.toggle(&focus.into_iter().collect::<Vec<_>>());
                return true;
            }
            _ => return false,
        };
        let from = self.focus.get_untracked();
        self.focus
            .set(self.with_scene(|layout, scene| step(layout, scene, from, direction)));
        true
    }

    /// The key of the mark at a place.
    fn nearest(self, (x, y): (f64, f64)) -> Option<usize> {
        self.with_scene(|layout, scene| nearest(layout, scene, x, y, REACH))
    }

    /// Takes the runs of these marks out; puts them back where all of them are out.
    fn toggle(self, keys: &[usize]) {
        let chosen: Vec<(usize, SeriesRole)> = self.picture.with_untracked(|p| {
            let dots = p
                .iter()
                .flat_map(|p| keys.iter().filter_map(|k| p.dots.get(*k)));
            dots.map(|dot| (dot.row, dot.role)).collect()
        });
        let back = chosen.iter().all(|(_, role)| *role == SeriesRole::Excluded);
        let mut excluded = self
            .location
            .analysis
            .with_untracked(|a| a.excluded.clone());
        for (row, _) in chosen {
            match (excluded.binary_search(&row), back) {
                (Ok(at), true) => {
                    excluded.remove(at);
                }
                (Err(at), false) => excluded.insert(at, row),
                _ => {}
            }
        }
        if excluded.len() > crate::analysis::MOST_EXCLUDED {
            self.failed.set(Some(format!(
                "A view leaves out at most {} runs; these would be {}.",
                crate::analysis::MOST_EXCLUDED,
                excluded.len()
            )));
            return;
        }
        self.failed.set(None);
        self.location.change(|a| a.excluded = excluded);
    }
}

/// One paragraph for those who do not see the picture, and for those who do.
fn caption(shown: &Shown) -> String {
    let laws = shown.outcome.series.iter().map(|series| match &series.fit {
        Ok(fit) => format!(
            "{}: {} frontier points of {}, mean squared error {}.",
            name(series),
            series.frontier.len(),
            series.points.len(),
            number(fit.mse)
        ),
        Err(error) => format!(
            "{}: {}",
            name(series),
            crate::analysis::why_not_fitted(error)
        ),
    });
    let laws: Vec<String> = laws.collect();
    let mut fits = shown.outcome.series.iter().flat_map(|s| &s.fit);
    let band = if fits.any(|fit| fit.delta_method_holds()) {
        format!(
            "; band: interval of the mean, {}",
            crate::analysis::interval_title(shown.analysis.interval)
        )
    } else {
        String::new()
    };
    format!(
        "Filled marks: the points that the law is fitted to; faint: the other runs; hollow: held out; crossed: taken out. Line: the law, dashed beyond the frontier{band}. {}",
        laws.join(" ")
    )
}
