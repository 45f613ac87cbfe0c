//! Elementary functions without branches or calls, so that loops over them become vector code.

/// e^x within 2e-7 of itself (Cephes' polynomial); from −87 to 88, beyond which it stays put.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding and taking off 1.5 × 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    // x − n ln 2, ln 2 in two parts.
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        p = p * r + c;
    }
    (p * r * r + r + 1.0) * f32::from_bits(((n as i32 + 127) as u32) << 23)
}

/// The error function within 3e-7 (a rational approximation in x²; from ±3.75 on it is ±1).
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let x2 = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ] {
        p = p * x2 + c;
    }
    let mut q = -1.456_607_2e-5;
    for c in [
        -2.133_740_5e-4,
        -1.682_827e-3,
        -7.373_329_2e-3,
        -1.426_473_9e-2,
    ] {
        q = q * x2 + c;
    }
    let value = x * p / q;
    if x.abs() < 3.75 {
        value
    } else {
        1f32.copysign(x)
    }
}

/// x Φ(x), with the exact normal distribution function.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// x σ(1.702 x), what OpenAI's models were trained with.
#[inline(always)]
pub fn quick_gelu(x: f32) -> f32 {
    x / (1.0 + exp(-1.702 * x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The series of erf in double precision.
    fn exact_erf(x: f64) -> f64 {
        let mut term = x;
        let mut sum = x;
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn functions_are_exact_enough() {
        for i in -500..=500 {
            let x = i as f32 / 100.0;
            let d = f64::from(x);
            assert!((f64::from(erf(x)) - exact_erf(d)).abs() < 3e-7, "erf {x}");
            let normal = 0.5 * (1.0 + exact_erf(d / 2f64.sqrt()));
            assert!((f64::from(gelu(x)) - d * normal).abs() < 1.5e-6, "gelu {x}");
            let quick = d / (1.0 + (-1.702 * d).exp());
            assert!((f64::from(quick_gelu(x)) - quick).abs() < 1e-6, "{x}");
            let x = 10.0 * x;
            assert!(
                (f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs() < 3e-7,
                "exp {x}"
            );
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!((gelu(-20.0), gelu(1e30)), (0.0, 1e30));
        assert!(quick_gelu(-1e30).abs() < 1e-6);
    }
}
