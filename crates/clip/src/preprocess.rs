//! An image to the pixel values that the image tower takes, bit for bit as open_clip's
//! `transform.py` computes them with torchvision and Pillow (`Resample.c`): resize the shorter side
//! to the model's size (bicubic, antialiased, in fixed point, rounded to bytes after each
//! direction), crop the centre, subtract the mean and divide by the standard deviation. Only what
//! the crop shows is computed, so that a strip of 10,000 pixels takes little time.
//!
//! Alpha is treated as in open_clip: the resize weights colours by alpha, then alpha is dropped, so
//! that hidden colours may show. Two things differ, since images arrive decoded: a palette has become
//! colours before the resize (Pillow would take the nearest neighbours), and the decoder decides
//! about the EXIF orientation (browsers apply it, open_clip does not).

use refit_kernels::{self as kernels, Pixel};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The channels of a pixel, a byte each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Grey.
    Gray,
    /// Grey and alpha.
    GrayAlpha,
    /// Red, green and blue.
    Rgb,
    /// Red, green, blue and alpha.
    Rgba,
}

impl Channels {
    /// The number of channels, which is that of a pixel's bytes.
    pub fn count(self) -> usize {
        match self {
            Channels::Gray => 1,
            Channels::GrayAlpha => 2,
            Channels::Rgb => 3,
            Channels::Rgba => 4,
        }
    }
}

/// A decoded image, `[height, width, channels]`: rows from the top, 8 bits per channel, alpha not
/// premultiplied.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    width: usize,
    height: usize,
    channels: Channels,
    bytes: &'a [u8],
}

/// Why bytes are not an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// No pixels at all.
    Empty,
    /// The bytes are not width × height × channels.
    Bytes {
        /// The number of bytes.
        found: usize,
        /// width × height × channels.
        expected: usize,
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageError::Empty => f.write_str("the image has no pixels"),
            ImageError::Bytes { found, expected } => write!(
                f,
                "the decoded image has {found} bytes where its size needs {expected}"
            ),
        }
    }
}

impl std::error::Error for ImageError {}

impl<'a> Image<'a> {
    /// Wraps decoded bytes, `width · height · channels` of them.
    pub fn new(
        width: usize,
        height: usize,
        channels: Channels,
        bytes: &'a [u8],
    ) -> Result<Self, ImageError> {
        if width == 0 || height == 0 {
            return Err(ImageError::Empty);
        }
        let expected = width
            .saturating_mul(height)
            .saturating_mul(channels.count());
        if bytes.len() != expected {
            let found = bytes.len();
            return Err(ImageError::Bytes { found, expected });
        }
        Ok(Image {
            width,
            height,
            channels,
            bytes,
        })
    }

    /// Some of its rows; what has no alpha is opaque.
    fn rgba(&self, rows: &Range<usize>) -> Cow<'a, [Pixel]> {
        let stride = self.width * self.channels.count();
        let bytes = &self.bytes[rows.start * stride..rows.end * stride];
        let gray = |v: u8, alpha: u8| [v, v, v, alpha];
        match self.channels {
            Channels::Rgba => bytes.as_chunks().0.into(),
            Channels::Rgb => {
                let pixels = bytes.as_chunks().0.iter();
                pixels.map(|&[r, g, b]| [r, g, b, 255]).collect()
            }
            Channels::Gray => bytes.iter().map(|v| gray(*v, 255)).collect(),
            Channels::GrayAlpha => {
                let pixels = bytes.as_chunks().0.iter();
                pixels.map(|&[v, alpha]| gray(v, alpha)).collect()
            }
        }
    }
}

/// The mean of red, green and blue that is subtracted: `OPENAI_DATASET_MEAN` of open_clip's
/// `constants.py`, which the models of both studies use.
pub const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
/// The standard deviation by which they are divided: `OPENAI_DATASET_STD`.
pub const STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// A normalised square image, `[3, size, size]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelValues {
    /// Side, in pixels.
    pub size: usize,
    /// Planes of red, green and blue, each with its rows from the top.
    pub planes: Vec<f32>,
}

/// Resizes, crops and normalises an image to `size` pixels a side.
pub fn preprocess(image: &Image, size: usize) -> PixelValues {
    normalise(&crop(image, size), size)
}

