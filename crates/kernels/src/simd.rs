//! One body, compiled for each instruction set that matters, with the instructions spelt out:
//! where a program is optimised for size as it is linked, the compiler makes no vector code.

use crate::pixels::{HALF, PRECISION, Pixel};

/// Defines a function whose body is compiled for the machine's widest registers: once more for
/// AVX2 and FMA, which is taken where the machine has them, and with SIMD128 on wasm32. The body
/// must be `#[inline(always)]` and generic in its [`Lanes`].
macro_rules! vectorised {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:ident) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx2($($arg: $type),*) $(-> $out)? {
                    $body::<std::arch::x86_64::__m256>($($arg),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the machine has both features.
                    return unsafe { avx2($($arg),*) };
                }
            }
            #[cfg(target_arch = "wasm32")]
            {
                #[target_feature(enable = "simd128")]
                #[allow(clippy::too_many_arguments)]
                fn simd128($($arg: $type),*) $(-> $out)? {
                    $body::<std::arch::wasm32::v128>($($arg),*)
                }
                return simd128($($arg),*);
            }
            #[cfg(not(target_arch = "wasm32"))]
            $body::<crate::simd::Portable>($($arg),*)
        }
    };
}
pub(crate) use vectorised;

/// Numbers that a machine computes with at once.
pub(crate) trait Lanes: Copy {
    const COUNT: usize;
    /// Rows of the register tile of a product: as many as the registers hold.
    const ROWS: usize;

    fn splat(x: f32) -> Self;
    /// # Safety
    /// There must be [`Lanes::COUNT`] numbers, aligned as numbers are.
    unsafe fn read(from: *const f32) -> Self;
    /// # Safety
    /// As [`Lanes::read`].
    unsafe fn write(self, to: *mut f32);
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn over(self, other: Self) -> Self;
    /// `self` × `factor` + `term`, in one instruction where there is one.
    fn times_plus(self, factor: Self, term: Self) -> Self;
    /// Where `self` is not a number, that stays.
    fn min(self, other: Self) -> Self;
    /// As [`Lanes::min`].
    fn max(self, other: Self) -> Self;
    /// 2 to the power of whole numbers from −126 to 127.
    fn power_of_two(self) -> Self;

    /// The sum of weights × pixels, rounded to whole numbers from 0 to 255.
    fn weigh(weights: &[i32], pixels: &[Pixel]) -> Pixel;

