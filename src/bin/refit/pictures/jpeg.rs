//! JPEG by the library that Pillow and browsers decode with: mozjpeg keeps libjpeg-turbo's integer
//! IDCT and its upsampling.

use super::decode::{Decoded, TRUNCATED, check_size};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, Rgba};
use mozjpeg::{ColorSpace, Decompress};
use refit_clip::preprocess::Channels;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Decodes and turns a JPEG; the error is a sentence without a full stop.
pub(super) fn decode(bytes: &[u8], orientation: Orientation) -> Result<Decoded, String> {
    let is_truncated = !has_end(bytes);
    let mut file = bytes.to_vec();
    if is_truncated {
        // What is missing becomes grey, rather than an error.
        file.extend(END);
    }
    // libjpeg's fatal errors unwind through it.
    let decoded = catch_unwind(AssertUnwindSafe(|| pixels(&file)));
    let mut decoded = match decoded {
        Ok(decoded) => decoded?,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map_or("", String::as_str);
            let said = said.trim_start_matches("libjpeg fatal error: ");
            return Err(format!("the JPEG cannot be decoded ({said})"));
        }
    };
    if is_truncated {
        decoded.warnings.push(TRUNCATED);
    }
    Ok(turned(decoded, orientation))
}

fn pixels(file: &[u8]) -> Result<Decoded, String> {
    let said = |error: std::io::Error| error.to_string();
    let jpeg = Decompress::new_mem(file).map_err(said)?;
    let (width, height) = jpeg.size();
    check_size(width, height)?;
    let (channels, space) = match jpeg.components().len() {
        1 => (Channels::Gray, ColorSpace::JCS_GRAYSCALE),
        4 => (Channels::Cmyk, ColorSpace::JCS_CMYK),
        _ => (Channels::Rgb, ColorSpace::JCS_RGB),
    };
    let mut jpeg = jpeg.to_colorspace(space).map_err(said)?;
    let mut bytes: Vec<u8> = jpeg.read_scanlines().map_err(said)?;
    jpeg.finish().map_err(said)?;
    if channels == Channels::Cmyk {
        // Ink is stored inverted, as Adobe's programs do it; Pillow takes it so without asking.
        for ink in &mut bytes {
            *ink = 255 - *ink;
        }
    }
    Ok(Decoded {
        width,
        height,
        channels,
        bytes,
        is_indexed: false,
        warnings: Vec::new(),
    })
}

fn turned(mut decoded: Decoded, orientation: Orientation) -> Decoded {
    if orientation == Orientation::NoTransforms {
        return decoded;
    }
    let (width, height) = (decoded.width as u32, decoded.height as u32);
    let bytes = std::mem::take(&mut decoded.bytes);
    let picture = match decoded.channels {
        Channels::Gray => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageLuma8),
        // Four channels of whatever colours.
        Channels::Cmyk => {
            ImageBuffer::<Rgba<u8>, _>::from_raw(width, height, bytes).map(DynamicImage::ImageRgba8)
        }
        _ => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8),
    };
    let mut picture = picture.unwrap_or_default();
    picture.apply_orientation(orientation);
    (decoded.width, decoded.height) = (picture.width() as usize, picture.height() as usize);
    decoded.bytes = picture.into_bytes();
    decoded
}

/// The marker of a JPEG's end.
const END: [u8; 2] = [0xff, 0xd9];

/// Whether a JPEG has its end: the marker, outside of the segments, in which it may stand for
/// anything.
fn has_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        let Some(marker) = bytes.get(at..).and_then(<[u8]>::first_chunk::<2>) else {
            return false;
        };
        match *marker {
            END => return true,
            // Within a scan: its numbers, a stuffed 255, a restart, padding.
            [0xff, 0x00 | 0x01 | 0xd0..=0xd8] => at += 2,
            [0xff, 0xff] => at += 1,
            [0xff, _] => {
                let Some(length) = bytes[at + 2..].first_chunk() else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes(*length));
            }
            _ => at += 1,
        }
    }
}
