//! A slider for each parameter of the law.

use super::Moved;
use crate::read::hand::{Knob, Shape};
use crate::text::{percent, significant};
use leptos::prelude::*;

/// Steps of a slider.
const STEPS: f64 = 1000.0;

#[component]
pub(super) fn Sliders(moved: Moved) -> impl IntoView {
    let knobs = moved.hand().knobs().iter().map(|knob| {
        let (knob, moved) = (*knob, moved.clone());
        let (stands, turned, said) = (moved.clone(), moved.clone(), moved);
        let symbol = said.hand().symbol(knob);
        let value = move || {
            let t = stands.hand().stand(stands.shape.get(), knob, stands.best);
            (STEPS * t).round().to_string()
        };
        let text = move || written(&said, knob, said.shape.get());
        let spoken = text.clone();
        view! {
            <label>
                <span>{symbol}</span>
                <input
                    type="range"
                    min="0"
                    max=STEPS.to_string()
                    prop:value=value
                    aria-valuetext=spoken
                    on:input=move |event| {
                        let t = crate::decimal::parse(&event_target_value(&event)).unwrap_or(0.0) / STEPS;
                        let shape = turned.shape.get_untracked();
                        turned.put(turned.hand().turn(shape, knob, turned.best, t));
                    }
                />
                <output>{text}</output>
            </label>
        }
        .into_any()
    });
    view! { <div class="knobs">{knobs.collect::<Vec<_>>()}</div> }
}

/// A parameter's value with its unit: that of the axis, or of the errors.
fn written(moved: &Moved, knob: Knob, shape: Shape) -> String {
    let given = &moved.given;
    match knob {
        Knob::A => significant(shape.a, 3),
        // As below the figure.
        Knob::LnB => significant(shape.ln_b, 4),
        Knob::Alpha if given.hand.has_signed_exponent() => significant(-shape.alpha, 3),
        Knob::Alpha => significant(shape.alpha, 3),
        Knob::E if given.unit.is_empty() => percent(shape.e),
        Knob::E => format!("{} {}", significant(shape.e, 3), given.unit),
    }
}
