//! Elementary functions without branches, for all numbers of a register at once.

use crate::gemm::Epilogue;
use crate::simd::{Lanes, WHOLE, vectorised};

/// c₀ xⁿ + … + cₙ by Horner's rule.
#[inline(always)]
fn polynomial<V: Lanes, const N: usize>(x: V, coefficients: [f32; N]) -> V {
    let mut p = x.constant(0.0);
    for c in coefficients {
        p = p.times_plus(x, x.constant(c));
    }
    p
}

/// eˣ to a relative error of 2e-7, by the polynomial of `expf` in Cephes (S. L. Moshier); x is clamped
/// to −87..88, where the result is a normal number.
#[inline(always)]
pub(crate) fn exp<V: Lanes>(x: V) -> V {
    // Adding it and taking it off rounds to a whole number.
    let round = x.constant(WHOLE);
    let x = x.max(x.constant(-87.0)).min(x.constant(88.0));
    let n = x.times_plus(x.constant(std::f32::consts::LOG2_E), round);
    let n = n.minus(round);
    // x − n ln 2, ln 2 in two parts.
    let r = n.times_plus(x.constant(-0.693_359_4), x);
    let r = n.times_plus(x.constant(2.121_944_4e-4), r);
    let p = polynomial(
        r,
        [
            1.987_569_1e-4,
            1.398_199_9e-3,
            8.333_452e-3,
            4.166_579_6e-2,
            1.666_666_5e-1,
            0.5,
        ],
    );
    let value = p.times(r).times_plus(r, r).plus(x.constant(1.0));
    value.times(n.power_of_two())
}

/// The error function to an error of 3e-7. The coefficients are those of Eigen's and XLA's
/// `erf` for float32: x P(x²) / Q(x²), a rational minimax approximation; x is clamped to −4..4.
#[inline(always)]
fn erf<V: Lanes>(x: V) -> V {
    let x = x.max(x.constant(-4.0)).min(x.constant(4.0));
    let x2 = x.times(x);
    let p = polynomial(
        x2,
        [
            -2.726_142_3e-10,
            2.770_681_4e-8,
            -2.101_024e-6,
            -5.692_506_4e-5,
            -7.349_906_3e-4,
            -2.954_6e-3,
            -1.609_603_3e-2,
        ],
    );
    let q = polynomial(
        x2,
        [
            -1.456_607_2e-5,
            -2.133_740_5e-4,
            -1.682_827e-3,
            -7.373_329_2e-3,
            -1.426_473_9e-2,
        ],
    );
    x.times(p).over(q)
}

/// GELU (Hendrycks and Gimpel 2016): x Φ(x), with Φ by [`erf`] rather than by tanh.
#[inline(always)]
pub(crate) fn gelu<V: Lanes>(x: V) -> V {
    let half = x.constant(0.5);
    let normal = erf(x.times(x.constant(std::f32::consts::FRAC_1_SQRT_2)));
    x.times(normal.times_plus(half, half))
}

/// QuickGELU: x σ(1.702 x), with which OpenAI's CLIP models were trained.
#[inline(always)]
pub(crate) fn quick_gelu<V: Lanes>(x: V) -> V {
    let one = x.constant(1.0);
    x.over(one.plus(exp(x.times(x.constant(-1.702)))))
}

vectorised! {
    /// GELU or QuickGELU of each number of `x`, in place, and its derivative there in `slopes`, of the same length.
    /// The other epilogues leave `x`, with a derivative of 1.
    pub fn activate(x: &mut [f32], slopes: &mut [f32], activation: Epilogue) = activate_all
}

#[inline(always)]
fn activate_all<V: Lanes>(
    token: V::Token,
    x: &mut [f32],
    slopes: &mut [f32],
    activation: Epilogue,
) {
    for (x, slopes) in x.chunks_mut(V::COUNT).zip(slopes.chunks_mut(V::COUNT)) {
        let at = V::load_some(token, x, 0.0);
        let (value, slope) = match activation {
            Epilogue::Gelu => (gelu(at), gelu_slope(at)),
            Epilogue::QuickGelu => (quick_gelu(at), quick_gelu_slope(at)),
            Epilogue::Nothing | Epilogue::Add => (at, at.constant(1.0)),
        };
        value.store_some(x);
        slope.store_some(slopes);
    }
}

/// Φ(x) + x φ(x).
#[inline(always)]
fn gelu_slope<V: Lanes>(x: V) -> V {
    /// 1 / √(2π).
    const DENSITY: f32 = 0.398_942_3;
    let half = x.constant(0.5);
    let normal = erf(x.times(x.constant(std::f32::consts::FRAC_1_SQRT_2)));
    let density = exp(x.times(x).times(x.constant(-0.5))).times(x.constant(DENSITY));
    x.times_plus(density, normal.times_plus(half, half))
}

/// σ(1.702 x) (1 + 1.702 x (1 − σ(1.702 x))).
#[inline(always)]
fn quick_gelu_slope<V: Lanes>(x: V) -> V {
    let one = x.constant(1.0);
    let scaled = x.times(x.constant(1.702));
    let share = one.over(one.plus(exp(scaled.times(x.constant(-1.0)))));
    share.times(scaled.times_plus(one.minus(share), one))
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

    /// One number at a time.
    fn at(function: impl Fn([f32; 1]) -> [f32; 1], x: f32) -> f64 {
        f64::from(function([x])[0])
    }

    #[test]
    fn functions_are_exact_enough() {
        for i in -500..=500 {
            let x = i as f32 / 100.0;
            let d = f64::from(x);
            assert!((at(erf, x) - exact_erf(d)).abs() < 3e-7, "erf {x}");
            let normal = 0.5 * (1.0 + exact_erf(d / 2f64.sqrt()));
            assert!((at(gelu, x) - d * normal).abs() < 1.5e-6, "gelu {x}");
            let quick = d / (1.0 + (-1.702 * d).exp());
            assert!((at(quick_gelu, x) - quick).abs() < 1e-6, "{x}");
            let slope = normal + d * (-0.5 * d * d).exp() / (2.0 * std::f64::consts::PI).sqrt();
            assert!((at(gelu_slope, x) - slope).abs() < 1e-6, "gelu' {x}");
            let share = 1.0 / (1.0 + (-1.702 * d).exp());
            let slope = share * (1.0 + 1.702 * d * (1.0 - share));
            assert!((at(quick_gelu_slope, x) - slope).abs() < 1e-6, "quick' {x}");
            let x = 10.0 * x;
            assert!(
                (at(exp, x) / f64::from(x).exp() - 1.0).abs() < 3e-7,
                "exp {x}"
            );
        }
        assert_eq!(at(exp, 0.0), 1.0);
        assert!(at(gelu, -20.0).abs() < 2e-6 && (at(gelu, 1e30) / 1e30 - 1.0).abs() < 2e-7);
        assert!(at(quick_gelu, -1e30).abs() < 1e-6);
        assert!(
            [
                at(exp, f32::NAN),
                at(gelu, f32::NAN),
                at(quick_gelu, f32::NAN)
            ]
            .iter()
            .all(|x| x.is_nan())
        );
    }
}
