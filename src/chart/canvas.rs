//! A scene onto an HTML canvas, sharp on dense screens.

use plotters_canvas::CanvasBackend;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::draw::{self, DrawError};
use super::projection::{ChartLayout, TEXT};
use super::scene::{Mark, Scene};
use super::theme::Theme;

/// Sizes the canvas to CSS pixels × device pixel ratio, which clears it.
fn prepare(
    canvas: &HtmlCanvasElement,
    width: f64,
    height: f64,
) -> Result<(CanvasBackend, CanvasRenderingContext2d, f64), DrawError> {
    let missing = || DrawError("This browser gives no 2D canvas.".into());
    let ratio = web_sys::window()
        .map_or(1.0, |w| w.device_pixel_ratio())
        // The backend takes whole pixels: on a coarse screen twice as many keep curves smooth.
        .clamp(2.0, 4.0);
    let k = ratio.min(4096.0 / width.max(height).max(1.0));
    canvas.set_width((width * k).round() as u32);
    canvas.set_height((height * k).round() as u32);
    let context = canvas
        .get_context("2d")
        .ok()
        .flatten()
        .and_then(|c| c.dyn_into().ok())
        .ok_or_else(missing)?;
    Ok((
        CanvasBackend::with_canvas_object(canvas.clone()).ok_or_else(missing)?,
        context,
        k,
    ))
}

/// Draws the scene at `width` × `height` CSS pixels; keep the layout for hit-testing.
///
/// # Errors
/// When there is no 2D context or it refuses a shape.
pub fn draw_on(
    canvas: &HtmlCanvasElement,
    scene: &Scene,
    theme: &Theme,
    width: f64,
    height: f64,
) -> Result<ChartLayout, DrawError> {
    let (mut backend, context, k) = prepare(canvas, width, height)?;
    context.set_font(&format!("{TEXT}px sans-serif"));
    let measure = |t: &str| context.measure_text(t).map_or(0.0, |m| m.width());
    let layout = ChartLayout::new(scene, width, height, &measure);
    draw::draw(scene, &layout, theme, &mut backend, k, false)?;
    Ok(layout)
}

/// Clears the overlay canvas, rings `mark` and frames a rectangle (its corners in CSS pixels), if
/// any.
///
/// # Errors
/// When there is no 2D context or it refuses a shape.
pub fn overlay_on(
    canvas: &HtmlCanvasElement,
    layout: &ChartLayout,
    mark: Option<&Mark>,
    rectangle: Option<[(f64, f64); 2]>,
    theme: &Theme,
) -> Result<(), DrawError> {
    let (mut backend, _, k) = prepare(canvas, layout.width, layout.height)?;
    if let Some(corners) = rectangle {
        draw::draw_rectangle(corners, theme, &mut backend, k)?;
    }
    mark.map_or(Ok(()), |mark| {
        draw::draw_highlight(layout, mark, theme, &mut backend, k)
    })
}
