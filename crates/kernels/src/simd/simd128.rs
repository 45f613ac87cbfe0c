//! WebAssembly's 128-bit vectors.

use super::{Doubles, HALF, HALF_EXPONENT, Lanes, PRECISION, Pixel, REBIAS, WHOLE};
use std::arch::wasm32::*;

/// Two float64 numbers in a register.
#[derive(Clone, Copy)]
pub(crate) struct TwoDoubles(v128);

impl Doubles for TwoDoubles {
    type Token = ();
    const COUNT: usize = 2;

    #[inline(always)]
    fn splat((): (), x: f64) -> Self {
        TwoDoubles(f64x2_splat(x))
    }
    #[inline(always)]
    unsafe fn read((): (), from: *const f64) -> Self {
        // SAFETY: the caller promises two numbers; this instruction needs no alignment.
        TwoDoubles(unsafe { v128_load(from.cast()) })
    }
    #[inline(always)]
    unsafe fn write(self, to: *mut f64) {
        // SAFETY: the caller promises room for two numbers; no alignment is needed.
        unsafe { v128_store(to.cast(), self.0) }
    }
    #[inline(always)]
    fn times_plus(self, factor: Self, term: Self) -> Self {
        TwoDoubles(f64x2_add(f64x2_mul(self.0, factor.0), term.0))
    }
}

/// A program that has these instructions at all runs only where they are understood: the token
/// has nothing to prove.
impl Lanes for v128 {
    type Token = ();
    type Doubles = TwoDoubles;
    const COUNT: usize = 4;
    const ROWS: usize = 5;

    #[inline(always)]
    fn token(self) {}
    #[inline(always)]
    fn splat((): (), x: f32) -> Self {
        f32x4_splat(x)
    }
    #[inline(always)]
    unsafe fn read((): (), from: *const f32) -> Self {
        // SAFETY: the caller promises four numbers; this instruction needs no alignment.
        unsafe { v128_load(from.cast()) }
    }
    #[inline(always)]
    unsafe fn write(self, to: *mut f32) {
        // SAFETY: the caller promises room for four numbers; no alignment is needed.
        unsafe { v128_store(to.cast(), self) }
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        f32x4_add(self, other)
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        f32x4_sub(self, other)
    }
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        f32x4_mul(self, other)
    }
    #[inline(always)]
    fn over(self, other: Self) -> Self {
        f32x4_div(self, other)
    }
    #[inline(always)]
    fn times_plus(self, factor: Self, term: Self) -> Self {
        self.times(factor).plus(term)
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        f32x4_pmin(self, other)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        f32x4_pmax(self, other)
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        i32x4_shl(self.plus(self.constant(WHOLE + 127.0)), 23)
    }
    #[inline(always)]
    fn halves((): (), from: &[u8]) -> Self {
        let from = &from[..2 * Self::COUNT];
        // SAFETY: there are eight bytes; this instruction needs no alignment.
        let bits = unsafe { v128_load64_zero(from.as_ptr().cast()) };
        // As `half_to_float`.
        let bits = u32x4_extend_low_u16x8(bits);
        let sign = i32x4_shl(v128_and(bits, i32x4_splat(0x8000)), 16);
        let magnitude = i32x4_shl(v128_and(bits, i32x4_splat(0x7fff)), 13);
        let rebias = i32x4_splat(REBIAS as i32);
        let lowest = i32x4_splat((REBIAS + (1 << 23)) as i32);
        let subnormal = f32x4_sub(i32x4_add(magnitude, lowest), lowest);
        let normal = i32x4_add(magnitude, rebias);
        let is_subnormal = i32x4_lt(magnitude, i32x4_splat(1 << 23));
        let is_beyond = i32x4_ge(magnitude, i32x4_splat(HALF_EXPONENT as i32));
        let beyond = v128_and(is_beyond, rebias);
        let normal = i32x4_add(normal, beyond);
        v128_or(sign, v128_bitselect(subnormal, normal, is_subnormal))
    }
    #[inline(always)]
    fn floats((): (), from: &[u8]) -> Self {
        let from = &from[..4 * Self::COUNT];
        // SAFETY: there are 16 bytes; this instruction needs no alignment.
        unsafe { v128_load(from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn weigh((): (), weights: &[i32], pixels: &[Pixel]) -> Pixel {
        let mut sums = i32x4_splat(HALF);
        for (weight, pixel) in weights.iter().zip(pixels) {
            let bytes = i32x4_splat(i32::from_le_bytes(*pixel));
            let values = u32x4_extend_low_u16x8(u16x8_extend_low_u8x16(bytes));
            sums = i32x4_add(sums, i32x4_mul(values, i32x4_splat(*weight)));
        }
        let words = i16x8_narrow_i32x4(i32x4_shr(sums, PRECISION), sums);
        i32x4_extract_lane::<0>(u8x16_narrow_i16x8(words, words)).to_le_bytes()
    }
}
