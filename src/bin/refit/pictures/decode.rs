//! A picture's file to its pixels, as Pillow decodes it.

use super::{jpeg, tiff};
use image::error::ImageError;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use refit_clip::preprocess::{Channels, is_indexed};
use std::io::{Cursor, ErrorKind};

/// A decoded picture, turned as its EXIF data say, as a browser does.
pub(crate) struct Decoded {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(super) channels: Channels,
    pub(super) bytes: Vec<u8>,
    /// The file has a palette, or one bit a pixel.
    pub(super) is_indexed: bool,
    /// What is doubtful about it.
    pub(crate) warnings: Vec<&'static str>,
}

pub(super) const TRUNCATED: &str =
    "the file is truncated; what is missing of the picture is grey or black";
const SIXTEEN_BITS: &str = "the picture has 16 bits of grey, of which open_clip keeps values up to 255 and makes all others white; convert it to 8 bits";
const JPEG_IN_TIFF: &str = "the TIFF holds a JPEG, whose pixels are decoded a little otherwise than by Pillow; save it as JPEG or PNG";
const READABLE: &str = "JPEG, PNG, WebP, GIF, BMP and TIFF can be read";

/// Pillow refuses more, for what a few bytes may ask for.
const MOST_PIXELS: usize = 178_956_970;

/// Checks a picture's size before there is memory for it.
pub(super) fn check_size(width: usize, height: usize) -> Result<(), String> {
    match width.saturating_mul(height) > MOST_PIXELS {
        true => Err(format!(
            "the picture has {width} × {height} pixels, and at most {MOST_PIXELS} are read, as by Pillow"
        )),
        false => Ok(()),
    }
}

/// Decodes a picture; the error is a sentence without a full stop.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let format = image::guess_format(bytes).map_err(|_| unknown(bytes))?;
    let mut reader = ImageReader::new(Cursor::new(bytes));
    reader.set_format(format);
    let decoder = reader.into_decoder().map_err(|error| sentence(&error));
    if format == ImageFormat::Jpeg {
        // Only libjpeg's own arithmetic gives Pillow's pixels; the other decoder knows the EXIF data.
        let orientation = decoder.ok().and_then(|mut d| d.orientation().ok());
        return jpeg::decode(bytes, orientation.unwrap_or(Orientation::NoTransforms));
    }
    let mut decoder = decoder?;
    let orientation = decoder.orientation().map_err(|error| sentence(&error))?;
    let (picture, is_truncated) = pixels(decoder)?;
    let is_deep = picture.color() == ColorType::L16;
    let mut decoded = channels(picture, bytes, orientation);
    if is_truncated {
        decoded.warnings.push(TRUNCATED);
    }
    if is_deep {
        decoded.warnings.push(SIXTEEN_BITS);
    }
    if format == ImageFormat::Tiff && tiff::holds_jpeg(bytes) {
        decoded.warnings.push(JPEG_IN_TIFF);
    }
    Ok(decoded)
}

/// What is there of a picture, and whether that is not all.
fn pixels(decoder: impl ImageDecoder) -> Result<(DynamicImage, bool), String> {
    let (width, height) = decoder.dimensions();
    check_size(width as usize, height as usize)?;
    let color = decoder.color_type();
    let length = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(length).is_err() {
        return Err("the picture is larger than the memory".to_owned());
    }
    bytes.resize(length, 0);
    let read = decoder.read_image(&mut bytes);
    let is_truncated = match read {
        Ok(()) => false,
        Err(_) if bytes.iter().any(|byte| *byte != 0) => true,
        Err(error) => return Err(sentence(&error)),
    };
    let picture = picture(width, height, color, bytes);
    let picture = picture.ok_or("its pixels are of a kind that cannot be read")?;
    Ok((picture, is_truncated))
}

