//! One direction of a resize, in fixed point and rounded to bytes as Pillow does it.

use crate::simd::{Lanes, vectorised};

/// Bits behind the point of a weight: 8 of 32 are the value's, 2 are for weights below zero and
/// beyond one.
pub const PRECISION: u32 = 32 - 8 - 2;
/// Half a unit.
pub(crate) const HALF: i32 = 1 << (PRECISION - 1);

/// Four bytes, each for itself.
pub type Pixel = [u8; 4];

/// Of one pixel of the result: the first pixel that it takes something from, and the weights of
/// this and the following ones.
pub type Tap = (usize, Vec<i32>);

vectorised! {
    /// Rows of `width` pixels to columns of the taps' results, side by side: the next direction is
    /// then along rows, too, and turns the image back.
    pub fn resize(pixels: &[Pixel], width: usize, taps: &[Tap], columns: &mut [Pixel]) = resize_rows
}

#[inline(always)]
fn resize_rows<V: Lanes>(pixels: &[Pixel], width: usize, taps: &[Tap], columns: &mut [Pixel]) {
    let rows = pixels.chunks_exact(width);
    let height = rows.len();
    for (y, row) in rows.enumerate() {
        for (x, (start, weights)) in taps.iter().enumerate() {
            columns[x * height + y] = V::weigh(weights, &row[*start..][..weights.len()]);
        }
    }
}
