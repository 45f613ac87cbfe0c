//! One body, compiled for each instruction set that matters, with the instructions spelt out:
//! where a program is optimised for size as it is linked, the compiler makes no vector code.
//!
//! Vectors are made from a token ([`Lanes::Token`]), which exists only where the machine has the
//! instructions.

use crate::pixels::{HALF, PRECISION, Pixel};

/// Defines a function whose body is compiled for the machine's widest registers: once more for
/// AVX2, FMA and F16C, which is taken where the machine has them, and with SIMD128 on wasm32. The body
/// must be `#[inline(always)]` and generic in its [`Lanes`], whose token it takes first.
macro_rules! vectorised {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:ident) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma,f16c")]
                #[allow(clippy::too_many_arguments)]
                fn avx2(token: crate::simd::Avx2Fma, $($arg: $type),*) $(-> $out)? {
                    $body::<crate::simd::Avx2Vector>(token, $($arg),*)
                }
                if let Some(token) = crate::simd::Avx2Fma::detect() {
                    // SAFETY: the token proves that the machine has these features.
                    return unsafe { avx2(token, $($arg),*) };
                }
            }
            #[cfg(target_arch = "wasm32")]
            {
                #[target_feature(enable = "simd128")]
                #[allow(clippy::too_many_arguments)]
                fn simd128($($arg: $type),*) $(-> $out)? {
                    $body::<std::arch::wasm32::v128>((), $($arg),*)
                }
                return simd128($($arg),*);
            }
            #[cfg(not(target_arch = "wasm32"))]
            $body::<crate::simd::Portable>((), $($arg),*)
        }
    };
}
pub(crate) use vectorised;

/// A vector of float32 numbers that the machine computes with at once.
pub(crate) trait Lanes: Copy {
    /// Proof that the machine has the vector's instructions.
    type Token: Copy;
    /// The same registers, filled with float64.
    type Doubles: Doubles<Token = Self::Token>;
    /// Numbers of a vector.
    const COUNT: usize;
    /// Rows of the register tile of a matrix product: as many as the registers hold.
    const ROWS: usize;

    /// The proof that made the vector.
    fn token(self) -> Self::Token;
    /// One number in every lane.
    fn splat(token: Self::Token, x: f32) -> Self;
    /// # Safety
    /// There must be [`Lanes::COUNT`] numbers, aligned as numbers are.
    unsafe fn read(token: Self::Token, from: *const f32) -> Self;
    /// # Safety
    /// As [`Lanes::read`].
    unsafe fn write(self, to: *mut f32);
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn over(self, other: Self) -> Self;
    /// `self` × `factor` + `term`, in one instruction where there is one.
    fn times_plus(self, factor: Self, term: Self) -> Self;
    /// The lesser of each lane's two numbers; NaN where `self` has it.
    fn min(self, other: Self) -> Self;
    /// The greater of each lane's two numbers; NaN where `self` has it.
    fn max(self, other: Self) -> Self;
    /// 2 to the power of whole numbers from −126 to 127.
    fn power_of_two(self) -> Self;

    /// The first float16 numbers of bytes that hold enough, as float32, exactly. They need no alignment.
    #[inline(always)]
    fn halves(token: Self::Token, from: &[u8]) -> Self {
        let mut all = [0.0; MAX_LANES];
        for (number, bytes) in all[..Self::COUNT].iter_mut().zip(from.as_chunks().0) {
            *number = half_to_float(u16::from_le_bytes(*bytes));
        }
        Self::load(token, &all)
    }

    /// The first float32 numbers of bytes that hold enough. They need no alignment.
    #[inline(always)]
    fn floats(token: Self::Token, from: &[u8]) -> Self {
        let mut all = [0.0; MAX_LANES];
        for (number, bytes) in all[..Self::COUNT].iter_mut().zip(from.as_chunks().0) {
            *number = f32::from_le_bytes(*bytes);
        }
        Self::load(token, &all)
    }