fn picture(width: u32, height: u32, color: ColorType, bytes: Vec<u8>) -> Option<DynamicImage> {
    let wide = |bytes: &[u8]| -> Vec<u16> {
        let numbers = bytes.as_chunks().0.iter();
        numbers.map(|number| u16::from_ne_bytes(*number)).collect()
    };
    macro_rules! image_of {
        ($kind:ident, $numbers:expr) => {
            image::ImageBuffer::from_raw(width, height, $numbers).map(DynamicImage::$kind)
        };
    }
    match color {
        ColorType::L8 => image_of!(ImageLuma8, bytes),
        ColorType::La8 => image_of!(ImageLumaA8, bytes),
        ColorType::Rgb8 => image_of!(ImageRgb8, bytes),
        ColorType::Rgba8 => image_of!(ImageRgba8, bytes),
        ColorType::L16 => image_of!(ImageLuma16, wide(&bytes)),
        ColorType::La16 => image_of!(ImageLumaA16, wide(&bytes)),
        ColorType::Rgb16 => image_of!(ImageRgb16, wide(&bytes)),
        ColorType::Rgba16 => image_of!(ImageRgba16, wide(&bytes)),
        _ => None,
    }
}

/// Whether a PNG has no alpha channel: then a colour that stands for transparency does not count.
fn is_opaque(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG") && matches!(bytes.get(25), Some(0 | 2))
}

/// Pixels of 8 bits. Of 16 bits a channel Pillow keeps the upper 8, but of grey alone it makes
/// everything beyond 255 white.
fn channels(mut picture: DynamicImage, file: &[u8], orientation: Orientation) -> Decoded {
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let high = |numbers: Vec<u16>| -> Vec<u8> { numbers.iter().map(|v| (v >> 8) as u8).collect() };
    let (channels, bytes) = match picture {
        DynamicImage::ImageLuma8(image) => (Channels::Gray, image.into_raw()),
        DynamicImage::ImageLumaA8(image) => (Channels::GrayAlpha, image.into_raw()),
        DynamicImage::ImageRgb8(image) => (Channels::Rgb, image.into_raw()),
        DynamicImage::ImageRgba8(image) => (Channels::Rgba, image.into_raw()),
        DynamicImage::ImageLuma16(image) => {
            let white = image.into_raw().into_iter().map(|v| v.min(255) as u8);
            (Channels::Gray, white.collect())
        }
        DynamicImage::ImageLumaA16(image) => (Channels::GrayAlpha, high(image.into_raw())),
        DynamicImage::ImageRgb16(image) => (Channels::Rgb, high(image.into_raw())),
        DynamicImage::ImageRgba16(image) => (Channels::Rgba, high(image.into_raw())),
        other => (Channels::Rgb, other.into_rgb8().into_raw()),
    };
    let is_indexed = is_indexed(file);
    let (channels, bytes) = match is_indexed || is_opaque(file) {
        true => without_alpha(channels, bytes),
        false => (channels, bytes),
    };
    Decoded {
        width,
        height,
        channels,
        bytes,
        is_indexed,
        warnings: Vec::new(),
    }
}

fn without_alpha(channels: Channels, bytes: Vec<u8>) -> (Channels, Vec<u8>) {
    match channels {
        Channels::GrayAlpha => {
            let pixels = bytes.as_chunks().0.iter();
            (Channels::Gray, pixels.map(|[v, _]| *v).collect())
        }
        Channels::Rgba => {
            let pixels = bytes.as_chunks().0.iter();
            (
                Channels::Rgb,
                pixels.flat_map(|&[r, g, b, _]| [r, g, b]).collect(),
            )
        }
        _ => (channels, bytes),
    }
}

/// What a file is that is no picture, or one of a kind that cannot be read.
fn unknown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(256)]);
    let text = text.trim_start().to_lowercase();
    let brand = bytes.get(4..12).unwrap_or_default();
    let kind = match () {
        () if bytes.is_empty() => "the file is empty",
        () if text.starts_with("<svg") || text.contains("<svg ") => "this is an SVG, a drawing",
        () if text.starts_with("<!doctype") || text.starts_with("<html") => "this is a web page",
        () if brand.starts_with(b"ftypavi") => "this is an AVIF",
        () if brand.starts_with(b"ftyphei") || brand.starts_with(b"ftypmif") => "this is a HEIC",
        () if bytes.starts_with(b"\xff\x0a") || brand == b"JXL \r\n\x87\n" => "this is a JPEG XL",
        () => "this is no picture that is known here",
    };
    format!("{kind}; {READABLE}")
}

