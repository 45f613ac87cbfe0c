//! Numbers that carry their first and second derivatives (forward-mode automatic
//! differentiation), so that a law is written once.

use std::ops::{Add, Mul, Neg, Sub};

/// The most parameters that a law may have.
pub const MAX_PARAMETERS: usize = 5;

/// What a law is evaluated on: a plain number, or a [`Jet`].
pub trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    /// A number that does not depend on the parameters.
    fn constant(value: f64) -> Self;
    /// eˣ
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// 1 / x
    fn recip(self) -> Self;
    /// 1 / (1 + e⁻ˣ), which overflows nowhere.
    fn logistic(self) -> Self;
}

impl Real for f64 {
    fn constant(value: f64) -> f64 {
        value
    }

    fn exp(self) -> f64 {
        f64::exp(self)
    }

    fn ln(self) -> f64 {
        f64::ln(self)
    }

    fn recip(self) -> f64 {
        f64::recip(self)
    }

    fn logistic(self) -> f64 {
        if self >= 0.0 {
            1.0 / (1.0 + (-self).exp())
        } else {
            let e = self.exp();
            e / (1.0 + e)
        }
    }
}

/// A value with its gradient and Hessian in the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jet {
    /// The value itself.
    pub value: f64,
    /// ∂/∂pⱼ; zero beyond the law's parameters.
    pub gradient: [f64; MAX_PARAMETERS],
    /// ∂²/∂pᵢ∂pⱼ
    pub hessian: [[f64; MAX_PARAMETERS]; MAX_PARAMETERS],
}

impl Jet {
    /// The `index`-th parameter itself.
    pub fn variable(value: f64, index: usize) -> Jet {
        let mut jet = Jet::constant(value);
        jet.gradient[index] = 1.0;
        jet
    }

    /// g(self) by the chain rule, from g, its `first` and its `second` derivative at the value.
    pub fn chain(self, g: f64, first: f64, second: f64) -> Jet {
        let mut out = Jet::constant(g);
        for i in 0..MAX_PARAMETERS {
            out.gradient[i] = first * self.gradient[i];
            for j in 0..MAX_PARAMETERS {
                out.hessian[i][j] =
                    first * self.hessian[i][j] + second * self.gradient[i] * self.gradient[j];
            }
        }
        out
    }

    fn zip(self, other: Jet, f: impl Fn(f64, f64) -> f64) -> Jet {
        let mut out = Jet::constant(f(self.value, other.value));
        for i in 0..MAX_PARAMETERS {
            out.gradient[i] = f(self.gradient[i], other.gradient[i]);
            for j in 0..MAX_PARAMETERS {
                out.hessian[i][j] = f(self.hessian[i][j], other.hessian[i][j]);
            }
        }
        out
    }
}

impl Real for Jet {
    fn constant(value: f64) -> Jet {
        Jet {
            value,
            gradient: [0.0; MAX_PARAMETERS],
            hessian: [[0.0; MAX_PARAMETERS]; MAX_PARAMETERS],
        }
    }

    fn exp(self) -> Jet {
        let e = self.value.exp();
        self.chain(e, e, e)
    }

    fn ln(self) -> Jet {
        let r = self.value.recip();
        self.chain(self.value.ln(), r, -r * r)
    }

    fn recip(self) -> Jet {
        let r = self.value.recip();
        self.chain(r, -r * r, 2.0 * r * r * r)
    }

    fn logistic(self) -> Jet {
        let s = self.value.logistic();
        let first = s * (1.0 - s);
        self.chain(s, first, first * (1.0 - 2.0 * s))
    }
}

impl Add for Jet {
    type Output = Jet;
    fn add(self, other: Jet) -> Jet {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Jet {
    type Output = Jet;
    fn sub(self, other: Jet) -> Jet {
        self.zip(other, |a, b| a - b)
    }
}

impl Neg for Jet {
    type Output = Jet;
    fn neg(self) -> Jet {
        self.zip(self, |a, _| -a)
    }
}

impl Mul for Jet {
    type Output = Jet;
    fn mul(self, other: Jet) -> Jet {
        let mut out = Jet::constant(self.value * other.value);
        for i in 0..MAX_PARAMETERS {
            out.gradient[i] = self.gradient[i] * other.value + self.value * other.gradient[i];
            for j in 0..MAX_PARAMETERS {
                out.hessian[i][j] = self.hessian[i][j] * other.value
                    + self.gradient[i] * other.gradient[j]
                    + self.gradient[j] * other.gradient[i]
                    + self.value * other.hessian[i][j];
            }
        }
        out
    }
}
