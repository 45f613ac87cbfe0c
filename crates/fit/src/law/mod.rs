//! The laws: value, derivatives, parameters and their bounds, plain text and LaTeX.
//!
//! [`Law`] is the error over one variable, [`Surface`] the error over parameters and samples.
//! Both are [`Form`]s: a formula that is written once, for numbers and for [`Jet`]s, which carry
//! its derivatives.

mod jet;
mod parameter;
mod surface;

pub use jet::{Jet, MAX_PARAMETERS, Real};
pub use parameter::{Domain, Parameter, Role};
pub use surface::Surface;

use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// A functional form: parameters and an input to an error.
pub trait Form: Copy + Debug + PartialEq + 'static {
    /// One variable (`f64`), or two (`[f64; 2]`).
    type Input: Copy + Debug + PartialEq;

    /// A stable name for links and stored data: `offset-power`.
    fn id(self) -> &'static str;

    /// The formula as plain text.
    fn plain(self) -> &'static str;

    /// The formula as LaTeX, without delimiters.
    fn latex(self) -> &'static str;

    /// The parameters, in the order of every parameter slice.
    fn parameters(self) -> &'static [Parameter];

    /// The faces of the bounds on which a law of fewer parameters remains: lists of
    /// (index, fixed value). The first is the inside, on which nothing is fixed.
    fn faces(self) -> &'static [&'static [(usize, f64)]];

    /// The error at input `x`, for parameters `p` in the order of [`Form::parameters`].
    fn evaluate<T: Real>(self, p: &[T], x: Self::Input) -> T;

    /// Whether every variable of the input is a positive, finite number.
    fn accepts(self, x: Self::Input) -> bool;

    /// Whether the law only makes sense of errors from 0 to 1. Others take any loss, in nats say.
    fn is_of_fractions(self) -> bool {
        false
    }

    /// ∂L/∂p at input `x`, in the order of [`Form::parameters`].
    fn gradient(self, p: &[f64], x: Self::Input) -> Vec<f64> {
        let jets: Vec<Jet> = p
            .iter()
            .enumerate()
            .map(|(j, p)| Jet::variable(*p, j))
            .collect();
        self.evaluate(&jets, x).gradient[..p.len()].to_vec()
    }
}

/// A law of the error L over one variable C: compute, samples seen or model parameters, in any
/// unit.
///
/// ln B and ln C50 are logarithms of C in that unit; E is an error, U an accuracy (a fraction); A
/// and β carry the unit that makes L an error. L may also be a loss above 1, in nats say, but of
/// [`Law::Logistic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// A (C + B)^−α + E with A, B, α, E ≥ 0. Parameters: A, ln B, α, E.
    Saturation,
    /// A (C + B)^−α with A, B, α ≥ 0. Parameters: A, ln B, α.
    ShiftedPower,
    /// A C^−α + E with A, α, E ≥ 0. Parameters: A, α, E.
    OffsetPower,
    /// β C^α with β ≥ 0 and α of either sign; a straight line on logarithmic axes.
    /// Parameters: β, α.
    Power,
    /// 1 − U / (1 + (C / C50)^−k): the accuracy rises as a logistic curve in ln C to U ≤ 1.
    /// Parameters: U, ln C50, k.
    Logistic,
}

impl Law {
    /// Every law.
    pub const ALL: [Law; 5] = [
        Law::Saturation,
        Law::ShiftedPower,
        Law::OffsetPower,
        Law::Power,
        Law::Logistic,
    ];

    /// A name for headings.
    pub fn title(self) -> &'static str {
        match self {
            Law::Saturation => "Saturating power law",
            Law::ShiftedPower => "Shifted power law",
            Law::OffsetPower => "Power law with an offset",
            Law::Power => "Power law",
            Law::Logistic => "Logistic accuracy",
        }
    }

    /// The error at `c`, for parameters `p` in the order of [`Form::parameters`]. ln B may be −∞
    /// (B = 0). NaN where `p` has the length of another law's.
    pub fn value(self, p: &[f64], c: f64) -> f64 {
        if p.len() == self.parameters().len() {
            self.evaluate(p, c)
        } else {
            f64::NAN
        }
    }
}

/// ln B of B = 0.
const NO_B: f64 = f64::NEG_INFINITY;

impl Form for Law {
    type Input = f64;

