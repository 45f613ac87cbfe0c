//! A scene onto any plotters backend.
//!
//! Backends take whole pixels, so everything is drawn `k` times larger and shown smaller.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontFamily, FontTransform, IntoFont, RGBAColor, RGBColor, ShapeStyle,
};

use refit_fit::order;

use super::geometry::{PixelPoint, clip, clip_ring, dash};
use super::projection::{ChartLayout, TEXT, estimate_width};
use super::scene::{Dash, Emphasis, Mark, Scene, Shape};
use super::theme::{Rgb, Theme};

/// Why a chart could not be drawn, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawError(pub String);

impl std::fmt::Display for DrawError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DrawError {}

struct Pen<'a, B: DrawingBackend> {
    backend: &'a mut B,
    k: f64,
}

fn failed<E: std::fmt::Display>(e: E) -> DrawError {
    DrawError(format!("The chart could not be drawn: {e}."))
}

impl<B: DrawingBackend> Pen<'_, B> {
    fn at(&self, p: PixelPoint) -> (i32, i32) {
        ((p.0 * self.k).round() as i32, (p.1 * self.k).round() as i32)
    }

    fn style(&self, c: Rgb, alpha: f64, width: f64) -> ShapeStyle {
        ShapeStyle {
            color: rgba(c, alpha),
            filled: true,
            stroke_width: (width * self.k).round().max(1.0) as u32,
        }
    }

    fn path(&mut self, p: &[PixelPoint], c: Rgb, alpha: f64, width: f64) -> Result<(), DrawError> {
        let (p, s): (Vec<_>, _) = (
            p.iter().map(|p| self.at(*p)).collect(),
            self.style(c, alpha, width),
        );
        self.backend.draw_path(p, &s).map_err(failed)
    }

    fn fill(&mut self, p: &[PixelPoint], c: Rgb, alpha: f64) -> Result<(), DrawError> {
        let (p, s): (Vec<_>, _) = (
            p.iter().map(|p| self.at(*p)).collect(),
            self.style(c, alpha, 1.0),
        );
        self.backend.fill_polygon(p, &s).map_err(failed)
    }

    fn text(
        &mut self,
        t: &str,
        p: PixelPoint,
        c: Rgb,
        h: HPos,
        v: VPos,
        turned: bool,
    ) -> Result<(), DrawError> {
        // Of a minor grid line.
        if t.is_empty() {
            return Ok(());
        }
        let turn = if turned {
            FontTransform::Rotate270
        } else {
            FontTransform::None
        };
        let font = (FontFamily::SansSerif, TEXT * self.k)
            .into_font()
            .transform(turn);
        let ink = rgba(c, 1.0);
        let style = plotters::style::TextStyle::from(font)
            .color(&ink)
            .pos(Pos::new(h, v));
        let p = self.at(p);
        self.backend.draw_text(t, &style, p).map_err(failed)
    }

    fn mark(
        &mut self,
        (x, y): PixelPoint,
        shape: Shape,
        r: f64,
        c: Rgb,
        alpha: f64,
        hollow: bool,
    ) -> Result<(), DrawError> {
        let ring: Vec<PixelPoint> = match shape {
            Shape::Circle => {
                let (s, centre) = (self.style(c, alpha, 1.5), self.at((x, y)));
                return self
                    .backend
                    .draw_circle(centre, (r * self.k).round() as u32, &s, !hollow)
                    .map_err(failed);
            }
            Shape::Square => vec![
                (x - r, y - r),
                (x + r, y - r),
                (x + r, y + r),
                (x - r, y + r),
            ],
            Shape::Triangle => vec![
                (x, y - 1.2 * r),
                (x + 1.1 * r, y + 0.8 * r),
                (x - 1.1 * r, y + 0.8 * r),
            ],
            Shape::Diamond => vec![
                (x, y - 1.3 * r),
                (x + 1.3 * r, y),
                (x, y + 1.3 * r),
                (x - 1.3 * r, y),
            ],
            Shape::Cross => {
                self.path(&[(x - r, y - r), (x + r, y + r)], c, alpha, 1.5)?;
                return self.path(&[(x - r, y + r), (x + r, y - r)], c, alpha, 1.5);
            }
            Shape::Plus => {
                self.path(&[(x - r, y), (x + r, y)], c, alpha, 1.5)?;
                return self.path(&[(x, y - r), (x, y + r)], c, alpha, 1.5);
            }
        };
        if hollow {
            let closed: Vec<_> = ring.iter().chain(ring.first()).copied().collect();
            return self.path(&closed, c, alpha, 1.5);
        }
        self.fill(&ring, c, alpha)
    }
}

