//! An image to the pixel values that the image tower takes, bit for bit as open_clip's
//! `transform.py` computes them with torchvision and Pillow (`Resample.c`): resize (antialiased, in
//! fixed point, rounded to bytes after each direction), crop or pad to a square, subtract the mean
//! and divide by the standard deviation. [`Preprocessing`] says how for a model. Only what the crop
//! shows is computed, so that a strip of 10,000 pixels takes little time.
//!
//! Alpha is treated as in open_clip: the resize weights colours by alpha, then alpha is dropped, so
//! that hidden colours may show. The decoder decides about the EXIF orientation (browsers apply it,
//! open_clip does not).

mod resample;
mod settings;

pub use settings::{Interpolation, MEAN, Preprocessing, PreprocessingOptions, ResizeMode, STD};

use refit_kernels::Pixel;
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
    /// Cyan, magenta, yellow and black, 255 for full ink: a JPEG for printing.
    Cmyk,
}

impl Channels {
    /// The number of channels, which is that of a pixel's bytes.
    pub fn count(self) -> usize {
        match self {
            Channels::Gray => 1,
            Channels::GrayAlpha => 2,
            Channels::Rgb => 3,
            Channels::Rgba | Channels::Cmyk => 4,
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
    is_indexed: bool,
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
            is_indexed: false,
        })
    }

    /// Says that the file has a palette, or one bit a pixel. Pillow resizes such images before it
    /// looks up the colours, so that each pixel is its nearest neighbour's whatever the
    /// interpolation.
    pub fn indexed(mut self, is_indexed: bool) -> Self {
        self.is_indexed = is_indexed;
        self
    }

    /// Its width and height, in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Red, green and blue of each pixel, without alpha.
    pub fn rgb(&self) -> Vec<u8> {
        let pixels = self.pixels(&(0..self.height));
        let rgb = |pixel: &Pixel| match self.channels {
            Channels::Cmyk => rgb_of_cmyk(*pixel),
            _ => [pixel[0], pixel[1], pixel[2]],
        };
        pixels.iter().flat_map(rgb).collect()
    }

    /// The bytes of a part of it.
    pub(crate) fn part(&self, columns: Range<usize>, rows: Range<usize>) -> Vec<u8> {
        let count = self.channels.count();
        let row = |y: usize| {
            let start = (y * self.width + columns.start) * count;
            &self.bytes[start..start + columns.len() * count]
        };
        rows.flat_map(row).copied().collect()
    }

    /// The same kind of image with other pixels.
    pub(crate) fn with_bytes<'b>(&self, width: usize, height: usize, bytes: &'b [u8]) -> Image<'b> {
        Image {
            width,
            height,
            channels: self.channels,
            bytes,
            is_indexed: self.is_indexed,
        }
    }

    /// Some of its rows; what has no alpha is opaque.
    fn pixels(&self, rows: &Range<usize>) -> Cow<'a, [Pixel]> {
        let stride = self.width * self.channels.count();
        let bytes = &self.bytes[rows.start * stride..rows.end * stride];
        let gray = |v: u8, alpha: u8| [v, v, v, alpha];
        match self.channels {
            Channels::Rgba | Channels::Cmyk => bytes.as_chunks().0.into(),
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

/// Whether a picture's file has a palette, or one bit a pixel, by its first 1,100 bytes: GIF, and
/// PNG and BMP with such pixels. [`Image::indexed`] says what follows from it.
pub fn is_indexed(start: &[u8]) -> bool {
    match start {
        [b'G', b'I', b'F', ..] => true,
        // Bits a pixel.
        [b'B', b'M', ..] => {
            start.get(28).is_some_and(|bits| *bits <= 8) && !has_gray_palette(start)
        }
        // Bit depth and colour type.
        [0x89, b'P', b'N', b'G', ..] => matches!(start.get(24..26), Some([_, 3] | [1, 0])),
        _ => false,
    }
}

/// Whether the palette of a BMP is no more than all greys in their order, which Pillow does not take
/// for one.
fn has_gray_palette(start: &[u8]) -> bool {
    let header = start.get(14).map_or(0, |length| usize::from(*length));
    let palette = start.get(14 + header..).unwrap_or_default();
    let colours = palette.as_chunks::<4>().0;
    colours.len() >= 256
        && (0..=255u8)
            .zip(colours)
            .all(|(i, [b, g, r, _])| (*b, *g, *r) == (i, i, i))
}

/// A normalised square image, `[3, size, size]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelValues {
    /// Side, in pixels.
    pub size: usize,
    /// Planes of red, green and blue, each with its rows from the top.
    pub planes: Vec<f32>,
}

/// Resizes, crops and normalises an image as a model takes it.
pub fn preprocess(image: &Image, settings: &Preprocessing) -> PixelValues {
    normalise(&crop(image, settings), settings)
}

/// Normalises the RGB bytes of a square image, `[size, size, 3]`.
pub fn normalise(rgb: &[u8], settings: &Preprocessing) -> PixelValues {
    let Preprocessing {
        size, mean, std, ..
    } = *settings;
    let mut planes = vec![0.0; rgb.len()];
    for (c, plane) in planes.chunks_exact_mut(size * size).enumerate() {
        let value = |v: usize| (v as f32 / 255.0 - mean[c]) / std[c];
        let values: [f32; 256] = std::array::from_fn(value);
        for (out, pixel) in plane.iter_mut().zip(rgb.as_chunks::<3>().0) {
            *out = values[usize::from(pixel[c])];
        }
    }
    PixelValues { size, planes }
}

/// Resizes an image and crops or pads it to a square: RGB bytes, `[size, size, 3]`.
pub fn crop(image: &Image, settings: &Preprocessing) -> Vec<u8> {
    let square = resample::square(image, settings);
    match image.channels {
        Channels::Cmyk => square.into_iter().flat_map(rgb_of_cmyk).collect(),
        _ => square.into_iter().flat_map(|[rgb @ .., _]| rgb).collect(),
    }
}

/// `cmyk2rgb` in Pillow's `Convert.c`.
fn rgb_of_cmyk([inks @ .., black]: Pixel) -> [u8; 3] {
    let paper = 255 - black;
    inks.map(|ink| paper - product(ink, paper))
}

/// a b / 255, rounded as in Pillow.
fn product(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    (((product >> 8) + product) >> 8) as u8
}
