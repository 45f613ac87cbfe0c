//! A law that the reader moves by hand, in a paper to read: by its curve, by a slider for each parameter, or by
//! letting it be fitted. A program of its own (`src/bin/by_hand.rs`).

mod given;
mod plot;
mod sliders;

use super::program;
use crate::read::hand::{Hand, Knob, Shape};
use crate::text::{percent, significant};
use given::Given;
use leptos::prelude::*;
use plot::Plot;
use sliders::Sliders;
use std::sync::Arc;
use std::time::Duration;
use web_sys::HtmlElement;

/// How long a law moves to the best one.
const MILLISECONDS: f64 = 700.0;

/// A law that is being moved.
#[derive(Clone)]
struct Moved {
    given: Arc<Given>,
    /// The law of least squares.
    best: Shape,
    shape: RwSignal<Shape>,
    /// Counts the movements towards the best law: a newer one, or a hand, ends an older one.
    turn: StoredValue<u32>,
}

/// Fills an element with the law that its data give; false where they cannot be read.
pub fn show(place: HtmlElement) -> bool {
    let given = given::read(&place);
    let Some((given, best)) = given
        .and_then(|given| Some((given.hand.best().ok()?, given)))
        .map(|(best, given)| (Arc::new(given), best))
    else {
        return false;
    };
    // Starts Leptos.
    if program::start(|| ()).is_none() {
        return false;
    }
    program::mount(place, move || {
        let moved = Moved {
            shape: RwSignal::new(given.hand.start(best)),
            given,
            best,
            turn: StoredValue::new(0),
        };
        view(moved)
    });
    true
}

fn view(moved: Moved) -> AnyView {
    let (fit, again, error) = (moved.clone(), moved.clone(), moved.clone());
    let best = moved.said(moved.best);
    view! {
        <p class="hint">
            "Drag the curve by its handles or use the sliders. Thin lines are the residuals: how far each point lies from the law."
            {moved.given.hand.knobs().contains(&Knob::E).then_some(" The dotted line is the limit, E.")}
        </p>
        <Plot moved=moved.clone() />
        <div class="below">
            <Sliders moved=moved.clone() />
            <div class="fit">
                <p>
                    "Root mean square error: "
                    <output data-error="">{move || error.said(error.shape.get())}</output>
                    <br />
                    <span class="aside">{format!("at the optimum: {best}")}</span>
                </p>
                <button type="button" class="primary" on:click=move |_| fit.fit()>"Fit"</button>
                <button type="button" on:click=move |_| again.put(again.given.hand.start(again.best))>
                    "Start again"
                </button>
            </div>
        </div>
    }
    .into_any()
}

impl Moved {
    fn hand(&self) -> &Hand {
        &self.given.hand
    }

    /// Puts the law somewhere, by hand.
    fn put(&self, shape: Shape) {
        self.turn.update_value(|turn| *turn += 1);
        self.shape.set(shape);
    }

    /// Root of the mean squared residual, with its unit.
    fn said(&self, shape: Shape) -> String {
        let error = self.hand().error(shape);
        match (self.hand().is_relative(), self.given.unit.as_str()) {
            // Of logarithms.
            (true, _) => format!("{} of the error", percent(error)),
            (false, "") => format!("{} percentage points", significant(100.0 * error, 3)),
            (false, unit) => format!("{} {unit}", significant(error, 3)),
        }
    }

    /// Moves the law to the best one, in steps that the eye can follow.
    fn fit(&self) {
        let still = window()
            .match_media("(prefers-reduced-motion: reduce)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches());
        if still {
            return self.put(self.best);
        }
        self.put(self.shape.get_untracked());
        let (from, turn) = (self.shape.get_untracked(), self.turn.get_value());
        step(self.clone(), from, turn, now());
    }
}

/// One step towards the best law, and the next with the next frame.
fn step(moved: Moved, from: Shape, turn: u32, begin: f64) {
    if moved.turn.try_get_value() != Some(turn) {
        return;
    }
    let t = ((now() - begin) / MILLISECONDS).clamp(0.0, 1.0);
    // Slower at both ends.
    let eased = t * t * (3.0 - 2.0 * t);
    let shape = moved.hand().between(from, moved.best, eased);
    moved.shape.set(shape);
    if t < 1.0 {
        // A timer, not a frame: a window in the background draws none.
        set_timeout(
            move || step(moved, from, turn, begin),
            Duration::from_millis(16),
        );
    }
}

fn now() -> f64 {
    js_sys::Date::now()
}
