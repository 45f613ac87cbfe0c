//! The points, the law and its handles, as SVG.

use super::Moved;
use crate::chart::projection::estimate_width;
use crate::chart::{AxisScale, ChartAxis, ChartLayout, Format, Scene};
use crate::read::hand::Knob;
use leptos::ev::PointerEvent;
use leptos::html::Div;
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// Points of the curve.
const CURVE: usize = 120;

/// Height and least width in CSS pixels.
const HEIGHT: f64 = 380.0;
const LEAST_WIDTH: f64 = 260.0;

/// What a handle moves.
#[derive(Clone, Copy, PartialEq)]
enum Handle {
    /// The curve, up and down.
    Lift,
    /// Its end.
    Tilt,
    /// The limit E.
    Limit,
    /// The place of the bend, B.
    Bend,
}

#[component]
pub(super) fn Plot(moved: Moved) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let width = RwSignal::new(720.0);
    let measure = move || {
        if let Some(place) = place.get_untracked() {
            width.set(f64::from(place.client_width()).max(LEAST_WIDTH));
        }
    };
    Effect::new(move || {
        place.track();
        measure();
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let scene = Arc::new(scene(&moved));
    let dragged = RwSignal::new(None::<Handle>);
    let drawn = {
        let (scene, moved) = (scene.clone(), moved.clone());
        move || {
            let layout = ChartLayout::new(&scene, width.get(), HEIGHT, &estimate_width);
            let layout = Arc::new(layout);
            (
                frame(&scene, &layout, &moved),
                law(layout, moved.clone(), dragged),
            )
        }
    };
    let label = format!(
        "{} points and a law of them: {}. The sliders below move it.",
        moved.hand().points().count(),
        moved.given.what
    );
    let follow = {
        move |event: PointerEvent| {
            let (Some(handle), Some(svg)) = (dragged.get_untracked(), svg(&event)) else {
                return;
            };
            let layout = ChartLayout::new(&scene, width.get_untracked(), HEIGHT, &estimate_width);
            let seen = svg.get_bounding_client_rect();
            let x = f64::from(event.client_x()) - seen.left();
            let y = f64::from(event.client_y()) - seen.top();
            drag(&moved, handle, layout.x.to_data(x), layout.y.to_data(y));
        }
    };
    view! {
        <div node_ref=place class="by-hand">
            <svg
                width=move || width.get().to_string()
                height=HEIGHT.to_string()
                role="img"
                aria-label=label
                on:pointermove=follow
                on:pointerup=move |_| dragged.set(None)
                on:pointercancel=move |_| dragged.set(None)
            >
                {drawn}
            </svg>
        </div>
    }
}

/// Axes about the points, both logarithmic, with room for the limit.
fn scene(moved: &Moved) -> Scene {
    let hand = moved.hand();
    let (low, high) = hand.range();
    let most = hand.points().map(|p| p.1).fold(0.0, f64::max);
    // The best law's limit is in sight.
    let limit = Some(0.8 * moved.best.e).filter(|e| *e > 0.0);
    let floor = limit.map_or(0.5 * hand.least(), |e| e.min(0.5 * hand.least()));
    let axis = |label: String, range, format| ChartAxis {
        label,
        scale: AxisScale::Log,
        range: Some(range),
        format,
    };
    let (title, format) = match moved.given.unit.as_str() {
        "" => ("Error".to_owned(), Format::Percent),
        unit => (format!("Loss, {unit}"), Format::Number),
    };
    Scene::new(
        axis(
            moved.given.axis.clone(),
            (low / 2.0, high * 4.0),
            Format::Number,
        ),
        axis(title, (floor, 1.25 * most), format),
    )
}

/// Grid, ticks, titles and points: what does not move.
fn frame(scene: &Scene, layout: &ChartLayout, moved: &Moved) -> AnyView {
    let (left, top, right, bottom) = layout.plot();
    let columns = layout.x_ticks.iter().filter_map(|tick| {
        let x = layout.x.to_pixel(tick.value)?;
        let line = view! { <line class="grid" x1=x x2=x y1=top y2=bottom /> };
        let text =
            view! { <text x=x y=bottom + 18.0 text-anchor="middle">{tick.label.clone()}</text> };
        Some((line, text).into_any())
    });
    let rows = layout.y_ticks.iter().filter_map(|tick| {
        let y = layout.y.to_pixel(tick.value)?;
        let line = view! { <line class="grid" x1=left x2=right y1=y y2=y /> };
        let text =
            view! { <text x=left - 6.0 y=y + 4.0 text-anchor="end">{tick.label.clone()}</text> };
        Some((line, text).into_any())
    });
    let points = moved.hand().points().filter_map(|(x, y)| {
        let (x, y) = layout.pixel(x, y)?;
        Some(view! { <circle class="point" cx=x cy=y r="4" /> }.into_any())
    });
    let across = (left + right) / 2.0;
    let titles = view! {
        <text x=across y=layout.height - 6.0 text-anchor="middle">{scene.x.label.clone()}</text>
        <text x=left y=top - 6.0>{scene.y.label.clone()}</text>
    };
    columns
        .chain(rows)
        .chain(points)
        .chain([titles.into_any()])
        .collect::<Vec<_>>()
        .into_any()
}

/// The law, the residuals and the handles: what moves.
fn law(layout: Arc<ChartLayout>, moved: Moved, dragged: RwSignal<Option<Handle>>) -> AnyView {
    let (left, top, right, bottom) = layout.plot();
    let within = move |y: f64| y.clamp(top, bottom);
    let curve = {
        let (layout, moved) = (layout.clone(), moved.clone());
        move || {
            let shape = moved.shape.get();
            let places = (0..=CURVE).map(|i| {
                let x = left + (right - left) * i as f64 / CURVE as f64;
                let value = moved.hand().value(shape, layout.x.to_data(x));
                let y = layout.y.to_pixel(value).unwrap_or(bottom);
                let step = if i == 0 { 'M' } else { 'L' };
                format!("{step}{x:.1} {:.1}", within(y))
            });
            places.collect::<String>()
        }
    };
    let residuals = {
        let (layout, moved) = (layout.clone(), moved.clone());
        move || {
            let shape = moved.shape.get();
            let lines = moved.hand().points().filter_map(|(x, y)| {
                let value = moved.hand().value(shape, x);
                let to = within(layout.y.to_pixel(value)?);
                let (x, y) = layout.pixel(x, y)?;
                Some(format!("M{x:.1} {y:.1}V{to:.1}"))
            });
            lines.collect::<String>()
        }
    };
    let limit = {
        let (layout, moved) = (layout.clone(), moved.clone());
        move || {
            // A limit below the axis, as zero is below every logarithmic one, has no place.
            let y = layout.y.to_pixel(moved.shape.get().e);
            match y.filter(|y| (top..=bottom).contains(y)) {
                Some(y) => format!("M{left:.1} {y:.1}H{right:.1}"),
                None => String::new(),
            }
        }
    };
    let handles = handles(&moved).into_iter().map(|(handle, title)| {
        let (layout, moved) = (layout.clone(), moved.clone());
        let at = Memo::new(move |_| place_of(handle, &layout, &moved));
        view! {
            <circle
                class="handle"
                class:dragged=move || dragged.get() == Some(handle)
                cx=move || at.get().0
                cy=move || at.get().1
                r="9"
                on:pointerdown=move |event: PointerEvent| {
                    event.prevent_default();
                    if let Some(target) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) {
                        let _ = target.set_pointer_capture(event.pointer_id());
                    }
                    dragged.set(Some(handle));
                }
            >
                <title>{title}</title>
            </circle>
        }
        .into_any()
    });
    view! {
        <path class="residuals" d=residuals />
        <path class="limit" d=limit />
        <path class="curve" d=curve />
        {handles.collect::<Vec<_>>()}
    }
    .into_any()
}

