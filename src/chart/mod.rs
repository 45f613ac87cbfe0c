//! Charts: numbers and text to a [`Scene`], a scene to a canvas or SVG, a pointer to a mark.
//!
//! Non-finite numbers, and non-positive ones on a log axis, are dropped from drawing.

#[cfg(target_arch = "wasm32")]
pub mod canvas;
pub mod draw;
mod geometry;
pub mod hit;
pub mod projection;
pub mod scene;
pub mod theme;
pub mod ticks;

pub use draw::{DrawError, draw, draw_highlight, draw_rectangle, to_svg, to_svg_above};
pub use hit::{Direction, nearest, step};
pub use projection::ChartLayout;
pub use scene::*;
pub use theme::Theme;
