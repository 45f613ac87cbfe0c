#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod attention;
mod double;
mod gemm;
mod math;
mod pixels;
mod rowwise;
mod scan;
mod simd;
mod sums;

pub use attention::{PADDING, attention, cached_attention};
pub use double::{DoubleMatrix, multiply_double};
pub use gemm::{Epilogue, Matrix, WeightLayout, multiply, transpose};
pub use math::activate;
pub use pixels::{PRECISION, Pixel, Tap, resize};
pub use rowwise::{layer_norm, log_sum_exp, normalize, softmax};
pub use scan::{dot_f16, dot_f32};
pub use sums::{add_scaled, round};