    fn id(self) -> &'static str {
        match self {
            Law::Saturation => "saturation",
            Law::ShiftedPower => "shifted-power",
            Law::OffsetPower => "offset-power",
            Law::Power => "power",
            Law::Logistic => "logistic",
        }
    }

    fn plain(self) -> &'static str {
        match self {
            Law::Saturation => "L = A (C + B)⁻ᵅ + E",
            Law::ShiftedPower => "L = A (C + B)⁻ᵅ",
            Law::OffsetPower => "L = A C⁻ᵅ + E",
            Law::Power => "L = β Cᵅ",
            Law::Logistic => "L = 1 − U / (1 + (C / C₅₀)⁻ᵏ)",
        }
    }

    fn latex(self) -> &'static str {
        match self {
            Law::Saturation => r"L(C) = A\,(C + B)^{-\alpha} + E",
            Law::ShiftedPower => r"L(C) = A\,(C + B)^{-\alpha}",
            Law::OffsetPower => r"L(C) = A\,C^{-\alpha} + E",
            Law::Power => r"L(C) = \beta\,C^{\alpha}",
            Law::Logistic => r"L(C) = 1 - U / \left(1 + (C / C_{50})^{-k}\right)",
        }
    }

    fn parameters(self) -> &'static [Parameter] {
        use parameter::{A, ALPHA, BETA, E, K, LN_B, LN_C50, SIGNED_ALPHA, U};
        match self {
            Law::Saturation => &[A, LN_B, ALPHA, E],
            Law::ShiftedPower => &[A, LN_B, ALPHA],
            Law::OffsetPower => &[A, ALPHA, E],
            Law::Power => &[BETA, SIGNED_ALPHA],
            Law::Logistic => &[U, LN_C50, K],
        }
    }

    fn faces(self) -> &'static [&'static [(usize, f64)]] {
        match self {
            Law::Saturation => &[&[], &[(1, NO_B)], &[(3, 0.0)], &[(1, NO_B), (3, 0.0)]],
            Law::ShiftedPower => &[&[], &[(1, NO_B)]],
            Law::OffsetPower => &[&[], &[(2, 0.0)]],
            Law::Power => &[&[]],
            Law::Logistic => &[&[], &[(0, 1.0)]],
        }
    }

    fn evaluate<T: Real>(self, p: &[T], c: f64) -> T {
        let shifted = |ln_b: T, alpha: T| (-alpha * (T::constant(c) + ln_b.exp()).ln()).exp();
        let power = |exponent: T| (exponent * T::constant(c.ln())).exp();
        match self {
            Law::Saturation => p[0] * shifted(p[1], p[2]) + p[3],
            Law::ShiftedPower => p[0] * shifted(p[1], p[2]),
            Law::OffsetPower => p[0] * power(-p[1]) + p[2],
            Law::Power => p[0] * power(p[1]),
            Law::Logistic => {
                T::constant(1.0) - p[0] * (p[2] * (T::constant(c.ln()) - p[1])).logistic()
            }
        }
    }

    fn accepts(self, c: f64) -> bool {
        c.is_finite() && c > 0.0
    }

    fn is_of_fractions(self) -> bool {
        self == Law::Logistic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn derivatives_are_the_finite_differences(
            a in 0.5f64..100.0, ln_b in 5.0f64..20.0, alpha in 0.05f64..0.6, e in 0.0f64..0.5,
            log_c in 6.0f64..13.0,
        ) {
            let c = 10f64.powf(log_c);
            for law in Law::ALL {
                let p: Vec<f64> = match law {
                    Law::Saturation => vec![a, ln_b, alpha, e],
                    Law::ShiftedPower => vec![a, ln_b, alpha],
                    Law::OffsetPower => vec![a, alpha, e],
                    Law::Power => vec![a, -alpha],
                    Law::Logistic => vec![1.0 - e, ln_b, alpha],
                };
                let jet = |p: &[f64]| {
                    let jets: Vec<Jet> =
                        p.iter().enumerate().map(|(j, p)| Jet::variable(*p, j)).collect();
                    law.evaluate(&jets, c)
                };
                let here = jet(&p);
                prop_assert_eq!(here.value, law.value(&p, c));
                for j in 0..p.len() {
                    let h = 6e-6 * p[j].abs().max(0.1);
                    let at = |d: f64| {
                        let mut q = p.clone();
                        q[j] += d;
                        jet(&q)
                    };
                    let (low, high) = (at(-h), at(h));
                    let close = |ours: f64, low: f64, high: f64| {
                        let difference = (high - low) / (2.0 * h);
                        let rounding = 1e-13 * (low.abs() + high.abs()) / h;
                        (ours - difference).abs() <= 1e-5 * ours.abs().max(1e-4) + rounding
                    };
                    prop_assert!(close(here.gradient[j], low.value, high.value), "{:?} {}", law, j);
                    for k in 0..p.len() {
                        prop_assert!(
                            close(here.hessian[k][j], low.gradient[k], high.gradient[k]),
                            "{:?} {} {}", law, j, k
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn zero_b_is_a_plain_power() {
        let p = Law::Saturation.value(&[2.0, f64::NEG_INFINITY, 0.5, 0.1], 16.0);
        assert!((p - 0.6).abs() < 1e-15);
    }

    #[test]
    fn another_laws_parameters_give_no_value() {
        assert!(Law::Saturation.value(&[1.0, 2.0], 16.0).is_nan());
    }
}
