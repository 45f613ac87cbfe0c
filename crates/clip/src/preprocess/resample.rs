//! Resizing an image and cutting a square out of it.

use super::{Channels, Image, Interpolation, Preprocessing, product};
use refit_kernels::{self as kernels, Pixel};
use std::ops::Range;

/// Resizes an image and crops or pads it to a square, `[size, size]`.
pub(super) fn square(image: &Image, settings: &Preprocessing) -> Vec<Pixel> {
    let size = settings.size;
    let (width, height) = settings.resized(image.width, image.height);
    let interpolation = match image.is_indexed {
        true => Interpolation::Nearest,
        false => settings.interpolation,
    };
    let horizontal = Axis::new(image.width, width, size, interpolation);
    let mut vertical = Axis::new(image.height, height, size, interpolation);

    // Only the rows that the crop takes something from.
    let rows = vertical.inputs();
    for (start, _) in &mut vertical.taps {
        *start -= rows.start;
    }
    let mut source = image.pixels(&rows);
    let has_alpha = matches!(image.channels, Channels::Rgba | Channels::GrayAlpha);
    let is_resized = (width, height) != (image.width, image.height);
    let is_weighed = has_alpha
        && is_resized
        && interpolation != Interpolation::Nearest
        && source.iter().any(|[.., alpha]| *alpha < 255);
    if is_weighed {
        multiply_alpha(source.to_mut());
    }

    // Columns first, except of very tall images, as in Pillow 12 (13 picks the order that is less
    // work, which may change a byte by one): between the directions values are rounded to bytes.
    let is_tall = image.height > 100 * image.width && height < image.height;
    let (width, height) = (horizontal.taps.len(), vertical.taps.len());
    let mut small = match is_tall {
        false => {
            let narrow = resized(&source, image.width, &horizontal.taps);
            resized(&narrow, rows.len(), &vertical.taps)
        }
        true => {
            let turned = turned(&source, image.width);
            let short = resized(&turned, rows.len(), &vertical.taps);
            let narrow = resized(&short, image.width, &horizontal.taps);
            self::turned(&narrow, height)
        }
    };
    if is_weighed {
        divide_alpha(&mut small);
    }
    if width == size && height == size {
        return small;
    }
    let mut padded = vec![[settings.fill; 4]; size * size];
    for (y, row) in small.chunks_exact(width).enumerate() {
        let start = (vertical.pad + y) * size + horizontal.pad;
        padded[start..start + width].copy_from_slice(row);
    }
    padded
}

/// Rows of `width` pixels, each resized, as columns.
fn resized(pixels: &[Pixel], width: usize, taps: &[kernels::Tap]) -> Vec<Pixel> {
    let mut columns = vec![[0; 4]; pixels.len() / width * taps.len()];
    kernels::resize(pixels, width, taps, &mut columns);
    columns
}

/// Rows of `width` pixels as columns.
fn turned(pixels: &[Pixel], width: usize) -> Vec<Pixel> {
    let rows = pixels.len() / width;
    let pixel = |i: usize| pixels[i % rows * width + i / rows];
    (0..pixels.len()).map(pixel).collect()
}

/// One direction: for each pixel of the crop the first input pixel and the weights of the inputs
/// from there on (`precompute_coeffs` in Pillow's `Resample.c`).
struct Axis {
    taps: Vec<kernels::Tap>,
    /// Pixels of padding before the first.
    pad: usize,
}

impl Axis {
    /// From `input` to `output` pixels, of which the middle `size` are wanted; fewer are padded.
    fn new(input: usize, output: usize, size: usize, interpolation: Interpolation) -> Self {
        // Python rounds halves to even.
        let first = (output.saturating_sub(size) as f64 / 2.0).round_ties_even() as usize;
        let wanted = first..first + size.min(output);
        let taps = match interpolation {
            _ if input == output => wanted.map(whole).collect(),
            Interpolation::Nearest => nearest(input, output, wanted),
            Interpolation::Bilinear => filtered(input, output, wanted, 1.0, triangle),
            Interpolation::Bicubic => filtered(input, output, wanted, 2.0, bicubic),
        };
        Axis {
            taps,
            pad: size.saturating_sub(output) / 2,
        }
    }

    /// The inputs that have a weight.
    fn inputs(&self) -> Range<usize> {
        let start = self.taps.iter().map(|(start, _)| *start).min();
        let end = self.taps.iter().map(|(start, w)| start + w.len()).max();
        start.unwrap_or(0)..end.unwrap_or(0)
    }
}

/// One input as it is.
fn whole(input: usize) -> kernels::Tap {
    (input, vec![1 << kernels::PRECISION])
}

/// A filter that reaches `support` pixels of the smaller side, which antialiases.
fn filtered(
    input: usize,
    output: usize,
    wanted: Range<usize>,
    support: f64,
    kernel: fn(f64) -> f64,
) -> Vec<kernels::Tap> {
    let scale = input as f64 / output as f64;
    let width = scale.max(1.0);
    let support = support * width;
    let tap = |x: usize| {
        let centre = (x as f64 + 0.5) * scale;
        // Truncation, as in C; a negative number becomes 0.
        let start = (centre - support + 0.5) as usize;
        let end = ((centre + support + 0.5) as usize).min(input);
        let weight = |x: usize| kernel((x as f64 - centre + 0.5) * (1.0 / width));
        let weights: Vec<f64> = (start..end).map(weight).collect();
        let mut sum = 0.0;
        for weight in &weights {
            sum += weight;
        }
        (start, weights.iter().map(|w| fixed(w / sum)).collect())
    };
    wanted.map(tap).collect()
}

/// Steps from pixel to pixel as `ImagingScaleAffine` in Pillow's `Geometry.c`, whose sum carries its
/// rounding along.
fn nearest(input: usize, output: usize, wanted: Range<usize>) -> Vec<kernels::Tap> {
    let step = input as f64 / output as f64;
    let mut at = 0.5 * step;
    let mut taps = Vec::with_capacity(wanted.len());
    for x in 0..wanted.end {
        if x >= wanted.start {
            taps.push(whole((at as usize).min(input - 1)));
        }
        at += step;
    }
    taps
}

fn fixed(weight: f64) -> i32 {
    (weight * f64::from(1 << kernels::PRECISION)).round() as i32
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

/// Keys' kernel with a = −1/2, multiplied out as in Pillow.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn multiply_alpha(pixels: &mut [Pixel]) {
    for [colours @ .., alpha] in pixels {
        for colour in colours {
            *colour = product(*colour, *alpha);
        }
    }
}

fn divide_alpha(pixels: &mut [Pixel]) {
    for pixel in pixels {
        if let [colours @ .., alpha @ 1..=254] = pixel {
            for colour in colours {
                *colour = (255 * u32::from(*colour) / u32::from(*alpha)).min(255) as u8;
            }
        }
    }
}
