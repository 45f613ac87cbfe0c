//! Data to pixels and back, computed once so drawing and hit-testing agree.

use super::scene::{AxisScale, ChartAxis, Scene};
use super::ticks::{Tick, ticks};

/// Text height in CSS pixels.
pub const TEXT: f64 = 13.0;

/// One axis as a map from data units to CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    pub scale: AxisScale,
    pub data: (f64, f64),
    pub pixels: (f64, f64),
}

impl Projection {
    fn forward(&self, v: f64) -> f64 {
        if self.scale == AxisScale::Log {
            v.log10()
        } else {
            v
        }
    }

    /// CSS pixels, or `None` where the axis has no such position.
    #[must_use]
    pub fn to_pixel(&self, v: f64) -> Option<f64> {
        let (a, b) = (self.forward(self.data.0), self.forward(self.data.1));
        let p = self.pixels.0 + (self.forward(v) - a) / (b - a) * (self.pixels.1 - self.pixels.0);
        p.is_finite().then_some(p)
    }

    /// The range that is seen after zooming by `factor` (below 1: in) about a CSS pixel and moving
    /// by as many; never beyond `whole`.
    #[must_use]
    pub fn seen(&self, factor: f64, about: f64, moved: f64, whole: (f64, f64)) -> (f64, f64) {
        let place = |p: f64| self.forward(self.to_data(about + (p - about) * factor - moved));
        let (low, high) = (self.forward(whole.0), self.forward(whole.1));
        let (a, b) = (place(self.pixels.0), place(self.pixels.1));
        let width = (b - a).min(high - low).max((high - low) * 1e-3);
        // Not `clamp`, which panics where rounding has the ends change places.
        let a = (f64::midpoint(a, b) - width / 2.0)
            .min(high - width)
            .max(low);
        (self.backward(a), self.backward(a + width))
    }

    /// Data units at a CSS pixel.
    #[must_use]
    pub fn to_data(&self, p: f64) -> f64 {
        let (a, b) = (self.forward(self.data.0), self.forward(self.data.1));
        self.backward(a + (p - self.pixels.0) / (self.pixels.1 - self.pixels.0) * (b - a))
    }

    fn backward(&self, v: f64) -> f64 {
        if self.scale == AxisScale::Log {
            10f64.powf(v)
        } else {
            v
        }
    }
}

/// A scene's axes, ticks and plot area at one size, in CSS pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartLayout {
    pub width: f64,
    pub height: f64,
    pub x: Projection,
    pub y: Projection,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
}

impl ChartLayout {
    /// Lays the scene out in `width` × `height` CSS pixels; `measure` gives a text's width at [`TEXT`].
    #[must_use]
    pub fn new(scene: &Scene, width: f64, height: f64, measure: &dyn Fn(&str) -> f64) -> Self {
        let x_range = range(&scene.x, scene.positions().map(|p| p.0));
        let y_range = range(&scene.y, scene.positions().map(|p| p.1));
        let widest = |t: &[Tick]| t.iter().map(|t| measure(&t.label)).fold(0.0, f64::max);
        let rows = ((height - 80.0) / (2.2 * TEXT)).clamp(2.0, 12.0) as usize;
        let y_ticks = ticks(scene.y.scale, y_range, rows, scene.y.format);
        let left = widest(&y_ticks) + TEXT + 22.0;
        let names = scene
            .labels
            .iter()
            // As wide as drawing takes them for, so that it puts none over the plot.
            .map(|l| measure(&l.text).max(estimate_width(&l.text)))
            .fold(0.0, f64::max);
        let right = (width - 16.0)
            .min(width - names.min(width * 0.3) - 14.0)
            .max(left + 1.0);
        // Fewer labels until none touch.
        let mut x = Projection {
            scale: scene.x.scale,
            data: x_range,
            pixels: (left, right),
        };
        let mut x_ticks = vec![];
        for most in (2..=12).rev() {
            x_ticks = ticks(scene.x.scale, x_range, most, scene.x.format);
            let at: Vec<_> = x_ticks
                .iter()
                .filter(|t| !t.label.is_empty())
                .filter_map(|t| Some((x.to_pixel(t.value)?, measure(&t.label) / 2.0)))
                .collect();
            if at
                .windows(2)
                .all(|w| w[0].0 + w[0].1 + 10.0 <= w[1].0 - w[1].1)
            {
                break;
            }
        }
        x.pixels = (left, right);
        let bottom = (height - 2.0 * TEXT - 24.0).max(15.0);
        let y = Projection {
            scale: scene.y.scale,
            data: y_range,
            pixels: (bottom, 14.0),
        };
        Self {
            width,
            height,
            x,
            y,
            x_ticks,
            y_ticks,
        }
    }

