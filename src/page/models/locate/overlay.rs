//! The image with the map over it and boxes, and the map's legend.

use super::super::session::{Place, SourceImage};
use super::short;
use crate::heat;
use crate::page::list;
use leptos::html::Canvas;
use leptos::prelude::*;
use refit_clip::locate::{Map, Region};
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

/// The picture's greatest height and width, in rem.
const HEIGHT: f64 = 22.0;
const WIDTH: f64 = 26.0;

/// Left, top, width and height as shares of an image, in percent.
fn percent(region: &Region, width: f64, height: f64) -> [String; 4] {
    let share = |length: f64, of: f64| format!("{:.3}%", 100.0 * length / of);
    [
        share(region.left, width),
        share(region.top, height),
        share(region.width, width),
        share(region.height, height),
    ]
}

pub fn picture(image: &SourceImage, place: &Place, found: Signal<Vec<Region>>) -> AnyView {
    let [width, height] = [place.located.width, place.located.height].map(f64::from);
    let map = place.located.map.clone();
    let canvas = NodeRef::<Canvas>::new();
    let [left, top, across, down] = percent(&map.region, width, height);
    let is_pixelated = map.side == map.resolution;
    Effect::new(move || {
        if let Some(canvas) = canvas.get() {
            draw(&canvas, &map);
        }
    });
    // Narrow and tall images keep their shape.
    let shown = format!("min(100%, {WIDTH}rem, {:.3}rem)", HEIGHT * width / height);
    let boxes = move || {
        list(found.get().into_iter().enumerate().map(|(i, region)| {
            let [left, top, across, down] = percent(&region, width, height);
            // The largest has a whole line.
            let line = if i == 0 { "solid" } else { "dashed" };
            view! {
                <span
                    class="box"
                    style:border-style=line
                    style:left=left
                    style:top=top
                    style:width=across
                    style:height=down
                ></span>
            }
        }))
    };
    view! {
        <div class="picture" style:width=shown style:aspect-ratio=format!("{width} / {height}")>
            <img src=image.address() alt=image.name.clone() />
            <canvas
                node_ref=canvas
                aria-hidden="true"
                class:tiles=is_pixelated
                style:left=left
                style:top=top
                style:width=across
                style:height=down
            ></canvas>
            {boxes}
        </div>
    }
    .into_any()
}

/// Draws the map's colours, a pixel for each of its points.
fn draw(canvas: &HtmlCanvasElement, map: &Map) {
    let side = map.resolution as u32;
    canvas.set_width(side);
    canvas.set_height(side);
    let highest = map.highest().max(f32::MIN_POSITIVE);
    let colour = |value: &f32| {
        let [r, g, b] = heat::colour(value / highest);
        [r, g, b, 255]
    };
    let pixels: Vec<u8> = map.raster().iter().flat_map(colour).collect();
    let context = canvas.get_context("2d").ok().flatten();
    let context = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
    let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), side, side);
    if let (Some(context), Ok(data)) = (context, data) {
        // It fails only for what is no image.
        let _ = context.put_image_data(&data, 0.0, 0.0);
    }
}

/// From nothing to the highest number, with the threshold.
pub fn legend(highest: f32, threshold: Signal<f32>) -> AnyView {
    let colours: Vec<String> = heat::COLOURS
        .iter()
        .map(|[r, g, b]| format!("rgb({r} {g} {b})"))
        .collect();
    let gradient = format!("linear-gradient(to right, {})", colours.join(", "));
    let share = move || (threshold.get() / highest).clamp(0.0, 1.0);
    view! {
        <div class="heat" role="img" aria-label=format!("Colours from 0, dark, to {}, light", short(highest))>
            <span class="ramp" style:background-image=gradient>
                <span class="at" style:left=move || format!("{:.2}%", 100.0 * share())></span>
            </span>
            <span class="ends">
                <span>"0"</span>
                <span>{short(highest)}</span>
            </span>
        </div>
    }
    .into_any()
}