fn rgba((r, g, b): Rgb, alpha: f64) -> RGBAColor {
    RGBColor(r, g, b).mix(alpha)
}

/// Draws the scene; `k` is backend pixels for each CSS pixel.
///
/// # Errors
/// When the backend refuses a shape.
pub fn draw<B: DrawingBackend>(
    scene: &Scene,
    layout: &ChartLayout,
    theme: &Theme,
    backend: &mut B,
    k: f64,
    legend: bool,
) -> Result<(), DrawError> {
    let (l, t, r, b) = layout.plot();
    if r - l < 2.0 || b - t < 2.0 || layout.width < 40.0 {
        return Ok(());
    }
    let mut painter = Painter {
        pen: Pen { backend, k },
        layout,
        theme,
    };
    painter.background()?;
    painter.grid()?;
    painter.axis_titles(scene)?;
    painter.bands(scene)?;
    painter.lines(scene)?;
    painter.marks(scene)?;
    painter.labels(scene)?;
    if legend {
        painter.legend(scene)?;
    }
    Ok(())
}

/// A scene's parts, drawn from the back to the front.
struct Painter<'a, B: DrawingBackend> {
    pen: Pen<'a, B>,
    layout: &'a ChartLayout,
    theme: &'a Theme,
}

impl<B: DrawingBackend> Painter<'_, B> {
    fn background(&mut self) -> Result<(), DrawError> {
        let Some(color) = self.theme.background else {
            return Ok(());
        };
        let (w, h) = (self.layout.width, self.layout.height);
        self.pen
            .fill(&[(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)], color, 1.0)
    }

    /// Grid lines, and the labels of the ticks beside them.
    fn grid(&mut self) -> Result<(), DrawError> {
        let (layout, ink) = (self.layout, self.theme.ink);
        let (l, t, r, b) = layout.plot();
        for tick in &layout.x_ticks {
            let Some(x) = layout.x.to_pixel(tick.value) else {
                continue;
            };
            self.grid_line([(x, t), (x, b)], &tick.label)?;
            let (h, v) = (HPos::Center, VPos::Top);
            self.pen.text(&tick.label, (x, b + 7.0), ink, h, v, false)?;
        }
        for tick in &layout.y_ticks {
            let Some(y) = layout.y.to_pixel(tick.value) else {
                continue;
            };
            self.grid_line([(l, y), (r, y)], &tick.label)?;
            let (h, v) = (HPos::Right, VPos::Center);
            self.pen.text(&tick.label, (l - 7.0, y), ink, h, v, false)?;
        }
        Ok(())
    }

    fn grid_line(&mut self, line: [PixelPoint; 2], label: &str) -> Result<(), DrawError> {
        let alpha = if label.is_empty() { 0.45 } else { 1.0 };
        self.pen.path(&line, self.theme.grid, alpha, 1.0)
    }

    fn axis_titles(&mut self, scene: &Scene) -> Result<(), DrawError> {
        let (l, t, r, b) = self.layout.plot();
        let (ink, center) = (self.theme.ink, HPos::Center);
        let below = (f64::midpoint(l, r), self.layout.height - 4.0);
        self.pen
            .text(&scene.x.label, below, ink, center, VPos::Bottom, false)?;
        let left = (4.0 + TEXT / 2.0, f64::midpoint(t, b));
        self.pen
            .text(&scene.y.label, left, ink, center, VPos::Center, true)
    }

    fn project(&self, x: f64, y: f64) -> Option<PixelPoint> {
        self.layout.x.to_pixel(x).zip(self.layout.y.to_pixel(y))
    }

    fn bands(&mut self, scene: &Scene) -> Result<(), DrawError> {
        for band in &scene.bands {
            let low = band.points.iter().map(|p| (p.0, p.1));
            let high = band.points.iter().rev().map(|p| (p.0, p.2));
            let ring = low.chain(high).filter_map(|(x, y)| self.project(x, y));
            let ring = clip_ring(ring.collect(), self.layout.plot());
            if ring.len() > 2 {
                let color = self.theme.color(band.color);
                self.pen.fill(&ring, color, band.opacity)?;
            }
        }
        Ok(())
    }

    fn lines(&mut self, scene: &Scene) -> Result<(), DrawError> {
        for line in &scene.lines {
            let mut phase = 0.0;
            for w in line.points.windows(2) {
                let ends = self.project(w[0].0, w[0].1);
                let ends = ends.zip(self.project(w[1].0, w[1].1));
                let Some((p, q)) = ends.and_then(|(p, q)| clip(p, q, self.layout.plot())) else {
                    continue;
                };
                let pieces = match line.dash {
                    Dash::Solid => vec![(p, q)],
                    Dash::Dashed => dash(p, q, (7.0, 5.0), &mut phase),
                    Dash::Dotted => dash(p, q, (2.0, 4.0), &mut phase),
                };
                for (p, q) in pieces {
                    let color = self.theme.color(line.color);
                    self.pen.path(&[p, q], color, 1.0, line.width)?;
                }
            }
        }
        Ok(())
    }

    fn marks(&mut self, scene: &Scene) -> Result<(), DrawError> {
        for layer in &scene.marks {
            let alpha = match layer.emphasis {
                Emphasis::Faint => 0.22,
                Emphasis::Ordinary => 0.75,
                _ => 1.0,
            };
            let hollow = layer.emphasis == Emphasis::HeldOut;
            let color = self.theme.color(layer.color);
            for mark in &layer.points {
                if let Some(p) = self.layout.pixel(mark.x, mark.y) {
                    self.pen
                        .mark(p, layer.shape, layer.size, color, alpha, hollow)?;
                }
            }
        }
        Ok(())
    }

    /// Labels at the ends of lines, moved down where they would cover one another.
    fn labels(&mut self, scene: &Scene) -> Result<(), DrawError> {
        let mut labels: Vec<_> = scene
            .labels
            .iter()
            .filter_map(|label| Some((self.layout.pixel(label.x, label.y)?, label)))
            .collect();
        order::sort_by(&mut labels, |a, b| a.0.1.total_cmp(&b.0.1));
        // Left and right end and height of those that are placed.
        let mut placed: Vec<(f64, f64, f64)> = Vec::new();
        for ((x, y), label) in labels {
            let width = estimate_width(&label.text);
            let x = (x + 6.0).min(self.layout.width - width);
            let covered = |y: f64| {
                placed.iter().find(|(left, right, at)| {
                    x < *right && x + width > *left && (y - at).abs() < TEXT
                })
            };
            let mut y = y;
            while let Some((_, _, at)) = covered(y) {
                y = at + TEXT + 0.5;
            }
            placed.push((x, x + width, y));
            if y < self.layout.height {
                let color = self.theme.color(label.color);
                let (h, v) = (HPos::Left, VPos::Center);
                self.pen.text(&label.text, (x, y), color, h, v, false)?;
            }
        }
        Ok(())
    }

    fn legend(&mut self, scene: &Scene) -> Result<(), DrawError> {
        let (_, t, r, _) = self.layout.plot();
        for (i, entry) in scene.legend.iter().enumerate() {
            let y = t + 14.0 + 18.0 * i as f64;
            let color = self.theme.color(entry.color);
            self.pen
                .mark((r - 14.0, y), entry.shape, 4.0, color, 1.0, false)?;
            let (ink, h, v) = (self.theme.ink, HPos::Right, VPos::Center);
            self.pen
                .text(&entry.text, (r - 24.0, y), ink, h, v, false)?;
        }
        Ok(())
    }
}