    /// The pixel of a data position inside the plot area.
    #[must_use]
    pub fn pixel(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (px, py) = (self.x.to_pixel(x)?, self.y.to_pixel(y)?);
        let (l, t, r, b) = self.plot();
        (px >= l - 0.5 && px <= r + 0.5 && py >= t - 0.5 && py <= b + 0.5).then_some((px, py))
    }

    /// `(left, top, right, bottom)` in CSS pixels.
    #[must_use]
    pub fn plot(&self) -> (f64, f64, f64, f64) {
        (
            self.x.pixels.0,
            self.y.pixels.1,
            self.x.pixels.1,
            self.y.pixels.0,
        )
    }
}

fn range(axis: &ChartAxis, values: impl Iterator<Item = f64>) -> (f64, f64) {
    let log = axis.scale == AxisScale::Log;
    let sane = |v: &f64| v.is_finite() && (!log || *v > 0.0);
    if let Some((a, b)) = axis.range.filter(|(a, b)| sane(a) && sane(b) && a < b) {
        return (a, b);
    }
    let (a, b) = values
        .filter(sane)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |r, v| {
            (r.0.min(v), r.1.max(v))
        });
    if a > b {
        return (if log { 1.0 } else { 0.0 }, if log { 10.0 } else { 1.0 });
    }
    if log {
        let pad = 0.04 * (b.log10() - a.log10());
        let pad = 10f64.powf(if pad > 0.0 { pad } else { 0.3 });
        (a / pad, b * pad)
    } else {
        let pad = if b > a {
            (b - a) * 0.04
        } else {
            a.abs().max(1.0) * 0.1
        };
        (a - pad, b + pad)
    }
}

/// A sans-serif text's width at [`TEXT`] without a font at hand, CSS pixels.
#[must_use]
pub fn estimate_width(text: &str) -> f64 {
    text.chars()
        .map(|c| {
            if "⁰¹²³⁴⁵⁶⁷⁸⁹⁻.,il ".contains(c) {
                0.4
            } else {
                0.6
            }
        })
        .sum::<f64>()
        * TEXT
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn zooming_keeps_the_place_and_the_whole() {
        let whole = (1e6, 1e12);
        let p = Projection {
            scale: AxisScale::Log,
            data: whole,
            pixels: (100.0, 700.0),
        };
        // Half of what is seen, the pixel of 1e8 still at 1e8.
        let (a, b) = p.seen(0.5, 300.0, 0.0, whole);
        assert!((a / 1e7 - 1.0).abs() < 1e-9 && (b / 1e10 - 1.0).abs() < 1e-9);
        // Out again, and beyond: no further than the whole.
        let near = Projection { data: (a, b), ..p };
        let (a, b) = near.seen(9.0, 300.0, 50.0, whole);
        assert!((a / whole.0 - 1.0).abs() < 1e-9 && (b / whole.1 - 1.0).abs() < 1e-9);
        // The content follows the pointer, up to the end.
        let (a, b) = near.seen(1.0, 0.0, 100.0, whole);
        assert!((b / a / 1e3 - 1.0).abs() < 1e-9 && a < 1e7 && a >= whole.0 * (1.0 - 1e-9));
    }

    proptest::proptest! {
        #[test]
        fn any_zoom_is_within_the_whole(
            low in -1e3f64..1e3,
            size in 1e-6f64..1e6,
            factor in 1e-3f64..1e3,
            about in -100.0f64..900.0,
            moved in -900.0f64..900.0,
        ) {
            let whole = (low, low + size);
            let p = Projection { scale: AxisScale::Linear, data: whole, pixels: (100.0, 700.0) };
            let (a, b) = p.seen(factor, about, moved, whole);
            let slack = 1e-9 * (size + low.abs());
            proptest::prop_assert!(a < b && a >= whole.0 && b <= whole.1 + slack, "{a} {b}");
        }
    }

    #[test]
    fn pixels_return_to_data() {
        let p = Projection {
            scale: AxisScale::Log,
            data: (7e6, 4e12),
            pixels: (60.0, 800.0),
        };
        for v in [7e6, 1e9, 3.3e11] {
            assert!((p.to_data(p.to_pixel(v).unwrap()) / v - 1.0).abs() < 1e-9);
        }
        assert_eq!(p.to_pixel(-1.0), None);
    }
}
