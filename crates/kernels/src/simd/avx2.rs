//! AVX2 with FMA and F16C.

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
        let register = unsafe { _mm256_fmadd_pd(self.register, factor.register, term.register) };
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
        let register = unsafe { _mm256_fmadd_ps(self.register, factor.register, term.register) };
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