/// Rings one mark, for the overlay above the chart.
///
/// # Errors
/// When the backend refuses a shape.
pub fn draw_highlight<B: DrawingBackend>(
    layout: &ChartLayout,
    mark: &Mark,
    theme: &Theme,
    backend: &mut B,
    k: f64,
) -> Result<(), DrawError> {
    let Some(p) = layout.pixel(mark.x, mark.y) else {
        return Ok(());
    };
    Pen { backend, k }.mark(p, Shape::Circle, 9.0, theme.ink, 1.0, true)
}

/// Frames a rectangle, its left upper and right lower corner in CSS pixels.
///
/// # Errors
/// When the backend refuses a shape.
pub fn draw_rectangle<B: DrawingBackend>(
    [(l, t), (r, b)]: [(f64, f64); 2],
    theme: &Theme,
    backend: &mut B,
    k: f64,
) -> Result<(), DrawError> {
    let ring = [(l, t), (r, t), (r, b), (l, b), (l, t)];
    let mut pen = Pen { backend, k };
    pen.fill(&ring, theme.ink, 0.08)?;
    pen.path(&ring, theme.ink, 1.0, 1.0)
}

/// Around text below a chart, and between its lines, in CSS pixels.
const MARGIN: f64 = 16.0;
const LINE: f64 = 1.4 * TEXT;

