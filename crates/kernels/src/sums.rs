//! Sums in float64 of numbers in float32.

/// Adds `weight` × `values` to `sums`, number by number, as far as both go.
pub fn add_scaled(sums: &mut [f64], weight: f64, values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * f64::from(*value);
    }
}

/// Rounds `sums` to float32, as far as both go.
pub fn round(sums: &[f64], out: &mut [f32]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = *sum as f32;
    }
}