    /// The first numbers of a slice that has enough.
    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        let from = &from[..Self::COUNT];
        // SAFETY: they are there.
        unsafe { Self::read(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        let to = &mut to[..Self::COUNT];
        // SAFETY: there is room for them.
        unsafe { self.write(to.as_mut_ptr()) }
    }

    /// A slice that may have fewer, filled up.
    #[inline(always)]
    fn load_some(from: &[f32], fill: f32) -> Self {
        if from.len() >= Self::COUNT {
            return Self::load(from);
        }
        let mut all = [fill; MOST];
        all[..from.len()].copy_from_slice(from);
        Self::load(&all)
    }

    /// As many as a slice takes.
    #[inline(always)]
    fn store_some(self, to: &mut [f32]) {
        if to.len() >= Self::COUNT {
            return self.store(to);
        }
        let mut all = [0.0; MOST];
        self.store(&mut all);
        to.copy_from_slice(&all[..to.len()]);
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let mut all = [0.0; MOST];
        self.store(&mut all);
        all[..Self::COUNT].iter().sum()
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        let mut all = [f32::NEG_INFINITY; MOST];
        self.store(&mut all);
        all.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

/// No machine has more of them.
const MOST: usize = 8;
/// 1.5 × 2^23: added to a number, it leaves the nearest whole number in the lowest bits.
pub(crate) const WHOLE: f32 = 12_582_912.0;

/// For machines whose instructions are not spelt out here.
#[cfg_attr(target_arch = "wasm32", expect(dead_code))]
pub(crate) type Portable = [f32; if cfg!(target_arch = "x86_64") { 8 } else { 4 }];

impl<const N: usize> Lanes for [f32; N] {
    const COUNT: usize = N;
    const ROWS: usize = 4;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        [x; N]
    }
    #[inline(always)]
    unsafe fn read(from: *const f32) -> Self {
        // SAFETY: the caller promises it.
        unsafe { from.cast::<Self>().read() }
    }
    #[inline(always)]
    unsafe fn write(self, to: *mut f32) {
        // SAFETY: the caller promises it.
        unsafe { to.cast::<Self>().write(self) }
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] + other[i])
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] - other[i])
    }
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] * other[i])
    }
    #[inline(always)]
    fn over(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] / other[i])
    }
    #[inline(always)]
    fn times_plus(self, factor: Self, term: Self) -> Self {
        self.times(factor).plus(term)
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        std::array::from_fn(|i| {
            if other[i] < self[i] {
                other[i]
            } else {
                self[i]
            }
        })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        std::array::from_fn(|i| {
            if self[i] < other[i] {
                other[i]
            } else {
                self[i]
            }
        })
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        self.map(|n| f32::from_bits((n + (WHOLE + 127.0)).to_bits() << 23))
    }
    #[inline(always)]
    fn weigh(weights: &[i32], pixels: &[Pixel]) -> Pixel {
        let mut sums = [HALF; 4];
        for (weight, pixel) in weights.iter().zip(pixels) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += weight * i32::from(*value);
            }
        }
        sums.map(|sum| (sum >> PRECISION).clamp(0, 255) as u8)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{HALF, Lanes, PRECISION, Pixel, WHOLE};
    use std::arch::x86_64::*;

    /// Only [`vectorised!`] names this type, in functions that run where there are AVX2 and FMA:
    /// that is what makes each of these calls safe.
    impl Lanes for __m256 {
        const COUNT: usize = 8;
        const ROWS: usize = 6;

        #[inline(always)]
        fn splat(x: f32) -> Self {
            // SAFETY: see the implementation.
            unsafe { _mm256_set1_ps(x) }
        }
        #[inline(always)]
        unsafe fn read(from: *const f32) -> Self {
            // SAFETY: see the implementation, and the caller's promise.
            unsafe { _mm256_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn write(self, to: *mut f32) {
            // SAFETY: see the implementation, and the caller's promise.
            unsafe { _mm256_storeu_ps(to, self) }
        }
        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            // SAFETY: see the implementation.
            unsafe { _mm256_add_ps(self, other) }
        }
        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            // SAFETY: see the implementation.
            unsafe { _mm256_sub_ps(self, other) }
        }
        #[inline(always)]
        fn times(self, other: Self) -> Self {
            // SAFETY: see the implementation.
            unsafe { _mm256_mul_ps(self, other) }
        }
        #[inline(always)]
        fn over(self, other: Self) -> Self {
            // SAFETY: see the implementation.
            unsafe { _mm256_div_ps(self, other) }
        }
        #[inline(always)]
        fn times_plus(self, factor: Self, term: Self) -> Self {
            // SAFETY: see the implementation.
            unsafe { _mm256_fmadd_ps(self, factor, term) }
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            // SAFETY: see the implementation.
            unsafe { _mm256_min_ps(other, self) }
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            // SAFETY: see the implementation.
            unsafe { _mm256_max_ps(other, self) }
        }
        #[inline(always)]
        fn power_of_two(self) -> Self {
            let whole = self.plus(Self::splat(WHOLE + 127.0));
            // SAFETY: see the implementation.
            unsafe { _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(whole), 23)) }
        }
        #[inline(always)]
        fn weigh(weights: &[i32], pixels: &[Pixel]) -> Pixel {
            // SAFETY: see the implementation.
            unsafe {
                let mut sums = _mm_set1_epi32(HALF);
                for (weight, pixel) in weights.iter().zip(pixels) {
                    let bytes = _mm_cvtsi32_si128(i32::from_le_bytes(*pixel));
                    let values = _mm_cvtepu8_epi32(bytes);
                    sums = _mm_add_epi32(sums, _mm_mullo_epi32(values, _mm_set1_epi32(*weight)));
                }
                let words = _mm_packs_epi32(_mm_srai_epi32(sums, PRECISION as i32), sums);
                _mm_cvtsi128_si32(_mm_packus_epi16(words, words)).to_le_bytes()
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod simd128 {
    use super::{HALF, Lanes, PRECISION, Pixel, WHOLE};
    use std::arch::wasm32::*;

    /// A program that has these instructions at all runs only where they are understood.
    impl Lanes for v128 {
        const COUNT: usize = 4;
        const ROWS: usize = 5;

        #[inline(always)]
        fn splat(x: f32) -> Self {
            f32x4_splat(x)
        }
        #[inline(always)]
        unsafe fn read(from: *const f32) -> Self {
            // SAFETY: the caller promises it; these instructions need no alignment.
            unsafe { v128_load(from.cast()) }
        }
        #[inline(always)]
        unsafe fn write(self, to: *mut f32) {
            // SAFETY: as above.
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
            i32x4_shl(self.plus(Self::splat(WHOLE + 127.0)), 23)
        }
        #[inline(always)]
        fn weigh(weights: &[i32], pixels: &[Pixel]) -> Pixel {
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
}
