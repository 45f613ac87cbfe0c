//! Fingers and mouse over the chart: hover, move, pinch, wheel, and drawing a rectangle.

use super::{Drag, Figure};
use leptos::ev;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsCast;

/// A drag shorter than this is a click, in CSS pixels.
const CLICK: f64 = 4.0;

/// When a wheel that no longer turns has come to rest.
const AT_REST: Duration = Duration::from_millis(200);

/// From where a drag began to where it is, in CSS pixels.
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

/// The pointers that are down, each where it was last, and how far they have gone.
#[derive(Clone, Debug, Default)]
struct Down {
    pointers: Vec<(i32, (f64, f64))>,
    travelled: f64,
}

#[derive(Clone, Copy)]
pub struct Gesture {
    figure: Figure,
    down: StoredValue<Down>,
    /// Ends the turning of the wheel.
    rest: StoredValue<Option<TimeoutHandle>>,
}

fn place(event: &ev::PointerEvent) -> (f64, f64) {
    (f64::from(event.offset_x()), f64::from(event.offset_y()))
}

fn canvas(target: Option<web_sys::EventTarget>) -> Option<web_sys::HtmlElement> {
    target?.dyn_into().ok()
}

impl Gesture {
    pub fn new(figure: Figure) -> Gesture {
        let rest = StoredValue::new(None::<TimeoutHandle>);
        on_cleanup(move || {
            rest.try_update_value(|rest| rest.take().map(|rest| rest.clear()));
        });
        Gesture {
            figure,
            down: StoredValue::new(Down::default()),
            rest,
        }
    }

    pub fn down(self, event: &ev::PointerEvent) {
        let at = place(event);
        if let Some(canvas) = canvas(event.target()) {
            // A drag goes on where the pointer leaves the canvas.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        self.down.update_value(|down| {
            if down.pointers.is_empty() {
                down.travelled = 0.0;
            }
            down.pointers.push((event.pointer_id(), at));
        });
        let selects = self.figure.drag.get_untracked() == Drag::Select || event.shift_key();
        let first = self.down.with_value(|down| down.pointers.len() == 1);
        self.figure
            .rectangle
            .set((selects && first).then_some(Rectangle { from: at, to: at }));
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
                figure.seen(apart(before) / apart(at), *other, half)
            }
            // What is not zoomed has nowhere to go.
            None if figure.window.with_untracked(Option::is_none) => None,
            None => figure.seen(1.0, at, moved),
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
            // What is known of a run stays, so that its link can be reached.
            let on_run = figure.focus.with_untracked(Option::is_some);
            figure.pinned.update(|pinned| *pinned = on_run && !*pinned);
        } else {
            figure.look(figure.window.get_untracked());
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

    /// Zooms where the reader means the chart and not the page: after a click into it, with Ctrl,
    /// or by a pinch on a touchpad, which comes as a wheel with Ctrl.
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
        let Some(window) = figure.seen(factor, about, (0.0, 0.0)) else {
            return;
        };
        figure.window.set(Some(window));
        // An address for every turn would be more than browsers take.
        let look = move || figure.look(figure.window.get_untracked());
        self.rest.update_value(|rest| {
            if let Some(rest) = rest.take() {
                rest.clear();
            }
            *rest = set_timeout_with_handle(look, AT_REST).ok();
        });
    }
}
