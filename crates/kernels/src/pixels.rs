//! One direction of a resize, in fixed point and rounded to bytes as Pillow does it
//! (`src/libImaging/Resample.c`, 8 bits per channel).

use crate::simd::{Lanes, vectorised};

/// Fractional bits of a fixed-point weight, Pillow's `PRECISION_BITS`: of 32 bits 8 are the
/// value's, and 2 are for sums below zero and beyond one.
pub const PRECISION: u32 = 32 - 8 - 2;
/// Half a unit.
pub(crate) const HALF: i32 = 1 << (PRECISION - 1);

/// Four channels of a byte each, which are resized independently.
pub type Pixel = [u8; 4];

/// What one pixel of the result is made of: the index of the first source pixel, and the weights of
/// it and those after it, times 2^[`PRECISION`].
pub type Tap = (usize, Vec<i32>);

vectorised! {
    /// Resizes along rows and transposes: `pixels` is `[height, width]`, `columns`
    /// `[taps.len(), height]`. A second call resizes the other direction and turns the image back.
    ///
    /// # Panics
    ///
    /// Where a tap reaches beyond a row, or where `columns` is too short.
    pub fn resize(pixels: &[Pixel], width: usize, taps: &[Tap], columns: &mut [Pixel]) = resize_rows
}

#[inline(always)]
fn resize_rows<V: Lanes>(
    token: V::Token,
    pixels: &[Pixel],
    width: usize,
    taps: &[Tap],
    columns: &mut [Pixel],
) {
    let rows = pixels.chunks_exact(width);
    let height = rows.len();
    for (y, row) in rows.enumerate() {
        for (x, (start, weights)) in taps.iter().enumerate() {
            columns[x * height + y] = V::weigh(token, weights, &row[*start..][..weights.len()]);
        }
    }
}
