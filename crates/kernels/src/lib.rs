//! The numeric inner loops: those of the CPU backend, float32; what prepares a image, and weights
//! for either backend.
//!
//! A package of its own for one reason: it is compiled for speed in every profile, while the page
//! is compiled for size and tests without optimisation. What linking for size would undo is spelt
//! out: SIMD128 on wasm32, AVX2 and FMA on x86-64 where the machine has them; elsewhere it is
//! portable Rust. Matrices are slices, row-major; shapes are the caller's promise, checked by slicing.

mod attention;
mod gemm;
mod math;
mod pixels;
mod rowwise;
mod simd;

pub use attention::{PADDING, attention, cached_attention};
pub use gemm::{Epilogue, Matrix, Stored, multiply, transpose};
pub use pixels::{PRECISION, Pixel, Tap, resize};
pub use rowwise::{layer_norm, log_sum_exp, normalize, softmax};
