//! One body, compiled for each instruction set that matters.

/// Defines a function whose body is compiled once more for AVX2 and FMA, which is taken where the
/// machine has them, and with SIMD128 on wasm32. The body must be `#[inline(always)]` and may use
/// [`Fused`] to be told whether multiply-add is one instruction.
macro_rules! vectorised {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $body:ident) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx2($($arg: $type),*) {
                    $body::<crate::simd::Fused>($($arg),*)
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
                fn simd128($($arg: $type),*) {
                    $body::<crate::simd::Separate>($($arg),*)
                }
                return simd128($($arg),*);
            }
            #[cfg(not(target_arch = "wasm32"))]
            $body::<crate::simd::Separate>($($arg),*)
        }
    };
}
pub(crate) use vectorised;

/// How a × b + c is computed.
pub(crate) trait MultiplyAdd {
    /// Rows of the register tile: as many as the registers hold.
    const ROWS: usize;
    /// wasm32 has a body of its own.
    #[cfg(not(target_arch = "wasm32"))]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;
}

/// In one instruction.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Fused;

#[cfg(target_arch = "x86_64")]
impl MultiplyAdd for Fused {
    const ROWS: usize = 6;

    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

/// In two.
pub(crate) struct Separate;

impl MultiplyAdd for Separate {
    const ROWS: usize = 4;

    #[inline(always)]
    #[cfg(not(target_arch = "wasm32"))]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}