/// The handles of the law, and what each says.
fn handles(moved: &Moved) -> Vec<(Handle, &'static str)> {
    let mut handles = vec![
        (Handle::Lift, "Move the curve up and down: A"),
        (Handle::Tilt, "Turn the curve: α"),
    ];
    for knob in moved.hand().knobs() {
        match knob {
            Knob::E => handles.push((Handle::Limit, "Move the limit: E")),
            Knob::LnB => handles.push((Handle::Bend, "Move the bend: B")),
            Knob::A | Knob::Alpha => {}
        }
    }
    handles
}

/// Where a handle is, within the plot.
fn place_of(handle: Handle, layout: &ChartLayout, moved: &Moved) -> (f64, f64) {
    let (left, top, right, bottom) = layout.plot();
    let (hand, shape) = (moved.hand(), moved.shape.get());
    let on_curve = |x: f64| (x, hand.value(shape, x));
    let (x, y) = match handle {
        Handle::Lift => on_curve(hand.middle()),
        Handle::Tilt => on_curve(hand.range().1),
        Handle::Limit => (layout.x.to_data(right), shape.e),
        Handle::Bend => on_curve(shape.ln_b.exp()),
    };
    (
        layout.x.to_pixel(x).unwrap_or(left).clamp(left, right),
        // Zero is below every place of a logarithmic axis.
        layout.y.to_pixel(y).unwrap_or(bottom).clamp(top, bottom),
    )
}

/// What comes of a handle that is dragged to a place.
fn drag(moved: &Moved, handle: Handle, x: f64, y: f64) {
    let (hand, shape) = (moved.hand(), moved.shape.get_untracked());
    moved.put(match handle {
        Handle::Lift => hand.lift(shape, y),
        Handle::Tilt => hand.tilt(shape, y),
        Handle::Limit => hand.limit(shape, y),
        Handle::Bend => hand.bend(shape, x),
    });
}

/// The picture that an event belongs to.
fn svg(event: &PointerEvent) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest("svg").ok()?
}