/// Normalises the RGB bytes of a square image, `[size, size, 3]`.
pub fn normalise(rgb: &[u8], size: usize) -> PixelValues {
    let mut planes = vec![0.0; rgb.len()];
    for (c, plane) in planes.chunks_exact_mut(size * size).enumerate() {
        let value = |v: usize| (v as f32 / 255.0 - MEAN[c]) / STD[c];
        let values: [f32; 256] = std::array::from_fn(value);
        for (out, pixel) in plane.iter_mut().zip(rgb.as_chunks::<3>().0) {
            *out = values[usize::from(pixel[c])];
        }
    }
    PixelValues { size, planes }
}

/// Resizes an image and crops its centre: RGB bytes, `[size, size, 3]`.
pub fn crop(image: &Image, size: usize) -> Vec<u8> {
    let short = image.width.min(image.height);
    let long_side = |long: usize| size * long / short;
    let (width, height) = (long_side(image.width), long_side(image.height));
    let horizontal = Filter::new(image.width, width, size);
    let mut vertical = Filter::new(image.height, height, size);

    // Only the rows that the crop takes something from.
    let rows = vertical.inputs();
    for (start, _) in &mut vertical.taps {
        *start -= rows.start;
    }
    let mut source = image.rgba(&rows);
    let is_resized = (width, height) != (image.width, image.height);
    let is_weighed = is_resized && source.iter().any(|[.., alpha]| *alpha < 255);
    if is_weighed {
        multiply_alpha(source.to_mut());
    }

    // Columns first, as Pillow did up to version 12 (13 picks the order that is less work, which
    // may change a byte by one): between the directions values are rounded to bytes.
    let mut narrow = vec![[0; 4]; size * rows.len()];
    kernels::resize(&source, image.width, &horizontal.taps, &mut narrow);
    let mut small = vec![[0; 4]; size * size];
    kernels::resize(&narrow, rows.len(), &vertical.taps, &mut small);
    if is_weighed {
        divide_alpha(&mut small);
    }
    small.iter().flat_map(|[rgb @ .., _]| *rgb).collect()
}

/// The resampling filter along one direction: for each pixel of the crop the first input pixel and
/// the weights of the inputs from there on (`precompute_coeffs` in Pillow's `Resample.c`).
struct Filter {
    taps: Vec<kernels::Tap>,
}

impl Filter {
    /// From `input` to `output` pixels, of which the middle `crop` are wanted.
    fn new(input: usize, output: usize, crop: usize) -> Self {
        // Python rounds halves to even.
        let first = ((output - crop) as f64 / 2.0).round_ties_even() as usize;
        let scale = input as f64 / output as f64;
        // Antialiasing: a filter as wide as the pixels of the smaller side.
        let width = scale.max(1.0);
        let support = 2.0 * width;
        let tap = |x: usize| {
            let centre = (x as f64 + 0.5) * scale;
            // Truncation, as in C; a negative number becomes 0.
            let start = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(input);
            let weight = |x: usize| bicubic((x as f64 - centre + 0.5) * (1.0 / width));
            let weights: Vec<f64> = (start..end).map(weight).collect();
            let mut sum = 0.0;
            for weight in &weights {
                sum += weight;
            }
            (start, weights.iter().map(|w| fixed(w / sum)).collect())
        };
        Filter {
            taps: (first..first + crop).map(tap).collect(),
        }
    }

    /// The inputs that have a weight.
    fn inputs(&self) -> Range<usize> {
        let start = self.taps.iter().map(|(start, _)| *start).min();
        let end = self.taps.iter().map(|(start, w)| start + w.len()).max();
        start.unwrap_or(0)..end.unwrap_or(0)
    }
}

fn fixed(weight: f64) -> i32 {
    (weight * f64::from(1 << kernels::PRECISION)).round() as i32
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

/// v × a / 255, rounded.
fn multiply_alpha(pixels: &mut [Pixel]) {
    for [colours @ .., alpha] in pixels {
        for colour in colours {
            let product = u32::from(*colour) * u32::from(*alpha) + 128;
            *colour = (((product >> 8) + product) >> 8) as u8;
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
