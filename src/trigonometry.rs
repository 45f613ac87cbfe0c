//! Sine and cosine in a browser: JavaScript's. Rust's own bring 9 KB of code and tables along, for
//! arguments of any size; the page needs them for a quantile and for random numbers.
//!
//! The linker takes these in place of compiler-builtins' functions of the same name.

use js_sys::Math;

/// The C library's `sin`, which `f64::sin` calls.
// SAFETY: the signature is the C library's, and nothing else defines the name.
#[unsafe(no_mangle)]
pub extern "C" fn sin(x: f64) -> f64 {
    Math::sin(x)
}

/// The C library's `cos`, which `f64::cos` calls.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn cos(x: f64) -> f64 {
    Math::cos(x)
}
