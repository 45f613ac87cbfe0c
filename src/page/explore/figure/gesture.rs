//! Pointer gestures on the chart: hover, pan, pinch, wheel, and selecting with a rectangle.

use super::state::{Drag, FigureState};
use leptos::ev;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsCast;

/// A drag shorter than this is a click, in CSS pixels.
const CLICK: f64 = 4.0;

/// How long after the last wheel event zooming has ended.
const WHEEL_REST: Duration = Duration::from_millis(200);

/// From the start of a drag to where it is now, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    from: (f64, f64),
    to: (f64, f64),
}

impl Rectangle {
    /// (left, top), (right, bottom)
    pub fn corners(self) -> [(f64, f64); 2] {
        let (a, b) = (self.from, self.to);
        [(a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1))]
    }

    fn holds(self, (x, y): (f64, f64)) -> bool {
        let [low, high] = self.corners();
        (low.0..=high.0).contains(&x) && (low.1..=high.1).contains(&y)
    }
}

/// The pointers that are down with their last places, and how far they have moved together.
#[derive(Clone, Debug, Default)]
struct Down {
    pointers: Vec<(i32, (f64, f64))>,
    travelled: f64,
}

#[derive(Clone, Copy)]
pub struct Gesture {
    figure: FigureState,
    down: StoredValue<Down>,
    /// Ends zooming by the wheel.
    wheel_timeout: StoredValue<Option<TimeoutHandle>>,
}

fn place(event: &ev::PointerEvent) -> (f64, f64) {
    (f64::from(event.offset_x()), f64::from(event.offset_y()))
}

fn canvas(target: Option<web_sys::EventTarget>) -> Option<web_sys::HtmlElement> {
    target?.dyn_into().ok()
}

impl Gesture {
    pub fn new(figure: FigureState) -> Gesture {
        let wheel_timeout = StoredValue::new(None::<TimeoutHandle>);
        on_cleanup(move || {
            wheel_timeout.try_update_value(|timeout| timeout.take().map(|timeout| timeout.clear()));
        });
        Gesture {
            figure,
            down: StoredValue::new(Down::default()),
            wheel_timeout,
        }
    }

    pub fn down(self, event: &ev::PointerEvent) {
        let at = place(event);
        if let Some(canvas) = canvas(event.target()) {
            // A drag continues where the pointer leaves the canvas.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        self.down.update_value(|down| {
            if down.pointers.is_empty() {
                down.travelled = 0.0;
            }
            down.pointers.push((event.pointer_id(), at));
        });
        let selecting = self.figure.drag.get_untracked() == Drag::Select || event.shift_key();
        let first = self.down.with_value(|down| down.pointers.len() == 1);
        self.figure
            .rectangle
            .set((selecting && first).then_some(Rectangle { from: at, to: at }));
        self.figure.focus.set(self.figure.nearest(at));
    }

    pub fn moved(self, event: &ev::PointerEvent) {
        let at = place(event);
        let figure = self.figure;
        let down = self.down.get_value();
        let Some(mine) = down.pointers.iter().position(|p| p.0 == event.pointer_id()) else {
            let found = figure.nearest(at);
            if !figure.pinned.get_untracked() && found != figure.focus.get_untracked() {
                figure.focus.set(found);
            }
            return;
        };
        let before = down.pointers[mine].1;
        let moved = (at.0 - before.0, at.1 - before.1);
        self.down.update_value(|down| {
            down.pointers[mine].1 = at;
            down.travelled += moved.0.hypot(moved.1);
        });
        if let Some(rectangle) = figure.rectangle.get_untracked() {
            let rectangle = Rectangle {
                to: at,
                ..rectangle
            };
            return figure.rectangle.set(Some(rectangle));
        }
        let other = down.pointers.iter().find(|p| p.0 != event.pointer_id());
        let window = match other {
            Some((_, other)) => {
                let apart = |p: (f64, f64)| (p.0 - other.0).hypot(p.1 - other.1).max(1.0);
                let half = (moved.0 / 2.0, moved.1 / 2.0);
                figure.window_after(apart(before) / apart(at), *other, half)
            }
            // The whole chart cannot be panned.
            None if figure.window.with_untracked(Option::is_none) => None,
            None => figure.window_after(1.0, at, moved),
        };
        if window.is_some() {
            figure.window.set(window);
        }
    }

    pub fn up(self, event: &ev::PointerEvent) {
        let figure = self.figure;
        self.down
            .update_value(|down| down.pointers.retain(|p| p.0 != event.pointer_id()));
        let down = self.down.get_value();
        if !down.pointers.is_empty() {
            return;
        }
        let click = down.travelled < CLICK;
        if let Some(rectangle) = figure.rectangle.get_untracked() {
            figure.rectangle.set(None);
            if click {
                figure.toggle(&figure.nearest(rectangle.to).into_iter().collect::<Vec<_>>());
            } else {
                figure.toggle(&self.inside(rectangle));
            }
        } else if click {
            // The tooltip stays, so that its link can be clicked.
            let on_run = figure.focus.with_untracked(Option::is_some);
            figure.pinned.update(|pinned| *pinned = on_run && !*pinned);
        } else {
            figure.set_window(figure.window.get_untracked());
        }
    }

    /// Keys of the marks in a rectangle.
    fn inside(self, rectangle: Rectangle) -> Vec<usize> {
        let inside = self.figure.with_scene(|layout, scene| {
            let marks = scene.marks.iter().flat_map(|m| &m.points);
            let inside =
                marks.filter(|m| layout.pixel(m.x, m.y).is_some_and(|p| rectangle.holds(p)));
            Some(inside.map(|m| m.key).collect())
        });
        inside.unwrap_or_default()
    }

    /// Zooms the chart where it has the focus or Ctrl is held, which a pinch on a touchpad reports;
    /// otherwise the page scrolls.
    pub fn wheel(self, event: &ev::WheelEvent) {
        let focused = document().active_element();
        let target = event
            .target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        let here = target.is_some() && focused == target;
        if !(here || event.ctrl_key() || event.meta_key()) {
            return;
        }
        event.prevent_default();
        let about = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let factor = (event.delta_y() * 0.002).clamp(-1.0, 1.0).exp();
        let figure = self.figure;
        let Some(window) = figure.window_after(factor, about, (0.0, 0.0)) else {
            return;
        };
        figure.window.set(Some(window));
        // Browsers limit how often the address may change.
        let set = move || figure.set_window(figure.window.get_untracked());
        self.wheel_timeout.update_value(|timeout| {
            if let Some(timeout) = timeout.take() {
                timeout.clear();
            }
            *timeout = set_timeout_with_handle(set, WHEEL_REST).ok();
        });
    }
}