/// Lines of at most `width` CSS pixels, as far as widths can be estimated: parted between words, and a word that is
/// wider, as an address, anywhere.
fn wrapped(text: &str, width: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let fits = |line: &String| estimate_width(line) + estimate_width(word) <= width;
        if !lines.last().is_none_or(fits) {
            lines.push(String::new());
        }
        for c in word.chars() {
            if let Some(line) = lines.last_mut() {
                line.push(c);
                if estimate_width(line) > width {
                    line.pop();
                    lines.push(c.to_string());
                }
            }
        }
    }
    lines
}

/// The scene with its legend as an SVG document of `width` × `height` CSS pixels.
///
/// # Errors
/// When the backend refuses a shape.
pub fn to_svg(scene: &Scene, theme: &Theme, width: u32, height: u32) -> Result<String, DrawError> {
    to_svg_above(&[], scene, theme, width, height)
}

/// [`to_svg`] with paragraphs below the chart, within the same size.
///
/// # Errors
/// When the backend refuses a shape.
pub fn to_svg_above(
    paragraphs: &[String],
    scene: &Scene,
    theme: &Theme,
    width: u32,
    height: u32,
) -> Result<String, DrawError> {
    const K: u32 = 4;
    let across = f64::from(width);
    let lines: Vec<String> = paragraphs
        .iter()
        .flat_map(|text| wrapped(text, across - 2.0 * MARGIN))
        .collect();
    let below = match lines.len() {
        0 => 0.0,
        count => LINE * count as f64 + MARGIN,
    };
    let layout = ChartLayout::new(scene, across, f64::from(height) - below, &estimate_width);
    let (w, h) = (width.min(8192) * K, height.min(8192) * K);
    let mut svg = String::new();
    {
        let mut backend = plotters::prelude::SVGBackend::with_string(&mut svg, (w, h));
        let mut pen = Pen {
            backend: &mut backend,
            k: f64::from(K),
        };
        if let (false, Some(color)) = (lines.is_empty(), theme.background) {
            let (r, b) = (across, f64::from(height));
            pen.fill(&[(0.0, 0.0), (r, 0.0), (r, b), (0.0, b)], color, 1.0)?;
        }
        for (i, line) in lines.iter().enumerate() {
            let y = layout.height + MARGIN / 2.0 + LINE * i as f64;
            pen.text(line, (MARGIN, y), theme.ink, HPos::Left, VPos::Top, false)?;
        }
        draw(scene, &layout, theme, &mut backend, f64::from(K), true)?;
        backend.present().map_err(failed)?;
    }
    // The view box keeps the large units; the shown size is the asked one.
    Ok(svg.replacen(
        &format!("width=\"{w}\" height=\"{h}\""),
        &format!("width=\"{width}\" height=\"{height}\""),
        1,
    ))
}
