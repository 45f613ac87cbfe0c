//! One body, compiled for each instruction set that matters, with the instructions spelt out:
//! where a program is optimised for size as it is linked, the compiler makes no vector code.
//!
//! Vectors are made from a token ([`Lanes::Token`]), which exists only where the machine has the
//! instructions.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "wasm32")]
mod simd128;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::{Avx2Fma, Avx2Vector};

use crate::pixels::{HALF, PRECISION, Pixel};

/// Defines a function whose body is compiled for the machine's widest registers: once more for
/// AVX2, FMA and F16C, which is taken where the machine has them, with SIMD128 on wasm32, and with
/// NEON on aarch64. The body
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
            #[cfg(target_arch = "aarch64")]
            return $body::<std::arch::aarch64::float32x4_t>((), $($arg),*);
            #[cfg(not(any(target_arch = "wasm32", target_arch = "aarch64")))]
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
#[cfg_attr(
    any(target_arch = "wasm32", target_arch = "aarch64"),
    expect(dead_code)
)]
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
