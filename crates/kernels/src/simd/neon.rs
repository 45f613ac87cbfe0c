//! NEON, which every aarch64 has: the tokens have nothing to prove.

use super::{Doubles, HALF, HALF_EXPONENT, Lanes, PRECISION, Pixel, REBIAS, WHOLE};
use std::arch::aarch64::*;

/// Two float64 numbers in a register.
#[derive(Clone, Copy)]
pub(crate) struct TwoDoubles(float64x2_t);

impl Doubles for TwoDoubles {
    type Token = ();
    const COUNT: usize = 2;

    #[inline(always)]
    fn splat((): (), x: f64) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { TwoDoubles(vdupq_n_f64(x)) }
    }
    #[inline(always)]
    unsafe fn read((): (), from: *const f64) -> Self {
        // SAFETY: every aarch64 has NEON, and the caller promises two numbers.
        TwoDoubles(unsafe { vld1q_f64(from) })
    }
    #[inline(always)]
    unsafe fn write(self, to: *mut f64) {
        // SAFETY: every aarch64 has NEON, and the caller promises room for two numbers.
        unsafe { vst1q_f64(to, self.0) }
    }
    #[inline(always)]
    fn times_plus(self, factor: Self, term: Self) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { TwoDoubles(vfmaq_f64(term.0, self.0, factor.0)) }
    }
}

impl Lanes for float32x4_t {
    type Token = ();
    type Doubles = TwoDoubles;
    const COUNT: usize = 4;
    // Sums in 16 of 32 registers: as many as four pipes of latency four keep busy. Not measured on a machine.
    const ROWS: usize = 8;

    #[inline(always)]
    fn token(self) {}
    #[inline(always)]
    fn splat((): (), x: f32) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    unsafe fn read((): (), from: *const f32) -> Self {
        // SAFETY: every aarch64 has NEON, and the caller promises four numbers.
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn write(self, to: *mut f32) {
        // SAFETY: every aarch64 has NEON, and the caller promises room for four numbers.
        unsafe { vst1q_f32(to, self) }
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { vaddq_f32(self, other) }
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { vsubq_f32(self, other) }
    }
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { vmulq_f32(self, other) }
    }
    #[inline(always)]
    fn over(self, other: Self) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { vdivq_f32(self, other) }
    }
    #[inline(always)]
    fn times_plus(self, factor: Self, term: Self) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { vfmaq_f32(term, self, factor) }
    }
    // `vminq_f32` and `vmaxq_f32` would also give NaN where `other` has it.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { vbslq_f32(vcltq_f32(other, self), other, self) }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: every aarch64 has NEON.
        unsafe { vbslq_f32(vcltq_f32(self, other), other, self) }
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        let whole = self.plus(self.constant(WHOLE + 127.0));
        // SAFETY: every aarch64 has NEON.
        unsafe { vreinterpretq_f32_u32(vshlq_n_u32::<23>(vreinterpretq_u32_f32(whole))) }
    }
    #[inline(always)]
    fn halves((): (), from: &[u8]) -> Self {
        let from = &from[..2 * Self::COUNT];
        // As `half_to_float`: the instruction for it is not stable in Rust.
        // SAFETY: every aarch64 has NEON, and there are eight bytes, which need no alignment.
        unsafe {
            let bits = vld1_u8(from.as_ptr());
            let bits = vmovl_u16(vreinterpret_u16_u8(bits));
            let sign = vshlq_n_u32::<16>(vandq_u32(bits, vdupq_n_u32(0x8000)));
            let magnitude = vshlq_n_u32::<13>(vandq_u32(bits, vdupq_n_u32(0x7fff)));
            let rebias = vdupq_n_u32(REBIAS);
            let lowest = vdupq_n_u32(REBIAS + (1 << 23));
            let subnormal = vreinterpretq_u32_f32(vsubq_f32(
                vreinterpretq_f32_u32(vaddq_u32(magnitude, lowest)),
                vreinterpretq_f32_u32(lowest),
            ));
            let is_subnormal = vcltq_u32(magnitude, vdupq_n_u32(1 << 23));
            let is_beyond = vcgeq_u32(magnitude, vdupq_n_u32(HALF_EXPONENT));
            let normal = vaddq_u32(magnitude, rebias);
            let normal = vaddq_u32(normal, vandq_u32(is_beyond, rebias));
            let magnitude = vbslq_u32(is_subnormal, subnormal, normal);
            vreinterpretq_f32_u32(vorrq_u32(sign, magnitude))
        }
    }
    #[inline(always)]
    fn floats((): (), from: &[u8]) -> Self {
        let from = &from[..4 * Self::COUNT];
        // SAFETY: every aarch64 has NEON, and there are 16 bytes, which need no alignment.
        unsafe { vreinterpretq_f32_u8(vld1q_u8(from.as_ptr())) }
    }
    #[inline(always)]
    fn weigh((): (), weights: &[i32], pixels: &[Pixel]) -> Pixel {
        // SAFETY: every aarch64 has NEON.
        unsafe {
            let mut sums = vdupq_n_s32(HALF);
            for (weight, pixel) in weights.iter().zip(pixels) {
                let bytes = vcreate_u8(u64::from(u32::from_le_bytes(*pixel)));
                let values = vmovl_u16(vget_low_u16(vmovl_u8(bytes)));
                sums = vmlaq_s32(sums, vreinterpretq_s32_u32(values), vdupq_n_s32(*weight));
            }
            let words = vqmovun_s32(vshrq_n_s32::<{ PRECISION as i32 }>(sums));
            let bytes = vqmovn_u16(vcombine_u16(words, words));
            vget_lane_u32::<0>(vreinterpret_u32_u8(bytes)).to_le_bytes()
        }
    }
}