fn sentence(error: &ImageError) -> String {
    match error {
        ImageError::Unsupported(_) => format!("{error}; {READABLE}"),
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "the file is truncated".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation::{Seed, survives};
    use serde::Deserialize;

    /// A file, and what Pillow decodes it to (`tests/reference/pictures/pictures.py`).
    #[derive(Deserialize)]
    struct Case {
        name: String,
        at: usize,
        length: usize,
        mode: String,
        indexed: bool,
        width: usize,
        height: usize,
        fnv1a64: String,
    }

    const FILES: &[u8] = include_bytes!("../../../../tests/reference/pictures/pictures.bin");

    fn cases() -> Vec<(Case, &'static [u8])> {
        let cases: Vec<Case> = serde_json::from_str(include_str!(
            "../../../../tests/reference/pictures/pictures.json"
        ))
        .unwrap();
        let bytes = |case: &Case| &FILES[case.at..][..case.length];
        cases
            .into_iter()
            .map(|case| (bytes(&case), case))
            .map(|(b, c)| (c, b))
            .collect()
    }

    fn fnv1a64(bytes: &[u8]) -> u64 {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)
        })
    }

    #[test]
    fn pixels_are_pillows() {
        let cases = cases();
        let jpegs = cases.iter().filter(|(case, _)| case.name.ends_with(".jpg"));
        assert_eq!(jpegs.count(), 100);
        let mut wrong = Vec::new();
        for (case, bytes) in &cases {
            let decoded = decode(bytes).unwrap_or_else(|e| panic!("{}: {e}", case.name));
            let mode = match decoded.channels {
                Channels::Gray => "L",
                Channels::GrayAlpha => "LA",
                Channels::Rgb => "RGB",
                Channels::Rgba => "RGBA",
                Channels::Cmyk => "CMYK",
            };
            let found = (mode, decoded.width, decoded.height, decoded.is_indexed);
            let expected = (&*case.mode, case.width, case.height, case.indexed);
            let is_same = format!("{:016x}", fnv1a64(&decoded.bytes)) == case.fnv1a64;
            if found != expected || !is_same || !decoded.warnings.is_empty() {
                wrong.push(format!("{} {found:?} {expected:?} {is_same}", case.name));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// Damage gives an answer or an error.
    fn pictures_survive(ending: &str) {
        let cases = cases().into_iter();
        let cases = cases.filter(|(case, _)| case.name.ends_with(ending));
        let seeds: Vec<Seed> = cases.map(|(_, file)| Seed::whole(file.to_vec())).collect();
        survives(&seeds, |file| drop(decode(file)));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (file, said) in [
            (&b""[..], "the file is empty"),
            (b"\0\0\0\x1cftypavif\0\0\0\0", "Avif is not supported"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "this is a HEIC"),
            (b"\xff\x0a\xfa\x7f", "this is a JPEG XL"),
            (b" <svg xmlns='x'>", "this is an SVG"),
            (b"<!DOCTYPE html>", "this is a web page"),
            (b"notes", "this is no picture"),
        ] {
            let error = decode(file).err().unwrap();
            assert!(error.contains(said) && error.ends_with(READABLE), "{error}");
        }
        let cases = cases();
        let (_, whole) = cases
            .iter()
            .find(|(case, _)| case.name == "lzw.tiff")
            .unwrap();
        let error = decode(&whole[..whole.len() / 2]).err().unwrap();
        assert_eq!(error, "the file is truncated");
    }

    #[test]
    fn a_jpeg_in_a_tiff_is_said() {
        let file = include_bytes!("../../../../tests/reference/pictures/jpeg.tiff");
        assert_eq!(decode(file).unwrap().warnings, [JPEG_IN_TIFF]);
    }

    #[test]
    fn a_picture_that_fills_the_memory_is_refused() {
        let mut file = cases()[0].1.to_vec();
        let frame = file.windows(2).position(|marker| marker == [0xff, 0xc0]);
        let size = frame.unwrap() + 5;
        file[size..size + 4].copy_from_slice(&[0xc3, 0x50, 0xc3, 0x50]);
        let error = decode(&file).err().unwrap();
        assert!(error.contains("50000 × 50000 pixels"), "{error}");
    }

    #[test]
    fn jpegs_survive() {
        pictures_survive(".jpg");
    }

    #[test]
    fn pngs_survive() {
        pictures_survive(".png");
    }

    #[test]
    fn webps_survive() {
        pictures_survive(".webp");
    }

    #[test]
    fn gifs_survive() {
        pictures_survive(".gif");
    }

    #[test]
    fn bmps_survive() {
        pictures_survive(".bmp");
    }

    #[test]
    fn tiffs_survive() {
        pictures_survive(".tiff");
    }
}