    /// Asks for the bytes at an address, which need not be one, before they are read; does nothing where there is no such
    /// instruction.
    #[inline(always)]
    fn prefetch(_: Self::Token, _: *const u8) {}

    /// The sum of weights × pixels, rounded to whole numbers from 0 to 255.
    fn weigh(token: Self::Token, weights: &[i32], pixels: &[Pixel]) -> Pixel;

    /// A number in every lane of another vector.
    #[inline(always)]
    fn constant(self, x: f32) -> Self {
        Self::splat(self.token(), x)
    }

    /// The first numbers of a slice that has enough.
    #[inline(always)]
    fn load(token: Self::Token, from: &[f32]) -> Self {
        let from = &from[..Self::COUNT];
        // SAFETY: the slice has that many numbers.
        unsafe { Self::read(token, from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        let to = &mut to[..Self::COUNT];
        // SAFETY: the slice has room for that many numbers.
        unsafe { self.write(to.as_mut_ptr()) }
    }

    /// A slice that may have fewer, filled up.
    #[inline(always)]
    fn load_some(token: Self::Token, from: &[f32], fill: f32) -> Self {
        if from.len() >= Self::COUNT {
            return Self::load(token, from);
        }
        let mut all = [fill; MAX_LANES];
        all[..from.len()].copy_from_slice(from);
        Self::load(token, &all)
    }

    /// As many as a slice takes.
    #[inline(always)]
    fn store_some(self, to: &mut [f32]) {
        if to.len() >= Self::COUNT {
            return self.store(to);
        }
        let mut all = [0.0; MAX_LANES];
        self.store(&mut all);
        to.copy_from_slice(&all[..to.len()]);
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let mut all = [0.0; MAX_LANES];
        self.store(&mut all);
        all[..Self::COUNT].iter().sum()
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        let mut all = [f32::NEG_INFINITY; MAX_LANES];
        self.store(&mut all);
        all.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

/// A vector of float64 numbers: what a matrix product needs.
pub(crate) trait Doubles: Copy {
    /// As [`Lanes::Token`].
    type Token: Copy;
    /// Numbers of a vector.
    const COUNT: usize;

    /// One number in every lane.
    fn splat(token: Self::Token, x: f64) -> Self;
    /// # Safety
    /// There must be [`Doubles::COUNT`] numbers, aligned as numbers are.
    unsafe fn read(token: Self::Token, from: *const f64) -> Self;
    /// # Safety
    /// As [`Doubles::read`].
    unsafe fn write(self, to: *mut f64);
    /// `self` × `factor` + `term`, in one instruction where there is one.
    fn times_plus(self, factor: Self, term: Self) -> Self;
}

/// The most lanes of any vector here.
pub(crate) const MAX_LANES: usize = 8;
/// 1.5 × 2^23: added to a number, it leaves the nearest whole number in the lowest bits.
pub(crate) const WHOLE: f32 = 12_582_912.0;

/// A float16's exponent bits where they stand in a float32, and by how much the exponents of both differ.
const HALF_EXPONENT: u32 = 0x7c00 << 13;
const REBIAS: u32 = (127 - 15) << 23;

/// A float16 by its bits; without branches, all cases and then the one that holds.
#[inline(always)]
fn half_to_float(bits: u16) -> f32 {
    let magnitude = u32::from(bits & 0x7fff) << 13;
    // Below the smallest normal number: its digits behind a leading one, which is taken off again.
    let lowest = REBIAS + (1 << 23);
    let subnormal = f32::from_bits(magnitude + lowest) - f32::from_bits(lowest);
    let magnitude = match magnitude {
        0..0x0080_0000 => subnormal.to_bits(),
        0x0080_0000..HALF_EXPONENT => magnitude + REBIAS,
        _ => magnitude + 2 * REBIAS,
    };
    f32::from_bits(magnitude | u32::from(bits & 0x8000) << 16)
}

/// For machines whose instructions are not spelt out here.
#[cfg_attr(target_arch = "wasm32", expect(dead_code))]
pub(crate) type Portable = [f32; if cfg!(target_arch = "x86_64") { 8 } else { 4 }];

/// Half as many numbers as [`Portable`] has.
type PortableDoubles = [f64; if cfg!(target_arch = "x86_64") { 4 } else { 2 }];

impl<const N: usize> Doubles for [f64; N] {
    type Token = ();
    const COUNT: usize = N;

    #[inline(always)]
    fn splat((): (), x: f64) -> Self {
        [x; N]
    }
    #[inline(always)]
    unsafe fn read((): (), from: *const f64) -> Self {
        // SAFETY: the caller promises N numbers, aligned as those of an array.
        unsafe { from.cast::<Self>().read() }
    }
    #[inline(always)]
    unsafe fn write(self, to: *mut f64) {
        // SAFETY: the caller promises room for N numbers, aligned as those of an array.
        unsafe { to.cast::<Self>().write(self) }
    }
    #[inline(always)]
    fn times_plus(self, factor: Self, term: Self) -> Self {
        std::array::from_fn(|i| self[i] * factor[i] + term[i])
    }
}

impl<const N: usize> Lanes for [f32; N] {
    type Token = ();
    type Doubles = PortableDoubles;
    const COUNT: usize = N;
    const ROWS: usize = 4;

    #[inline(always)]
    fn token(self) {}
    #[inline(always)]
    fn splat((): (), x: f32) -> Self {
        [x; N]
    }
    #[inline(always)]
    unsafe fn read((): (), from: *const f32) -> Self {
        // SAFETY: the caller promises N numbers, aligned as those of an array.
        unsafe { from.cast::<Self>().read() }
    }
    #[inline(always)]
    unsafe fn write(self, to: *mut f32) {
        // SAFETY: the caller promises room for N numbers, aligned as those of an array.
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
    fn weigh((): (), weights: &[i32], pixels: &[Pixel]) -> Pixel {
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
pub(crate) use avx2::{Avx2Fma, Avx2Vector};

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Doubles, HALF, Lanes, PRECISION, Pixel, WHOLE};
    use std::arch::x86_64::*;

    /// Proof that the machine has AVX2, FMA and F16C (all that have the first have the others): only [`Avx2Fma::detect`] makes it.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2Fma(());

    impl Avx2Fma {
        #[inline(always)]
        pub(crate) fn detect() -> Option<Self> {
            let has_all = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c");
            has_all.then_some(Avx2Fma(()))
        }
    }

    /// Eight numbers in a register of AVX2, with the proof that there is one.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2Vector {
        register: __m256,
        token: Avx2Fma,
    }

    /// Four float64 numbers in a register of AVX2, with the proof that there is one.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2Doubles {
        register: __m256d,
        token: Avx2Fma,
    }

    impl Doubles for Avx2Doubles {
        type Token = Avx2Fma;
        const COUNT: usize = 4;

        #[inline(always)]
        fn splat(token: Avx2Fma, x: f64) -> Self {
            // SAFETY: `token` proves AVX2.
            let register = unsafe { _mm256_set1_pd(x) };
            Avx2Doubles { register, token }
        }
        #[inline(always)]
        unsafe fn read(token: Avx2Fma, from: *const f64) -> Self {
            // SAFETY: `token` proves AVX2, and the caller promises four numbers.
            let register = unsafe { _mm256_loadu_pd(from) };
            Avx2Doubles { register, token }
        }
        #[inline(always)]
        unsafe fn write(self, to: *mut f64) {
            // SAFETY: the vector's token proves AVX2, and the caller promises room for four numbers.
            unsafe { _mm256_storeu_pd(to, self.register) }
        }
        #[inline(always)]
        fn times_plus(self, factor: Self, term: Self) -> Self {
            // SAFETY: the vector's token proves FMA.
            let register =
                unsafe { _mm256_fmadd_pd(self.register, factor.register, term.register) };
            Avx2Doubles {
                register,
                token: self.token,
            }
        }
    }

    /// Every vector holds the proof, and what makes one takes it.
    impl Lanes for Avx2Vector {
        type Token = Avx2Fma;
        type Doubles = Avx2Doubles;
        const COUNT: usize = 8;
        const ROWS: usize = 6;

        #[inline(always)]
        fn token(self) -> Avx2Fma {
            self.token
        }
        #[inline(always)]
        fn splat(token: Avx2Fma, x: f32) -> Self {
            // SAFETY: `token` proves AVX2.
            let register = unsafe { _mm256_set1_ps(x) };
            Avx2Vector { register, token }
        }
        #[inline(always)]
        unsafe fn read(token: Avx2Fma, from: *const f32) -> Self {
            // SAFETY: `token` proves AVX2, and the caller promises eight numbers.
            let register = unsafe { _mm256_loadu_ps(from) };
            Avx2Vector { register, token }
        }
        #[inline(always)]
        unsafe fn write(self, to: *mut f32) {
            // SAFETY: the vector's token proves AVX2, and the caller promises room for eight numbers.
            unsafe { _mm256_storeu_ps(to, self.register) }
        }
        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            // SAFETY: the vector's token proves AVX2.
            let register = unsafe { _mm256_add_ps(self.register, other.register) };
            Avx2Vector { register, ..self }
        }
        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            // SAFETY: the vector's token proves AVX2.
            let register = unsafe { _mm256_sub_ps(self.register, other.register) };
            Avx2Vector { register, ..self }
        }
        #[inline(always)]
        fn times(self, other: Self) -> Self {
            // SAFETY: the vector's token proves AVX2.
            let register = unsafe { _mm256_mul_ps(self.register, other.register) };
            Avx2Vector { register, ..self }
        }
        #[inline(always)]
        fn over(self, other: Self) -> Self {
            // SAFETY: the vector's token proves AVX2.
            let register = unsafe { _mm256_div_ps(self.register, other.register) };
            Avx2Vector { register, ..self }
        }
        #[inline(always)]
        fn times_plus(self, factor: Self, term: Self) -> Self {
            // SAFETY: the vector's token proves FMA.
            let register =
                unsafe { _mm256_fmadd_ps(self.register, factor.register, term.register) };
            Avx2Vector { register, ..self }
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            // SAFETY: the vector's token proves AVX2.
            let register = unsafe { _mm256_min_ps(other.register, self.register) };
            Avx2Vector { register, ..self }
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            // SAFETY: the vector's token proves AVX2.
            let register = unsafe { _mm256_max_ps(other.register, self.register) };
            Avx2Vector { register, ..self }
        }
        #[inline(always)]
        fn power_of_two(self) -> Self {
            let whole = self.plus(self.constant(WHOLE + 127.0)).register;
            // SAFETY: the vector's token proves AVX2.
            let register =
                unsafe { _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(whole), 23)) };
            Avx2Vector { register, ..self }
        }
        #[inline(always)]
        fn halves(token: Avx2Fma, from: &[u8]) -> Self {
            let from = &from[..2 * Self::COUNT];
            // SAFETY: the token proves F16C, and there are 16 bytes; the load needs no alignment.
            let register = unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.as_ptr().cast())) };
            Avx2Vector { register, token }
        }
        #[inline(always)]
        fn prefetch(_: Avx2Fma, from: *const u8) {
            // SAFETY: every x86-64 has the instruction, which reads nothing that the program could see.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
        }
        #[inline(always)]
        fn floats(token: Avx2Fma, from: &[u8]) -> Self {
            let from = &from[..4 * Self::COUNT];
            // SAFETY: the token proves AVX, and there are 32 bytes; the load needs no alignment.
            let register = unsafe { _mm256_loadu_ps(from.as_ptr().cast()) };
            Avx2Vector { register, token }
        }
        #[inline(always)]
        fn weigh(_: Avx2Fma, weights: &[i32], pixels: &[Pixel]) -> Pixel {
            // SAFETY: the token proves AVX2, which includes SSE4.1.
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
}
